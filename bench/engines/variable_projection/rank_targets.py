"""What rank q can do with the labels, before any net is asked.

grid       G - b = U S V^T; the best matrix of rank q is U_q S_q V_q^T and leaves tail_q(G - b) (Eckart and Young 1936,
           doi:10.1007/BF02288367); b from `heads.scalar_bias`
scattered  of the N x P matrix of all functions at all labelled points some entries are known; the best B T^T + b comes from
           `matrix_completion`, B T^T = U S V^T, and leaves what it leaves there
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.engines.variable_projection.heads import scalar_bias
from bench.engines.variable_projection.matrix_completion import LABELS_PER_NUMBER, complete, too_few
from operators.arrays import Array
from operators.data.normalisation import Problem

NEGLIGIBLE = 1e-11


@dataclass(frozen=True, eq=False)
class Labels:
    """Labels G, and the best that rank q can do.

    Attributes:
        bias: b.
        matrix: G - b (N, P); entries without a label hold the best fit.
        observed: (N, P), where there are labels; None if everywhere.
        left: U_q (N, q).
        singular: S_q (q,).
        right: V_q (P, q).
        tail: sum of squares that rank q leaves.
        count: number of labels.
    """

    bias: float
    matrix: Array
    observed: NDArray[np.bool_] | None
    left: Array
    singular: Array
    right: Array
    tail: float
    count: int

    @property
    def goal(self) -> float:
        """The tail, or NEGLIGIBLE of the energy of U_q S_q V_q^T if that is more: far below what float32 resolves."""
        return max(self.tail, NEGLIGIBLE * float(np.sum(self.singular**2)))


def grid_labels(values: Array, q: int) -> Labels:
    """Labels (N, M) of a grid design."""
    bias = scalar_bias(values, q)
    matrix = np.asfortranarray(values - bias)
    left, singular, right = np.linalg.svd(matrix, full_matrices=False)
    tail = float(np.sum(singular[q:] ** 2))
    return Labels(bias, matrix, None, left[:, :q], singular[:q], right[:q].T, tail, values.size)


def scattered_labels(values: Array, columns: NDArray[np.int64], q: int) -> Labels:
    """Labels (N, M) of functions at points of their own; `columns` (N, M) numbers the distinct points from 0."""
    shape = (len(values), int(columns.max()) + 1)
    matrix, observed = np.zeros(shape), np.zeros(shape, dtype=bool)
    rows = np.arange(len(values))[:, None]
    matrix[rows, columns], observed[rows, columns] = values, True
    best = complete(matrix, observed, q)
    (basis_b, factor_b), (basis_t, factor_t) = np.linalg.qr(best.branch), np.linalg.qr(best.trunk)
    left, singular, right = np.linalg.svd(factor_b @ factor_t.T)
    filled = np.asfortranarray(np.where(observed, matrix - best.bias, best.branch @ best.trunk.T))
    return Labels(best.bias, filled, observed, basis_b @ left, singular, basis_t @ right.T, best.tail, values.size)


def problem_labels(problem: Problem, q: int) -> tuple[Labels, NDArray[np.int64]]:
    """The labels of a problem in the units of the net, (label - mean) / scale, and the rows of its distinct labelled points.

    Raises:
        ValueError: a design of which `matrix_completion.too_few` says that it cannot be completed; triples always are.
    """
    values = (problem.labels - float(problem.mean)) / float(problem.scale)
    if problem.design == "grid":
        return grid_labels(values, q), problem.index
    points, columns = np.unique(problem.index, return_inverse=True)
    if too_few(values.size, functions=len(values), distinct_points=len(points), q=q):
        numbers = f"{len(values)} functions and {len(points)} points"
        raise ValueError(
            f"expected at least {LABELS_PER_NUMBER:g} q (N + P) labels for rank q = {q}, {numbers}, got {values.size}"
        )
    return scattered_labels(values, columns.reshape(values.shape), q), points
