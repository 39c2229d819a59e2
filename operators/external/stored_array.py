"""An array in a user's file: its shape and type first, its numbers part by part.

Readers of all formats (`operators.external.npz`, `operators.external.hdf5`, `operators.external.matlab`) give `Stored`; what they
refuse, they refuse in one sentence that names the array. A part is a memory map where the format allows it; otherwise it is read
into memory, up to LARGEST_IN_MEMORY, and its size is known before anything is read.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from operators.errors import UserError

LARGEST_IN_MEMORY = 2 * 2**30

Index = tuple[int | slice, ...]


@dataclass(frozen=True)
class Stored:
    """An array in a file.

    Attributes:
        name: as it can be shown.
        shape: of the whole array.
        dtype: of its numbers; never objects.
        read: gives the part of an index of non-negative integers and slices, one an axis or fewer.
        members: names of what the first axis counts, where the file has names for it.
    """

    name: str
    shape: tuple[int, ...]
    dtype: "np.dtype[Any]"
    read: Callable[[Index], NDArray[Any]]
    members: tuple[str, ...] = ()


def shown(name: str) -> str:
    """A name without control characters."""
    return name if name.isprintable() else ascii(name)[1:-1]


def damaged(path: Path, what: str) -> NoReturn:
    """Refuse a file that is not whole.

    Raises:
        UserError: always.
    """
    raise UserError(f"expected a whole file, got {path} with {what}; copy or save it again") from None


def require_numbers(path: Path, name: str, dtype: "np.dtype[Any]") -> None:
    """Refuse what is no array of plain numbers.

    Raises:
        UserError: objects, which would have to be unpickled, text, records or dates.
    """
    if dtype.hasobject:
        raise UserError(
            f"expected numbers, got Python objects in array {name!r} of {path}; they are never unpickled, save it as float64"
        )
    if dtype.kind not in "biufc":
        raise UserError(f"expected numbers, got {dtype} in array {name!r} of {path}; save it as float64")


def require_memory(path: Path, name: str, entries: int, *, itemsize: int, advice: str) -> None:
    """Refuse to read more than LARGEST_IN_MEMORY into memory.

    Raises:
        UserError: naming the array and its size.
    """
    size = entries * itemsize
    if size > LARGEST_IN_MEMORY:
        raise UserError(
            f"expected at most {LARGEST_IN_MEMORY / 2**30:g} GiB to be read into memory, got array {name!r} of {path} with"
            f" {size / 2**30:.1f} GiB; {advice}"
        )


def entries_of(shape: tuple[int, ...], index: Index) -> int:
    """How many numbers an index selects."""
    lengths = list(shape)
    for axis, item in enumerate(index):
        lengths[axis] = len(range(*item.indices(shape[axis]))) if isinstance(item, slice) else 1
    return math.prod(lengths)
