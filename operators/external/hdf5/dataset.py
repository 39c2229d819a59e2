"""One HDF5 dataset: what reading it would do, its shape and type, and its numbers part by part.

HDF5 stores number types that NumPy lacks: floats of 16, 24 or 8 bits with other exponents (bfloat16 among them), integers of any
precision, offset and padding. h5py gives the type that it converts them to. So a dataset is memory-mapped only where

    it lies in one piece  and  the stored type is the type in memory, bit for bit;

otherwise the library reads, and converts, the part asked for. Types without a counterpart in NumPy are refused.

MATLAB v7.3 stores an array with its axes reversed and its class in the attribute `MATLAB_class`; the axes are turned back.

Nothing outside the file is touched: virtual datasets and raw data elsewhere are refused, and filters that would load a plug-in.
"""

import math
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from operators.errors import UserError
from operators.external.hdf5.marks import marks_of
from operators.external.hdf5.written import require_written
from operators.external.stored_array import Index, entries_of, require_memory, require_numbers

FILTERS = {
    h5py.h5z.FILTER_DEFLATE,
    h5py.h5z.FILTER_SHUFFLE,
    h5py.h5z.FILTER_FLETCHER32,
    h5py.h5z.FILTER_LZF,
    h5py.h5z.FILTER_NBIT,
    h5py.h5z.FILTER_SCALEOFFSET,
}
NO_NUMBERS = {h5py.h5t.TIME: "times", h5py.h5t.BITFIELD: "bit fields", h5py.h5t.VLEN: "rows of varying length"}
ADVICE = "select fewer functions or points"


def require_plain(path: Path, name: str, dataset: h5py.Dataset) -> None:
    """Refuse a dataset that is no array of numbers in this file, readable without plug-ins and within memory.

    Raises:
        UserError: naming the array.
    """
    if dataset.shape is None:
        raise UserError(f"expected numbers, got an empty dataset {name!r} in {path}")
    require_numbers(path, name, memory_type(path, name, dataset))
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


def memory_type(path: Path, name: str, dataset: h5py.Dataset) -> "np.dtype[Any]":
    """The type that the numbers of a dataset have in memory.

    Raises:
        UserError: none that NumPy has.
    """
    kind = dataset.id.get_type()
    what = NO_NUMBERS.get(kind.get_class())
    try:
        if what is None:
            return dataset.dtype
    except (TypeError, ValueError):  # what h5py raises where NumPy has no such type
        what = f"numbers of {kind.get_size()} bytes, a type that NumPy lacks,"
    raise UserError(f"expected numbers, got {what} in array {name!r} of {path}; save it as float64")


def is_matlab(dataset: h5py.Dataset) -> bool:
    """Whether MATLAB wrote it, axes reversed."""
    return "MATLAB_class" in dataset.attrs


def shape_of(dataset: h5py.Dataset) -> tuple[int, ...]:
    """The shape, MATLAB's axes turned back."""
    return tuple(dataset.shape[::-1] if is_matlab(dataset) else dataset.shape)


def type_of(path: Path, name: str, dataset: h5py.Dataset) -> "np.dtype[Any]":
    """The type of the numbers that `read_part` gives: float64 if they are unpacked."""
    return np.dtype(np.float64) if marks_of(path, name, dataset).packed else dataset.dtype


def read_part(path: Path, name: str, dataset: h5py.Dataset, index: Index) -> NDArray[Any]:
    """A part of a dataset that `require_plain` has let pass, a map of the file where that is possible.

    Raises:
        UserError: more than fits into memory, numbers never written, or marked as no data.
    """
    stored, marks = _stored_part(path, name, dataset, index), marks_of(path, name, dataset)
    if marks.silent:
        return stored
    missing = marks.first_missing(stored)
    if missing is not None:
        place, words = missing
        raise UserError(
            f"expected data in all of the selected part, got array {name!r} of {path} with an entry at"
            f" {_place(shape_of(dataset), index, place)} (counted from 0) that is marked as no data ({words}); select a part"
            " without such entries, or fill them in"
        )
    if marks.packed:
        require_memory(path, name, stored.size, itemsize=8, advice=ADVICE)
    return marks.unpacked(stored)


def _stored_part(path: Path, name: str, dataset: h5py.Dataset, index: Index) -> NDArray[Any]:
    """The numbers as they are stored, before any mark is looked at."""
    shape, offset = shape_of(dataset), _offset(dataset)
    if offset is not None:
        mapped = np.memmap(path, dataset.dtype, "r", offset=offset, shape=dataset.shape)
        return (mapped.T if is_matlab(dataset) else mapped)[index]
    require_memory(path, name, entries_of(shape, index), itemsize=dataset.dtype.itemsize, advice=ADVICE)
    full = (*index, *[slice(None)] * (len(shape) - len(index)))
    in_file = full[::-1] if is_matlab(dataset) else full
    require_written(path, name, dataset, in_file)
    return np.asarray(dataset[in_file]).T if is_matlab(dataset) else np.asarray(dataset[in_file])


def _place(shape: tuple[int, ...], index: Index, place: tuple[int, ...]) -> list[int]:
    """Where an entry of a part stands in its array."""
    left, found = list(place), []
    for axis, length in enumerate(shape):
        item = index[axis] if axis < len(index) else slice(None)
        found.append(range(*item.indices(length))[left.pop(0)] if isinstance(item, slice) else item)
    return found


def _offset(dataset: h5py.Dataset) -> int | None:
    """Where the numbers lie as they are in memory; None if they have to be read."""
    if dataset.chunks is not None or not dataset.size or not _stored_as_in_memory(dataset):
        return None
    offset: int | None = dataset.id.get_offset()
    return offset


def _stored_as_in_memory(dataset: h5py.Dataset) -> bool:
    """Whether bytes are the same on both sides; booleans are a named list of numbers in the file."""
    return dataset.dtype.kind != "b" and bool(dataset.id.get_type() == h5py.h5t.py_create(dataset.dtype))
