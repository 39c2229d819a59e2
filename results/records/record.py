"""A record: the immutable outcome of one cell, as one checksummed line of JSON.

    {"checksum": sha256 of the canonical record, "record": {...}}

Canonical JSON has sorted keys, no blanks, and no NaN or infinity (what is not a number is null). The checksum is that of
the bytes between `"record":` and the last brace, so a line is checked before it is parsed.
"""

import hashlib
import math
import re
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, ValidationError
from pydantic_core import from_json

from operators.external.task import LOCATION
from results.records.model import Model, canonical

SCHEMA = 1
MAXIMUM_LINE_BYTES = 4 * 2**20
NOT_FINITE = "holds NaN or infinity"
_LINE = re.compile(rb'\{"checksum":"([0-9a-f]{64})","record":(\{.*\})\}\n?', re.DOTALL)

Status = Literal["done", "diverged", "timeout", "oom", "data_invalid", "failed"]
FINAL_STATUSES: tuple[Status, ...] = ("done", "diverged", "timeout", "oom", "data_invalid")


class Versions(Model):
    """What computed the record. Task and engine versions are part of the key; the packages are only recorded."""

    task: int
    engine: int
    packages: dict[str, str]


class Sizes(Model):
    """n = N M labels; d trainable scalars; q_eff and d_eff after the gauge redundancy."""

    n: int
    sensors: int
    d: int
    q_eff: int
    d_eff: int


class Errors(Model):
    """Training errors over all n labels, summed in float64 in physical units, and held-out errors.

    training_mse R = mean (y - h)^2; noise_energy V = mean z^2; absorbed rho = 1 - R / V (None without noise);
    relative = sqrt(R / mean y^2); relative_mean and relative_rms = mean and root mean square over functions of
    |y_i - h_i| / |y_i|; clean_mse = mean (g - h)^2; test_* against clean held-out functions.
    """

    training_mse: float
    training_mse_float32: float | None = None
    noise_energy: float
    absorbed: float | None
    relative: float
    relative_mean: float
    relative_rms: float
    clean_mse: float
    test_relative: float
    test_relative_mean: float


class Bounds(Model):
    """What theory says of this very data set and size; None where a bound does not apply.

    floor is the certified lower bound on training_mse of any net of this rank; optimality = training_mse / floor;
    absorbable_bits is the largest absorbed fraction that bit counting does not exclude.
    """

    floor: float | None
    optimality: float | None
    resolved: bool | None
    trivial: bool
    absorbable_bits: float | None
    values: dict[str, float | None] = Field(default_factory=dict)


class Cost(Model):
    """What the training took; no part of any key."""

    steps: int
    seconds: float
    cpu_seconds: float
    compile_seconds: float
    flops: float


class Record(Model):
    """The outcome of one cell.

    `cell` is the canonical cell (see `bench.cell.Cell`); errors and bounds are None unless weights were returned.
    """

    schema_version: int = SCHEMA
    key: str = Field(pattern=r"^[0-9a-f]{64}$")
    status: Status
    message: str = ""
    cell: dict[str, Any]
    recipe: str = ""
    versions: Versions
    sizes: Sizes | None = None
    errors: Errors | None = None
    bounds: Bounds | None = None
    cost: Cost | None = None
    curve: list[tuple[int, float | None]] = Field(default_factory=list)
    data_sha256: str | None = None
    weights_sha256: str | None = None
    host: dict[str, str] = Field(default_factory=dict)
    finished: str = ""


class RecordError(ValueError):
    """A line that is not a whole, unaltered record of this schema; the message names the reason."""


def pairs_text(pairs: Mapping[str, str]) -> str:
    """Names with their values, such as packages with their versions, in order of name."""
    return ", ".join(f"{name} {value}" for name, value in sorted(pairs.items()))


def record_key(cell: dict[str, Any], task_identity: str, engine_version: int) -> str:
    """The identity of a record: SHA-256 of canonical JSON of the cell, the task's identity and the versions of what computes it.

    `task_identity` is canonical JSON already, see `operators.tasks.task.Task.identity`. Where a user's own data lie
    (`operators.external.task`) is no part of the key; their checksum, in the task's identity, is.
    """
    parameters = cell.get("parameters")
    if isinstance(parameters, dict) and LOCATION in parameters:
        cell = {**cell, "parameters": {name: value for name, value in parameters.items() if name != LOCATION}}
    text = f'{{"cell":{canonical(cell)},"engine":{engine_version:d},"schema":{SCHEMA},"task":{task_identity}}}'
    return hashlib.sha256(text.encode()).hexdigest()


def to_line(record: Record) -> str:
    """One line of JSON, newline included."""
    body = canonical(record.model_dump(mode="json"))
    checksum = hashlib.sha256(body.encode()).hexdigest()
    return f'{{"checksum":"{checksum}","record":{body}}}\n'


def from_line(line: bytes) -> Record:
    """Read one line back.

    Raises:
        RecordError: too long, not UTF-8, not a record, checksum or schema wrong, or a field missing, unknown or ill-typed.
    """
    record = parse_line(line)
    require_finite(record)
    return record


def require_finite(record: Record) -> None:
    """Refuse a record whose cell holds NaN or infinity; all its other numbers are finite by their types.

    Raises:
        RecordError: it does.
    """
    if not _finite(record.cell):
        raise RecordError(NOT_FINITE)


def _finite(value: Any) -> bool:
    """Whether every number in nested lists and dictionaries is finite."""
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        return all(map(_finite, value.values()))
    return all(map(_finite, value)) if isinstance(value, list) else True


def parse_line(line: bytes) -> Record:
    """Read a line as `from_line` does, but for `require_finite`.

    Raises:
        RecordError: as `from_line`.
    """
    match = _LINE.fullmatch(line) if len(line) <= MAXIMUM_LINE_BYTES else None
    if match is None:
        raise RecordError(_why_no_record(line))
    checksum, body = match.groups()
    if hashlib.sha256(body).hexdigest() != checksum.decode():
        raise RecordError("checksum does not match")
    try:
        record = Record.model_validate_json(body)
    except ValidationError as error:
        raise RecordError(_why_invalid(body, error)) from None
    if record.schema_version != SCHEMA:
        raise RecordError(_wrong_schema(record.schema_version))
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


def _why_invalid(body: bytes, error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    try:
        version = from_json(body).get("schema_version")
    except ValueError:
        version = SCHEMA
    if version != SCHEMA:
        return _wrong_schema(version)
    if first["type"] == "finite_number":
        return NOT_FINITE
    return f"not a valid record: {'.'.join(map(str, first['loc'])) or 'line'}: {first['msg']}"


def _wrong_schema(version: Any) -> str:
    newer = isinstance(version, int) and version > SCHEMA
    return f"expected schema {SCHEMA}, got {str(version)[:20]}" + (
        "; written by a newer release, which reads it" if newer else ""
    )
