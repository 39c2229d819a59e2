"""A user's arrays, validated and split: pairs (u_i, G(u_i)), i = 1, ..., N, in the units they came in.

    inputs     functions x sensors; further axes are flattened, several arrays of inputs stand side by side
    outputs    functions x points; further axes are flattened, several arrays are components
    points     points x dimension; uniform grids of [0, 1] by default. Components are numbered by one more coordinate, 0, 1, ...,
               so that one trunk serves all

Functions, not labels, are split: into those of training, of validation (which choose sizes and regularisation) and of test (which
nothing reads until the end). Everything that is fitted, means and deviations included, comes from training functions.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from operators.arrays import Array
from operators.errors import UserError
from operators.magnitude import squares_fit
from operators.numerics.grids import closed
from operators.seeds import stream
from operators.sizing.output_matrix import require_real

Part = Literal["training", "validation", "test"]
PARTS: tuple[Part, ...] = ("training", "validation", "test")
SHARE = 0.1
FEWEST = 10


@dataclass(frozen=True, eq=False)
class FitData:
    """Validated arrays.

    Attributes:
        inputs: (N, m).
        outputs: (N, P).
        points: (P, p).
        blocks: sensors of each array of inputs; their sum is m.
        rows: numbers of the functions of each part.
    """

    inputs: Array
    outputs: Array
    points: Array
    blocks: tuple[int, ...]
    rows: dict[Part, NDArray[np.int64]]

    @property
    def places(self) -> Array:
        """What a model predicts at by default."""
        return self.points

    def inputs_of(self, part: Part) -> Array:
        """Inputs of the functions of a part."""
        return self.inputs[self.rows[part]]

    def outputs_of(self, part: Part) -> Array:
        """Outputs of the functions of a part."""
        return self.outputs[self.rows[part]]

    def points_of(self, part: Part) -> Array:
        """Points of the outputs of a part."""
        return self.points

    def count(self, part: Part) -> int:
        """How many functions a part has."""
        return len(self.rows[part])


def fit_data(
    inputs: NDArray[Any] | Sequence[NDArray[Any]],
    outputs: NDArray[Any] | Sequence[NDArray[Any]],
    points: NDArray[Any] | None = None,
    *,
    split: NDArray[Any] | None = None,
    seed: int = 0,
) -> FitData:
    """Validate arrays and split functions.

    Args:
        inputs: functions x sensors (x sensors), or several such arrays.
        outputs: functions x points (x points), or several such arrays, one per component.
        points: (points, dimension), or (points,) in one dimension; shared by all functions.
        split: per function 0 for training, 1 for validation, 2 for test; drawn with SHARE of the functions each by default.
        seed: of the draw.

    Raises:
        UserError: arrays that do not fit each other, are not finite or real, do not vary, or a split without one of its parts.
    """
    given = [matrix(array, "inputs") for array in several(inputs)]
    components = several(outputs)
    values = [matrix(array, "outputs") for array in components]
    counts = {len(array) for array in (*given, *values)}
    if len(counts) != 1:
        raise UserError(f"expected as many inputs as outputs, got arrays of {sorted(counts)} functions; functions are rows")
    require_one_shape(values)
    places = _places(points, np.asanyarray(components[0]).shape[1:] or (1,), values[0].shape[1])
    places = np.vstack(numbered([places] * len(values)))
    u, y = (arrays[0] if len(arrays) == 1 else np.hstack(arrays) for arrays in (given, values))
    require_scale(u, "inputs")
    require_scale(y, "outputs")
    return FitData(u, y, places, tuple(array.shape[1] for array in given), rows_of_parts(len(u), split, seed))


def several(arrays: NDArray[Any] | Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
    """One array, or each of several."""
    return list(arrays) if isinstance(arrays, list | tuple) and arrays and np.ndim(arrays[0]) > 0 else [np.asanyarray(arrays)]


def require_one_shape(components: Sequence[Array]) -> None:
    """Refuse components that cannot share points.

    Raises:
        UserError: their shapes differ.
    """
    shapes = [array.shape for array in components]
    if len(set(shapes)) != 1:
        raise UserError(f"expected components at the same points, got shapes {shapes}; fit each of them alone")


def numbered(places: list[Array]) -> list[Array]:
    """Points (..., p) of each component with its number as a last coordinate; of one component as they are."""
    if len(places) == 1:
        return places
    return [np.concatenate([part, np.full((*part.shape[:-1], 1), float(k))], axis=-1) for k, part in enumerate(places)]


def matrix(array: NDArray[Any], name: str) -> Array:
    """Functions x everything else, in float64.

    Raises:
        UserError: numbers that are not real or not finite, or no functions.
    """
    array = np.asanyarray(array)
    require_real(array, name)
    if array.ndim < 1 or array.size == 0:
        raise UserError(f"expected {name} of several functions, got shape {array.shape}; functions are rows")
    found = np.ascontiguousarray(array.reshape(len(array), -1), dtype=np.float64)
    bad = np.flatnonzero(~np.isfinite(found).all(axis=1))
    if bad.size:
        raise UserError(f"expected finite {name}, got NaN or infinity in function {bad[0]} (counted from 0); repair or remove it")
    return found


def require_scale(values: Array, name: str) -> None:
    """Refuse values without variation, or whose squares float64 cannot hold.

    Raises:
        UserError: with their range.
    """
    low, high = float(values.min()), float(values.max())
    if low == high:
        raise UserError(f"expected {name} that vary, got {low:.6g} everywhere; give the array that holds the {name}")
    if not squares_fit(low, high):
        raise UserError(
            f"expected {name} whose squares float64 can hold, got values from {low:.3g} to {high:.3g}; choose other units"
        )


def _places(points: NDArray[Any] | None, axes: tuple[int, ...], count: int) -> Array:
    """Coordinates (P, p)."""
    if points is None:
        mesh = np.meshgrid(*(closed(length) for length in axes), indexing="ij")
        return np.stack([axis.ravel() for axis in mesh], axis=1)
    require_real(np.asanyarray(points), "points")
    found = np.asarray(points, dtype=np.float64)
    if found.ndim > 2 and math.prod(found.shape[:-1]) == count:
        found = found.reshape(count, -1)
    if found.ndim == 1:
        found = found[:, None]
    if found.ndim != 2 or len(found) != count:
        own = found.ndim == 3 and found.shape[1] == count
        advice = (
            "points of each function's own are for `bench.fit.unaligned.labels.own_points`"
            if own
            else "give one row of coordinates per output"
        )
        raise UserError(f"expected points of shape ({count}, dimension), got {np.shape(points)}; {advice}")
    if not np.isfinite(found).all():
        raise UserError("expected finite coordinates, got NaN or infinity among the points")
    if len(np.unique(found, axis=0)) < len(found):
        raise UserError("expected distinct points, got one twice; keep one output of each")
    return found


def rows_of_parts(count: int, split: NDArray[Any] | None, seed: int) -> dict[Part, NDArray[np.int64]]:
    """Numbers of the functions of each part, increasing.

    Raises:
        UserError: too few functions, or a split that is none.
    """
    if split is None:
        if count < FEWEST:
            raise UserError(f"expected at least {FEWEST} functions to split, got {count}; or state the split")
        share = max(1, round(SHARE * count))
        order = stream("test", "fit", seed).permutation(count)
        cuts = count - 2 * share, count - share
        return {part: np.sort(found).astype(np.int64) for part, found in zip(PARTS, np.split(order, cuts), strict=True)}
    numbers = np.asarray(split)
    if numbers.shape != (count,) or not np.isin(numbers, (0, 1, 2)).all():
        raise UserError(
            f"expected a split of {count} numbers, 0 for training, 1 for validation, 2 for test, got shape {numbers.shape}"
            f" with values {sorted(set(numbers.ravel().tolist()))[:5]}"
        )
    rows = {part: np.flatnonzero(numbers == number).astype(np.int64) for number, part in enumerate(PARTS)}
    empty = next((part for part in PARTS if not rows[part].size), None)
    if empty is not None or len(rows["training"]) < 2:
        raise UserError(f"expected functions for training, validation and test, got none for {empty or 'training'}")
    return rows
