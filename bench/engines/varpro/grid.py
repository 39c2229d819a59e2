"""Variable projection on a grid design: heads solved at every step, SOAP on the hidden weights alone.

For given hidden weights the best heads have closed forms (`heads`), and the derivative of the loss at solved heads is the partial
derivative with the heads held (Golub and Pereyra 1973, doi:10.1137/0710036). What is left is met in two ways. With G the
labels, b the scalar bias and G - b = U S V^T,

 apart     The best B of rank q is U_q S_q and the best T is V_q, so each net can learn a target of its own:
           min |H W - U_q S_q|^2 for the branch, min |T W - V_q S_q|^2 for the trunk, two ordinary separable least-squares
           problems. Where both vanish the floor tail_q(G - b) is attained; to first order the joint loss is the floor plus the two.
           (Lee and Shin, arXiv 2309.01020, train trunk and branch one after the other; here the SVD gives both targets.)
 together  min |B T^T + b - G|^2 over B and T in the spans of the features. The singular subspace is carried from step to step by one
           subspace iteration.

Together has traps: a mode that neither net represents has a gradient in neither. Apart has none, costs less, and each net stops
once its target is met. But narrow nets miss their targets and must divide the loss; so together comes last.

w >= NARROW q     apart in cycles of growing length, so that an easy problem ends early whatever the budget; the last fifth together
narrower          several initial weights; one cosine each, half apart, half together; the best goes on together

A run ends when its loss is within TARGET of tail_q(G - b), which no weights with this b undercut.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack

from bench.engines.varpro.heads import cholesky, ridge_head
from bench.engines.varpro.part import Part
from bench.engines.varpro.soap import orthonormal
from operators.task import Array

TARGET = 1.001
MISS = 8e-4
MET = 2e-4
LAST_SHARE = 0.2
EXPLORATION = 0.6
NEGLIGIBLE = 1e-14


@dataclass(frozen=True, eq=False)
class Labels:
    """What is to be fitted, and the best that rank q can do.

    Attributes:
        matrix: G - b (N, M).
        branch_target: U_q S_q (N, q).
        trunk_target: V_q S_q (M, q).
        subspace: V_q (M, q).
        tail: tail_q(G - b).
        goal: the tail, or what rounding leaves of |G - b|^2 if that is more.
    """

    matrix: Array
    branch_target: Array
    trunk_target: Array
    subspace: Array
    tail: float
    goal: float


def labels_of(matrix: Array, q: int) -> Labels:
    """Prepare the labels G - b of a problem."""
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    subspace = np.asfortranarray(right[:q].T)
    squares = values**2
    tail = float(np.sum(squares[q:]))
    return Labels(
        matrix=np.asfortranarray(matrix),
        branch_target=np.asfortranarray(left[:, :q] * values[:q]),
        trunk_target=subspace * values[:q],
        subspace=subspace,
        tail=tail,
        goal=max(tail, NEGLIGIBLE * float(np.sum(squares))),
    )


class Run:
    """The training of branch and trunk from one set of initial weights.

    Attributes:
        loss: the least |B T^T + b - G|^2 met so far.
        best: the hidden matrices of branch and trunk that gave it.
    """

    def __init__(self, branch: Part, trunk: Part, labels: Labels, *, count: Callable[[float], bool]) -> None:
        self.branch, self.trunk = branch, trunk
        self.loss = np.inf
        self.best = (branch.net.matrices, trunk.net.matrices)
        self._labels, self._count = labels, count
        self._subspace = labels.subspace

    @property
    def done(self) -> bool:
        """Whether nothing is left to gain."""
        return self.loss <= TARGET * self._labels.goal

    def apart(self, rates: Array) -> None:
        """Train each net towards its own target until both are met or the rates end."""
        labels, missed = self._labels, [np.inf, np.inf]
        parts = ((self.branch, labels.branch_target), (self.trunk, labels.trunk_target))
        for rate in rates:
            steps: list[tuple[Part, Array]] = []
            for number, (part, target) in enumerate(parts):
                if missed[number] > MET * labels.goal:
                    head, residual = ridge_head(part.net.features(), target)
                    missed[number] = float(np.vdot(residual, residual))
                    steps.append((part, residual @ head[:-1].T))
            if sum(missed) <= MISS * labels.goal:
                break
            for part, outer in steps:
                part.descend(outer, rate)
            if not self._count(labels.tail + sum(missed)):
                break
        self.best = (self.branch.net.matrices, self.trunk.net.matrices)

    def together(self, rates: Array) -> None:
        """Train both nets on the joint loss until it is within TARGET of the tail or the rates end."""
        self.branch.net.matrices, self.trunk.net.matrices = self.best
        for rate in rates:
            loss, outer_branch, outer_trunk = self._joint()
            if loss < self.loss:
                self.loss, self.best = loss, (self.branch.net.matrices, self.trunk.net.matrices)
            if self.done:
                break
            self.branch.descend(outer_branch, rate)
            self.trunk.descend(outer_trunk, rate)
            if not self._count(loss):
                break

    def _joint(self) -> tuple[float, Array, Array]:
        """The joint loss and half its derivatives in the features of branch and trunk."""
        labels = self._labels.matrix
        factor_b, basis_b = _basis(self.branch.net.features())
        factor_t, basis_t = _basis(self.trunk.net.features())
        core = basis_b @ labels @ basis_t.T
        right = orthonormal(core.T @ (core @ (basis_t @ self._subspace)))
        left = core @ right
        self._subspace = basis_t.T @ right
        values = basis_b.T @ left
        residual = values @ self._subspace.T - labels
        head_b, head_t = lapack.dtrtrs(factor_b, left)[0], lapack.dtrtrs(factor_t, right)[0]
        outer_branch = (residual @ self._subspace) @ head_b[:-1].T
        outer_trunk = (residual.T @ values) @ head_t[:-1].T
        return float(np.vdot(residual, residual)), outer_branch, outer_trunk


def _basis(features: Array) -> tuple[Array, Array]:
    """R and Q^T = R^-T H^T of features H = Q R; orthonormal up to the ridge."""
    factor, _ = cholesky(features)
    return factor, lapack.dtrtrs(factor, features.T, trans=1)[0]
