"""Functions without common points, validated and split: labels (f_i, y_i, v_i), v_i = G(u_{f_i})(y_i), i = 1, ..., n.

    own points   outputs (N, M) at points (N, M, p): the design `scattered`
    triples      rows (u_i, y_i, v_i); rows of equal u are one function, so that a split by function is one of inputs

Several arrays of outputs are components at the same points: each label of the k-th has k as one more coordinate.
Triples whose functions all have the same points are a grid, and are taken as one: there the certified floors exist.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.fit.arrays import FitData, Part, fit_data, matrix, numbered, require_one_shape, require_scale, rows_of_parts, several
from operators.arrays import Array
from operators.errors import UserError
from operators.sizing.output_matrix import require_real

MOST_LABELS = 2**21


@dataclass(frozen=True, eq=False)
class UnalignedData(FitData):
    """Labels of functions at points of their own: `outputs` (n,) and `points` (n, p) have one row per label.

    Attributes:
        function: (n,), the row of `inputs` that a label is of; increasing.
    """

    function: NDArray[np.int64]

    @property
    def places(self) -> Array:
        """The points of the first training function: what a model predicts at by default."""
        return self.points[self.function == self.rows["training"][0]]

    def labels_of(self, part: Part) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Numbers of the labels of a part, and of their functions within it."""
        number = np.full(len(self.inputs), -1)
        number[self.rows[part]] = np.arange(self.count(part))
        found = number[self.function]
        chosen = np.flatnonzero(found >= 0)
        return chosen, found[chosen]

    def outputs_of(self, part: Part) -> Array:
        """Values (n',) of the labels of a part."""
        return self.outputs[self.labels_of(part)[0]]

    def points_of(self, part: Part) -> Array:
        """Points (n', p) of the labels of a part."""
        return self.points[self.labels_of(part)[0]]


def own_points(
    inputs: NDArray[Any] | list[NDArray[Any]],
    outputs: NDArray[Any] | list[NDArray[Any]],
    points: NDArray[Any],
    *,
    split: NDArray[Any] | None = None,
    seed: int = 0,
) -> UnalignedData:
    """Inputs (N, m) and outputs (N, M), or several arrays of either, at points (N, M) or (N, M, p) of each function's own.

    Raises:
        UserError: as `bench.fit.arrays.fit_data`, or points of another shape.
    """
    given = [matrix(array, "inputs") for array in several(inputs)]
    u, values = np.hstack(given), [matrix(array, "outputs") for array in several(outputs)]
    require_one_shape(values)
    if len(u) != len(values[0]):
        raise UserError(f"expected as many inputs as outputs, got {len(u)} and {len(values[0])} functions; functions are rows")
    places = _finite_points(points, values[0].size).reshape(*values[0].shape, -1)
    places = np.concatenate(numbered([places] * len(values)), axis=1)
    function, labels = np.repeat(np.arange(len(u)), places.shape[1]), np.hstack(values).ravel()
    rows, blocks = rows_of_parts(len(u), split, seed), tuple(array.shape[1] for array in given)
    return _checked(UnalignedData(u, labels, places.reshape(len(labels), -1), blocks, rows, function))


def triples(
    inputs: NDArray[Any] | list[NDArray[Any]],
    outputs: NDArray[Any] | list[NDArray[Any]],
    points: NDArray[Any],
    *,
    split: NDArray[Any] | None = None,
    seed: int = 0,
) -> FitData:
    """Rows: inputs (n, m) and outputs (n,), or several arrays of either, points (n,) or (n, p); a split is a number per row.

    Raises:
        UserError: as `bench.fit.arrays.fit_data`, or a split that divides the rows of one function.
    """
    given = [matrix(array, "inputs") for array in several(inputs)]
    u, values = np.hstack(given), [matrix(array, "outputs") for array in several(outputs)]
    if any(array.shape != (len(u), 1) for array in values):
        raise UserError(
            f"expected one output for each of {len(u)} rows of inputs, got shapes {[array.shape for array in values]}"
        )
    if split is not None and np.shape(split) != (len(u),):
        raise UserError(f"expected a split of {len(u)} numbers, one for each row, got shape {np.shape(split)}")
    places = np.vstack(numbered([_finite_points(points, len(u))] * len(values)))
    u, split = np.tile(u, (len(values), 1)), None if split is None else np.tile(np.asarray(split), len(values))
    found = grouped(u, np.vstack(values)[:, 0], places)
    by_function = None if split is None else _split_of_functions(np.asarray(split)[found.order], found.function)
    shared, blocks = _common_points(found), tuple(array.shape[1] for array in given)
    if shared is not None:
        arrays = np.split(found.inputs, np.cumsum(blocks)[:-1], axis=1)
        return fit_data(list(arrays), found.values.reshape(len(found.inputs), -1), shared, split=by_function, seed=seed)
    rows = rows_of_parts(len(found.inputs), by_function, seed)
    return _checked(UnalignedData(found.inputs, found.values, found.points, blocks, rows, found.function))


@dataclass(frozen=True, eq=False)
class Grouped:
    """Rows by function, in the order in which inputs first appear, and within a function by coordinates.

    Attributes:
        inputs: (N, m), distinct.
        function: (n,), rows of `inputs`, increasing.
        points: (n, p).
        values: (n,).
        order: (n,), which row was given.
    """

    inputs: Array
    function: NDArray[np.int64]
    points: Array
    values: Array
    order: NDArray[np.int64]


def grouped(inputs: Array, values: Array, points: Array) -> Grouped:
    """Rows (n, m), (n,) and (n, p), those of equal inputs together."""
    _, first, inverse = np.unique(inputs, axis=0, return_index=True, return_inverse=True)
    function = np.argsort(np.argsort(first))[inverse.ravel()].astype(np.int64)
    order = np.lexsort((*points.T[::-1], function))
    return Grouped(inputs[np.sort(first)], function[order], points[order], values[order], order)


def _checked(data: UnalignedData) -> UnalignedData:
    if len(data.outputs) > MOST_LABELS:
        raise UserError(f"expected at most {MOST_LABELS:,} labels without common points, got {len(data.outputs):,}; select fewer")
    require_scale(data.inputs, "inputs")
    require_scale(data.outputs, "outputs")
    return data


def _finite_points(points: NDArray[Any], labels: int) -> Array:
    require_real(np.asanyarray(points), "points")
    found = np.asarray(points, dtype=np.float64)
    if found.size == 0 or found.size % labels:
        raise UserError(
            f"expected a point for each of {labels} outputs, got shape {found.shape}; give one row of coordinates each"
        )
    found = np.ascontiguousarray(found.reshape(labels, -1))
    if not np.isfinite(found).all():
        raise UserError("expected finite coordinates, got NaN or infinity among the points")
    return found


def _split_of_functions(split: NDArray[Any], function: NDArray[np.int64]) -> NDArray[Any]:
    found = np.zeros(function.max() + 1, dtype=split.dtype)
    found[function] = split
    if not np.array_equal(found[function], split):
        raise UserError("expected all rows of one function in one part, got a split that divides them; split by function")
    return found


def _common_points(rows: Grouped) -> Array | None:
    """The points (P, p) that all functions share, P > 1, each once; None if they do not."""
    functions = len(rows.inputs)
    each, rest = divmod(len(rows.points), functions)
    if rest or each < 2 or not np.array_equal(rows.function, np.repeat(np.arange(functions), each)):
        return None
    stacked = rows.points.reshape(functions, each, -1)
    same = np.array_equal(stacked, np.broadcast_to(stacked[:1], stacked.shape))
    return stacked[0] if same and len(np.unique(stacked[0], axis=0)) == each else None
