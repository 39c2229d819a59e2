"""Parts of a dataset that were never written: HDF5 gives its fill value for them, zeros by default, without a word.

A dataset made before a simulation is filled while it runs; where the simulation ended early, the rest looks like solutions that
vanish.
"""

import math
from pathlib import Path

import h5py

from operators.errors import UserError
from operators.external.stored_array import Index


def require_written(path: Path, name: str, dataset: h5py.Dataset, index: Index) -> None:
    """Refuse a part of which something was never written.

    Args:
        path: the file.
        name: of the array.
        dataset: the array.
        index: a whole number or slice an axis, in the order of the file.

    Raises:
        UserError: naming the array and how much of it is there.
    """
    if dataset.chunks is None:
        needed, there = min(1, dataset.size), min(1, dataset.id.get_storage_size())
    elif dataset.id.get_num_chunks() == math.prod(map(_count, dataset.shape, dataset.chunks)):
        return
    else:
        touched = [_touched(*axis) for axis in zip(index, dataset.shape, dataset.chunks, strict=True)]
        needed, there = math.prod(map(len, touched)), _present(dataset, touched)
    if there < needed:
        found = "nothing" if dataset.chunks is None else f"{there} of the {needed} chunks of the selected part"
        raise UserError(
            f"expected array {name!r} of {path} to be written, got {found} written and the rest left empty; select the part that"
            " is there, or write the array whole"
        )


def _count(length: int, size: int) -> int:
    return -(-length // size)


def _touched(item: int | slice, length: int, size: int) -> set[int]:
    """Numbers of the chunks along an axis that an index touches."""
    numbers = range(*item.indices(length)) if isinstance(item, slice) else range(item, item + 1)
    if not numbers:
        return set()
    return set(range(numbers[0] // size, numbers[-1] // size + 1)) if numbers.step <= size else {one // size for one in numbers}


def _present(dataset: h5py.Dataset, touched: list[set[int]]) -> int:
    """How many of the chunks with these numbers along the axes are in the file."""
    found = 0

    def count(chunk: h5py.h5d.StoreInfo) -> None:
        nonlocal found
        numbers = (start // size for start, size in zip(chunk.chunk_offset, dataset.chunks, strict=True))
        found += all(number in axis for number, axis in zip(numbers, touched, strict=True))

    dataset.id.chunk_iter(count)
    return found
