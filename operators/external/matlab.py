"""Arrays of MATLAB's MAT-files of level 5 (saved with -v6 or -v7); level 7.3 is HDF5, see `operators.external.hdf5`.

Layout (MathWorks, MAT-File Format, R2024): a header of 128 bytes, then elements, each a tag (type, byte count) and its data; a
variable is an element `miMATRIX`, or `miCOMPRESSED` around one. SciPy reads the numbers of a variable, and is given that variable
alone, unpacked to the size its tag states and no further, so that no file can make it allocate more. Cells, structs, text,
objects, function handles and sparse or complex arrays are refused by the class in their header; nothing in a file is evaluated.

FNO (Li et al. 2021, arXiv 2010.08895) stores functions x points (x points): `a` and `u` of Burgers, `coeff` and `sol` of Darcy.
"""

import io
import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import scipy
from numpy.typing import NDArray

from operators.errors import UserError
from operators.external.stored_array import Index, Stored, damaged, require_memory, shown

HEADER_BYTES = 128
INT8, INT32, UINT32, MATRIX, COMPRESSED = 1, 5, 6, 14, 15
HEAD_BYTES = 1024
MOST_AXES = 32
MOST_VARIABLES = 10_000
CLASSES = {
    1: "cell",
    2: "struct",
    3: "object",
    4: "char",
    5: "sparse",
    16: "function handle",
    17: "object",
    6: "<f8",
    7: "<f4",
    8: "<i1",
    9: "<u1",
    10: "<i2",
    11: "<u2",
    12: "<i4",
    13: "<u4",
    14: "<i8",
    15: "<u8",
}
COMPLEX = 0x08


@dataclass(frozen=True)
class _Variable:
    """A variable of a file.

    Attributes:
        name: its name.
        shape: its shape.
        kind: its class: a NumPy type, or words for what is no array of numbers.
        offset: where the data of its element begin.
        length: bytes of these data.
        compressed: whether they are.
        unpacked: bytes of the `miMATRIX` element, tag included.
    """

    name: str
    shape: tuple[int, ...]
    kind: str
    offset: int
    length: int
    compressed: bool
    unpacked: int


def names_matlab(path: Path) -> list[str]:
    """Names of the variables.

    Raises:
        UserError: a damaged file.
    """
    return [variable.name for variable in _variables(path)]


def stored_matlab(path: Path, name: str) -> Stored | None:
    """The variable of this name; None if there is none.

    Raises:
        UserError: a damaged file, or anything but a full array of real numbers.
    """
    variable = next((one for one in _variables(path) if one.name == name), None)
    if variable is None:
        return None
    if not variable.kind.startswith("<"):
        found = f"a MATLAB {variable.kind} in {name!r} of {path}"
        raise UserError(f"expected a full array of real numbers, got {found}; save it as double")
    dtype = np.dtype(variable.kind)
    advice = "save it with -v7.3, of which parts can be read"
    require_memory(path, name, math.prod(variable.shape), itemsize=dtype.itemsize, advice=advice)
    require_memory(path, name, variable.unpacked, itemsize=1, advice=advice)
    return Stored(shown(name), variable.shape, dtype, partial(_part, path, variable))


def _part(path: Path, variable: _Variable, index: Index) -> NDArray[Any]:
    """Read a variable through SciPy, given a file that holds nothing else, and take a part."""
    with path.open("rb") as handle:
        header = handle.read(HEADER_BYTES)
        handle.seek(variable.offset)
        data = handle.read(variable.length)
    try:
        if variable.compressed:
            unpacking = zlib.decompressobj()
            element = unpacking.decompress(data, variable.unpacked)
            if len(element) != variable.unpacked or not _ends(unpacking):
                damaged(path, f"array {variable.name!r} of another length than its tag says")
        else:
            element = struct.pack(f"{_order(header)}II", MATRIX, variable.length) + data
        file: Any = io.BytesIO(header + element)
        found = scipy.io.loadmat(file, variable_names=[variable.name], mat_dtype=True)
        array = np.asarray(found[variable.name])
    except UserError:
        raise
    except Exception as error:  # SciPy and zlib raise many types for a damaged file
        damaged(path, f"an unreadable array {variable.name!r} ({type(error).__name__})")
    if array.shape != variable.shape or array.dtype.kind not in "biuf":
        damaged(path, f"array {variable.name!r} of another shape or type than its header says")
    return array[index]


def _ends(unpacking: Any) -> bool:
    """Whether a compressed stream holds nothing more; reading its end verifies its checksum."""
    return unpacking.eof or (not unpacking.decompress(unpacking.unconsumed_tail, 1) and unpacking.eof)


def _order(header: bytes) -> str:
    """Byte order of a file: `<` or `>`."""
    return ">" if header[126:128] == b"MI" else "<"


def _variables(path: Path) -> Iterator[_Variable]:
    """The variables of a file, from their headers alone."""
    size = path.stat().st_size
    with path.open("rb") as handle:
        header = handle.read(HEADER_BYTES)
        order, offset = _order(header), HEADER_BYTES
        for _ in range(MOST_VARIABLES):
            tag = handle.read(8)
            if not tag:
                return
            if len(tag) < 8:
                damaged(path, "a torn element")
            kind, length = struct.unpack(f"{order}II", tag)
            if kind not in (MATRIX, COMPRESSED) or offset + 8 + length > size:
                damaged(path, f"no readable variable at byte {offset}")
            variable = _described(path, handle, offset + 8, length=length, compressed=kind == COMPRESSED, order=order)
            if variable is not None:
                yield variable
            offset += 8 + length
            handle.seek(offset)
    damaged(path, f"more than {MOST_VARIABLES} variables")


def _described(path: Path, handle: BinaryIO, offset: int, *, length: int, compressed: bool, order: str) -> _Variable | None:
    """Read the header of one variable; None for MATLAB's own nameless data."""
    try:
        head, unpacked = handle.read(min(length, HEAD_BYTES)), 8 + length
        if compressed:
            head = zlib.decompressobj().decompress(head, HEAD_BYTES)
            kind, unpacked = struct.unpack_from(f"{order}II", head)
            head, unpacked = head[8:], unpacked + 8
            if kind != MATRIX:
                raise ValueError("no matrix")
        flags, position = _element(head, 0, order, UINT32)
        shape, position = _element(head, position, order, INT32)
        name, _ = _element(head, position, order, INT8)
        axes = struct.unpack(f"{order}{len(shape) // 4}i", shape)
        word = struct.unpack_from(f"{order}I", flags)[0]
        if not 2 <= len(axes) <= MOST_AXES or min(axes) < 0:
            raise ValueError("impossible shape")
        kind = CLASSES.get(word & 0xFF, "array of an unknown class")
        if (word >> 8) & COMPLEX and kind.startswith("<"):
            kind = "complex array"
        text = name.decode("utf-8")
    except (struct.error, ValueError, zlib.error):
        damaged(path, f"no readable variable at byte {offset}")
    return _Variable(text, axes, kind, offset, length, compressed, unpacked) if text else None


def _element(data: bytes, position: int, order: str, kind: int) -> tuple[bytes, int]:
    """The data of a small element of this type, and where the next begins: 4 bytes or fewer lie in the tag itself."""
    first = struct.unpack_from(f"{order}I", data, position)[0]
    if first >> 16:
        found, length, start, end = first & 0xFFFF, first >> 16, position + 4, position + 8
    else:
        found, length, start = first, struct.unpack_from(f"{order}I", data, position + 4)[0], position + 8
        end = start + -(-length // 8) * 8
    if found != kind or length > HEAD_BYTES or start + length > len(data):
        raise ValueError(f"expected an element of type {kind}")
    return data[start : start + length], end
