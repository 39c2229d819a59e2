"""Variable projection: heads solved at every step, SOAP on the hidden weights alone.

For given hidden weights the best heads have closed forms (`heads`), and the derivative of the loss at solved heads is the partial
derivative with the heads held (Golub and Pereyra 1973, doi:10.1137/0710036). What is left is met in two ways.

    apart     The best B of rank q is U_q S_q and the best T is V_q (`rank_targets`), so each net can learn a target of its own:
              min |H W - U_q S_q|^2 for the branch, min |T W - V_q S_q|^2 for the trunk, two ordinary separable least-squares
              problems. To first order the joint loss is what rank q leaves plus both misses. (Lee and Shin, arXiv 2309.01020,
              train trunk and branch one after the other; here the SVD gives both targets.)
    together  min |B T^T + b - G|^2 over B and T in the spans of the features. The singular subspace is carried from step to step
              by one subspace iteration. Entries without a label hold the last fit.

Together has traps: a mode that neither net represents has a gradient in neither. Apart has none, costs less, and each net stops
once its target is met. But narrow nets miss their targets and must divide the loss; so together comes last.

Of LARGE matrices the residual E = B T^T - G is never formed. With the bases Q_H, Q_T of the features, orthonormal up to the
ridge, C = Q_H^T G Q_T, R the carried subspace in Q_T, L = C R, B = Q_H L and T = Q_T R, what a step needs of it is

    |E|^2 = |G|^2 - 2 |L|^2 + <B^T B, T^T T>,   E T = B T^T T - G T,   E^T B = T B^T B - (Q_H^T G)^T L,

two products with G, in float32, in place of four, and no pass over its entries. The differences cost digits, so they are taken
only where rank q leaves more than LEAST_SHARE of |G|^2, as it does of noise; the last heads are solved with G in float64.
"""

from collections.abc import Callable, Iterable

import numpy as np
import scipy
from numpy.typing import NDArray

from bench.engines.soap import orthonormal
from bench.engines.variable_projection.heads import cholesky, ridge_head
from bench.engines.variable_projection.rank_targets import Labels
from bench.engines.variable_projection.subnet import Subnet
from operators.arrays import Array

TARGET = 1.001
MISS = 8e-4
MET = 2e-4
LARGE = 2**17
LEAST_SHARE = 1e-5

Single = NDArray[np.float32]
Matrices = tuple[list[Array], list[Array]]


class Run:
    """The training of branch and trunk from one set of initial weights.

    Attributes:
        branch: the branch in training.
        trunk: the trunk in training.
        loss: the least |B T^T + b - G|^2 met together so far.
        best: the hidden matrices of branch and trunk that gave it.
    """

    def __init__(self, branch: Subnet, trunk: Subnet, labels: Labels, *, count: Callable[[float], bool]) -> None:
        self.branch, self.trunk = branch, trunk
        self.loss = np.inf
        self.best: Matrices = (branch.net.matrices, trunk.net.matrices)
        self._labels, self._count = labels, count
        self._matrix, self._subspace = labels.matrix, labels.right
        self._energy = labels.tail + float(np.sum(labels.singular**2))
        large = labels.observed is None and labels.count >= LARGE and labels.tail > LEAST_SHARE * self._energy
        self._single = labels.matrix.astype(np.float32) if large else None

    @property
    def done(self) -> bool:
        """Whether nothing is left to gain."""
        return self.loss <= TARGET * self._labels.goal

    def apart(self, rates: Iterable[float]) -> None:
        """Train each net towards its own target until both are met or the rates end."""
        labels, missed = self._labels, [np.inf, np.inf]
        targets = ((self.branch, labels.left * labels.singular), (self.trunk, labels.right * labels.singular))
        for rate in rates:
            steps: list[tuple[Subnet, Array]] = []
            for number, (part, target) in enumerate(targets):
                if missed[number] > MET * labels.goal:
                    head, residual = ridge_head(part.net.features(), target)
                    missed[number] = float(np.vdot(residual, residual))
                    steps.append((part, residual @ head[: part.net.width].T))
            if sum(missed) <= MISS * labels.goal:
                break
            for part, outer in steps:
                part.descend(outer, rate)
            if not self._count(labels.tail + sum(missed)):
                break
        self.best = (self.branch.net.matrices, self.trunk.net.matrices)

    def together(self, rates: Iterable[float]) -> None:
        """Train both nets on the joint loss, from the best weights, until it is within TARGET of the goal or the rates end."""
        self.branch.net.matrices, self.trunk.net.matrices = self.best
        for rate in rates:
            loss, outer_branch, outer_trunk = self.joint()
            if loss < self.loss:
                self.loss, self.best = loss, (self.branch.net.matrices, self.trunk.net.matrices)
            if self.done:
                break
            self.branch.descend(outer_branch, rate)
            self.trunk.descend(outer_trunk, rate)
            if not self._count(loss):
                break

    def joint(self) -> tuple[float, Array, Array]:
        """The joint loss and half its derivatives in the features of branch and trunk."""
        factor_b, basis_b = _basis(self.branch.net.features())
        factor_t, basis_t = _basis(self.trunk.net.features())
        reached = basis_b @ self._matrix if self._single is None else _single_product(basis_b, self._single)
        core = reached @ basis_t.T
        right = orthonormal(core.T @ (core @ (basis_t @ self._subspace)))
        left = core @ right
        self._subspace = basis_t.T @ right
        values = basis_b.T @ left
        head_b = scipy.linalg.lapack.dtrtrs(factor_b, left)[0][: self.branch.net.width]
        head_t = scipy.linalg.lapack.dtrtrs(factor_t, right)[0][: self.trunk.net.width]
        if self._single is not None:
            of_values, of_subspace = values.T @ values, self._subspace.T @ self._subspace
            loss = self._energy - 2.0 * float(np.vdot(left, left)) + float(np.vdot(of_values, of_subspace))
            missed_b = values @ of_subspace - _single_product(self._single, self._subspace)
            missed_t = self._subspace @ of_values - reached.T @ left
            return loss, missed_b @ head_b.T, missed_t @ head_t.T
        residual = self._residual(values @ self._subspace.T)
        outer_branch = (residual @ self._subspace) @ head_b.T
        outer_trunk = (residual.T @ values) @ head_t.T
        return float(np.vdot(residual, residual)), outer_branch, outer_trunk

    def _residual(self, fit: Array) -> Array:
        """Fit less labels; where there are none the fit becomes the label and the residual 0."""
        if self._labels.observed is not None:
            self._matrix = np.asfortranarray(np.where(self._labels.observed, self._labels.matrix, fit))
        return fit - self._matrix


def _single_product(left: Array | Single, right: Array | Single) -> Array:
    """The product of two matrices in float32, as float64."""
    return (left.astype(np.float32, copy=False) @ right.astype(np.float32, copy=False)).astype(np.float64)


def _basis(features: Array) -> tuple[Array, Array]:
    """R (a, a) and Q^T = R^-T H^T (a, N) for features H = Q R; Q is orthonormal up to the ridge."""
    factor, _ = cholesky(features)
    return factor, scipy.linalg.lapack.dtrtrs(factor, features.T, trans=1)[0]
