"""Arrays of HDF5 files by name.

- A dataset by its path, `tensor` or `group/data`. PDEBench (Takamoto et al. 2022, arXiv 2210.07182) stores functions x times x
  points (x points), with `x-coordinate`, `t-coordinate`, ...
- One dataset per function, as PDEBench stores its larger problems (`0000/data`, `0001/data`, ...): `*/data` stacks them, in the
  order of the groups' names.
"""

from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from operators.errors import UserError
from operators.external.hdf5.dataset import ADVICE, read_part, require_plain, shape_of
from operators.external.hdf5.file import find_dataset, opened
from operators.external.stored_array import Index, Stored, damaged, entries_of, require_memory, shown

STACK = "*/"


def stored_hdf5(path: Path, name: str) -> Stored | None:
    """The dataset of this path, or the stack `*/name` over all groups; None if there is none.

    Raises:
        UserError: a damaged file, no numbers, MATLAB objects, links or filters that lead outside the file, unequal shapes.
    """
    with opened(path) as file:
        if name.startswith(STACK):
            return _stack(path, file, name)
        dataset = _plain(path, file, name)
        return None if dataset is None else Stored(shown(name), shape_of(dataset), dataset.dtype, partial(_part, path, name))


def _plain(path: Path, file: h5py.File, name: str) -> h5py.Dataset | None:
    dataset = find_dataset(path, file, name)
    if dataset is not None:
        require_plain(path, name, dataset)
    return dataset


def _part(path: Path, name: str, index: Index) -> NDArray[Any]:
    with opened(path) as file:
        dataset = _plain(path, file, name)
        if dataset is None:
            damaged(path, f"no array {name!r} any more")
        return read_part(path, name, dataset, index)


def _stack(path: Path, file: h5py.File, name: str) -> Stored | None:
    inner = name.removeprefix(STACK)
    groups = [group for group in sorted(file) if isinstance(file.get(group, getlink=True), h5py.HardLink)]
    found = [(group, _plain(path, file, f"{group}/{inner}")) for group in groups]
    members = [(group, dataset) for group, dataset in found if dataset is not None]
    if not members:
        return None
    first = members[0][1]
    shape = shape_of(first)
    for group, dataset in members:
        if shape_of(dataset) != shape or dataset.dtype != first.dtype:
            raise UserError(
                f"expected arrays of one shape and type in {name!r} of {path}, got {shape} {first.dtype} in"
                f" {members[0][0]!r} and {shape_of(dataset)} {dataset.dtype} in {group!r}"
            )
    return Stored(shown(name), (len(members), *shape), first.dtype, partial(_stacked, path, name, [g for g, _ in members]))


def _stacked(path: Path, name: str, groups: list[str], index: Index) -> NDArray[Any]:
    """Read a part of a stack, group by group."""
    inner = name.removeprefix(STACK)
    first, rest = (index[0], index[1:]) if index else (slice(None), ())
    chosen = groups[first] if isinstance(first, slice) else [groups[first]]
    with opened(path) as file:
        parts: list[NDArray[Any]] = []
        for group in chosen:
            dataset = _plain(path, file, f"{group}/{inner}")
            if dataset is None:
                damaged(path, f"no array {group}/{inner} any more")
            if not parts:
                entries = len(chosen) * entries_of(shape_of(dataset), rest)
                require_memory(path, name, entries, itemsize=dataset.dtype.itemsize, advice=ADVICE)
            parts.append(np.array(read_part(path, f"{group}/{inner}", dataset, rest)))
    return np.stack(parts) if isinstance(first, slice) else parts[0]
