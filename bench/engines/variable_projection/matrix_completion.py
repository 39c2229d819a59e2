"""Low-rank completion: the best B T^T + b for a matrix of which only some entries are known.

    min over B (N, q), T (P, q), b of  sum over observed (i, j) of (b_i . t_j + b - y_ij)^2

by alternating least squares: each row of B, then each row of T, solves a q x q system, then b takes the mean residual (Jain,
Netrapalli and Sanghavi, arXiv 1212.0467). The start is the truncated SVD of the observed entries over their share.

The problem is not convex: what is left at the end is a heuristic, no lower bound. With fewer labels than the q (N + P) numbers of
B and T the completion says nothing about the entries that are not observed: `too_few`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from operators.arrays import Array

LABELS_PER_NUMBER = 2.0
MOST_SWEEPS = 500
LEAST_GAIN = 1e-5
RIDGE = 1e-9


@dataclass(frozen=True, eq=False)
class Completion:
    """B (N, q), T (P, q), b, and the sum of squares over observed entries that they leave."""

    branch: Array
    trunk: Array
    bias: float
    tail: float


def too_few(labels: int, *, functions: int, distinct_points: int, q: int) -> bool:
    """Whether there are under LABELS_PER_NUMBER labels for each of the q (N + P) numbers of B and T."""
    return labels < LABELS_PER_NUMBER * q * (functions + distinct_points)


def complete(matrix: Array, observed: NDArray[np.bool_], q: int) -> Completion:
    """Complete a matrix (N, P); entries that are not observed are ignored."""
    mask = observed.astype(np.float64)
    bias = float(matrix[observed].mean())
    left, values, right = np.linalg.svd(mask * (matrix - bias) / mask.mean(), full_matrices=False)
    branch, trunk = left[:, :q] * np.sqrt(values[:q]), right[:q].T * np.sqrt(values[:q])
    previous = np.inf
    for _ in range(MOST_SWEEPS):
        labels = mask * (matrix - bias)
        branch = _rows(labels, mask, trunk)
        trunk = _rows(labels.T, mask.T, branch)
        residual = mask * (branch @ trunk.T) - labels
        tail = float(np.vdot(residual, residual))
        if tail >= (1.0 - LEAST_GAIN) * previous:
            break
        previous = tail
        bias -= float(residual.sum() / mask.sum())
    return Completion(branch, trunk, bias, tail)


def _rows(labels: Array, mask: Array, other: Array) -> Array:
    """For each row i the x that minimises the sum over observed j of (x . other_j - labels_ij)^2, with a slight ridge."""
    q = other.shape[1]
    products = (other[:, :, None] * other[:, None, :]).reshape(len(other), q * q)
    systems = (mask @ products).reshape(-1, q, q)
    ridge = RIDGE * np.trace(systems, axis1=1, axis2=2).mean() / q
    return np.linalg.solve(systems + ridge * np.eye(q), (labels @ other)[:, :, None])[:, :, 0]
