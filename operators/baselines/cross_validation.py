"""Generalised cross-validation of a penalty.

A smoother with eigenvectors L and factors e_j / (e_j + lambda) leaves the residual with squared norm

    r(lambda) = sum_j (lambda / (e_j + lambda))^2 |B_j|^2 + |Y|^2 - |B|^2,     B = L^T Y,

and nu(lambda) = N' - k + sum_j lambda / (e_j + lambda) degrees of freedom, where N' counts the rows (less one for a mean). The
penalty minimises r / nu^2 over a grid of 10 per decade. It reads the training labels only.

Reference: Golub, Heath, Wahba 1979, doi:10.1080/00401706.1979.10489751.
"""

import numpy as np

from operators.arrays import Array

PENALTIES = np.logspace(-16.0, 2.0, 181)
"""Relative to the largest eigenvalue."""


def scores(eigenvalues: Array, energies: Array, beyond: Array, rows: int) -> Array:
    """r / nu^2 for each of PENALTIES and each column.

    Args:
        eigenvalues: e (k,), the largest > 0.
        energies: |B_jc|^2, (k, c).
        beyond: |Y|^2 - |B|^2 by column, (c,).
        rows: N'.
    """
    penalties = PENALTIES[:, None] * np.max(eigenvalues)
    left = penalties / (np.maximum(eigenvalues, 0.0) + penalties)
    freedom = rows - len(eigenvalues) + left.sum(axis=1)
    return np.asarray((left**2 @ energies + beyond) / freedom[:, None] ** 2)


def best_penalty(eigenvalues: Array, energies: Array, beyond: float, rows: int) -> float:
    """The penalty with the least score, of all columns together; arguments as of `scores`, summed over columns."""
    found = scores(eigenvalues, energies[:, None], np.array([beyond]), rows)[:, 0]
    return float(PENALTIES[int(np.argmin(found))] * np.max(eigenvalues))
