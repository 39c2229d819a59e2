"""Chebyshev collocation on [0, 1]: nodes x_j = (1 - cos(pi j / n)) / 2, j = 0, ..., n, increasing.

Polynomials of degree n are differentiated and interpolated exactly; for analytic functions the error falls
geometrically with n. Spacing near the ends is about 2.5 / n^2, which resolves boundary layers of that width.

References: Trefethen, Spectral Methods in MATLAB, SIAM 2000, chapters 5-6, doi:10.1137/1.9780898719598.
Berrut and Trefethen 2004, doi:10.1137/S0036144502417715.
"""

import numpy as np

from operators.arrays import Array


def nodes(n: int) -> Array:
    """The n + 1 nodes."""
    return 0.5 * (1.0 - np.cos(np.pi * np.arange(n + 1) / n))


def _weights(n: int) -> Array:
    """Barycentric weights of the nodes, up to a common factor."""
    weights = np.where(np.arange(n + 1) % 2 == 0, 1.0, -1.0)
    weights[[0, -1]] *= 0.5
    return weights


def differentiation(n: int) -> Array:
    """Matrix (n + 1, n + 1) of d/dx at the nodes."""
    x, w = nodes(n), _weights(n)
    gaps = x[:, None] - x + np.eye(n + 1)
    matrix = w / w[:, None] / gaps
    np.fill_diagonal(matrix, 0.0)
    np.fill_diagonal(matrix, -matrix.sum(axis=1))
    return matrix


def interpolation(n: int, x: Array) -> Array:
    """Matrix (P, n + 1) from values at the nodes to values at x (P,), by the barycentric formula."""
    gaps = x[:, None] - nodes(n)
    hit = gaps == 0.0
    terms = _weights(n) / np.where(hit, 1.0, gaps)
    matrix = terms / terms.sum(axis=1, keepdims=True)
    rows = hit.any(axis=1)
    matrix[rows] = hit[rows]
    return matrix
