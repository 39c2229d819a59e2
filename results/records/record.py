"""A record: the immutable outcome of one cell, as one checksummed line of JSON.

    {"checksum": sha256 of the canonical record, "record": {"schema": 2, "family": ..., "key": ..., "cell": ..., ...}}

Canonical JSON has sorted keys, no blanks, and no NaN or infinity (what is not a number is null). The checksum is that of
the bytes between `"record":` and the last brace, so a line is checked before it is parsed.

The key is the hash of what is in the line: schema, family, the cell, the identity of its data and the version of the method that
answers it (`record_key`), so that a line whose key belongs to something else is refused whatever it names. The cell is read as
its family's model writes it, and the key is that of this form: one setting has one key.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, SerializeAsAny, ValidationError, model_validator
from pydantic_core import from_json

from results.families import FAMILIES
from results.schema.model import Model, canonical
from results.schema.sealed import Damaged, first_error, seal_text, unseal

SCHEMA = 2
MAXIMUM_LINE_BYTES = 4 * 2**20
NOT_FINITE = "holds NaN or infinity"

Status = Literal["done", "diverged", "timeout", "oom", "data_invalid", "failed"]
FINAL_STATUSES: tuple[Status, ...] = ("done", "diverged", "timeout", "oom", "data_invalid")


class Versions(Model):
    """What computed the record: the version of the method (part of the key), and packages (only recorded)."""

    method: int
    packages: dict[str, str]


class Cost(Model):
    """What the cell took; no part of any key."""

    steps: int = 0
    seconds: float
    cpu_seconds: float
    compile_seconds: float = 0.0
    flops: float = 0.0


class Record(Model):
    """The outcome of one cell.

    Attributes:
        family: kind of experiment, a name of `results.families.FAMILIES`.
        task: identity of the data: what determines them, and no more. Empty for a family without data of a task.
        cell: the canonical cell, a valid one of the family.
        measured: the family's measurement; None where there is nothing to measure.
        recipe: what was used, where the cell leaves the choice.
    """

    schema_version: int = Field(SCHEMA, alias="schema")
    family: str
    key: str = Field(pattern=r"^[0-9a-f]{64}$")
    status: Status
    message: str = ""
    task: dict[str, Any]
    cell: dict[str, Any]
    measured: SerializeAsAny[Model] | None = None
    recipe: str = ""
    versions: Versions
    cost: Cost | None = None
    curve: list[tuple[int, float | None]] = Field(default_factory=list)
    data_sha256: str | None = None
    weights_sha256: str | None = None
    host: dict[str, str] = Field(default_factory=dict)
    finished: str = ""

    @model_validator(mode="wrap")
    @classmethod
    def _of_its_family(cls, value: Any, handler: Any) -> Self:
        """Cell and measurement are those of the family's own models; the cell is stated as its model writes it."""
        if isinstance(value, cls):
            return value
        fields = dict(value)
        name = fields.get("family")
        if not isinstance(name, str) or name not in FAMILIES:
            raise ValueError(f"expected a family among {sorted(FAMILIES)}, got {str(name)[:80]!r}")
        family, measured = FAMILIES[name], fields.get("measured")
        fields["cell"] = family.cell.model_validate(fields.get("cell")).model_dump(mode="json")
        if measured is not None and not isinstance(measured, family.measured):
            fields["measured"] = family.measured.model_validate(measured)
        found: Self = handler(fields)
        return found

    def outcome_sha256(self) -> str | None:
        """What two runs of one cell must agree in: the hash of the weights, or without weights that of the measurement."""
        if self.weights_sha256 is not None or self.measured is None:
            return self.weights_sha256
        return hashlib.sha256(canonical(self.measured.model_dump(mode="json")).encode()).hexdigest()


class RecordError(ValueError):
    """A line that is not a whole, unaltered record of this schema; the message names the reason."""


def pairs_text(pairs: Mapping[str, str]) -> str:
    """Names with their values, such as packages with their versions, in order of name."""
    return ", ".join(f"{name} {value}" for name, value in sorted(pairs.items()))


def record_key(family: str, cell: Mapping[str, Any], task: Mapping[str, Any], method: int) -> str:
    """The identity of a record: SHA-256 of canonical JSON of schema, family, cell, the identity of its data and the method.

    Args:
        family: a name of `FAMILIES`.
        cell: the canonical cell; what of it only says where something lies (`Family.keyed`) is left out.
        task: identity of the data (`operators.tasks.task.Task.identity`).
        method: version of what computes it.

    Raises:
        ValueError: NaN or infinity.
    """
    stated = {"schema": SCHEMA, "family": family, "cell": FAMILIES[family].keyed(cell), "task": task, "method": method}
    return hashlib.sha256(canonical(stated).encode()).hexdigest()


def to_line(record: Record) -> str:
    """One line of JSON, newline included."""
    return seal_text("record", canonical(record.model_dump(mode="json", by_alias=True)))


def from_line(line: bytes) -> Record:
    """Read one line back.

    Raises:
        RecordError: too long, not UTF-8, not a record, checksum, schema or key wrong, or a field missing, unknown or ill-typed.
    """
    try:
        body = unseal("record", line) if len(line) <= MAXIMUM_LINE_BYTES else None
        if body is None:
            raise RecordError(_why_no_record(line))
        record = Record.model_validate(_of_this_schema(from_json(body)))
    except ValidationError as error:
        raise RecordError(_why_invalid(error)) from None
    except Damaged as error:
        raise RecordError(str(error)) from None
    except RecordError:
        raise
    except ValueError:
        raise RecordError("not a valid record: not JSON") from None
    try:
        key = record_key(record.family, record.cell, record.task, record.versions.method)
    except ValueError:
        raise RecordError(NOT_FINITE) from None
    if key != record.key:
        raise RecordError("key is not the hash of what the line holds")
    return record


def _why_no_record(line: bytes) -> str:
    if len(line) > MAXIMUM_LINE_BYTES:
        return f"line longer than {MAXIMUM_LINE_BYTES} bytes"
    if not line.strip():
        return "empty line"
    if b"\0" in line:
        return "holds zero bytes"
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return "not UTF-8"
    return "torn or not a record"


def _of_this_schema(content: dict[str, Any]) -> dict[str, Any]:
    """What a line holds, if it states this schema.

    Raises:
        RecordError: it states another, or none.
    """
    stated = content.get("schema", content.get("schema_version"))
    if "schema" in content and type(stated) is int and stated == SCHEMA:
        return content
    newer = type(stated) is int and stated > SCHEMA
    raise RecordError(
        f"expected schema {SCHEMA}, got {ascii(stated)[:20]}" + ("; written by a newer release, which reads it" if newer else "")
    )


def _why_invalid(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    return NOT_FINITE if first["type"] == "finite_number" else f"not a valid record: {first_error(error, 'line')}"
