"""Coordinates of sensors and query points from arrays of a user's file.

For values on axes of lengths s_1, ..., s_k, flattened in C order, coordinates are

    one array an axis, of length s_i       the product grid, the last axis running fastest; column i is the coordinate on axis i
    one array (s_1 ... s_k, dimension)     the points themselves; the axes may stand apart, (s_1, ..., s_k, dimension)
    arrays of shape (s_1, ..., s_k) each   one coordinate an array, as numpy.meshgrid(..., indexing="ij") gives them
    nothing                                the product of uniform grids of [0, 1], ends included
"""

import itertools
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from operators.arrays import Array
from operators.errors import UserError
from operators.external.part import Part, find_part, require_real
from operators.external.selection import Selection
from operators.numerics.grids import closed


def coordinates(
    path: Path, selections: Sequence[Selection], axes: tuple[int, ...], *, of: str, functions: Sequence[str] = ()
) -> Array:
    """Coordinates (product of the axes, dimension), read-only.

    Args:
        path: the file.
        selections: arrays of coordinates.
        axes: s_1, ..., s_k.
        of: what they are coordinates of, for messages.
        functions: names of the functions, where each has a group of its own.

    Raises:
        UserError: arrays that do not fit the axes, are not finite, hold a point twice, or differ between functions.
    """
    if not selections:
        found = _product([closed(length) for length in axes])
    else:
        arrays = [_read(path, selection, functions) for selection in selections]
        count = math.prod(axes)
        if len(arrays) == len(axes) and all(array.size == length for array, length in zip(arrays, axes, strict=True)):
            found = _product([array.ravel() for array in arrays])
        elif len(arrays) == 1 and arrays[0].ndim == 2 and len(arrays[0]) == count:
            found = np.ascontiguousarray(arrays[0])
        elif len(arrays) == 1 and arrays[0].ndim == len(axes) + 1 and arrays[0].shape[:-1] == axes:
            found = np.ascontiguousarray(arrays[0].reshape(count, -1))
        elif len(arrays) >= len(axes) and all(array.shape == axes for array in arrays):
            found = np.stack([array.ravel() for array in arrays], axis=1)
        else:
            _misfit(selections, arrays, axes, of)
    if not np.isfinite(found).all():
        raise UserError(f"expected finite coordinates of the {of}, got NaN or infinity in {_listed(selections)} of {path}")
    if len(np.unique(found, axis=0)) < len(found):
        raise UserError(f"expected distinct coordinates of the {of}, got a point twice in {_listed(selections)} of {path}")
    found.setflags(write=False)
    return found


def _read(path: Path, selection: Selection, functions: Sequence[str]) -> Array:
    part = find_part(path, str(selection))
    require_real(part)
    group, _, inner = selection.name.strip("/").partition("/")
    if group in functions and inner:
        _require_one_grid(path, part, inner, functions)
    return part.values().astype(np.float64)


def _require_one_grid(path: Path, part: Part, inner: str, functions: Sequence[str]) -> None:
    """Refuse coordinates of one function for all where another function has others."""
    every = find_part(path, f"*/{inner}")
    values, own = every.values(), part.stored.read(())
    for name, other in zip(every.functions, values, strict=True):
        if name in functions and not np.array_equal(other, own):
            raise UserError(
                f"expected coordinates that all functions share, got {part.name} of {path}, from which {name}/{inner} differs;"
                " interpolate the functions to one grid"
            )


def _product(axes: Sequence[Array]) -> Array:
    return np.stack([part.ravel() for part in np.meshgrid(*axes, indexing="ij")], axis=1)


def _misfit(selections: Sequence[Selection], arrays: Sequence[Array], axes: tuple[int, ...], of: str) -> None:
    shapes = ", ".join(f"{selection} of shape {array.shape}" for selection, array in zip(selections, arrays, strict=True))
    raise UserError(
        f"expected coordinates of the {of} on axes of lengths {axes}: one array an axis, one a coordinate of shape {axes}, or one"
        f" of shape ({math.prod(axes)}, dimension), got {shapes}{_advice(selections, arrays, axes)}"
    )


def _advice(selections: Sequence[Selection], arrays: Sequence[Array], axes: tuple[int, ...]) -> str:
    mesh = axes[:-1]
    one_each = len(arrays) == len(mesh) and all(array.size == length for array, length in zip(arrays, mesh, strict=True))
    together = len(arrays) == 1 and arrays[0].ndim == 2 and len(arrays[0]) == math.prod(mesh)
    if len(axes) > 1 and (one_each or together or all(array.shape == mesh for array in arrays)):
        return f"; they fit all axes but the last: of several outputs on one mesh, select one of the {axes[-1]}"
    for selection, array, length in itertools.islice(zip(selections, arrays, axes, strict=False), len(axes)):
        if array.ndim == 1 and array.size > length and not selection.index:
            return f"; {selection.name}[:{length}] would fit axis {axes.index(length) + 1}"
    return ""


def _listed(selections: Sequence[Selection]) -> str:
    return ", ".join(map(str, selections))
