"""Measurements of witnesses that this machine has made, kept so that tables need not measure again.

    <cache>/measurements/<address>.json      what was measured of the witness with these bytes, and by which version of the code

They are written here only and lie beside the generated data, outside every study folder, so that nothing that is merged or
downloaded as a study brings one along. What follows from the bytes of the witness alone (q, d, data, target) is not kept: it is
read from the witness each time. A measurement of another version counts for nothing.
"""

import dataclasses
import hashlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

import numpy
import scipy
from pydantic import Field, ValidationError

import operators
import results.schema
from operators.atomic_files import write_atomic
from operators.data.function_cache import BlockCache
from operators.file_names import inside
from results.schema.model import Model
from results.schema.sealed import Damaged, read_sealed, seal
from results.witnesses.error import Measured
from results.witnesses.untrusted_files import Unreadable, read_regular

SCHEMA = 1
MAXIMUM_BYTES = 4096


class Measurement(Model):
    """What was measured; fields as in `results.witnesses.error.Measured`.

    Attributes:
        code: `code_version` of what measured.
        witness: address of the witness.
    """

    schema_version: int = Field(SCHEMA, alias="schema")
    code: str
    witness: str
    error: float
    allowed: float
    absorbed: float | None
    floor: float | None
    below_floor: bool
    disturbed: float | None


@dataclass(frozen=True)
class Measurements:
    """Kept measurements; `folder=None` keeps nothing."""

    folder: Path | None

    @classmethod
    def beside(cls, cache: BlockCache | None) -> Self:
        """Those beside the generated data."""
        return cls(None if cache is None or cache.root is None else cache.root / "measurements")

    def get(self, witness: str) -> Measured | None:
        """What this version of the code has measured of the witness of this address; None if nothing, or it is damaged."""
        if self.folder is None:
            return None
        try:
            found = read_sealed("measurement", Measurement, read_regular(self._path(witness), MAXIMUM_BYTES), schema=SCHEMA)
        except (Unreadable, Damaged):
            return None
        if (found.code, found.witness) != (code_version(), witness):
            return None
        return Measured(**{field.name: getattr(found, field.name) for field in dataclasses.fields(Measured)})

    def keep(self, witness: str, measured: Measured) -> None:
        """Keep a measurement; one that holds NaN or infinity is not kept.

        Raises:
            UserError: it cannot be written.
        """
        if self.folder is None or self.get(witness) == measured:
            return
        with suppress(ValidationError):
            kept = Measurement(code=code_version(), witness=witness, **dataclasses.asdict(measured))
            write_atomic(self._path(witness), seal("measurement", kept))

    def _path(self, witness: str) -> Path:
        assert self.folder is not None
        return inside(self.folder, f"{witness}.json")


@cache
def code_version() -> str:
    """SHA-256 of all sources that generate data, evaluate nets and measure, and of the versions of NumPy and SciPy."""
    digest = hashlib.sha256(f"{numpy.__version__} {scipy.__version__}".encode())
    for path in _sources():
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _sources() -> Iterator[Path]:
    for package in (Path(operators.__file__).parent, Path(results.schema.__file__).parent, Path(__file__).parent):
        yield from sorted(package.rglob("*.py"))
