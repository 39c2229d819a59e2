"""Multilinear interpolation on the closed uniform grid of k^p nodes of [-1, 1]^p.

Node (j_1, ..., j_p) lies at 2 j / (k - 1) - 1 and has number ((j_1 k + j_2) k + ...) + j_p. A point in the cell of corners j
and j + 1 takes product_a (1 - x_a or x_a) of each corner, x_a in [0, 1] its place in the cell; a point outside goes to the
boundary. So values at nodes come back up to rounding, and a function that is linear in each coordinate exactly.
"""

from itertools import product

import numpy as np
from numpy.typing import NDArray

from operators.arrays import Array


def corners(points: Array, nodes: int) -> tuple[NDArray[np.int64], Array]:
    """Numbers (P, 2^p) and factors (P, 2^p) of the corners of the cells in which the points (P, p) lie."""
    along = np.clip((points + 1.0) * (0.5 * (nodes - 1)), 0.0, nodes - 1.0)
    cell = np.minimum(along.astype(np.int64), nodes - 2)
    place = along - cell
    numbers, factors = [], []
    for corner in product((0, 1), repeat=points.shape[1]):
        number, factor = np.zeros(len(points), dtype=np.int64), np.ones(len(points))
        for axis, step in enumerate(corner):
            number = number * nodes + cell[:, axis] + step
            factor = factor * (place[:, axis] if step else 1.0 - place[:, axis])
        numbers.append(number)
        factors.append(factor)
    return np.stack(numbers, axis=1), np.stack(factors, axis=1)


def interpolated(values: Array, points: Array, nodes: int) -> Array:
    """Values (P, c) at the points (P, p) from those at the nodes (k^p, c)."""
    numbers, factors = corners(points, nodes)
    return np.asarray(sum(factors[:, [corner]] * values[numbers[:, corner]] for corner in range(numbers.shape[1])))


def node_numbers(points: Array, nodes: int) -> NDArray[np.int64] | None:
    """The numbers (P,) of the nodes at which the points lie, up to rounding; None if one lies at none."""
    numbers, factors = corners(points, nodes)
    nearest = factors.argmax(axis=1)
    at = np.arange(len(points))
    return numbers[at, nearest] if np.all(np.abs(factors[at, nearest] - 1.0) < 1e-9) else None
