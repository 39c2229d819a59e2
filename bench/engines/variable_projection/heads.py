"""Linear heads solved exactly for given features.

With H (N, a) and T (M, c) the features of branch and trunk, constant column included, and G (N, M) the labels less the scalar
bias, the heads of a DeepONet with linear ends enter as H W_b W_t^T T^T. Three problems have closed solutions:

    one head    min_W |H W - B|^2 + mu |W|^2,  mu = RIDGE |H|^2 / a:    normal equations, Cholesky
    both heads  min |H W_b W_t^T T^T - G|^2 with q columns each: with orthonormal bases Q_H, Q_T of the features the best product
                is the truncated SVD of Q_H Q_H^T G Q_T Q_T^T (Eckart and Young 1936, doi:10.1007/BF02288367), so that
                min = |G|^2 - sum_{k <= q} s_k(Q_H^T G Q_T)^2. Where entries of G are not observed they are filled with the fit,
                again and again: no filling raises the loss of the observed ones
    the bias    min_b tail_q(G - b 1 1^T), one-dimensional and not convex: a grid on a projection of G, then a local search

The ridge makes the first one safe for features of any rank, as rounding of the Gram matrix is some eps |H|^2, under 1e-2 mu; the
residual is that of the W that comes out. The second drops singular values of H and T below a cut; of the cuts whose loss is the
least to 1e-4 relative it keeps the coarsest, whose heads are the smallest and survive rounding to float32 best.
"""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from operators.arrays import Array

RIDGE = 1e-12
CUTS = (1e-5, 1e-7, 1e-9, 1e-11)
CUT_TOLERANCE = 1e-4
FILLINGS = 50
OFFSET_STEPS = np.geomspace(1e-3, 16.0, 15)
OFFSET_TOLERANCE = 5e-5
SPARE_DIRECTIONS = 8


def cholesky(features: Array) -> tuple[Array, float]:
    """Upper triangular R (a, a) with R^T R = H^T H + mu I, and mu.

    Raises:
        FloatingPointError: features that are not finite.
    """
    gram = features.T @ features
    mu = RIDGE * float(gram.trace()) / len(gram)
    gram.ravel()[:: len(gram) + 1] += mu
    factor, info = scipy.linalg.lapack.dpotrf(gram)
    if info:
        raise FloatingPointError("features are not finite")
    return factor, mu


def ridge_head(features: Array, targets: Array) -> tuple[Array, Array]:
    """The head W (a, k) for targets (N, k), and the residual H W - targets."""
    factor, _ = cholesky(features)
    head = scipy.linalg.lapack.dpotrs(factor, features.T @ targets)[0]
    residual = features @ head
    residual -= targets
    return head, residual


@dataclass(frozen=True, eq=False)
class Heads:
    """Both heads, W_b (a, q) and W_t (c, q), balanced, and the sum of squares |H W_b W_t^T T^T - G|^2 they attain."""

    branch: Array
    trunk: Array
    loss: float


def exact_heads(branch: Array, trunk: Array, labels: Array, *, q: int, observed: NDArray[np.bool_] | None = None) -> Heads:
    """The best heads for the features H = `branch` (N, a) and T = `trunk` (M, c).

    Entries that are not observed start from `labels` and are replaced by the fit, FILLINGS times.
    """
    factors = [np.linalg.svd(features, full_matrices=False) for features in (branch, trunk)]
    if observed is not None:
        bases = [_cut(factor, CUTS[-1])[0] for factor in factors]
        for _ in range(FILLINGS):
            left, values, right = np.linalg.svd(bases[0].T @ labels @ bases[1], full_matrices=False)
            fit = (bases[0] @ (left[:, :q] * values[:q])) @ (right[:q] @ bases[1].T)
            labels = np.where(observed, labels, fit)
    found = []
    for cut in CUTS:
        head_b, head_t = _truncated(labels, q, factors=[_cut(factor, cut) for factor in factors])
        residual = (branch @ head_b) @ (trunk @ head_t).T - labels
        if observed is not None:
            residual *= observed
        found.append(Heads(head_b, head_t, float(np.vdot(residual, residual))))
    least = min(heads.loss for heads in found)
    return next(heads for heads in found if heads.loss <= (1.0 + CUT_TOLERANCE) * least)


def _cut(factor: tuple[Array, Array, Array], cut: float) -> tuple[Array, Array]:
    """From an SVD U S V^T: the kept columns of U, and the matrix V S^-1 that gives them from the features."""
    left, values, right = factor
    kept = values > cut * values[0]
    return left[:, kept], right[kept].T / values[kept]


def _truncated(labels: Array, q: int, *, factors: list[tuple[Array, Array]]) -> tuple[Array, Array]:
    """Heads (a, q) and (c, q) in the kept directions; columns beyond their rank are 0."""
    (basis_b, to_b), (basis_t, to_t) = factors
    left, values, right = np.linalg.svd(basis_b.T @ labels @ basis_t, full_matrices=False)
    root = np.sqrt(values[:q])
    missing = ((0, 0), (0, q - len(root)))
    return np.pad(to_b @ (left[:, :q] * root), missing), np.pad(to_t @ (right[:q].T * root), missing)


def scalar_bias(labels: Array, q: int) -> float:
    """A b near the argmin of tail_q(labels - b 1 1^T): within OFFSET_TOLERANCE of the least value found.

    Searched on both sides of the mean, from 1e-3 to 16 root mean squares away, on the leading singular directions and the row and
    column sums. Where several b serve, the one nearest the mean: the infimum may lie at infinity, and a large b costs digits.
    """
    core, left, right = _projection(labels, q)
    direction = np.outer(left, right)

    def tail(b: float) -> float:
        values = np.linalg.svd(core - b * direction, compute_uv=False)
        return float(np.sum(values[q:] ** 2))

    mean, unit = float(labels.mean()), float(np.sqrt(np.mean(labels**2)))
    grid = mean + unit * np.concatenate([-OFFSET_STEPS[::-1], [0.0], OFFSET_STEPS])
    found = np.array([tail(b) for b in grid])
    serving = np.flatnonzero(found <= (1.0 + OFFSET_TOLERANCE) * found.min())
    start = int(serving[np.abs(grid[serving] - mean).argmin()])
    bounds = grid[max(start - 1, 0)], grid[min(start + 1, len(grid) - 1)]
    if bounds[0] == bounds[1]:
        return mean
    local = scipy.optimize.minimize_scalar(
        tail, bounds=bounds, method="bounded", options={"xatol": 1e-3 * (bounds[1] - bounds[0])}
    )
    return float(local.x) if local.fun < found[start] else float(grid[start])


def _projection(labels: Array, q: int) -> tuple[Array, Array, Array]:
    """L^T G R, L^T 1 and R^T 1 for bases L, R of leading singular directions, constants and sums."""
    left, _, right = np.linalg.svd(labels, full_matrices=False)
    kept = q + SPARE_DIRECTIONS
    rows, columns = np.ones((labels.shape[0], 1)), np.ones((labels.shape[1], 1))
    basis_l = np.linalg.qr(np.hstack([rows, labels @ columns, left[:, :kept]]))[0]
    basis_r = np.linalg.qr(np.hstack([columns, labels.T @ rows, right[:kept].T]))[0]
    return basis_l.T @ labels @ basis_r, basis_l.T @ rows[:, 0], basis_r.T @ columns[:, 0]
