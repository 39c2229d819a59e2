"""What is certified about a question from its data alone, before anything is trained: the lower ends of its bracket.

needed   on a grid what every net needs that reaches the target: the rank, and the features of a linear branch or trunk end, each
         the least whose floor allows it (`operators.bounds.eckart_young`)
q_lower  on a grid the least rank whose Eckart-Young floor (with a trained scalar bias) allows the target; with sigmoid ends, on
         any design, the least q that spans enough of the labels, if that is more; 1 elsewhere
d_lower  the larger of the parameters any net of the declared class (with the question's q, if it fixes one) has that has all
         this, and, for absorbed noise, bit counting over all nets of the class with fewer parameters, at 64 bits a parameter, its
         branch head counted or, on top of the least head that this needs, free; none where no net of the class has it (a linear
         end without hidden layers)

About new functions both follow from the spectrum of the outputs, where the task states it: q_lower is the least rank whose tail
allows the target (`operators.bounds.population`), d_lower what a net needs whose first layer sees, and whose outputs span, so
many modes (`operators.bounds.first_layer`). Of other operators of Gaussian inputs both counts are estimated, with a confidence
(`operators.bounds.lemmas.sampled_modes`): their status is `statistical`.

Nothing here is taken from a file but the question.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from operators.architectures import DeepONet
from operators.arrays import Array
from operators.bounds import bit_counting, bounded_ends, eckart_young, first_layer, linear_heads, population, rank_to_parameters
from operators.bounds.bound import Answer, Statement, at_least_q
from operators.bounds.lemmas.sampled_modes import Modes, least_modes, most_functions
from operators.bounds.rank_to_parameters import Needed, NetClass, class_of
from operators.data.dataset import BlockCache, Request, build
from operators.data.normalisation import scaled
from operators.diagnostics.floor import feature_floors_of, floors_of, least_rank
from operators.errors import UserError
from operators.seeds import stream
from operators.tasks.task import Task
from results.records.manifest import STATISTICAL, Asked, Bracket
from results.witnesses.cost import Limits, cost
from results.witnesses.error import allowed_error
from results.witnesses.kept import Finding, kept
from results.witnesses.stated_data import request_of_data

EVALUATED_BITS = 64
KIND = "lower-ends"
NO_SPECTRUM = "none: no spectrum is known"


class Ends(Finding):
    """What was found of a question; fields as in `operators.bounds.rank_to_parameters.Needed` and `Bracket`."""

    rank: int
    branch: int
    trunk: int
    q_lower: int
    q_bound: str
    q_status: str
    d_lower: int | None
    d_bound: str
    d_status: str


ENDS = tuple(name for name in Ends.model_fields if name.startswith(("q_", "d_")))


@dataclass(frozen=True)
class Certified:
    """What is certified below.

    Attributes:
        needed: of every net that reaches the target.
        bracket: the bracket of the question with its lower ends.
    """

    needed: Needed
    bracket: Bracket


def certified(asked: Asked, cache: BlockCache, limits: Limits | None = None) -> Certified:
    """All that is certified below of a question, with nothing tried.

    Args:
        asked: the question.
        cache: where generated functions and findings are kept.
        limits: of what computing may take, by the sizes of the data; what was found before takes nothing.

    Raises:
        UserError: its task is unknown here, its data cannot be had, or it takes more than the limits.
        DataInvalid: the data break the task's contract.
    """
    question = {name: getattr(asked, name) for name in Asked.model_fields if name != "width"}
    request = request_of_data(asked)
    stated = {**question, "target": asked.target.model_dump(mode="json"), "identity": request.task.identity()}
    new = asked.target.kind == "population"
    found = kept(KIND, Ends, stated, cache, lambda: _ends(asked, within(limits, request, of_new_functions=new), cache))
    ends = {name: getattr(found, name) for name in ENDS}
    needed = Needed(found.rank, found.branch, found.trunk, found.q_lower)
    return Certified(needed, Bracket(**question, width=asked.width, **ends))


def within(limits: Limits | None, request: Request, *, of_new_functions: bool = False) -> Request:
    """The request, if generating its data and their floors, or the functions that sampled modes take, keep within limits.

    Raises:
        UserError: they do not.
    """
    if limits is not None:
        task = request.task
        net = DeepONet(len(task.sensors()), task.points().shape[1], (1,), (1,), 1)
        limits.require(cost(request, net, new_functions=_sampled_functions(task) if of_new_functions else 0))
    return request


def _ends(asked: Asked, request: Request, cache: BlockCache) -> dict[str, Any]:
    """Compute them."""
    if asked.target.kind == "population":
        return _of_new_functions(asked, request)
    dataset, target = build(request, cache), asked.target
    problem = scaled(dataset, "standard", "unit", "task")
    energy = float(np.mean(dataset.labels**2))
    allowed = energy * allowed_error(target, label_energy=energy, noise_energy=dataset.noise_energy) ** 2
    net = _net(asked, dataset.inputs.shape[1], dataset.points.shape[1])
    needed, q_bound = Needed(0), "none: points of their own"
    floors, features = floors_of(problem), feature_floors_of(problem)
    if floors is not None and features is not None and net.output_rank() is not None:
        needed = Needed(*(least_rank(allowed, problem, found) for found in (floors, *features)))
        q_bound = eckart_young.BOUND.name
    if asked.ends == "sigmoid":
        scale = float(problem.scale)
        spanned = bounded_ends.least_q((problem.labels - float(problem.mean)).ravel() / scale, allowed / scale**2)
        if spanned > needed.least_q:
            needed, q_bound = replace(needed, q=spanned), bounded_ends.BOUND.name
    nets = class_of(net, asked.net_class)
    least = rank_to_parameters.necessary_parameters(nets, needed, asked.q)
    said = rank_to_parameters.BOUND.says("d", Answer(least, not needed.least_q > 1))
    if target.kind == "absorb" and asked.noise_law != "none":
        counted, freed = _counted(asked, net, nets), _with_free_heads(asked, nets, needed)
        if said.value < counted:
            said = bit_counting.BOUND.says("d", Answer(counted, False))
        if said.value < freed:
            said = linear_heads.BOUND.says("d", Answer(freed, False))
    return _stated(needed, q_bound, eckart_young.BOUND.says("q", at_least_q(needed.least_q)).worth, said)


def _of_new_functions(asked: Asked, request: Request) -> dict[str, Any]:
    """Those of a question about new functions.

    Raises:
        UserError: noise, or another design than a grid of all points, which the spectrum says nothing of.
    """
    task = request.task
    points = task.points()
    if asked.noise_law != "none" or (asked.design, asked.points) != ("grid", len(points)):
        raise UserError(f"expected clean data on a grid of all {len(points)} points for {asked.target.label!r}, got others")
    nets = class_of(_net(asked, len(task.sensors()), points.shape[1]), asked.net_class)
    spectrum = task.output_spectrum()
    modes = _modes(task, spectrum, asked.target.value)
    said = first_layer.BOUND.says("d", Answer(first_layer.necessary_parameters(nets, *modes), not modes.rank > 1))
    q_bound, q_status = population.BOUND.name, population.BOUND.says("q", at_least_q(modes.rank)).worth
    if spectrum is None and not task.gaussian:
        q_bound = NO_SPECTRUM
    ends = _stated(Needed(modes.rank, branch=modes.rank), q_bound, q_status, said)
    if spectrum is None and task.gaussian:
        ends |= {field: STATISTICAL for field in ("q_status", "d_status") if ends[field] != "vacuous"}
    return ends


def _modes(task: Task, spectrum: Array | None, target: float) -> Modes:
    """What the first layer has to see and the outputs to span, from the spectrum or from samples; 1 of other inputs."""
    if spectrum is not None:
        rank = first_layer.least_rank(spectrum, target)
        return Modes(rank, rank)
    return least_modes(task, target, stream("reference", "modes", task.identity())) if task.gaussian else Modes(1, 1)


def _sampled_functions(task: Task) -> int:
    """How many functions the sampled modes of a task take at most; 0 where its spectrum is known, and of other inputs."""
    if task.output_spectrum() is not None or not task.gaussian:
        return 0
    return most_functions(task.draw(np.random.default_rng(0), 1).shape[1])


def _stated(needed: Needed, q_bound: str, q_status: str, said: Statement) -> dict[str, Any]:
    return {
        "rank": needed.rank,
        "branch": needed.branch,
        "trunk": needed.trunk,
        "q_lower": needed.least_q,
        "q_bound": q_bound,
        "q_status": q_status,
        "d_lower": int(said.value) if math.isfinite(said.value) else None,
        "d_bound": said.bound,
        "d_status": said.worth,
    }


def _net(asked: Asked, sensors: int, coordinates: int) -> DeepONet:
    """A net of the declared depths and ends; no bound asks for its widths."""
    branch, trunk = (1,) * asked.branch_depth, (1,) * asked.trunk_depth
    return DeepONet(sensors, coordinates, branch, trunk, 1, asked.activation, asked.ends)


def _counted(asked: Asked, net: DeepONet, nets: NetClass) -> float:
    """Parameters that absorbing takes by counting bits."""
    n = asked.functions * asked.points
    spared = bit_counting.spared_bits(net.sensors, net.coordinates, (asked.functions, n), EVALUATED_BITS)
    assert asked.noise_law != "none"
    return bit_counting.necessary_parameters_of_class(
        n, asked.target.value, sizes=nets.free_sizes(asked.q), law=asked.noise_law, bits=EVALUATED_BITS, spared=spared
    )


def _with_free_heads(asked: Asked, nets: NetClass, needed: Needed) -> float:
    """The same where the branch head is free; 0 for ends with a sigmoid, and where no net will do."""
    least = nets.smallest_nets(needed, asked.q or 1)
    if not least or nets.ends not in ("linear", "activated-trunk"):
        return 0.0
    assert asked.noise_law != "none"
    return linear_heads.necessary_parameters_of_class(
        asked.functions * asked.points,
        asked.target.value,
        head=min(net.q * (net.branch_features() + 1) for net in least),
        sizes=nets.free_sizes(asked.q),
        law=asked.noise_law,
        bits=EVALUATED_BITS,
    )
