"""What a study asked for, as the tables see it: its question, its targets and the cells it expects.

`bench` writes it as `study.json` beside the records; the tables count what is missing against it.
"""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_core import from_json

from operators.atomic_files import write_atomic
from operators.errors import UserError
from results.families import FAMILIES
from results.records.gc_pause import paused_collection
from results.records.record import SCHEMA
from results.schema.model import Model, canonical

LEAST_TARGET = 1e-12  # what float64 tells apart from nothing, relative to the labels
NetClass = Literal["free", "tied"]


class Target(Model):
    """What a fit must reach: absorb a fraction of the noise, or a clean global relative L2 error.

    kind `absorb`: rho >= value (noisy cells);  kind `relative`: |y - h| / |y| <= value (noise-free cells). Both lie below 1: the
    zero function has relative error 1, and to absorb all noise is to interpolate.
    """

    kind: Literal["absorb", "relative"]
    value: float = Field(ge=LEAST_TARGET, lt=1.0)

    @property
    def label(self) -> str:
        """Short text for tables and figures."""
        return f"absorb {self.value:g}" if self.kind == "absorb" else f"relative error {self.value:g}"


class ExpectedCell(Model):
    """A cell the study expects, with the key of the record that answers it."""

    key: str
    cell: dict[str, Any]
    sizes: dict[str, int]


class Bracket(Model):
    """One question of a bracket study: which data and target, what is certified below, and what was tried.

    Attributes:
        functions: N.
        points: M.
        branch_depth: hidden layers of the branch in the declared class; with `trunk_depth`, `ends` and `activation`.
        net_class: nets of the search: `free`, every hidden width its own, or `tied`, all hidden widths equal.
        q_lower: no smaller q can reach the target; `q_bound` and `q_status` say by what.
        d_lower: no net of the class with fewer parameters can; `d_bound` and `d_status` say by what.
        q: the only q asked about, if it is fixed; d_lower is then that of nets with this q.
        width: hidden width of the wide nets the search starts from.
        tried: keys of the trainings the search asked for, in order.
        finished: whether the search ended by itself, not by its budget or an interruption.
    """

    task: str
    parameters: dict[str, float]
    design: str
    functions: int
    points: int
    noise_law: str
    sigma: float
    replicate: int
    target: Target
    branch_depth: int
    trunk_depth: int
    ends: str
    activation: str
    q_lower: int
    q_bound: str
    q_status: str
    d_lower: int
    d_bound: str
    d_status: str
    q: int | None = None
    net_class: NetClass = "free"
    width: int = 0
    tried: tuple[str, ...] = ()
    finished: bool = False


class Manifest(Model):
    """The expanded study: `study.json`. `family` is that of all its cells."""

    schema_version: int = Field(SCHEMA, alias="schema")
    family: str = "deeponet"
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")
    question: str
    targets: tuple[Target, ...]
    expected: tuple[ExpectedCell, ...]
    rays: tuple[float, ...] = ()
    brackets: tuple[Bracket, ...] = ()

    @field_validator("family")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in FAMILIES:
            raise ValueError(f"expected a family among {sorted(FAMILIES)}, got {name[:80]!r}")
        return name

    def asked(self) -> tuple[object, ...]:
        """What is asked of the cells, as told apart from what was run: it may change after the run."""
        return (self.question, self.targets, self.rays)

    def asking(self, other: "Manifest") -> "Manifest":
        """The same study with what another manifest asks, and the cells that it expects if it names any."""
        update: dict[str, object] = {"question": other.question, "targets": other.targets, "rays": other.rays}
        return self.model_copy(update=update | ({"expected": other.expected} if other.expected else {}))

    def without_cells(self) -> "Manifest":
        """The study less its cells: all that the tables need once the frame holds the cells."""
        return self.model_copy(update={"expected": ()})


def save_manifest(folder: Path, manifest: Manifest) -> None:
    """Write `study.json`.

    Raises:
        UserError: it cannot be written.
    """
    write_atomic(folder / "study.json", canonical(manifest.model_dump(mode="json", by_alias=True)).encode() + b"\n")


def load_manifest(folder: Path) -> Manifest:
    """Read `study.json`.

    Raises:
        UserError: there is none, or it is no manifest of this release.
    """
    path = folder / "study.json"
    try:
        with paused_collection():
            found = Manifest.model_validate_json(path.read_bytes())
    except OSError as error:
        raise UserError(f"expected a study folder with {path}, got '{error.strerror}'; run the study first") from error
    except ValidationError as error:
        _refuse_other_schema(folder)
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "file"
        raise UserError(f"expected {path} as a run writes it, got {where}: {first['msg']}; run the study again") from error
    if "schema_version" not in found.model_fields_set or found.schema_version != SCHEMA:
        _refuse_other_schema(folder)
    return found


def _refuse_other_schema(folder: Path) -> None:
    """Refuse a study folder that a release with another record schema has written.

    Raises:
        UserError: with what to do.
    """
    try:
        stated = from_json((folder / "study.json").read_bytes())
    except (OSError, ValueError):
        return
    schema = stated.get("schema", 1) if isinstance(stated, dict) else SCHEMA
    if schema != SCHEMA:
        raise UserError(
            f"expected records of schema {SCHEMA} in {folder}, got schema {str(schema)[:20]}, which another release wrote; move"
            " the folder away and run the study again, or read it with that release"
        )
