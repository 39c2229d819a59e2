"""Preconditioned conjugate gradients for many symmetric positive definite systems at once.

All systems share the shape of their unknowns; the batch is the last axis. With B the preconditioner and c the condition
number of B A, the error in the energy norm falls by (sqrt(c) - 1) / (sqrt(c) + 1) or better an iteration. The iteration
ends when the worst system has |residual|_B <= tolerance |right|_B; for c near 1 that is close to the relative energy
error.

Reference: Saad, Iterative Methods for Sparse Linear Systems, SIAM 2003, chapter 9, doi:10.1137/1.9780898718003.
"""

from collections.abc import Callable

import numpy as np

from operators.arrays import Array

Map = Callable[[Array], Array]


def solve(matrix: Map, right: Array, *, precondition: Map, tolerance: float, iterations: int) -> Array:
    """Solve A x = right for every system of the batch; `matrix` applies A and `precondition` applies B.

    Raises:
        ValueError: no convergence within `iterations`.
    """
    x = np.zeros_like(right)
    residual = right.copy()
    direction = precondition(residual)
    rho = _dot(residual, direction)
    target = tolerance**2 * rho
    for _ in range(iterations):
        image = matrix(direction)
        step = rho / np.maximum(_dot(direction, image), np.finfo(float).tiny)
        x += step * direction
        image *= step
        residual -= image
        preconditioned = precondition(residual)
        rho, old = _dot(residual, preconditioned), rho
        if np.all(rho <= target):
            return x
        direction *= rho / np.maximum(old, np.finfo(float).tiny)
        direction += preconditioned
    raise ValueError(f"expected convergence to {tolerance:g} within {iterations} iterations")


def _dot(u: Array, v: Array) -> Array:
    """Inner product of every system: (batch,)."""
    batch = u.shape[-1]
    return np.einsum("kn,kn->n", u.reshape(-1, batch), v.reshape(-1, batch))
