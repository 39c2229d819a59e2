"""What a declaration finds in its file: shapes and coordinates at once, values when they are first needed.

A file is read only after its SHA-256 has been found to be the declared one. Shapes and coordinates are then known for good;
values, which may be a map of the file, are kept for as long as its size, time of change and number stay the same.
"""

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from operators.arrays import Array
from operators.errors import UserError
from operators.external.arrays import kind_of
from operators.external.coordinates import coordinates
from operators.external.part import Part, find_part, require_partners
from operators.external.selection import parse_selections

KEPT = 8

Stamp = tuple[int, int, int]


@dataclass(frozen=True)
class Declaration:
    """A file, its checksum, and which of its arrays are what (texts of `operators.external.selection`)."""

    path: Path
    sha256: str
    inputs: str
    outputs: str
    sensors: str
    points: str


@dataclass(frozen=True, eq=False)
class Layout:
    """Shapes and coordinates.

    Attributes:
        sensors: (m, dimension).
        points: (P, dimension).
        input_rows: numbers of the selected functions in the array of inputs.
        output_rows: the same in the array of outputs; as many.
    """

    sensors: Array
    points: Array
    input_rows: range
    output_rows: range

    @property
    def functions(self) -> int:
        """F."""
        return len(self.input_rows)


@dataclass(frozen=True, eq=False)
class Source:
    """The selected values, in the type of the file: inputs (F, sensors...) and outputs (F, points...)."""

    layout: Layout
    inputs: NDArray[Any]
    outputs: NDArray[Any]


def checksum(path: Path) -> str:
    """SHA-256 of a file that holds arrays.

    Raises:
        UserError: there is none, or of no format that is read.
    """
    kind_of(path)
    return _checksum(path, _stamp(path))


def layout(declaration: Declaration) -> Layout:
    """Shapes and coordinates.

    Raises:
        UserError: the file is another than declared, or its arrays do not fit the declaration.
    """
    return _layout(declaration)


def source(declaration: Declaration) -> Source:
    """Shapes, coordinates and values.

    Raises:
        UserError: as `layout`, or more than fits into memory.
    """
    return _source(declaration, _verified(declaration))


def _verified(declaration: Declaration) -> Stamp:
    found = checksum(declaration.path)
    if found != declaration.sha256:
        raise UserError(
            f"expected the file {declaration.path} with SHA-256 {declaration.sha256}, got one with {found}; it is another file or"
            " has changed: restore it, or declare the new checksum"
        )
    return _stamp(declaration.path)


def _stamp(path: Path) -> Stamp:
    try:
        status = path.stat()
    except OSError as error:
        raise UserError(f"expected a file with arrays at {path}, got '{error.strerror}'; check the path") from error
    return status.st_size, status.st_mtime_ns, status.st_ino


@functools.lru_cache(maxsize=KEPT)
def _checksum(path: Path, stamp: Stamp) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


@functools.lru_cache(maxsize=KEPT)
def _layout(declaration: Declaration) -> Layout:
    _verified(declaration)
    path = declaration.path
    inputs, outputs = (_functions(path, getattr(declaration, of), of) for of in ("inputs", "outputs"))
    if len(inputs.rows) != len(outputs.rows) and not (inputs.functions and outputs.functions):
        raise UserError(
            f"expected as many inputs as outputs, got {len(inputs.rows)} functions in {declaration.inputs} and"
            f" {len(outputs.rows)} in {declaration.outputs} of {path}"
        )
    require_partners(inputs, outputs)
    sensors, points = (parse_selections(text) for text in (declaration.sensors, declaration.points))
    return Layout(
        sensors=coordinates(path, sensors, inputs.shape[1:] or (1,), of="sensors", functions=inputs.functions),
        points=coordinates(path, points, outputs.shape[1:] or (1,), of="points", functions=outputs.functions),
        input_rows=inputs.rows,
        output_rows=outputs.rows,
    )


@functools.lru_cache(maxsize=KEPT)
def _source(declaration: Declaration, stamp: Stamp) -> Source:
    parts = (_functions(declaration.path, getattr(declaration, of), of) for of in ("inputs", "outputs"))
    return Source(_layout(declaration), *(part.values() for part in parts))


def _functions(path: Path, text: str, of: str) -> Part:
    part = find_part(path, text)
    part.require_functions(of)
    return part
