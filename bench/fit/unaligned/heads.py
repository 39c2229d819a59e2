"""Heads of a DeepONet for given features where labels share no points.

B (N, a) are features of the functions, T (n, c) those of the labels' points, constant columns last. For W (a, c)

    min over W:   (1/n) sum_i (B_{f_i} W T_i^T - g_i)^2 + mu |D W R^T|^2        T = Q R, Q^T Q = n

is linear in W: its normal matrix is sum_f B_f B_f^T (x) Q_f^T Q_f over functions f, and one Cholesky factorisation solves it. D
divides branch features by their root mean square and does not weigh the constant. Under rank W <= q, W = A C^T, it is linear in A
and in C: alternating least squares, from the leading right singular vectors of the full solution, which lowers this objective
at every half step but may end in a local minimum. No floor of rank is known here: what it misses is no limit.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy
from numpy.typing import NDArray

from operators.arrays import Array

LEAST_PENALTIES = (1e-13, 1e-10)
CONSTANT_WEIGHT = 1e-8
RIDGE = 1e-10
BLOCK = 2**22


@dataclass(frozen=True, eq=False)
class Labels:
    """Scaled labels.

    Attributes:
        inputs: (N, r).
        points: (n, p).
        values: (n,).
        function: (n,), rows of `inputs`; increasing, each at least once.
    """

    inputs: Array
    points: Array
    values: Array
    function: NDArray[np.int64]

    @property
    def starts(self) -> NDArray[np.int64]:
        """Where the labels of each function begin."""
        return np.searchsorted(self.function, np.arange(len(self.inputs)))


@dataclass(frozen=True, eq=False)
class Ends:
    """Features in units where the penalty is plain, and the way back.

    Attributes:
        branch: B.
        trunk: Q (n, c).
        back: R^-1 (c, c): T back = Q.
        weights: (a,), diagonal of D^2.
    """

    branch: Array
    trunk: Array
    back: Array
    weights: Array


def ends_of(branch: Array, trunk: Array) -> Ends:
    """Orthonormalise T by the Cholesky factor of its Gram matrix, RIDGE of its trace added."""
    gram = trunk.T @ trunk / len(trunk)
    factor = np.linalg.cholesky(gram + RIDGE * np.trace(gram) * np.eye(len(gram)))
    back = scipy.linalg.solve_triangular(factor, np.eye(len(gram)), lower=True).T
    weights = np.mean(branch**2, axis=0)
    weights[-1] *= CONSTANT_WEIGHT
    return Ends(branch, trunk @ back, back, np.where(weights > 0.0, weights, 1.0))


def normal_equations(branch: Array, trunk: Array, labels: Labels) -> tuple[Array, Array]:
    """Normal matrix (a c, a c) and right side (a c,) of B_{f_i} W T_i^T = g_i over the labels, both over n."""
    (functions, a), c, starts = branch.shape, trunk.shape[1], np.append(labels.starts, len(labels.values))
    square, right = np.zeros((a * a, c * c)), np.zeros((a, c))
    step = max(1, BLOCK // (a * a + c * c))
    for first in range(0, functions, step):
        last = min(first + step, functions)
        rows, rows_of = slice(starts[first], starts[last]), starts[first:last] - starts[first]
        moments = _moments(trunk[rows], np.append(rows_of, starts[last] - starts[first]))
        outer = branch[first:last, :, None] * branch[first:last, None, :]
        square += outer.reshape(last - first, -1).T @ moments.reshape(last - first, -1)
        right += branch[first:last].T @ np.add.reduceat(trunk[rows] * labels.values[rows, None], rows_of)
    matrix = square.reshape(a, a, c, c).transpose(0, 2, 1, 3).reshape(a * c, a * c)
    return matrix / len(labels.values), right.ravel() / len(labels.values)


def full(ends: Ends, labels: Labels, penalties: Iterable[float]) -> Iterator[Array]:
    """W (a, c) of no limited rank, on B and Q, for each penalty mu."""
    matrix, right = normal_equations(ends.branch, ends.trunk, labels)
    weights = np.repeat(ends.weights, ends.trunk.shape[1])
    for penalty in penalties:
        yield _solved(matrix, right, penalty * weights).reshape(len(ends.weights), -1)


def leading(ends: Ends, solution: Array, q: int) -> Array:
    """C (c, q): leading right singular vectors of B W."""
    factor = np.linalg.qr(ends.branch, mode="r")
    return np.linalg.svd(factor @ solution, full_matrices=False)[2][:q].T


def alternating(ends: Ends, labels: Labels, trunk: Array, penalty: float, sweeps: int) -> tuple[Array, Array]:
    """A (a, q) and C (c, q), on B and Q, after sweeps of both half steps and a last one in A."""
    for sweep in range(sweeps + 1):
        trunk = np.linalg.qr(trunk)[0]
        matrix, right = normal_equations(ends.branch, ends.trunk @ trunk, labels)
        branch = _solved(matrix, right, penalty * np.repeat(ends.weights, trunk.shape[1])).reshape(len(ends.weights), -1)
        if sweep < sweeps:
            root = np.sqrt(ends.weights)[:, None]
            basis = np.linalg.qr(root * branch)[0] / root
            matrix, right = normal_equations(ends.branch @ basis, ends.trunk, labels)
            trunk = _solved(matrix, right, np.full(len(right), penalty)).reshape(basis.shape[1], -1).T
    return branch, trunk


def predicted(branch: Array, trunk: Array, labels: Labels) -> Array:
    """Fit (n,) from values (N, q) of the functions and (n, q) of the labels' points."""
    return np.einsum("nq,nq->n", branch[labels.function], trunk)


def _moments(trunk: Array, starts: NDArray[np.int64]) -> Array:
    """T_f^T T_f (N, c, c) for each function."""
    counts = np.diff(starts)
    if np.all(counts == counts[0]):
        stacked = trunk.reshape(len(counts), counts[0], -1)
        return stacked.transpose(0, 2, 1) @ stacked
    parts = (trunk[first:last] for first, last in pairwise(starts))
    return np.stack([part.T @ part for part in parts])


def _solved(matrix: Array, right: Array, diagonal: Array) -> Array:
    """(matrix + diagonal)^-1 right, scaled to a unit diagonal, to which the least penalty that Cholesky needs is added."""
    penalised = matrix + np.diag(diagonal)
    scale = 1.0 / np.sqrt(np.maximum(np.diag(penalised), np.finfo(float).tiny))
    penalised *= scale[:, None] * scale
    for least in LEAST_PENALTIES:
        try:
            factor = scipy.linalg.cho_factor(penalised + least * len(right) * np.eye(len(right)))
        except np.linalg.LinAlgError:
            continue
        return np.asarray(scale * scipy.linalg.cho_solve(factor, scale * right))
    raise FloatingPointError("features are not finite")
