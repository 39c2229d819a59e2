"""Where the training error of a grid fit sits: floor, trunk, branch, modes.

Labels Y (N, M) with the offset of the model removed, branch values B (N, q), trunk values T (M, q), P the orthogonal projector on
span(T). Exactly, in units of mean squared error (divided by N M),

    |Y - B T^T|^2 = tail_q(Y)  +  (|Y (I - P)|^2 - tail_q(Y))  +  |Y P - B T^T|^2
                    floor         trunk excess >= 0               branch error >= 0

With F the branch's last hidden features and a constant column, Q the projector on their span, and a linear branch end (B = F A)

    branch error = |(I - Q) Y P|^2  +  |Q Y P - B T^T|^2
                   branch capacity    head-solve gain: what solving the branch head exactly would win

Modes: with Y = U S V^T, the missed share of mode k is |(Y - B T^T) v_k|^2 / s_k^2.

Reading: a large trunk excess asks for a wider or longer trained trunk, a large branch capacity for a better branch, a large
head-solve gain for better optimisation. The split is in the spirit of Lanthaler, Mishra, Karniadakis 2022,
doi:10.1093/imatrm/tnac001, and Heinlein and Taraz, arXiv 2602.21910; the identities are elementary (docs/theory.md).
"""

from dataclasses import dataclass

import numpy as np

from operators.architectures.architecture import Architecture
from operators.architectures.weights import Weights
from operators.arrays import Array
from operators.bounds.lemmas.singular_values import singular_values, tail_sums
from operators.data.normalisation import Problem
from operators.magnitude import squares_fit

MODES = 8


@dataclass(frozen=True, eq=False)
class Anatomy:
    """The parts of a mean squared error, in physical units squared.

    Attributes:
        error: the whole.
        floor: tail_q of the labels without the offset that was trained.
        trunk_excess: what the trunk's span misses beyond the floor.
        branch_error: what the branch misses within the trunk's span.
        branch_capacity: the part of branch_error that the branch's features cannot express; None without a linear end.
        head_solve_gain: the part of branch_error that the head leaves lying; None without a linear end.
        trunk_rank: numerical rank of T.
        missed: missed share of the first modes.
    """

    error: float
    floor: float
    trunk_excess: float
    branch_error: float
    branch_capacity: float | None
    head_solve_gain: float | None
    trunk_rank: int
    missed: Array


def anatomy(labels: Array, branch: Array, trunk: Array, *, features: Array | None = None, modes: int = MODES) -> Anatomy:
    """Split the error of branch @ trunk.T against labels.

    Args:
        labels: Y, (N, M), offset removed.
        branch: B, (N, q).
        trunk: T, (M, q).
        features: F, (N, w + 1), if B = F A.
        modes: length of the mode vector, at most min(N, M).

    Raises:
        ValueError: shapes that do not fit, or labels whose squares float64 cannot hold.
    """
    if not squares_fit(labels):
        raise ValueError("expected labels whose largest entry lies between 2^-480 and 2^480; scale labels and trunk first")
    if labels.shape != (len(branch), len(trunk)) or branch.shape[1] != trunk.shape[1]:
        raise ValueError(
            f"expected labels (N, M), branch (N, q), trunk (M, q), got {labels.shape}, {branch.shape}, {trunk.shape}"
        )
    size = labels.size
    residual = labels - branch @ trunk.T
    basis = orthonormal_basis(trunk)
    reachable = labels @ basis
    tails = tail_sums(singular_values(labels) ** 2)
    floor = float(tails[trunk.shape[1]]) if trunk.shape[1] < len(tails) else 0.0
    missed_by_trunk = _energy(labels - reachable @ basis.T)
    used = branch @ (trunk.T @ basis)
    capacity = gain = None
    if features is not None:
        hidden = orthonormal_basis(features)
        expressible = hidden @ (hidden.T @ reachable)
        capacity, gain = _energy(reachable - expressible) / size, _energy(expressible - used) / size
    return Anatomy(
        error=_energy(residual) / size,
        floor=floor / size,
        trunk_excess=(missed_by_trunk - floor) / size,
        branch_error=_energy(reachable - used) / size,
        branch_capacity=capacity,
        head_solve_gain=gain,
        trunk_rank=basis.shape[1],
        missed=missed_shares(labels, residual, modes),
    )


def anatomy_of_fit(net: Architecture, weights: Weights, problem: Problem) -> Anatomy | None:
    """Anatomy of a fit on a grid, in physical units: T carries the output scale, Y is less the mean and the scaled bias.

    None for an architecture that is no product of branch and trunk.

    Raises:
        ValueError: not a grid design.
    """
    if problem.design != "grid":
        raise ValueError(f"expected a grid design, got {problem.design!r}; without common points there is no trunk span")
    points = problem.points[problem.index]
    factors = net.factors(weights, problem.inputs, points)
    if factors is None:
        return None
    scale = np.broadcast_to(problem.scale, (len(points),))
    labels = problem.labels - problem.mean - scale * factors.bias
    return anatomy(labels, factors.branch, factors.trunk * scale[:, None], features=factors.features)


def orthonormal_basis(columns: Array) -> Array:
    """Orthonormal basis of the span of the columns; directions below rounding of the largest are dropped."""
    left, values, _ = np.linalg.svd(columns, full_matrices=False)
    tolerance = max(columns.shape) * np.finfo(np.float64).eps
    rank = int(np.sum(values > tolerance * values[0])) if values.size and values[0] > 0.0 else 0
    return left[:, :rank].astype(np.float64, copy=False)


def missed_shares(labels: Array, residual: Array, modes: int = MODES) -> Array:
    """|residual v_k|^2 / s_k^2 for the first right-singular modes of the labels; nan where s_k is rounding."""
    _, values, right = np.linalg.svd(labels, full_matrices=False)
    count = min(modes, len(values))
    missed = np.sum((residual @ right[:count].T) ** 2, axis=0)
    resolved = values[:count] > 1e-14 * values[0]
    return np.divide(missed, values[:count] ** 2, out=np.full(count, np.nan), where=resolved)


def _energy(matrix: Array) -> float:
    return float(np.sum(matrix**2))
