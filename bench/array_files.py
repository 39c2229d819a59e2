"""A user's arrays from .npy and .npz files: never unpickled, of bounded memory, refused with one sentence.

A .npy file and the stored members of a .npz file (numpy.savez) are memory-mapped; a compressed member
(numpy.savez_compressed) is read into memory, up to LARGEST_IN_MEMORY. Sizes come from headers and are checked against the
file before anything is read; the checksum of a member is verified.
"""

import math
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from operators.errors import UserError

LARGEST_IN_MEMORY = 2 * 2**30
CHUNK = 2**22
NAMES_SHOWN = 20
LOCAL_HEADER = struct.Struct("<26xHH")
KNOWN = {b"\x89HDF": "HDF5", b"MATL": "MATLAB", b"\x80": "pickle"}


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


def array_names(path: Path) -> list[str]:
    """Names of the arrays in a .npz file; none for a .npy file.

    Raises:
        UserError: neither of them.
    """
    if _kind(path) == "npy":
        return []
    with _archive(path) as archive:
        return [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]


def open_array(path: Path, name: str | None = None) -> tuple[str, NDArray[Any]]:
    """The array of this name, and its name as it can be shown.

    Args:
        path: a .npy or .npz file.
        name: needed where a .npz file holds several arrays.

    Raises:
        UserError: no such file or array, no .npy or .npz file, a damaged one, objects, or a compressed array that is too large.
    """
    if _kind(path) == "npy":
        if name is not None:
            raise UserError(f"expected no array name for the .npy file {path}, got {name!r}; it holds one array without a name")
        with path.open("rb") as handle:
            header = _header(handle, path.stem, path)
        if path.stat().st_size < header.end:
            _damaged(path, "numbers missing at its end")
        return path.stem, _mapped(path, header, 0)
    names = array_names(path)
    listed = ", ".join(map(_shown, names[:NAMES_SHOWN])) + (", ..." if len(names) > NAMES_SHOWN else "")
    if not names:
        raise UserError(f"expected a .npz file with an array, got {path} with none; save one with numpy.savez")
    if name is None and len(names) > 1:
        raise UserError(f"expected --array with one of: {listed}; {path} holds {len(names)} arrays")
    if name is not None and name not in names:
        raise UserError(f"expected an array named {name!r} in {path}, found: {listed}; choose one of these")
    name = names[0] if name is None else name
    return _shown(name), _member(path, name)


def _shown(name: str) -> str:
    """A name without control characters."""
    return name if name.isprintable() else ascii(name)[1:-1]


def _kind(path: Path) -> str:
    try:
        with path.open("rb") as handle:
            start = handle.read(8)
    except OSError as error:
        raise UserError(f"expected a .npz or .npy file at {path}, got '{error.strerror}'; check the path") from error
    if start.startswith(npy.MAGIC_PREFIX):
        return "npy"
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "npz"
    found = next((words for magic, words in KNOWN.items() if start.startswith(magic)), "no file of either kind")
    raise UserError(f"expected a .npz or .npy file, got {path}: {found}; save the outputs with numpy.savez or numpy.save")


def _damaged(path: Path, what: str) -> NoReturn:
    raise UserError(f"expected a whole file, got {path} with {what}; copy or save it again") from None


def _archive(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        _damaged(path, "no readable directory (cut off or damaged)")


def _header(handle: BinaryIO, name: str, path: Path) -> _Header:
    """Read the header of an array.

    Raises:
        UserError: not a header, or objects, which would have to be unpickled.
    """
    try:
        version = npy.read_magic(handle)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, dtype = read(handle)
    except (ValueError, EOFError, OSError, zipfile.BadZipFile, zlib.error):
        _damaged(path, f"no readable header of array {name!r}")
    if dtype.hasobject:
        raise UserError(
            f"expected numbers, got Python objects in array {name!r} of {path}; they are never unpickled, save it as float64"
        )
    if min(shape, default=0) < 0:
        _damaged(path, f"an impossible shape of array {name!r}")
    return _Header(shape, fortran, dtype, handle.tell())


def _mapped(path: Path, header: _Header, start: int) -> NDArray[Any]:
    """The array as a read-only memory map; `start` is where its member begins."""
    if math.prod(header.shape) == 0:
        return np.empty(header.shape, header.dtype)
    order: Any = "F" if header.fortran else "C"
    return np.memmap(path, header.dtype, "r", offset=start + header.offset, shape=header.shape, order=order)


def _member(path: Path, name: str) -> NDArray[Any]:
    with _archive(path) as archive:
        info = archive.getinfo(f"{name}.npy")
        if info.flag_bits & 0x1:
            raise UserError(f"expected a plain .npz file, got {path} with the encrypted array {name!r}; save it with numpy.savez")
        try:
            with archive.open(info) as handle:
                header = _header(handle, name, path)  # type: ignore[arg-type]
            if header.end != info.file_size:
                _damaged(path, f"array {name!r} of another length than its header says")
            if info.compress_type == zipfile.ZIP_STORED:
                _verify(archive, info)
                return _mapped(path, header, _data_start(path, info))
            if info.file_size > LARGEST_IN_MEMORY:
                raise UserError(
                    f"expected at most {LARGEST_IN_MEMORY / 2**30:g} GiB in a compressed array, got {name!r} with"
                    f" {info.file_size / 2**30:.1f} GiB; save it with numpy.savez or numpy.save, which need no memory"
                )
            with archive.open(info) as handle:
                return npy.read_array(handle, allow_pickle=False)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError) as error:
            if isinstance(error, UserError):
                raise
            _damaged(path, f"an unreadable array {name!r}")


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
