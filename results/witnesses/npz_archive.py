"""Plain arrays from an untrusted .npz archive.

Nothing in it is evaluated: no pickle, no Python literals. The directory must be small and at the end, entries are allow-listed
by name and method, and no array is unpacked beyond the size its reader expects.
"""

import io
import math
import re
import stat
import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from results.witnesses.untrusted_files import Unreadable, shown

MAXIMUM_UNPACKED_BYTES = 64 * 2**20
MAXIMUM_ENTRIES = 80
MAXIMUM_DIRECTORY_BYTES = 32 * 2**10
MAXIMUM_ARRAY_HEADER_BYTES = 1024
MAGIC = b"\x93NUMPY\x01\x00"
NAME = re.compile(r"[a-z][a-z0-9_]{0,31}\.npy")
ARRAY_HEADER = re.compile(
    rb"\{'descr': '(\|u1|<f4|<f8)', 'fortran_order': (False|True), 'shape': \((|[0-9]{1,9},|[0-9]{1,9}, ?[0-9]{1,9})\), \} *\n"
)
END = struct.Struct("<4s4H2LH")
DAMAGED = (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, EOFError, zlib.error, RuntimeError)


@dataclass(frozen=True)
class Archive:
    """An open archive whose directory has been checked.

    Attributes:
        file: the zip file.
        entries: its entries by the names of their arrays.
    """

    file: zipfile.ZipFile
    entries: dict[str, zipfile.ZipInfo]

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Check the directory of an archive.

        Raises:
            Unreadable: no plain, small .npz archive, or an entry that must not be there.
        """
        _check_end(data)
        try:
            file = zipfile.ZipFile(io.BytesIO(data))
        except DAMAGED as error:
            raise _damaged(error) from None
        return cls(file, _entries(file))

    def array(self, name: str, most: int) -> NDArray:
        """Unpack one array of at most `most` bytes of values: float32, float64 or uint8, at most two dimensions.

        Raises:
            Unreadable: there is none, it is larger, of another type, or damaged.
        """
        if name not in self.entries:
            raise Unreadable(f"expected an array {name!r}, got none")
        info, limit = self.entries[name], most + MAXIMUM_ARRAY_HEADER_BYTES
        if info.file_size > limit:
            raise Unreadable(f"expected array {name!r} to hold at most {most} bytes, got {info.file_size}")
        try:
            with self.file.open(info) as handle:
                data = handle.read(limit + 1)
        except DAMAGED as error:
            raise _damaged(error) from None
        return _parsed(data, name)


def npy_bytes(array: NDArray) -> bytes:
    """A contiguous array as a .npy file, version 1.0: the same bytes whatever the version of NumPy."""
    text = f"{{'descr': '{array.dtype.str}', 'fortran_order': False, 'shape': {array.shape}, }}"
    text += " " * (-(len(MAGIC) + 2 + len(text) + 1) % 64) + "\n"
    return MAGIC + struct.pack("<H", len(text)) + text.encode("ascii") + array.tobytes()


def _parsed(data: bytes, name: str) -> NDArray:
    """Values of a .npy file, version 1.0; its header is matched, not evaluated."""
    start = len(MAGIC) + 2 + int.from_bytes(data[len(MAGIC) : len(MAGIC) + 2], "little")
    match = ARRAY_HEADER.fullmatch(data[len(MAGIC) + 2 : start]) if data.startswith(MAGIC) else None
    if match is None:
        raise Unreadable(f"expected array {name!r} as plain little-endian float32, float64 or uint8, got objects or another type")
    dtype = np.dtype(match[1].decode())
    shape = tuple(int(length) for length in re.findall(rb"[0-9]+", match[3]))
    size = dtype.itemsize * math.prod(shape)
    if size != len(data) - start:
        raise Unreadable(f"expected array {name!r} of shape {shape} to hold {size} bytes, got {len(data) - start}")
    return np.frombuffer(data, dtype=dtype, offset=start).reshape(shape, order="F" if match[2] == b"True" else "C")


def _damaged(error: BaseException) -> Unreadable:
    return Unreadable(f"expected an .npz archive, got a damaged one ({ascii(str(error))[1:-1][:80]})")


def _check_end(data: bytes) -> None:
    """Check that the archive ends in a directory of bounded size."""
    if not data.startswith(b"PK\x03\x04"):
        raise Unreadable("expected an .npz archive, got something else (not a zip file)")
    end = data[-END.size :]
    if len(end) < END.size or not end.startswith(b"PK\x05\x06"):
        raise Unreadable("expected an .npz archive, got one without its end (truncated, or with a comment)")
    _, disk, first_disk, count, total, size, offset, comment = END.unpack(end)
    if (disk, first_disk, comment) != (0, 0, 0) or count != total or data[-END.size - 20 : -END.size].startswith(b"PK\x06\x07"):
        raise Unreadable("expected a plain .npz archive, got a split, commented or zip64 one")
    if total > MAXIMUM_ENTRIES or size > MAXIMUM_DIRECTORY_BYTES:
        raise Unreadable(f"expected at most {MAXIMUM_ENTRIES} arrays, got {total} in a directory of {size} bytes")
    if offset + size + END.size != len(data):
        raise Unreadable("expected an .npz archive, got a damaged one (its directory is not where its end says)")


def _entries(file: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Check every entry of the directory."""
    entries: dict[str, zipfile.ZipInfo] = {}
    for info in file.infolist():
        name = info.orig_filename
        if any(character in name for character in "/\\:\0") or name.startswith("."):
            raise Unreadable(f"expected plain names in the archive, got a path: {shown(name)}")
        if not NAME.fullmatch(name):
            raise Unreadable(f"expected names of arrays in the archive, got {shown(name)}")
        if name[:-4] in entries:
            raise Unreadable(f"expected each array once, got {shown(name)} twice")
        if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
            raise Unreadable(f"expected regular files in the archive, got a link, folder or device: {shown(name)}")
        if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Unreadable(f"expected stored or deflated arrays, got encryption or another method: {shown(name)}")
        entries[name[:-4]] = info
    size = sum(info.file_size for info in entries.values())
    if size > MAXIMUM_UNPACKED_BYTES:
        raise Unreadable(f"expected at most {MAXIMUM_UNPACKED_BYTES} unpacked bytes, got {size}")
    return entries
