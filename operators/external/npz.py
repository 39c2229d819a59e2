"""Arrays of .npy and .npz files: never unpickled.

A .npy file and the stored members of a .npz file (numpy.savez) are memory-mapped; a compressed member
(numpy.savez_compressed) is read into memory. Sizes come from headers and are checked against the file before anything is read;
the checksum of a member is verified.
"""

import math
import struct
import zipfile
import zlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from operators.errors import UserError
from operators.external.stored_array import Index, Stored, damaged, require_memory, require_numbers, shown

CHUNK = 2**22
MOST_AXES, MOST_BYTES = 32, 2**62
LOCAL_HEADER = struct.Struct("<26xHH")
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError)


@dataclass(frozen=True)
class _Header:
    """Shape, order and type of an array, and where its numbers begin in its file or member."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: "np.dtype[Any]"
    offset: int

    @property
    def end(self) -> int:
        return self.offset + math.prod(self.shape) * self.dtype.itemsize


def stored_npy(path: Path) -> Stored:
    """The one array of a .npy file, named after the file.

    Raises:
        UserError: a damaged file, or objects.
    """
    with path.open("rb") as handle:
        header = _header(handle, path.stem, path)
    if path.stat().st_size < header.end:
        damaged(path, "numbers missing at its end")
    return Stored(shown(path.stem), header.shape, header.dtype, lambda index: _mapped(path, header, 0)[index])


def names_npz(path: Path) -> list[str]:
    """Names of the arrays of a .npz file.

    Raises:
        UserError: a damaged file.
    """
    with _archive(path) as archive:
        return [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]


def _refuse_pytorch(path: Path, archive: zipfile.ZipFile) -> None:
    """PyTorch's files are archives too, of a pickle and the raw bytes of tensors."""
    if any(name == "data.pkl" or name.endswith("/data.pkl") for name in archive.namelist()):
        archive.close()
        raise UserError(
            f"expected a .npz file, got the PyTorch file {path}, which holds a pickle; pickles are never read: save its tensors"
            " with numpy.savez(..., u=tensor.numpy())"
        )


def stored_npz(path: Path, name: str) -> Stored | None:
    """The array of this name in a .npz file; None if there is none.

    Raises:
        UserError: a damaged or encrypted array, or objects.
    """
    with _archive(path) as archive:
        if f"{name}.npy" not in archive.namelist():
            return None
        info = archive.getinfo(f"{name}.npy")
        if info.flag_bits & 0x1:
            raise UserError(f"expected a plain .npz file, got {path} with the encrypted array {name!r}; save it with numpy.savez")
        try:
            with archive.open(info) as handle:
                header = _header(handle, name, path)  # type: ignore[arg-type]
        except UNREADABLE as error:
            if isinstance(error, UserError):
                raise
            damaged(path, f"an unreadable array {name!r}")
    if header.end != info.file_size:
        damaged(path, f"array {name!r} of another length than its header says")
    return Stored(shown(name), header.shape, header.dtype, partial(_member, path, name, header))


def _archive(path: Path) -> zipfile.ZipFile:
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        damaged(path, "no readable directory (cut off or damaged)")
    _refuse_pytorch(path, archive)
    return archive


def _header(handle: BinaryIO, name: str, path: Path) -> _Header:
    """Read the header of an array.

    Raises:
        UserError: not a header, or no plain numbers.
    """
    try:
        version = npy.read_magic(handle)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, dtype = read(handle)
    except UserError:
        raise
    except Exception:  # NumPy raises many types for a damaged header, which it takes for Python text
        damaged(path, f"no readable header of array {name!r}")
    require_numbers(path, name, dtype)
    if not _possible(shape, dtype):
        damaged(path, f"an impossible shape of array {name!r}")
    return _Header(shape, fortran, dtype, handle.tell())


def _possible(shape: tuple[int, ...], dtype: "np.dtype[Any]") -> bool:
    """Whether an array can have this shape: whole numbers, of which booleans are none here, few and not too large."""
    if len(shape) > MOST_AXES or not all(type(length) is int and length >= 0 for length in shape):
        return False
    return math.prod(max(length, 1) for length in shape) * dtype.itemsize <= MOST_BYTES


def _mapped(path: Path, header: _Header, start: int) -> NDArray[Any]:
    """The array as a read-only memory map; `start` is where its member begins."""
    if math.prod(header.shape) == 0:
        return np.empty(header.shape, header.dtype)
    order: Any = "F" if header.fortran else "C"
    return np.memmap(path, header.dtype, "r", offset=start + header.offset, shape=header.shape, order=order)


def _member(path: Path, name: str, header: _Header, index: Index) -> NDArray[Any]:
    """Read a part of a member, its checksum verified."""
    with _archive(path) as archive:
        info = archive.getinfo(f"{name}.npy")
        try:
            if info.compress_type == zipfile.ZIP_STORED:
                _verify(archive, info)
                return _mapped(path, header, _data_start(path, info))[index]
            advice = "save it with numpy.savez or numpy.save, which need no memory"
            require_memory(path, name, math.prod(header.shape), itemsize=header.dtype.itemsize, advice=advice)
            with archive.open(info) as handle:
                return npy.read_array(handle, allow_pickle=False)[index]
        except UNREADABLE as error:
            if isinstance(error, UserError):
                raise
            damaged(path, f"an unreadable array {name!r}")


def _verify(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
    """Read a member to its end; zipfile compares the checksum there."""
    with archive.open(info) as handle:
        while handle.read(CHUNK):
            pass


def _data_start(path: Path, info: zipfile.ZipInfo) -> int:
    """Where a stored member's bytes begin: after its local header, whose name and extra field have lengths of their own."""
    with path.open("rb") as handle:
        handle.seek(info.header_offset)
        name, extra = LOCAL_HEADER.unpack(handle.read(LOCAL_HEADER.size))
    return info.header_offset + LOCAL_HEADER.size + int(name) + int(extra)
