"""An HDF5 file and what lies in it: datasets along links that stay inside the file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py

from operators.errors import UserError
from operators.external.stored_array import damaged, shown

MATLAB_NUMBERS = {"double", "single", "logical", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))}
NAMES = 1000
UNREADABLE = (OSError, RuntimeError, KeyError, ValueError, TypeError)


@contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """The file, for reading; what the library cannot read is a damaged file."""
    try:
        with h5py.File(path, "r", locking=False) as file:
            yield file
    except UNREADABLE as error:
        if isinstance(error, UserError):
            raise
        damaged(path, f"HDF5 that cannot be read ({str(error)[:120]})")


def names_hdf5(path: Path) -> list[str]:
    """Paths of the first NAMES datasets.

    Raises:
        UserError: a damaged file.
    """
    names: list[str] = []

    def note(name: str, node: Any) -> bool | None:
        if isinstance(node, h5py.Dataset) and not name.startswith("#"):
            names.append(name)
        return True if len(names) >= NAMES else None

    with opened(path) as file:
        file.visititems(note)
    return names


def find_dataset(path: Path, file: h5py.File, name: str) -> h5py.Dataset | None:
    """Look up a dataset; None if there is none.

    Raises:
        UserError: a link that leads elsewhere, or what MATLAB says is no full array of numbers.
    """
    node: Any = file
    for part in name.strip("/").split("/"):
        link = node.get(part, getlink=True) if isinstance(node, h5py.Group) else None
        if link is None:
            return None
        if not isinstance(link, h5py.HardLink):
            raise UserError(f"expected array {name!r} in {path} itself, got a link elsewhere; copy the array into the file")
        node = node[part]
    _refuse_matlab(path, name, node)
    return node if isinstance(node, h5py.Dataset) else None


def _refuse_matlab(path: Path, name: str, node: Any) -> None:
    """Refuse what MATLAB says is no full array of numbers: cells, structs, text, function handles, objects, sparse arrays."""
    kind = node.attrs.get("MATLAB_class", b"double")
    kind = kind.decode("ascii", "replace") if isinstance(kind, bytes) else str(kind)
    what = None if kind in MATLAB_NUMBERS else f"a MATLAB {kind}"
    if "MATLAB_sparse" in node.attrs or "MATLAB_empty" in node.attrs:
        what = "a sparse array" if "MATLAB_sparse" in node.attrs else "an empty array"
    if what is not None:
        raise UserError(f"expected a full array of numbers, got {shown(what)} in {name!r} of {path}; save it as double")
