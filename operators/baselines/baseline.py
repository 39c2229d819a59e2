"""What every reference method is given, and the errors it is judged by.

On a grid all N functions share M points, so a data set is two matrices: sensor values U (N, m) and labels Y (N, M). A method
predicts Y and held-out outputs Y' from them; its errors are those of a net on the same labels,

    relative       |Y - H|_F / |Y|_F
    relative_mean  mean over functions of |y_i - h_i| / |y_i|; functions with y_i = 0 are left out

and the same of held-out functions against their clean outputs. A method of rank q has errors for each q. Off the grid functions
share no points, a label is no row of a matrix, and no method of this room applies.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from operators.arrays import Array
from operators.magnitude import row_norms

LARGEST_RANK = 256
"""Ranks beyond are not measured."""

Status = Literal["fitted", "floor", "asymptotic"]


@dataclass(frozen=True, eq=False)
class Sample:
    """A data set on a grid: inputs (N, m), labels (N, M), held-out inputs (N', m) and clean held-out outputs (N', M)."""

    inputs: Array
    labels: Array
    test_inputs: Array
    test_outputs: Array


@dataclass(frozen=True, eq=False)
class Errors:
    """Errors of one method, one entry per rank; of a method without ranks `q` is empty and each array has one entry."""

    relative: Array
    relative_mean: Array
    test_relative: Array
    test_relative_mean: Array
    q: tuple[int, ...] = ()


@dataclass(frozen=True)
class Baseline:
    """A reference method.

    Attributes:
        name: key in BASELINES.
        title: what it is, in a line.
        status: `fitted` from the training data alone; `floor`: it reads the outputs that it is judged by.
        measure: its errors.
        most_functions: N beyond which it costs too much; None: no limit.
    """

    name: str
    title: str
    status: Status
    measure: Callable[[Sample], Errors]
    most_functions: int | None = None

    def applies(self, functions: int) -> bool:
        """Whether it is measured at N functions."""
        return self.most_functions is None or functions <= self.most_functions


def errors_of(sample: Sample, fitted: Array, predicted: Array) -> Errors:
    """Errors of predictions of the labels and of the held-out outputs."""
    train = _relative(sample.labels, row_norms(sample.labels - fitted)[:, None])
    test = _relative(sample.test_outputs, row_norms(sample.test_outputs - predicted)[:, None])
    return Errors(*train, *test)


def errors_by_rank(sample: Sample, modes: Array, mean: Array, fitted: Array | None, predicted: Array | None) -> Errors:
    """Errors of predictions projected on the first q modes about the mean, q = 1, ..., r, r <= LARGEST_RANK.

    Args:
        sample: the data.
        modes: (r, M) orthonormal rows.
        mean: (M,).
        fitted: predictions (N, M) of the labels; None: the labels themselves.
        predicted: likewise of the held-out outputs.
    """
    modes = modes[:LARGEST_RANK]
    train = _relative(sample.labels, _distances(sample.labels - mean, modes, None if fitted is None else fitted - mean))
    given = None if predicted is None else predicted - mean
    test = _relative(sample.test_outputs, _distances(sample.test_outputs - mean, modes, given))
    return Errors(*train, *test, q=tuple(range(1, len(modes) + 1)))


def _distances(truth: Array, modes: Array, predicted: Array | None) -> Array:
    """|y_i - P_q h_i| (N, r) for the projections P_q on the first q modes, as sums of squares without cancellation.

    |y - P_q h|^2 = sum_{k <= q} (y_k - h_k)^2 + sum_{k > q} y_k^2 + |y - P_r y|^2 in the coordinates of the modes.
    """
    along = truth @ modes.T
    beyond = row_norms(truth - along @ modes)[:, None] ** 2
    tails = np.cumsum((along**2)[:, ::-1], axis=1)[:, ::-1]
    squares = beyond + np.concatenate([tails[:, 1:], np.zeros((len(along), 1))], axis=1)
    if predicted is not None:
        squares += np.cumsum((along - predicted @ modes.T) ** 2, axis=1)
    return np.asarray(np.sqrt(squares), dtype=np.float64)


def _relative(truth: Array, distances: Array) -> tuple[Array, Array]:
    """Relative error over all functions and mean of those of each, from distances (N, r)."""
    norms = row_norms(truth)
    known = norms > 0.0
    total = np.linalg.norm(distances, axis=0) / np.linalg.norm(norms)
    return np.asarray(total), np.asarray(np.mean(distances[known] / norms[known, None], axis=0))
