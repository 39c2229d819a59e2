"""Recovery of a linear map from random input-output pairs: the randomised singular value decomposition.

    Y = F Omega,  Omega (n, k + p) standard normal;   Q an orthonormal basis of the range of Y;   F ~ Q (F^T Q)^T = Q Q^T F

k + p pairs (omega, F omega) and as many pairs of the adjoint. For p >= 2 and singular values s_1 >= s_2 >= ... of F,

    E |F - Q Q^T F|_F^2 <= (1 + k / (p - 1)) sum_{j > k} s_j^2

(Halko, Martinsson, Tropp, Theorem 10.5): within 1 + k / (p - 1) of what rank k can do at all. With f drawn from another Gaussian
law, omega = K^(1/2) z, the factor grows by how little of the leading right singular vectors the law sees (Boulle, Townsend).

References: Halko, Martinsson, Tropp 2011, doi:10.1137/090771806. Boulle, Townsend 2022, doi:10.1007/s10208-022-09556-w.
"""

from collections.abc import Callable

import numpy as np

from operators.arrays import Array

Map = Callable[[Array], Array]


def recover(matrix: Map, adjoint: Map, inputs: Array) -> tuple[Array, Array]:
    """Factors Q (m, l) and B (l, n) of the approximation Q B, from the images of inputs (n, l).

    Args:
        matrix: applies F to columns.
        adjoint: applies F^T to columns.
        inputs: random columns.
    """
    basis = np.linalg.qr(matrix(inputs))[0]
    return basis, adjoint(basis).T


def expected_error(singular_values: Array, k: int, p: int) -> float:
    """The square root of the bound on E |F - Q Q^T F|_F^2.

    Raises:
        ValueError: p < 2, for which nothing is known.
    """
    if p < 2:
        raise ValueError(f"expected an oversampling of at least 2, got {p}")
    return float(np.sqrt((1.0 + k / (p - 1.0)) * np.sum(singular_values[k:] ** 2)))
