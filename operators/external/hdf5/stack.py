"""One dataset per function: `*/data` stacks the datasets `0000/data`, `0001/data`, ... of all groups that hold one.

Functions are numbered in the natural order of the groups' names, in which run2 stands before run10, and keep these names: what is
joined with another stack is joined by name. Groups that are links to others are left out: a function counts once.
"""

import re
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from operators.errors import UserError
from operators.external.hdf5.dataset import ADVICE, read_part, require_plain, shape_of, type_of
from operators.external.hdf5.file import find_dataset, opened
from operators.external.stored_array import Index, Stored, damaged, entries_of, require_memory, shown

STACK = "*/"


def natural(name: str) -> tuple[list[tuple[str, int, str]], str]:
    """The key that sorts names with the numbers in them by size; equal numbers by their text."""
    parts = re.findall(r"([^0-9]*)([0-9]*)", name)
    return [(text, len(digits.lstrip("0")), digits.lstrip("0")) for text, digits in parts], name


def stack(path: Path, file: h5py.File, name: str) -> Stored | None:
    """The stack `*/name` over all groups; None if no group has one.

    Raises:
        UserError: unequal shapes or types.
    """
    inner = name.removeprefix(STACK)
    groups = [group for group in sorted(file, key=natural) if isinstance(file.get(group, getlink=True), h5py.HardLink)]
    found = [(group, find_dataset(path, file, f"{group}/{inner}")) for group in groups]
    members = [(group, dataset) for group, dataset in found if dataset is not None]
    if not members:
        return None
    for group, dataset in members:
        require_plain(path, f"{group}/{inner}", dataset)
    kinds = [(shape_of(dataset), type_of(path, f"{group}/{inner}", dataset)) for group, dataset in members]
    shape, dtype = kinds[0]
    for (group, _), kind in zip(members, kinds, strict=True):
        if kind != kinds[0]:
            raise UserError(
                f"expected arrays of one shape and type in {name!r} of {path}, got {shape} {dtype} in {members[0][0]!r} and"
                f" {kind[0]} {kind[1]} in {group!r}"
            )
    names = tuple(group for group, _ in members)
    return Stored(shown(name), (len(members), *shape), dtype, partial(_read, path, name, names), names)


def _read(path: Path, name: str, groups: tuple[str, ...], index: Index) -> NDArray[Any]:
    """Read a part of a stack, group by group."""
    inner = name.removeprefix(STACK)
    first, rest = (index[0], index[1:]) if index else (slice(None), ())
    chosen = groups[first] if isinstance(first, slice) else [groups[first]]
    with opened(path) as file:
        parts: list[NDArray[Any]] = []
        for group in chosen:
            dataset = find_dataset(path, file, f"{group}/{inner}")
            if dataset is None:
                damaged(path, f"no array {group}/{inner} any more")
            if not parts:
                entries = len(chosen) * entries_of(shape_of(dataset), rest)
                require_memory(path, name, entries, itemsize=dataset.dtype.itemsize, advice=ADVICE)
            parts.append(np.array(read_part(path, f"{group}/{inner}", dataset, rest)))
    return np.stack(parts) if isinstance(first, slice) else parts[0]
