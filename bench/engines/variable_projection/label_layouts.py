"""Where the labels of a problem lie among pairs (function i, point j): products of factors there, and their transposes.

    h_ij = <B_i, T_j> at the labelled pairs;     B (N, q), T (P, q)
    Grid      all pairs:      h = B T^T
    Listed    some pairs:     rows of T are gathered per label, and sums over the labels of a point are a sparse product

`mean_gram` is the mean over the rows of one factor of the block (q, q) of J^T J in that row: of B, sum over labels of T_j T_j^T.
"""

from typing import Protocol

import numpy as np
import scipy
from numpy.typing import NDArray

from operators.arrays import Array
from operators.data.normalisation import Problem


class Layout(Protocol):
    """Labels and their places.

    Attributes:
        labels: in the units of the net.
    """

    labels: Array

    def values(self, branch: Array, trunk: Array) -> Array:
        """<B_i, T_j>, shaped as the labels."""

    def to_branch(self, values: Array, trunk: Array) -> Array:
        """Sum over the labels of i of v_ij T_j, (N, q)."""

    def to_trunk(self, values: Array, branch: Array) -> Array:
        """Sum over the labels of j of v_ij B_i, (P, q)."""

    def mean_gram(self, *, branch: Array | None = None, trunk: Array | None = None) -> Array:
        """The mean block of the other factor than the one given."""


class Grid:
    """Labels (N, M) at all pairs."""

    def __init__(self, labels: Array) -> None:
        self.labels = labels

    def values(self, branch: Array, trunk: Array) -> Array:
        """B T^T."""
        return np.asarray(branch @ trunk.T)

    def to_branch(self, values: Array, trunk: Array) -> Array:
        """V T."""
        return np.asarray(values @ trunk)

    def to_trunk(self, values: Array, branch: Array) -> Array:
        """V^T B."""
        return np.asarray(values.T @ branch)

    def mean_gram(self, *, branch: Array | None = None, trunk: Array | None = None) -> Array:
        """T^T T, or B^T B."""
        given = branch if trunk is None else trunk
        assert given is not None
        return np.asarray(given.T @ given)


class Listed:
    """Labels (N, M) of functions at points of their own, `columns` (N, M) among P points; triples have M = 1."""

    def __init__(self, labels: Array, columns: NDArray[np.int64], points: int) -> None:
        self.labels, self._columns = labels, columns
        entries = (np.ones(columns.size), (columns.ravel(), np.arange(columns.size)))
        self._at_points = scipy.sparse.csr_array(entries, shape=(points, columns.size))

    def values(self, branch: Array, trunk: Array) -> Array:
        """Products of gathered rows."""
        return np.asarray(np.einsum("nq,nmq->nm", branch, trunk[self._columns]))

    def to_branch(self, values: Array, trunk: Array) -> Array:
        """Sums over the labels of each function."""
        return np.asarray(np.einsum("nm,nmq->nq", values, trunk[self._columns]))

    def to_trunk(self, values: Array, branch: Array) -> Array:
        """Sums over the labels of each point."""
        return np.asarray(self._at_points @ (values[:, :, None] * branch[:, None, :]).reshape(values.size, -1))

    def mean_gram(self, *, branch: Array | None = None, trunk: Array | None = None) -> Array:
        """Of the trunk's rows at the labels over N, or of the branch's, once per label, over P."""
        if trunk is not None:
            rows = trunk[self._columns.ravel()]
            return np.asarray(rows.T @ rows / len(self._columns))
        assert branch is not None
        return np.asarray(branch.T @ branch * (self._columns.shape[1] / self._at_points.shape[0]))


def layout_of(problem: Problem) -> tuple[Layout, NDArray[np.int64]]:
    """The labels of a problem with scalar output scaling, and the rows of its labelled points."""
    labels = (problem.labels - float(problem.mean)) / float(problem.scale)
    if problem.design == "grid":
        return Grid(labels), problem.index
    points, columns = np.unique(problem.index, return_inverse=True)
    return Listed(labels, columns.reshape(labels.shape), len(points)), points
