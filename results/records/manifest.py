"""What a study asked for, as the tables see it: its question, its targets and the cells it expects.

`bench` writes it as `study.json` beside the records, sealed; the tables count what is missing against it. What is read is held to
what follows from it: each cell is a valid one of the family, as its model writes it, and has the sizes of its net where the task
is known here; whether a key is that of its cell, the record says (`results.tables.frame_columns`).
"""

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_core import from_json

from operators.architectures.activations import Activation
from operators.architectures.deeponet import Ends, Widths
from operators.atomic_files import write_atomic
from operators.data.normalisation import OutputScaling
from operators.data.request import Control, Design, NoiseLaw
from operators.errors import UserError
from results.families import FAMILIES, Family
from results.records.gc_pause import paused_collection
from results.records.record import SCHEMA
from results.records.tried import objections
from results.schema.cells import Net, Schedule
from results.schema.model import LARGEST_COUNT, Model, later
from results.schema.sealed import SHOWN, Damaged, OtherSchema, first_error, read_sealed, seal

LEAST_TARGET = 1e-12  # what float64 tells apart from nothing, relative to the labels
BASELINES = "baselines"
"""The family of data sets whose reference lines a study draws."""
POPULATION = "relative error on new functions"
STATISTICAL = "statistical"  # of lower ends that are estimated, with a confidence
"""What labels of targets about new functions begin with."""
PAPER = "paper"  # the preset that is the whole study
NetClass = Widths
Count = Annotated[int, Field(ge=0, le=2**63 - 1)]
Positive = Annotated[int, Field(ge=1, le=2**63 - 1)]
Key = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Target(Model):
    """What a fit must reach: absorb a fraction of the noise, or a clean relative L2 error on its data or on new functions.

    kind `absorb`: rho >= value (noisy cells);  kind `relative`: |y - h| / |y| <= value (noise-free cells);  kind `population`,
    of questions only: sqrt(E |G - h|^2 / E |G|^2) <= value over new functions. All lie below 1: the zero function has relative
    error 1, and to absorb all noise is to interpolate.
    """

    kind: Literal["absorb", "relative", "population"]
    value: float = Field(ge=LEAST_TARGET, lt=1.0)

    @property
    def label(self) -> str:
        """Short text for tables and figures."""
        words = {"absorb": "absorb", "relative": "relative error", "population": POPULATION}
        return f"{words[self.kind]} {self.value:g}"


class ExpectedCell(Model):
    """A cell the study expects, with the key of the record that answers it."""

    key: Key
    cell: dict[str, Any]
    sizes: dict[str, Count]


class Asked(Model):
    """One question of a bracket study: which data, which target, which nets.

    Attributes:
        functions: N.
        points: M.
        branch_depth: hidden layers of the branch in the declared class; with `trunk_depth`, `ends` and `activation`.
        net_class: rule for the hidden widths of the declared class (`operators.bounds.rank_to_parameters`).
        q: the only q asked about, if it is fixed.
        width: hidden width of the wide nets the search starts from.
    """

    task: str
    parameters: dict[str, float]
    design: Design
    functions: int = Field(ge=1, le=LARGEST_COUNT)
    points: int = Field(ge=1, le=LARGEST_COUNT)
    noise_law: NoiseLaw
    sigma: float = Field(ge=0.0)
    replicate: int = Field(ge=0, le=LARGEST_COUNT)
    target: Target
    branch_depth: int = Field(ge=0, le=LARGEST_COUNT)
    trunk_depth: int = Field(ge=0, le=LARGEST_COUNT)
    ends: Ends
    activation: Activation
    q: Positive | None = None
    net_class: NetClass = "free"
    width: Count = 0


class Bracket(Asked):
    """A question, what is certified below, and what was tried.

    Its lower ends follow from the question. What a file says of them is what its writer computed; tables and entries compute
    them again (`results.witnesses.recomputed`).

    Attributes:
        q_lower: no smaller q can reach the target; `q_bound` and `q_status` say by what.
        d_lower: no net of the class with fewer parameters can, with a fixed q none of that q; None: no net of the class at all;
            `d_bound` and `d_status` say by what.
        tried: keys of the trainings the search asked for, in order.
        finished: whether the search ended by itself, not by its budget or an interruption.
    """

    q_lower: Positive
    q_bound: str
    q_status: str
    d_lower: Positive | None
    d_bound: str
    d_status: str
    tried: tuple[Key, ...] = ()
    finished: bool = False


class NetsByQ(Model):
    """The nets of a series, one for each q.

    Attributes:
        like: depths, activation, ends, schedule, and the widths of the schedule `fixed-width`.
        budget: D of the schedule `fixed-budget`.
        largest_q: where the search gives up.
        output_scaling: the units of the labels.
    """

    like: Net
    budget: Positive | None = None
    largest_q: Positive
    output_scaling: OutputScaling = "task"


class SoughtThreshold(Model):
    """One threshold q* of a search: the data, the target, what is certified below, and what was tried.

    What is certified follows from the rest, as with `Bracket`.

    Attributes:
        functions: N.
        points: M.
        schedule: how the widths follow q.
        nets: the nets that it tells of; None in files of earlier releases.
        tolerance: the search ends at q_high <= tolerance q_low, or at consecutive integers.
        restarts: trainings before a q counts as not found.
        trainings: budget of this threshold.
        q_certified: the largest q that is certified not to reach the target, 0 if none is; `certified_by` names the bound.
        tried: keys of the trainings asked for, in order.
        finished: whether the search ended by its tolerance, not by its budget, its largest q or an interruption.
    """

    task: str
    parameters: dict[str, float | str]
    design: Design
    functions: int = Field(ge=1, le=LARGEST_COUNT)
    points: int = Field(ge=1, le=LARGEST_COUNT)
    noise_law: NoiseLaw
    sigma: float = Field(ge=0.0)
    replicate: int = Field(ge=0, le=LARGEST_COUNT)
    target: Target
    schedule: Schedule
    nets: NetsByQ | None = later(None)
    control: Control = later("none")
    tolerance: float = Field(gt=1.0)
    restarts: Positive
    trainings: Positive
    q_certified: Count = 0
    certified_by: str = "none"
    tried: tuple[Key, ...] = ()
    finished: bool = False


class Manifest(Model):
    """The expanded study: `study.json`.

    Attributes:
        family: that of all its cells.
        expected: its cells.
        baselines: the data sets whose reference lines it draws, cells of the family `baselines`.
        preset: which part of the study it is; `paper` is the whole.
        thinned: what that part is, in a clause.
    """

    schema_version: int = Field(SCHEMA, alias="schema")
    family: str = "deeponet"
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")
    question: str
    targets: tuple[Target, ...]
    expected: tuple[ExpectedCell, ...]
    rays: tuple[Annotated[float, Field(gt=0.0)], ...] = ()
    brackets: tuple[Bracket, ...] = ()
    baselines: tuple[ExpectedCell, ...] = later(())
    thresholds: tuple[SoughtThreshold, ...] = later(())
    preset: str = later(PAPER, pattern=r"^[a-z]{1,20}$")
    thinned: str = later("", max_length=400)

    @field_validator("family")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in FAMILIES:
            raise ValueError(f"expected a family among {sorted(FAMILIES)}, got {name[:80]!r}")
        return name

    def asked(self) -> tuple[object, ...]:
        """What is asked of which cells, as told apart from what was run: it may change after the run."""
        return (self.question, self.targets, self.rays, self.baselines, self.preset, self.thinned)

    def asking(self, other: "Manifest") -> "Manifest":
        """The same study with what another manifest asks, and the cells and data sets that it expects if it names any."""
        names = ("question", "targets", "rays", "preset", "thinned")
        named = [name for name in ("expected", "baselines") if getattr(other, name)]
        return self.model_copy(update={name: getattr(other, name) for name in (*names, *named)})

    def asked_keys(self) -> list[str]:
        """Keys of all records that the study asks for, those of reference lines last."""
        return [one.key for one in (*self.expected, *self.baselines)]

    @property
    def arguments(self) -> str:
        """What `python -m bench run` is told."""
        return self.name + (f" --preset {self.preset}" if self.preset != PAPER else "")

    def part_of(self, other: "Manifest") -> bool:
        """Whether another manifest asks the same of at least these cells and data sets."""
        mine, theirs = (set(manifest.asked_keys()) for manifest in (self, other))
        own = {name: getattr(self, name) for name in ("expected", "baselines", "preset", "thinned")}
        return self == other.model_copy(update=own) and mine <= theirs

    def without_unanswered(self, missing: Collection[str]) -> "Manifest":
        """The study less those of the missing cells that a stopped search of a threshold asked for last, within its budget."""
        last = {one.tried[-1] for one in self.thresholds if not one.finished and 0 < len(one.tried) < one.trainings}
        before = {key for one in self.thresholds for key in (one.tried if one.finished else one.tried[:-1])}
        left = (set(missing) & last) - before
        expected = tuple(one for one in self.expected if one.key not in left)
        thresholds = tuple(
            one.model_copy(update={"tried": tuple(key for key in one.tried if key not in left)}) for one in self.thresholds
        )
        return self.model_copy(update={"expected": expected, "thresholds": thresholds})

    def without_cells(self) -> "Manifest":
        """The study less its cells: all that the tables need once the frame holds the cells."""
        return self.model_copy(update={"expected": ()})


def save_manifest(folder: Path, manifest: Manifest) -> None:
    """Write `study.json`.

    Raises:
        UserError: it cannot be written.
    """
    write_atomic(folder / "study.json", seal("study", manifest))


def load_manifest(folder: Path) -> Manifest:
    """Read `study.json`.

    Raises:
        UserError: there is none, or it is no manifest of this release.
    """
    path = folder / "study.json"
    try:
        return manifest_from_bytes(path.read_bytes())
    except OSError as error:
        raise UserError(f"expected a study folder with {path}, got '{error.strerror}'; run the study first") from error
    except OtherSchema as error:
        raise UserError(
            f"expected records of schema {SCHEMA} in {folder}, got schema {str(error.schema)[:20]}, which another release wrote;"
            " move the folder away and run the study again, or read it with that release"
        ) from error
    except Damaged as error:
        raise UserError(
            f"expected {path} as a run writes it, got {error}; run the study again, which keeps its records"
        ) from error


def stated_manifest(folder: Path) -> Manifest | None:
    """The manifest of a folder that is run again; None if there is none, or it is damaged: the run writes it anew.

    Raises:
        UserError: it is of another schema, and so are the records beside it.
    """
    try:
        return manifest_from_bytes((folder / "study.json").read_bytes())
    except OtherSchema:
        return load_manifest(folder)
    except (OSError, Damaged):
        return None


def manifest_from_bytes(data: bytes) -> Manifest:
    """Read a manifest, and hold it to what follows from it.

    Raises:
        Damaged: torn, altered, of another schema, ill-typed, a cell that is none of the family or has other sizes, a key twice.
    """
    with paused_collection():
        if not data.startswith(b'{"checksum":'):
            _refuse_unsealed(data)
        return require_sound(read_sealed("study", Manifest, data, schema=SCHEMA))


def require_sound(manifest: Manifest) -> Manifest:
    """Return a manifest whose cells and targets are those of its family.

    Raises:
        Damaged: a cell that is none of the family or has other sizes, a key twice, or a target of another kind.
    """
    family = FAMILIES[manifest.family]
    for field, kind, cells in (
        ("expected", family, manifest.expected),
        ("baselines", FAMILIES[BASELINES], manifest.baselines),
    ):
        for place, expected in enumerate(cells):
            reason = _objection(kind, expected)
            if reason is not None:
                raise Damaged(f"{field}.{place}.{reason}")
        if len({expected.key for expected in cells}) < len(cells):
            raise Damaged(f"{field}: a key twice")
    if manifest.expected:
        reason = next(objections(manifest), None)
        if reason is not None:
            raise Damaged(reason)
    unknown = [target.kind for target in manifest.targets if target.kind not in family.target_kinds]
    if unknown:
        raise Damaged(f"targets: expected kinds among {list(family.target_kinds)}, got {unknown[0]!r}")
    return manifest


def _objection(family: Family, expected: ExpectedCell) -> str | None:
    """Why a cell is none of the family, or its sizes are not its own."""
    try:
        cell = family.cell.model_validate(expected.cell).model_dump(mode="json")
    except ValidationError as error:
        return first_error(error, "cell")
    if cell != expected.cell:
        return "cell: not as its model writes it"
    if set(expected.sizes) != set(family.size_names):
        return f"sizes: expected {list(family.size_names)}, got {ascii(sorted(expected.sizes))[:SHOWN]}"
    if family.sizes(cell) not in (None, expected.sizes):
        return f"sizes: expected those of its net, {family.sizes(cell)}, got {expected.sizes}"
    return None


def _refuse_unsealed(data: bytes) -> None:
    """Tell what another release wrote from what is damaged.

    Raises:
        Damaged: in any case.
    """
    try:
        content = from_json(data)
    except ValueError:
        raise Damaged("no JSON") from None
    if isinstance(content, dict) and content.get("schema", 1) != SCHEMA:
        raise OtherSchema(SCHEMA, content.get("schema", 1))
    raise Damaged("no checksum")
