"""Marks in a file: values that stand for no data, and numbers packed into integers.

netCDF-4 files are HDF5, and say in attributes of a dataset what its numbers mean (NetCDF Users Guide, Attribute Conventions;
CF Conventions 1.11, sections 2.5 and 8.1):

    scale_factor, add_offset             value = stored * scale_factor + add_offset
    _FillValue, missing_value            stored numbers that stand for no data; so does HDF5's own fill value, which netCDF sets
                                         where nothing else is said, unless it is 0 or the numbers are bytes
    valid_range, valid_min, valid_max    stored numbers beyond them stand for no data; of packed integers, values beyond them if
                                         the attribute is a float

Packed numbers are unpacked. Of a part in which something stands for no data nothing can be said: it is refused, as NaN is.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from operators.errors import UserError
from operators.external.stored_array import shown

FILL = "the fill value"
ONE = ("_FillValue", "scale_factor", "add_offset", "valid_min", "valid_max")
BLOCK_ENTRIES = 2**21


@dataclass(frozen=True)
class Marks:
    """What a file says about the numbers of a dataset.

    Attributes:
        missing: numbers that stand for no data, each with the attribute that says so.
        lowest: the least valid number, with its attribute; of values if unpacked_range.
        highest: the largest.
        unpacked_range: whether the range is one of values, not of stored numbers.
        scale: scale_factor.
        offset: add_offset.
        packed: whether either is given.
    """

    missing: tuple[tuple[str, int | float], ...]
    lowest: tuple[str, int | float] | None
    highest: tuple[str, int | float] | None
    unpacked_range: bool
    scale: float
    offset: float
    packed: bool

    @property
    def silent(self) -> bool:
        """Whether numbers are just what they are."""
        return not (self.missing or self.lowest or self.highest or self.packed)

    def unpacked(self, stored: NDArray[Any]) -> NDArray[Any]:
        """The values that stored numbers stand for."""
        return stored.astype(np.float64) * self.scale + self.offset if self.packed else stored

    def first_missing(self, stored: NDArray[Any]) -> tuple[tuple[int, ...], str] | None:
        """Where a part first holds what stands for no data, and what says so; None if all is data."""
        rows = max(1, BLOCK_ENTRIES // max(1, math.prod(stored.shape[1:])))
        whole = np.atleast_1d(stored)
        for start in range(0, len(whole), rows):
            block = whole[start : start + rows]
            for found, words in self._tests(block):
                if found.any():
                    place = np.unravel_index(int(np.argmax(found)), found.shape)
                    return (start + int(place[0]), *map(int, place[1:])), words
        return None

    def _tests(self, block: NDArray[Any]) -> Iterator[tuple[NDArray[np.bool_], str]]:
        for attribute, value in self.missing:
            yield _equal(block, value), f"{attribute} {value:.6g}"
        compared = self.unpacked(block) if self.unpacked_range else block
        if self.lowest is not None:
            yield compared < self.lowest[1], f"{self.lowest[0]} from {self.lowest[1]:.6g}"
        if self.highest is not None:
            yield compared > self.highest[1], f"{self.highest[0]} to {self.highest[1]:.6g}"


def _equal(block: NDArray[Any], value: int | float) -> NDArray[np.bool_]:
    """Where numbers are the value as their type can hold it."""
    if block.dtype.kind != "f":
        return np.asarray(block == value)
    with np.errstate(over="ignore"):
        return np.asarray(block == block.dtype.type(value))


def marks_of(path: Path, name: str, dataset: h5py.Dataset) -> Marks:
    """What a file says about the numbers of a dataset.

    Raises:
        UserError: an attribute of these names that is no number, or the reading of signed numbers as unsigned.
    """
    said = {key: _numbers(path, name, dataset, key) for key in (*ONE, "missing_value", "valid_range") if key in dataset.attrs}
    if str(_text(dataset.attrs.get("_Unsigned", "false"))).lower() == "true" and dataset.dtype.kind == "i":
        raise UserError(f"expected numbers as they are stored, got _Unsigned in array {name!r} of {path}; save it as unsigned")
    missing = [(key, value) for key in ("_FillValue", "missing_value") for value in said.get(key, [])]
    filled = _fill_value(dataset)
    if filled is not None and filled not in [value for _, value in missing]:
        missing.append((FILL, filled))
    ends = said.get("valid_range", [])
    lowest, highest = (("valid_range", end) for end in ends) if ends else (_first(said, "valid_min"), _first(said, "valid_max"))
    limits = [end for end in (lowest, highest) if end is not None]
    packed = "scale_factor" in said or "add_offset" in said
    return Marks(
        missing=tuple((key, value) for key, value in missing if not math.isnan(value)),
        lowest=lowest,
        highest=highest,
        unpacked_range=packed and dataset.dtype.kind in "iu" and any(isinstance(value, float) for _, value in limits),
        scale=float(said.get("scale_factor", [1.0])[0]),
        offset=float(said.get("add_offset", [0.0])[0]),
        packed=packed,
    )


def _first(said: dict[str, list[int | float]], key: str) -> tuple[str, int | float] | None:
    return (key, said[key][0]) if key in said else None


def _numbers(path: Path, name: str, dataset: h5py.Dataset, key: str) -> list[int | float]:
    """The numbers of an attribute.

    Raises:
        UserError: text, or other than one number (of valid_range two).
    """
    value = _text(dataset.attrs[key])
    found = np.asarray(value).ravel() if not isinstance(value, h5py.Empty) else np.empty(0)
    count = {"missing_value": max(1, len(found)), "valid_range": 2}.get(key, 1)
    finite = key not in ("scale_factor", "add_offset") or bool(found.dtype.kind in "iuf" and np.isfinite(found).all())
    if found.dtype.kind not in "iuf" or len(found) != count or not finite:
        what, got = "two numbers" if key == "valid_range" else "a number", shown(str(value))[:60]
        raise UserError(f"expected {what} in attribute {key} of array {name!r} of {path}, got {got!r}; correct it")
    return list(found.tolist())


def _text(value: Any) -> Any:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _fill_value(dataset: h5py.Dataset) -> int | float | None:
    """HDF5's own fill value where somebody chose one other than 0; None for bytes, of which all values may be data."""
    chosen = dataset.id.get_create_plist().fill_value_defined() == h5py.h5d.FILL_VALUE_USER_DEFINED
    if not chosen or dataset.dtype.kind not in "iuf" or dataset.dtype.itemsize == 1:
        return None
    value: int | float = dataset.fillvalue.item()
    return value if value else None
