"""The header of a witness: what its weights are claimed to reach, on which data, and who made them.

It is a strict model: an unknown field, a value of another type or out of range, NaN, and text outside the rules below are
refused. Names are matched to the registry when the witness is verified.
"""

import dataclasses
import datetime
import hashlib
import unicodedata
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_core import from_json

from operators import TASKS
from operators.architectures import Architecture
from operators.data.dataset import Design, NoiseLaw, Request
from results.records.manifest import Target
from results.schema.cells import AnyArchitecture
from results.schema.model import Model, canonical, later
from results.witnesses.untrusted_files import Unreadable

SCHEMA = 2
MAXIMUM_HEADER_BYTES = 64 * 2**10
LARGEST_WIDTH = 8192
LARGEST_DEPTH = 16
LONGEST_TEXT = 200
PUNCTUATION = frozenset(" .,:;()+-/_'&#%=*@")


def plain(text: str) -> str:
    """Return a text of 1 to LONGEST_TEXT letters, digits and PUNCTUATION that begins with a letter or digit, or raise ValueError.

    Letters of any script and their combining marks count; quotes, angle brackets, backslashes and control characters do not.
    """
    if not 1 <= len(text) <= LONGEST_TEXT:
        raise ValueError(f"expected 1 to {LONGEST_TEXT} characters, got {len(text)}")
    kinds = [unicodedata.category(character)[0] for character in text]
    bad = next((c for c, kind in zip(text, kinds, strict=True) if kind not in "LMN" and c not in PUNCTUATION), None)
    if bad is not None:
        raise ValueError(f"expected letters, digits and any of {''.join(sorted(PUNCTUATION))!r}, got {bad!a}")
    if kinds[0] not in "LN":
        raise ValueError(f"expected text that begins with a letter or digit, got {text[0]!a}")
    return text


Text = Annotated[str, AfterValidator(plain)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Package = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._+-]{0,63}$")]


class Data(Model):
    """What determines the labels: see `operators.data.request.Request`.

    Attributes:
        task: a name of the registry `operators.catalogue.TASKS`.
        task_version: version of its generator.
        task_identity: SHA-256 of `Task.identity()`.
        parameters: constants that differ from those of the registry.
    """

    task: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")
    task_version: int = Field(ge=0, le=2**31)
    task_identity: Sha256
    parameters: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")], float] = Field(default_factory=dict, max_length=32)
    design: Design
    functions: int = Field(ge=1, le=2**24)
    points: int = Field(ge=1, le=2**24)
    noise_law: NoiseLaw = "none"
    sigma: float = Field(0.0, ge=0.0)
    replicate: int = Field(0, ge=0, le=2**31)


class Scaling(Model):
    """Units the net sees: see `operators.data.normalisation.scaled`. Outputs are scaled by constants of the task only."""

    inputs: Literal["raw", "standard"]
    coordinates: Literal["raw", "unit"]
    outputs: Literal["task"] = "task"


Made = Literal["explicit", "trained", "pruned"]


class Origin(Model):
    """Who made the weights, how and when; `record` is the key of the record of the training, if there is one.

    `made` is what its author declares: weights that are constructed and not trained (which is checked by constructing them again,
    `results.witnesses.constructed`), trained ones, or what pruning left of either. Nothing else depends on it.
    """

    author: Text
    method: Text
    created: datetime.date
    record: Sha256 | None = None
    versions: dict[Package, Package] = Field(default_factory=dict, max_length=32)
    made: Made | None = later(None)

    @property
    def kind(self) -> Made | None:
        """`made`; where it is not declared, `trained` if a record of the training is named."""
        return self.made or ("trained" if self.record is not None else None)


class Claim(Model):
    """What weights are claimed to reach, whoever made them. A target `absorb` goes with noise, `relative` without.

    Attributes:
        sensors: length of an input.
        coordinates: length of a query point.
        architecture: the hypothesis class less these two, as a cell states it (`results.schema.cells`); schedule `free`.
    """

    schema_version: int = SCHEMA
    data: Data
    sensors: int = Field(ge=1, le=2**20)
    coordinates: int = Field(ge=1, le=16)
    architecture: AnyArchitecture
    scaling: Scaling
    target: Target

    @model_validator(mode="after")
    def _fits(self) -> Self:
        noisy = self.data.noise_law != "none"
        if noisy != (self.data.sigma > 0.0):
            raise ValueError("expected sigma > 0 with noise and sigma = 0 without")
        if noisy != (self.target.kind == "absorb"):
            raise ValueError("expected the target 'absorb' for noisy data and 'relative' for clean data")
        if self.architecture.schedule != "free":
            raise ValueError(f"expected an architecture with the schedule 'free', got {self.architecture.schedule!r}")
        for name, value in self.architecture.model_dump().items():
            _bounded(name, value)
        return self

    def net(self) -> Architecture:
        """The hypothesis class."""
        return self.architecture.on(self.sensors, self.coordinates)

    def identity(self, weights: str) -> str:
        """Hash of the claim for weights of this hash: what is the same whoever hands them in."""
        stated = {name: value for name, value in self.model_dump(mode="json").items() if name in Claim.model_fields}
        return hashlib.sha256(canonical({**stated, "weights": weights}).encode()).hexdigest()


class Header(Claim):
    """All a witness says besides its weights: a claim, and where it is from."""

    origin: Origin

    def text(self) -> bytes:
        """Canonical JSON."""
        return canonical(self.model_dump(mode="json")).encode()


def data_of(request: Request) -> Data:
    """Describe a data set for a header."""
    task = request.task
    registered = TASKS[task.name]
    names = [field.name for field in dataclasses.fields(task)]
    return Data(
        task=task.name,
        task_version=task.version,
        task_identity=identity_sha256(task.identity()),
        parameters={name: getattr(task, name) for name in names if getattr(task, name) != getattr(registered, name)},
        design=request.design,
        functions=request.functions,
        points=request.points,
        noise_law=request.noise_law,
        sigma=request.sigma,
        replicate=request.replicate,
    )


def _bounded(name: str, value: object) -> None:
    """Raise ValueError for a size, or a list of sizes, beyond what a witness may state."""
    for size in value if isinstance(value, tuple) else (value,):
        if isinstance(size, int) and not 1 <= size <= LARGEST_WIDTH:
            raise ValueError(f"expected {name} from 1 to {LARGEST_WIDTH}, got {size}")
    if isinstance(value, tuple) and len(value) > LARGEST_DEPTH:
        raise ValueError(f"expected at most {LARGEST_DEPTH} numbers in {name}, got {len(value)}")


def identity_sha256(identity: str) -> str:
    """Hash of a task's identity."""
    return hashlib.sha256(identity.encode()).hexdigest()


def parse_header(data: bytes) -> Header:
    """Read a header.

    Raises:
        Unreadable: too long, not UTF-8, not JSON, nested too deeply, or a field missing, unknown, ill-typed or out of range.
    """
    if len(data) > MAXIMUM_HEADER_BYTES:
        raise Unreadable(f"expected a header of at most {MAXIMUM_HEADER_BYTES} bytes, got {len(data)}")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable(f"expected a header in UTF-8, got byte {data[error.start]:#04x} at {error.start}") from None
    try:
        header = Header.model_validate_json(text, strict=True, context={"strict": True})
    except ValidationError as error:
        raise Unreadable(_reason(text, error)) from None
    if header.schema_version != SCHEMA:
        raise Unreadable(_wrong_schema(header.schema_version))
    return header


def _wrong_schema(version: object) -> str:
    return f"expected witness schema {SCHEMA}, got {ascii(version)[:20]}; another release may read it"


def _reason(text: str, error: ValidationError) -> str:
    """The first error; of what the file says only short printable ASCII is repeated."""
    try:
        content = from_json(text)
        version = content.get("schema_version", SCHEMA) if isinstance(content, dict) else SCHEMA
    except ValueError:
        version = SCHEMA
    if version != SCHEMA:
        return _wrong_schema(version)
    first = error.errors(include_url=False, include_input=False)[0]
    where = ascii(".".join(str(part) for part in first["loc"]) or "header")[1:-1][:80]
    if first["type"] == "json_invalid":
        return f"expected a header in JSON, got: {ascii(first['msg'])[1:-1][:120]}"
    if first["type"] == "extra_forbidden":
        return f"expected no unknown field in the header, got {where}"
    return f"expected a header as docs/leaderboard.md describes it; {where}: {first['msg'][:200]}"
