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
from operators.external.arrays import find_array, kind_of
from operators.external.coordinates import coordinates
from operators.external.selection import Selection, parse_selection, parse_selections
from operators.external.stored_array import Stored

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
    inputs, sensors = _axes(path, parse_selection(declaration.inputs), of="inputs")
    outputs, points = _axes(path, parse_selection(declaration.outputs), of="outputs")
    if len(inputs) != len(outputs):
        raise UserError(
            f"expected as many inputs as outputs, got {len(inputs)} functions in {declaration.inputs} and {len(outputs)} in"
            f" {declaration.outputs} of {path}"
        )
    return Layout(
        sensors=coordinates(path, parse_selections(declaration.sensors), sensors, of="sensors"),
        points=coordinates(path, parse_selections(declaration.points), points, of="points"),
        input_rows=inputs,
        output_rows=outputs,
    )


@functools.lru_cache(maxsize=KEPT)
def _source(declaration: Declaration, stamp: Stamp) -> Source:
    parts = []
    for selection in map(parse_selection, (declaration.inputs, declaration.outputs)):
        stored = _found(declaration.path, selection)
        parts.append(stored.read(selection.index_in(stored)))
    return Source(_layout(declaration), *parts)


def _axes(path: Path, selection: Selection, *, of: str) -> tuple[range, tuple[int, ...]]:
    """The numbers of the selected functions, and the lengths of the other axes."""
    stored = _found(path, selection)
    index, shape = selection.index_in(stored), selection.shape_in(stored)
    first = index[0] if index else slice(None)
    if not isinstance(first, slice) or not stored.shape:
        raise UserError(
            f"expected the {of} of several functions, got {selection} of array {stored.name!r} of shape {stored.shape}; the first"
            " axis counts functions, select it with a slice"
        )
    if 0 in shape:
        raise UserError(f"expected {of} with values, got {selection} of shape {shape} of {path}")
    return range(*first.indices(stored.shape[0])), shape[1:] or (1,)


def _found(path: Path, selection: Selection) -> Stored:
    stored = find_array(path, selection.name)
    if stored.dtype.kind == "c":
        raise UserError(f"expected real numbers, got {stored.dtype} in array {stored.name!r} of {path}; declare a real array")
    return stored
