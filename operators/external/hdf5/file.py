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
MOST_LINKS = 64
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
    """Look up a dataset, along links that stay inside the file; None if there is none.

    Raises:
        UserError: a link to another file or to nothing, or what MATLAB says is no full array of numbers.
    """
    node = find_node(path, file, name)
    if node is None:
        return None
    _refuse_matlab(path, name, node)
    return node if isinstance(node, h5py.Dataset) else None


def find_node(path: Path, file: h5py.File, name: str) -> Any:
    """The group or dataset of this path; None if there is none.

    Raises:
        UserError: a link to another file, or links that end nowhere.
    """
    node: Any = file
    parts, above = _parts(name), list[str]()
    followed, asked = 0, len(parts)  # of the parts to come, the last `asked` are the user's
    while parts:
        part = parts.pop(0)
        from_link, asked = len(parts) >= asked, min(asked, len(parts))
        link = node.get(part, getlink=True) if isinstance(node, h5py.Group) else None
        if link is None and from_link:
            raise UserError(f"expected array {name!r} in {path}, got a link to nothing; copy the array there")
        if link is None:
            return None
        if isinstance(link, h5py.ExternalLink) or followed == MOST_LINKS:
            where = "a link to another file" if isinstance(link, h5py.ExternalLink) else "links without end"
            raise UserError(f"expected array {name!r} in {path} itself, got {where}; copy the array into the file")
        if isinstance(link, h5py.SoftLink):
            followed += 1
            start = [] if link.path.startswith("/") else above
            node, parts, above = file, [*start, *_parts(link.path), *parts], []
            continue
        node, above = node[part], [*above, part]
    return node


def _parts(name: str) -> list[str]:
    """The groups and the dataset of a path, outermost first."""
    return [part for part in name.split("/") if part not in ("", ".")]


def _refuse_matlab(path: Path, name: str, node: Any) -> None:
    """Refuse what MATLAB says is no full array of numbers: cells, structs, text, function handles, objects, sparse arrays."""
    kind = node.attrs.get("MATLAB_class", b"double")
    kind = kind.decode("ascii", "replace") if isinstance(kind, bytes) else str(kind)
    what = None if kind in MATLAB_NUMBERS else f"a MATLAB {kind}"
    if "MATLAB_sparse" in node.attrs or "MATLAB_empty" in node.attrs:
        what = "a sparse array" if "MATLAB_sparse" in node.attrs else "an empty array"
    if what is not None:
        raise UserError(f"expected a full array of numbers, got {shown(what)} in {name!r} of {path}; save it as double")
