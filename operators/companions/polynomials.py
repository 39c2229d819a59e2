"""Least squares by polynomials: the line that a net with as many numbers is held to."""

from itertools import product

import numpy as np
import scipy
from numpy.polynomial import legendre

from operators.arrays import Array

RANK_TOLERANCE = 1e-10


def polynomials(points: Array, count: int) -> Array:
    """The first `count` products of Legendre polynomials on the unit cube, by total degree: (K, count)."""
    coordinates, degree = points.shape[1], 0
    exponents = list[tuple[int, ...]]()
    while len(exponents) < count:
        exponents += [powers for powers in product(range(degree + 1), repeat=coordinates) if sum(powers) == degree]
        degree += 1
    tables = [legendre.legvander(2.0 * axis - 1.0, degree) for axis in points.T]
    columns = [np.prod([table[:, power] for table, power in zip(tables, powers, strict=True)], axis=0) for powers in exponents]
    return np.stack(columns[:count], axis=1)


def fitted(columns: Array, labels: Array) -> Array:
    """The least squares fit (K, outputs) of labels by the span of the columns, of whatever rank."""
    q, r, _ = scipy.linalg.qr(columns, mode="economic", pivoting=True)
    sizes = np.abs(np.diag(r))
    basis = q[:, sizes > RANK_TOLERANCE * sizes[0]]
    return np.asarray(basis @ (basis.T @ labels))
