"""A user's arrays by file and name: .npy, .npz, HDF5, MATLAB. Formats are told by the first bytes of a file, never by its name.

Parts of them: `operators.external.part`.
"""

import stat
from pathlib import Path
from typing import BinaryIO, Literal

from numpy.lib import format as npy

from operators.errors import UserError
from operators.external.matlab import names_matlab, stored_matlab
from operators.external.npz import names_npz, stored_npy, stored_npz
from operators.external.stored_array import Stored, shown

Kind = Literal["npy", "npz", "hdf5", "matlab"]
NAMES_SHOWN = 20
HDF5 = b"\x89HDF\r\n\x1a\n"
MAGIC: dict[bytes, Kind] = {
    npy.MAGIC_PREFIX: "npy",
    b"PK\x03\x04": "npz",
    b"PK\x05\x06": "npz",
    HDF5: "hdf5",
    b"MATLAB 7.3 MAT-file": "hdf5",
    b"MATLAB 5.0 MAT-file": "matlab",
}
FOREIGN = {
    b"\x80": "a pickle",
    b"CDF\x01": "netCDF-3",
    b"CDF\x02": "netCDF-3",
    b"CDF\x05": "netCDF-3",
    b"\x0e\x03\x13\x01": "HDF4",
    b"\x1f\x8b": "a gzip file",
    b"PAR1": "Parquet",
    b"ARROW1": "Arrow",
}
LEAST_USER_BLOCK = 512


def kind_of(path: Path) -> Kind:
    """The format of a file.

    Raises:
        UserError: no regular file, or of no format this module reads.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            what = "a folder" if path.is_dir() else "no regular file"
            raise UserError(f"expected a file with arrays at {path}, got {what}; check the path")
        with path.open("rb") as handle:
            start = handle.read(32)
            for magic, kind in MAGIC.items():
                if start.startswith(magic):
                    return kind
            if _behind_a_user_block(handle):
                return "hdf5"
    except OSError as error:
        raise UserError(f"expected a file with arrays at {path}, got '{error.strerror}'; check the path") from error
    found = next((name for magic, name in FOREIGN.items() if start.startswith(magic)), None)
    if found is None:
        found = "a MAT-file of level 4" if _level_4(start) else "none of these formats"
    raise UserError(
        f"expected a .npz, .npy, HDF5 or MATLAB file (v6, v7 or v7.3), got {path}: {found}; save the arrays in one of these"
    )


def _behind_a_user_block(handle: BinaryIO) -> bool:
    """Whether HDF5 begins behind bytes of the user's own: at 512, 1024, 2048, ... (HDF5 File Format, section II.A)."""
    offset, size = LEAST_USER_BLOCK, handle.seek(0, 2)
    while offset < size:
        handle.seek(offset)
        if handle.read(8) == HDF5:
            return True
        offset *= 2
    return False


def _level_4(start: bytes) -> bool:
    """Whether a file begins as MATLAB's level 4 does: a small type number, then positive sizes."""
    words = [int.from_bytes(start[i : i + 4], "little") for i in range(0, 20, 4)]
    return len(start) >= 20 and words[0] < 5000 and 0 < words[1] < 2**31 and 0 < words[2] < 2**31 and words[4] < 64


def array_names(path: Path) -> list[str]:
    """Names of the arrays in a file; that of a .npy file is the file's, without its ending.

    Raises:
        UserError: of no format this module reads, or damaged.
    """
    kind = kind_of(path)
    if kind == "npy":
        return [path.stem]
    if kind == "hdf5":
        from operators.external.hdf5.file import names_hdf5  # h5py only where there is HDF5

        return names_hdf5(path)
    return names_npz(path) if kind == "npz" else names_matlab(path)


def find_array(path: Path, name: str) -> Stored:
    """The array of this name, without an index.

    Raises:
        UserError: no such file or array, or one that is refused.
    """
    found = look_up(path, name)
    if found is None:
        raise UserError(f"expected an array named {name!r} in {path}, found: {listed(path)}; choose one of these")
    return found


def look_up(path: Path, name: str) -> Stored | None:
    """The array of this name, without an index; None if there is none.

    Raises:
        UserError: no such file, or an array that is refused.
    """
    kind = kind_of(path)
    if kind == "npy":
        return stored_npy(path) if name == path.stem else None
    if kind == "hdf5":
        from operators.external.hdf5.array import stored_hdf5  # h5py only where there is HDF5

        return stored_hdf5(path, name)
    return stored_npz(path, name) if kind == "npz" else stored_matlab(path, name)


def listed(path: Path) -> str:
    """The names of the arrays of a file, for messages."""
    names = array_names(path)
    return (", ".join(map(shown, names[:NAMES_SHOWN])) + (", ..." if len(names) > NAMES_SHOWN else "")) or "no array"
