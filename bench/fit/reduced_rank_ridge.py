"""Both heads of a DeepONet for given features, for every rank and a path of ridge penalties at once.

H (N, a) and T (M, c) are the features of branch and trunk, constant column included, G (N, M) the labels. For a penalty mu >= 0
and a rank q the heads solve

    min over W (a, M), rank W <= q, rows of W in the span of T:   |H W - G|_F^2 + mu |D W|_F^2

where D divides each feature by its root mean square, or all by one, and does not weigh the constant: units do not matter.
With T = Q_T R_T, P = G Q_T and H D^-1 = U S V^T this is an ordinary low-rank approximation of

    K = diag(s / sqrt(s^2 + mu)) U^T P,    W = D^-1 V diag(1 / sqrt(s^2 + mu)) K_q Q_T^T,

K_q the truncated SVD of K (reduced-rank ridge regression: Mukherjee and Zhu 2011, doi:10.1002/sam.10138; mu = 0: Izenman 1975,
doi:10.1016/0047-259X(75)90042-1). As the right singular vectors of K are orthonormal, errors on other functions follow for all q
from one product. Singular values of H D^-1 and T below CUT of the largest are dropped.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from operators.arrays import Array

CUT = 1e-10
CONSTANT_WEIGHT = 1e4


@dataclass(frozen=True, eq=False)
class Solved:
    """Heads of every rank for one penalty.

    Attributes:
        branch: (a, r): the first q columns are the branch's head of rank q, heads of H.
        trunk: (c, r): the same for the trunk.
        training: sums of squares |H W_b W_t^T T^T - G|^2 for q = 0, ..., r; right to rounding of |G|^2.
        validation: the same for the validation functions; empty if there are none.
        penalty: mu over N.
    """

    branch: Array
    trunk: Array
    training: Array
    validation: Array
    penalty: float

    def heads(self, q: int) -> tuple[Array, Array]:
        """W_b (a, q) and W_t (c, q); columns beyond the rank found are 0."""
        kept = min(q, self.branch.shape[1])
        missing = ((0, 0), (0, q - kept))
        return np.pad(self.branch[:, :kept], missing), np.pad(self.trunk[:, :kept], missing)


@dataclass(frozen=True, eq=False)
class TrunkBasis:
    """An orthonormal basis of the trunk's features, and the labels in it.

    Attributes:
        head: (c, c'): T head is the basis Q_T (M, c').
        training: P = G Q_T (N, c').
        energy: |G|^2.
        validation: the same product for the validation functions; (0, c') if there are none.
        validation_energy: their |G|^2.
    """

    head: Array
    training: Array
    energy: float
    validation: Array
    validation_energy: float


def trunk_basis(trunk: Array, labels: Array, validation: Array | None = None, *, offset: float = 0.0) -> TrunkBasis:
    """The basis of features T (M, c) with labels (N, M), and those of validation functions (N', M), all less an offset."""
    left, values, right = np.linalg.svd(trunk, full_matrices=False)
    kept = values > CUT * values[0]
    basis, head = left[:, kept], right[kept].T / values[kept]
    constant = offset * basis.sum(axis=0)

    def energy(matrix: Array) -> float:
        return float(np.vdot(matrix, matrix)) - offset * (2.0 * float(matrix.sum()) - offset * matrix.size)

    others = np.zeros((0, len(trunk))) if validation is None else validation
    return TrunkBasis(head, labels @ basis - constant, energy(labels), others @ basis - constant, energy(others))


def solved(
    branch: Array,
    basis: TrunkBasis,
    penalties: Iterable[float] = (0.0,),
    *,
    validation: Array | None = None,
    alike: bool = False,
) -> Iterator[Solved]:
    """Heads for features H (N, a) and each penalty, mu / N in units where a feature has unit mean square.

    Args:
        branch: H; its last column is the constant.
        basis: of the trunk's features.
        penalties: mu / N.
        validation: features (N', a) of the validation functions, whose labels the basis holds.
        alike: divide all features by one number: for principal components, whose sizes say what matters.
    """
    squares = np.mean(branch**2, axis=0)
    scale = np.sqrt(np.full(len(squares), squares[:-1].mean()) if alike else squares)
    scale = np.where(scale > 0.0, scale, 1.0)
    scale[-1] = 1.0
    scale[-1] /= CONSTANT_WEIGHT
    left, values, right = np.linalg.svd(branch / scale, full_matrices=False)
    others = np.zeros((0, branch.shape[1])) if validation is None else validation
    projected, turned = left.T @ basis.training, (others / scale) @ right.T
    varying = values > CUT * values[0]
    for penalty in penalties:
        root = np.sqrt(values**2 + penalty * len(branch))
        shrunk = np.where(varying, values / root, 0.0)
        inverse = np.where(varying, 1.0 / root, 0.0)
        core_left, core, core_right = np.linalg.svd(shrunk[:, None] * projected, full_matrices=False)
        directions = inverse[:, None] * (core_left * core)
        head = (right.T @ directions) / scale[:, None]
        balance = np.sqrt(np.where(core > 0.0, core, 1.0))
        yield Solved(
            head / balance,
            basis.head @ (core_right.T * balance),
            _errors(basis.energy, left @ (values[:, None] * directions), basis.training @ core_right.T),
            _errors(basis.validation_energy, turned @ directions, basis.validation @ core_right.T),
            penalty,
        )


def _errors(energy: float, fitted: Array, labels: Array) -> Array:
    """Sums of squares for q = 0, 1, ... from columns z_k of the fit and of the labels in the same orthonormal directions."""
    if not len(fitted):
        return np.zeros(0)
    gains = np.sum(fitted * (2.0 * labels - fitted), axis=0)
    return np.asarray(np.maximum(energy - np.concatenate([[0.0], np.cumsum(gains)]), 0.0))
