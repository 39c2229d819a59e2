"""Tails of singular values, tail_r(A) = s_{r+1}^2 + s_{r+2}^2 + ..., with an account of rounding.

Two ways: `svd` (Householder QR of the longer side first, then LAPACK's SVD in float64) and `gram` (eigenvalues of the smaller
Gram matrix: cheaper for large matrices, blind below 1e-12 |A|_F^2).

LAPACK's values are exact for a matrix A + E with |E| of the order of eps |A|. The distance to the matrices of rank r is
1-Lipschitz, so sqrt(tail_r) is off by at most |E|_F: the lower values subtract 64 eps |A|_F from it (Golub and Van Loan,
Matrix Computations, 4th ed., section 8.6). A Gram matrix is off by a few eps |A|_F^2 in each eigenvalue.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from operators.arrays import Array
from operators.magnitude import exponent, squares_fit, times_power

Method = Literal["svd", "gram"]

EPSILON = float(np.finfo(np.float64).eps)
ALLOWANCE_SVD = 64 * EPSILON
ALLOWANCE_GRAM = 1e-14
RESOLUTION = 1e-2


@dataclass(frozen=True, eq=False)
class Tails:
    """tail_r for r = 0..min(N, M).

    Attributes:
        lower: certified lower values: rounding subtracted.
        upper: values attained up to rounding.
        resolved: where rounding takes less than a hundredth of the value.
        energy: the |A|_F^2 that rounding is relative to.
    """

    lower: Array
    upper: Array
    resolved: NDArray[np.bool_]
    energy: float


def singular_values(matrix: Array) -> Array:
    """All min(N, M) singular values, decreasing."""
    power = exponent(matrix)
    matrix = times_power(matrix, -power)
    tall = matrix if matrix.shape[0] >= matrix.shape[1] else matrix.T
    small = triangle(tall) if tall.shape[0] > 1.5 * tall.shape[1] else tall
    return times_power(np.linalg.svd(small, compute_uv=False).astype(np.float64, copy=False), power)


def triangle(matrix: Array) -> Array:
    """R of a QR factorisation: the same singular values in at most as many rows as columns."""
    if matrix.shape[0] <= matrix.shape[1]:
        return matrix
    return np.asarray(np.linalg.qr(matrix, mode="r"), dtype=np.float64)


def tail_sums(squares: Array) -> Array:
    """Sums of all but the first r squares, r = 0..len(squares), smallest first."""
    return np.concatenate([np.cumsum(squares[::-1])[::-1], [0.0]])


def tails(matrix: Array, method: Method = "svd", *, energy: float | None = None) -> Tails:
    """Tails of a matrix (N, M).

    Args:
        matrix: (N, M).
        method: `svd` or `gram`.
        energy: what rounding is relative to, if the matrix is a difference of larger ones; |matrix|_F^2 by default.

    Raises:
        ValueError: not a finite matrix, or one whose squares float64 cannot hold.
    """
    if matrix.ndim != 2 or not np.isfinite(matrix).all():
        raise ValueError(f"expected a finite matrix, got shape {matrix.shape}")
    if not squares_fit(matrix):
        raise ValueError("expected a matrix whose largest entry lies between 2^-480 and 2^480; scale it first")
    energy = float(np.sum(matrix**2)) if energy is None else energy
    if method == "svd":
        upper = tail_sums(singular_values(matrix) ** 2)
        lower = less_rounding(upper, energy)
        return Tails(lower, upper, is_resolved(lower, upper), energy)
    gram = matrix.T @ matrix if matrix.shape[0] >= matrix.shape[1] else matrix @ matrix.T
    upper = tail_sums(np.maximum(np.linalg.eigvalsh(gram)[::-1], 0.0))
    lower = np.maximum(upper - max(ALLOWANCE_GRAM, 8 * EPSILON * np.sqrt(len(gram))) * energy, 0.0)
    return Tails(lower, upper, is_resolved(lower, upper), energy)


def is_resolved(lower: Array, upper: Array) -> NDArray[np.bool_]:
    """Where the certified value is within a hundredth of the computed one."""
    return lower > (1.0 - RESOLUTION) * upper


def less_rounding(values: Array, energy: float) -> Array:
    """Tails less the rounding of a float64 SVD of a matrix of this energy."""
    return np.maximum(np.sqrt(values) - ALLOWANCE_SVD * np.sqrt(energy), 0.0) ** 2
