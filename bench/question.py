"""A question of a bracket search: how small can a net be that reaches a target on given data?"""

from dataclasses import dataclass, replace
from typing import Any, TypeVar, get_args

from pydantic import ValidationError

from bench.cell import Cell, Net, Settings
from operators import TASKS
from operators.architectures.deeponet import DeepONet
from operators.bounds.rank_to_parameters import Needed, class_of
from operators.errors import UserError
from results.records.manifest import Asked, NetClass, Target
from results.schema.model import Model
from results.schema.sealed import first_error
from results.witnesses.header import Claim, Scaling, data_of

NO_HIDDEN_LAYER: NetClass = "no-hidden-layer"
FREE_DEPTH: NetClass = "free-depth"


@dataclass(frozen=True)
class Question:
    """What is asked of one data set.

    Attributes:
        template: task, design, N, M, noise, replicate, training, and the activation and ends of the net; depths are those of its
            widths, which are otherwise ignored; no widths stand for no hidden layers.
        target: what a fit must reach.
        width: width of the wide nets of step 1.
        restarts: trainings before a size counts as missed.
        trainings: budget of the whole search.
        largest_q: where step 1 gives up.
        q: ask about this q only.
        net_class: rule for the hidden widths (`operators.bounds.rank_to_parameters`); `no-hidden-layer` if, and only if, the
            template's net has none.

    Raises:
        UserError: counts that are no whole numbers >= 1, noise to absorb where there is none, a class that does not fit the
            depths, noise or part of the points where new functions are asked about, or a net that no witness can state.
    """

    template: Cell
    target: Target
    width: int = 96
    restarts: int = 2
    trainings: int = 60
    largest_q: int = 64
    q: int | None = None
    net_class: NetClass = "free"

    def __post_init__(self) -> None:
        require_template_and_target(self, "question")
        object.__setattr__(self, "template", validated(self.template, "question: template"))
        for name in ("width", "restarts", "trainings", "largest_q", "q"):
            count = getattr(self, name)
            if not (name == "q" and count is None) and (type(count) is not int or count < 1):
                raise UserError(f"question: {name}: expected a whole number >= 1, got {ascii(count)[:80]}")
        if self.net_class not in get_args(NetClass):
            raise UserError(f"question: net_class: expected one of {list(get_args(NetClass))}, got {self.net_class!r}")
        if isinstance(self.template.architecture, Net) and (self.net_class == NO_HIDDEN_LAYER) == bool(self.depths != (0, 0)):
            raise UserError(
                f"question: net_class: expected {NO_HIDDEN_LAYER!r} for nets without hidden layers and for these alone, got"
                f" {self.net_class!r} at depths {self.depths}"
            )
        if self.target.kind == "absorb" and self.template.noise.law == "none":
            raise UserError(
                f"question: target: expected noise for the target '{self.target.label}', got noise law 'none'; ask for a relative"
                " error or give the template noise"
            )
        if self.target.kind == "population":
            self._refuse_what_new_functions_cannot_answer()
        if self.template.task in TASKS and isinstance(self.template.architecture, Net):
            self._refuse_what_no_witness_can_state()

    def _refuse_what_new_functions_cannot_answer(self) -> None:
        """The error over new functions is that over the points of the spectrum, which are all points of the task.

        Raises:
            UserError: noise, or another design than a grid of all points.
        """
        cell = self.template
        points = len(cell.request().task.points()) if cell.task in TASKS else cell.points
        if cell.noise.law != "none" or (cell.design, cell.points) != ("grid", points):
            raise UserError(
                f"question: target: expected clean data on a grid of all {points} points for '{self.target.label}', got noise"
                f" {cell.noise.law!r}, design {cell.design!r}, M = {cell.points}"
            )

    def _refuse_what_no_witness_can_state(self) -> None:
        """A search leaves witnesses, so its nets and scalings must be such as a witness can state.

        Raises:
            UserError: with the field.
        """
        largest = self.wide(self.q or self.largest_q)
        try:
            claim_of(self.cell(largest, 0), self.target)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"])) or "sizes"
            raise UserError(
                f"question: expected what a witness can state, got {where} up to q = {largest.q}: {first['msg']}"
            ) from None

    def asked(self) -> Asked:
        """What is asked, less how it is searched for."""
        cell, net = self.template, self.net
        return Asked(
            task=cell.task,
            parameters=cell.parameters,
            design=cell.design,
            functions=cell.functions,
            points=cell.points,
            noise_law=cell.noise.law,
            sigma=cell.noise.sigma,
            replicate=cell.replicate,
            target=self.target,
            branch_depth=len(net.branch_widths),
            trunk_depth=len(net.trunk_widths),
            ends=net.ends,
            activation=net.activation,
            q=self.q,
            net_class=self.net_class,
            width=self.width,
        )

    @property
    def trains(self) -> bool:
        """Whether nets are trained for an answer: not about new functions on a single one."""
        return self.target.kind != "population" or self.template.functions > 1

    @property
    def net(self) -> Net:
        """The net of the template.

        Raises:
            ValueError: it has another architecture than the DeepONet.
        """
        net = self.template.architecture
        if not isinstance(net, Net):
            raise ValueError(f"expected a question about the architecture 'deeponet', got {net.name!r}")
        return net

    @property
    def depths(self) -> tuple[int, int]:
        """Hidden layers of branch and trunk in the template."""
        return len(self.net.branch_widths), len(self.net.trunk_widths)

    def parts(self) -> tuple["Question", ...]:
        """This question; with free depths those about the declared depth or no hidden layer on each side, the latter first."""
        if self.net_class != FREE_DEPTH:
            return (self,)
        branch, trunk = self.depths
        return tuple(self.of_depths(*depths) for depths in dict.fromkeys(((0, 0), (0, trunk), (branch, 0), (branch, trunk))))

    def of_depths(self, branch: int, trunk: int) -> "Question":
        """The same question about nets of these depths alone, every width free."""
        net = self.net.model_copy(update={"branch_widths": (1,) * branch, "trunk_widths": (1,) * trunk})
        template = self.template.model_copy(update={"architecture": net})
        return replace(self, template=template, net_class="free" if branch + trunk else NO_HIDDEN_LAYER)

    def cell(self, net: Settings, restart: int) -> Cell:
        """The cell that tries one size."""
        return self.template.model_copy(update={"architecture": net, "restart": restart})

    def wide(self, q: int) -> Net:
        """A net of the template's depths that is wide in every layer."""
        net = self.net
        width = max(self.width, 2 * q)
        return self.resized(q, (width,) * (len(net.branch_widths) + len(net.trunk_widths)))

    def resized(self, q: int, widths: tuple[int, ...]) -> Net:
        """The template's net with another q and other hidden widths, the branch's first."""
        depth = len(self.net.branch_widths)
        return self.net.model_copy(
            update={"q": q, "branch_widths": widths[:depth], "trunk_widths": widths[depth:], "schedule": "free"}
        )

    def deeponet(self, net: Net) -> DeepONet:
        """The architecture of one size."""
        return self.cell(net, 0).deeponet()

    def least_net(self, needed: Needed, q: int = 1) -> DeepONet | None:
        """Certified: the smallest net of the class, of at least this q, that has what is needed; None: no net has."""
        return class_of(self.template.deeponet(), self.net_class).smallest_net(needed, q)

    def least_widths(self, needed: Needed) -> tuple[int, ...] | None:
        """Certified: the least hidden widths, the branch's first, of a net that has what is needed; None: no net has."""
        net = self.least_net(needed)
        return None if net is None else (*net.branch_widths, *net.trunk_widths)


Valid = TypeVar("Valid", bound=Model)


def require_template_and_target(asked: Any, where: str) -> None:
    """Refuse what is asked of no cell, or without a target.

    Raises:
        UserError: `template` or `target` is of another type.
    """
    for name, kind in (("template", Cell), ("target", Target)):
        if not isinstance(getattr(asked, name), kind):
            raise UserError(f"{where}: {name}: expected a {kind.__name__}, got {ascii(getattr(asked, name))[:80]}")


def validated(cell: Valid, where: str) -> Valid:
    """The cell with its values checked and in their types.

    Raises:
        UserError: a field that is unknown or has no valid value.
    """
    unknown = sorted(cell.model_fields_set - type(cell).model_fields.keys())
    if unknown:
        raise UserError(f"{where}: expected the fields of a cell, got {ascii(unknown[0])[:80]}; an architecture's are inside it")
    try:
        return type(cell).model_validate(cell.model_dump(warnings=False))
    except ValidationError as error:
        raise UserError(f"{where}: {first_error(error, 'cell')}") from None


def claim_of(cell: Cell, target: Target) -> Claim:
    """What the weights of a training of this cell that reached a target are claimed to reach.

    Raises:
        ValidationError: a size, scaling or target that a witness cannot state.
    """
    training, net = cell.training, cell.net()
    scaling = {"inputs": training.input_scaling, "coordinates": training.coordinate_scaling, "outputs": training.output_scaling}
    return Claim(
        data=data_of(cell.request()),
        sensors=net.sensors,
        coordinates=net.coordinates,
        architecture=cell.architecture.model_copy(update={"schedule": "free"}),
        scaling=Scaling.model_validate(scaling),
        target=target,
    )
