"""A user's arrays by file and name: .npy, .npz, HDF5, MATLAB. Formats are told by the first bytes of a file, never by its name.

A name may be followed by an index as in NumPy, `tensor[:, 0, ::4]`; see `operators.external.selection`.
"""

import math
import stat
from pathlib import Path
from typing import Any, Literal

from numpy.lib import format as npy
from numpy.typing import NDArray

from operators.errors import UserError
from operators.external.matlab import names_matlab, stored_matlab
from operators.external.npz import names_npz, stored_npy, stored_npz
from operators.external.selection import Selection, parse_selection
from operators.external.stored_array import Stored, entries_of, require_memory, shown

Kind = Literal["npy", "npz", "hdf5", "matlab"]
NAMES_SHOWN = 20
MAGIC: dict[bytes, Kind] = {
    npy.MAGIC_PREFIX: "npy",
    b"PK\x03\x04": "npz",
    b"PK\x05\x06": "npz",
    b"\x89HDF\r\n\x1a\n": "hdf5",
    b"MATLAB 7.3 MAT-file": "hdf5",
    b"MATLAB 5.0 MAT-file": "matlab",
}


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
    except OSError as error:
        raise UserError(f"expected a file with arrays at {path}, got '{error.strerror}'; check the path") from error
    for magic, kind in MAGIC.items():
        if start.startswith(magic):
            return kind
    found = "a pickle" if start.startswith(b"\x80") else "a MAT-file of level 4" if _level_4(start) else "none of these formats"
    raise UserError(
        f"expected a .npz, .npy, HDF5 or MATLAB file (v6, v7 or v7.3), got {path}: {found}; save the arrays in one of these"
    )


def _level_4(start: bytes) -> bool:
    """Whether a file begins as MATLAB's level 4 does: a small type number, then positive sizes."""
    words = [int.from_bytes(start[i : i + 4], "little") for i in range(0, 20, 4)]
    return len(start) >= 20 and words[0] < 5000 and 0 < words[1] < 2**31 and 0 < words[2] < 2**31 and words[4] < 64


def array_names(path: Path) -> list[str]:
    """Names of the arrays in a file; none for a .npy file.

    Raises:
        UserError: of no format this module reads, or damaged.
    """
    kind = kind_of(path)
    if kind == "npy":
        return []
    if kind == "hdf5":
        from operators.external.hdf5.file import names_hdf5  # h5py only where there is HDF5

        return names_hdf5(path)
    return names_npz(path) if kind == "npz" else names_matlab(path)


def find_array(path: Path, name: str) -> Stored:
    """The array of this name, without an index.

    Raises:
        UserError: no such file or array, or one that is refused.
    """
    kind = kind_of(path)
    if kind == "npy":
        raise UserError(f"expected no array name for the .npy file {path}, got {name!r}; it holds one array without a name")
    found = _find(path, kind, name)
    if found is None:
        raise UserError(f"expected an array named {name!r} in {path}, found: {_listed(path)}; choose one of these")
    return found


def _find(path: Path, kind: Kind, name: str) -> Stored | None:
    if kind == "hdf5":
        from operators.external.hdf5.array import stored_hdf5  # h5py only where there is HDF5

        return stored_hdf5(path, name)
    return stored_npz(path, name) if kind == "npz" else stored_matlab(path, name)


def _listed(path: Path) -> str:
    names = array_names(path)
    return (", ".join(map(shown, names[:NAMES_SHOWN])) + (", ..." if len(names) > NAMES_SHOWN else "")) or "no array"


def open_array(path: Path, text: str | None = None) -> tuple[str, NDArray[Any]]:
    """An array, whole or a part of it, and its name as it can be shown.

    Args:
        path: the file.
        text: a name, or a name and an index; of a part the first axis is kept and the others become one. Needed where a file
            holds several arrays.

    Raises:
        UserError: no such file, array or part, a file that is refused, or more than fits into memory.
    """
    kind = kind_of(path)
    if kind == "npy" and text is None:
        stored = stored_npy(path)
        return stored.name, stored.read(())
    if text is None:
        names = array_names(path)
        if not names:
            raise UserError(f"expected a file with an array, got {path} with none; save one with numpy.savez")
        if len(names) > 1:
            raise UserError(f"expected --array with one of: {_listed(path)}; {path} holds {len(names)} arrays")
        text = names[0]
    whole = None if kind == "npy" else _find(path, kind, text)
    if whole is not None:
        return whole.name, whole.read(())
    selection = parse_selection(text)
    return shown(text), part_of(path, find_array(path, selection.name), selection)


def part_of(path: Path, stored: Stored, selection: Selection) -> NDArray[Any]:
    """The part (length of the first axis, product of the others) of an array.

    Raises:
        UserError: an index that does not fit the array, or more than fits into memory.
    """
    index = selection.index_in(stored)
    values = stored.read(index)
    if values.ndim != 2 and not values.flags.c_contiguous:
        entries = entries_of(stored.shape, index)
        require_memory(path, stored.name, entries, itemsize=stored.dtype.itemsize, advice="select fewer functions or points")
    return values.reshape(len(values), math.prod(values.shape[1:]))
