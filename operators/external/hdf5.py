"""Arrays of HDF5 files, MATLAB's v7.3 files among them. The only module that imports h5py.

- A dataset by its path, `tensor` or `group/data`. PDEBench (Takamoto et al. 2022, arXiv 2210.07182) stores functions x times x
  points (x points), with `x-coordinate`, `t-coordinate`, ...
- One dataset per function, as PDEBench stores its larger problems (`0000/data`, `0001/data`, ...): `*/data` stacks them, in the
  order of the groups' names.
- MATLAB v7.3 stores an array with its axes reversed and its class in the attribute `MATLAB_class`; the axes are turned back.

A dataset stored in one piece is memory-mapped; of one in chunks only the part asked for is read. Nothing outside the file is
touched: links to other files, virtual datasets and raw data elsewhere are refused, and so are filters that would load a plug-in.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from operators.errors import UserError
from operators.external.stored_array import Index, Stored, damaged, entries_of, require_memory, require_numbers, shown

FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32, h5py.h5z.FILTER_LZF}
MATLAB_NUMBERS = {"double", "single", "logical", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))}
NAMES = 1000
STACK = "*/"
UNREADABLE = (OSError, RuntimeError, KeyError, ValueError)
ADVICE = "select fewer functions or points"


@contextmanager
def _opened(path: Path) -> Iterator[h5py.File]:
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

    with _opened(path) as file:
        file.visititems(note)
    return names


def stored_hdf5(path: Path, name: str) -> Stored | None:
    """The dataset of this path, or the stack `*/name` over all groups; None if there is none.

    Raises:
        UserError: a damaged file, no numbers, MATLAB objects, links or filters that lead outside the file, unequal shapes.
    """
    with _opened(path) as file:
        if name.startswith(STACK):
            return _stack(path, file, name)
        dataset = _dataset(path, file, name)
        if dataset is None:
            return None
        matlab = "MATLAB_class" in dataset.attrs
        shape = dataset.shape[::-1] if matlab else dataset.shape
        return Stored(shown(name), shape, dataset.dtype, partial(_part, path, name))


def _dataset(path: Path, file: h5py.File, name: str) -> h5py.Dataset | None:
    """Look up a dataset along links that stay inside the file, and check what reading it would do."""
    node: Any = file
    for part in name.strip("/").split("/"):
        link = node.get(part, getlink=True) if isinstance(node, h5py.Group) else None
        if link is None:
            return None
        if not isinstance(link, h5py.HardLink):
            raise UserError(f"expected array {name!r} in {path} itself, got a link elsewhere; copy the array into the file")
        node = node[part]
    if not isinstance(node, h5py.Dataset):
        _refuse_matlab(path, name, node)
        return None
    _require_plain(path, name, node)
    return node


def _require_plain(path: Path, name: str, dataset: h5py.Dataset) -> None:
    _refuse_matlab(path, name, dataset)
    if dataset.shape is None:
        raise UserError(f"expected numbers, got an empty dataset {name!r} in {path}")
    require_numbers(path, name, dataset.dtype)
    if dataset.external or dataset.is_virtual:
        raise UserError(f"expected the numbers of array {name!r} in {path}, got other files named there; copy them into one")
    filters = dataset.id.get_create_plist()
    codes = {filters.get_filter(position)[0] for position in range(filters.get_nfilters())}
    if codes - FILTERS:
        found = f"filter {min(codes - FILTERS)}"
        raise UserError(f"expected array {name!r} of {path} compressed by gzip, lzf or not at all, got {found}; save it anew")
    if dataset.chunks is not None:
        entries, advice = math.prod(dataset.chunks), "save it in smaller chunks"
        require_memory(path, name, entries, itemsize=dataset.dtype.itemsize, advice=advice)


def _refuse_matlab(path: Path, name: str, node: Any) -> None:
    """Refuse what MATLAB says is no full array of numbers: cells, structs, text, function handles, objects, sparse arrays."""
    kind = node.attrs.get("MATLAB_class", b"double")
    kind = kind.decode("ascii", "replace") if isinstance(kind, bytes) else str(kind)
    what = None if kind in MATLAB_NUMBERS else f"a MATLAB {kind}"
    if "MATLAB_sparse" in node.attrs or "MATLAB_empty" in node.attrs:
        what = "a sparse array" if "MATLAB_sparse" in node.attrs else "an empty array"
    if what is not None:
        raise UserError(f"expected a full array of numbers, got {shown(what)} in {name!r} of {path}; save it as double")


def _part(path: Path, name: str, index: Index) -> NDArray[Any]:
    """Read a part of a dataset, MATLAB's axes turned back."""
    with _opened(path) as file:
        dataset = _dataset(path, file, name)
        if dataset is None:
            damaged(path, f"no array {name!r} any more")
        matlab, shape = "MATLAB_class" in dataset.attrs, dataset.shape
        offset = dataset.id.get_offset() if dataset.chunks is None and dataset.size and dataset.dtype.kind != "b" else None
        if offset is not None:
            mapped = np.memmap(path, dataset.dtype, "r", offset=offset, shape=shape)
            return (mapped.T if matlab else mapped)[index]
        axes = shape[::-1] if matlab else shape
        require_memory(path, name, entries_of(axes, index), itemsize=dataset.dtype.itemsize, advice=ADVICE)
        full = (*index, *[slice(None)] * (len(shape) - len(index)))
        if not matlab:
            return np.asarray(dataset[full])
        return np.asarray(dataset[full[::-1]]).T


def _stack(path: Path, file: h5py.File, name: str) -> Stored | None:
    inner = name.removeprefix(STACK)
    groups = [group for group in sorted(file) if isinstance(file.get(group, getlink=True), h5py.HardLink)]
    found = [(group, _dataset(path, file, f"{group}/{inner}")) for group in groups]
    members = [(group, dataset) for group, dataset in found if dataset is not None]
    if not members:
        return None
    first = members[0][1]
    for group, dataset in members:
        if dataset.shape != first.shape or dataset.dtype != first.dtype:
            raise UserError(
                f"expected arrays of one shape and type in {name!r} of {path}, got {first.shape} {first.dtype} in"
                f" {members[0][0]!r} and {dataset.shape} {dataset.dtype} in {group!r}"
            )
    return Stored(shown(name), (len(members), *first.shape), first.dtype, partial(_stacked, path, name, [g for g, _ in members]))


def _stacked(path: Path, name: str, groups: list[str], index: Index) -> NDArray[Any]:
    """Read a part of a stack, group by group."""
    inner = name.removeprefix(STACK)
    first, rest = (index[0], index[1:]) if index else (slice(None), ())
    chosen = groups[first] if isinstance(first, slice) else [groups[first]]
    with _opened(path) as file:
        parts: list[NDArray[Any]] = []
        for group in chosen:
            dataset = _dataset(path, file, f"{group}/{inner}")
            if dataset is None:
                damaged(path, f"no array {group}/{inner} any more")
            if not parts:
                entries = len(chosen) * entries_of(dataset.shape, rest)
                require_memory(path, name, entries, itemsize=dataset.dtype.itemsize, advice=ADVICE)
            parts.append(np.asarray(dataset[rest]))
    return np.stack(parts) if isinstance(first, slice) else parts[0]
