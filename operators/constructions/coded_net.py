"""Nets with one unit in the first layer: each argument becomes one number, its code, and the features are units of that code.

    s_i = phi(x_i . a + e),    F = [phi(s c^T + d^T), 1],    G likewise for the points,    H = mean + scale (F M G^T + b0)

with rank M <= q: a DeepONet of widths (1, w) and (1, v). Its linear heads are solved, not sought: with orthonormal bases of F
and G the best M is a truncated singular value decomposition of the projected labels, so that the squared error is a smooth
function of codes, slopes and shifts alone (variable projection, Golub and Pereyra 1973). With the approximation of Kaufman
(1975) to its Jacobian,

    dR = -(I - P_F) dF A T^T - B (dG C)^T (I - P_G),        B = F A, T = G C,

and the two terms are orthogonal, so that a Levenberg-Marquardt step is one small problem for the branch and one for the trunk.

An activated trunk end enters at the end only: T is shrunk until the activation is linear there to REMAINDER.
"""

from dataclasses import dataclass, replace

import numpy as np

from operators.architectures.activations import ACTIVATIONS, SLOPES, Activation
from operators.architectures.deeponet import Ends, deeponet_weights
from operators.architectures.weights import Layer, Weights
from operators.arrays import Array

RIDGE = 1e-3
SHRUNK = {"tanh": 1e-4, "gelu": 1e-8, "silu": 1e-8}


@dataclass(frozen=True, eq=False)
class Side:
    """Branch or trunk.

    Attributes:
        basis: (N, k): directions of the arguments and a column of ones; codes are phi(basis @ directions).
        directions: (k, w_1).
        slopes: c, (w_1, w).
        shifts: d, (w,).
        phi: the hidden activation.
    """

    basis: Array
    directions: Array
    slopes: Array
    shifts: Array
    phi: Activation = "tanh"

    def codes(self) -> Array:
        """s, (N, w_1)."""
        return ACTIVATIONS[self.phi](self.basis @ self.directions)

    def features(self) -> Array:
        """F, (N, w + 1)."""
        units = ACTIVATIONS[self.phi](self.codes() @ self.slopes + self.shifts)
        return np.hstack([units, np.ones((len(units), 1))])

    def bordered(self) -> Array:
        """F above RIDGE I, (N + w + 1, w + 1)."""
        features = self.features()
        return np.vstack([features, RIDGE * np.eye(features.shape[1])])

    def without(self, unit: int) -> "Side":
        """The side less one unit."""
        return replace(self, slopes=np.delete(self.slopes, unit, axis=1), shifts=np.delete(self.shifts, unit))

    def moved(self, step: Array) -> "Side":
        """The side after a step in (directions, slopes, shifts)."""
        k, w = self.directions.size, self.slopes.size
        return replace(
            self,
            directions=self.directions + step[:k].reshape(self.directions.shape),
            slopes=self.slopes + step[k : k + w].reshape(self.slopes.shape),
            shifts=self.shifts + step[k + w :],
        )

    def jacobian(self, orthonormal: Array, heads: Array) -> Array:
        """(I - P) dF heads for every number, rows of the ridge last, ((N + w + 1) q, size); `heads` is (w, q)."""
        before = self.basis @ self.directions
        codes = ACTIVATIONS[self.phi](before)
        rates = SLOPES[self.phi](before, codes)
        inner = codes @ self.slopes + self.shifts
        slopes = SLOPES[self.phi](inner, ACTIVATIONS[self.phi](inner))
        of_codes = [(slopes * row) @ heads for row in self.slopes]
        by_direction = [values[:, :, None] * (rates[:, j, None] * self.basis)[:, None, :] for j, values in enumerate(of_codes)]
        by_slope = [(slopes * code[:, None])[:, None, :] * heads.T for code in codes.T]
        moves = [np.stack(by_direction, axis=3).reshape(*by_direction[0].shape[:2], -1), *by_slope, slopes[:, None, :] * heads.T]
        whole = np.concatenate(moves, axis=2).reshape(len(codes), -1)
        moved = -orthonormal @ (orthonormal[: len(codes)].T @ whole)
        moved[: len(codes)] += whole
        return np.asarray(moved.reshape(-1, self.size), dtype=np.float64)

    @property
    def size(self) -> int:
        """Numbers that a step moves."""
        return int(self.directions.size + self.slopes.size + self.shifts.size)


@dataclass(frozen=True, eq=False)
class Fit:
    """A coded net with its best heads.

    Attributes:
        branch: the side of the functions.
        trunk: the side of the points.
        bias: b0.
        q: output dimension.
        error: |labels - H|^2 in units of scale^2, summed.
        value: with the ridge.
        branch_head: A, (w + 1, q).
        trunk_head: C, (v + 1, q), with orthonormal G C.
        bases: orthonormal bases of F and G.
        rest: labels less bias and H, (N, M).
    """

    branch: Side
    trunk: Side
    bias: float
    q: int
    error: float
    value: float
    branch_head: Array
    trunk_head: Array
    bases: tuple[Array, Array]
    rest: Array

    @property
    def widths(self) -> tuple[int, int]:
        """W and v."""
        return len(self.branch.shifts), len(self.trunk.shifts)


def solved(target: Array, branch: Side, trunk: Side, bias: float, q: int) -> Fit:
    """The best heads of rank q for these features; `target` is (labels - mean) / scale, (N, M)."""
    left, right = branch.bordered(), trunk.bordered()
    (left_basis, left_triangle), (right_basis, right_triangle) = np.linalg.qr(left), np.linalg.qr(right)
    rows, columns = target.shape
    wanted = np.zeros((len(left), len(right)))
    wanted[:rows, :columns] = target - bias
    u, singular, v = np.linalg.svd(left_basis.T @ wanted @ right_basis, full_matrices=False)
    kept = min(q, len(singular))
    b, t = u[:, :kept] * singular[:kept], v[:kept].T
    rest = wanted - left_basis @ (b @ t.T) @ right_basis.T
    heads = np.linalg.solve(left_triangle, b), np.linalg.solve(right_triangle, t)
    return Fit(
        branch,
        trunk,
        bias,
        q,
        error=float(np.sum(rest[:rows, :columns] ** 2)),
        value=float(np.sum(rest**2)),
        branch_head=_padded(heads[0], q),
        trunk_head=_padded(heads[1], q),
        bases=(left_basis, right_basis),
        rest=rest,
    )


def _padded(head: Array, q: int) -> Array:
    return np.hstack([head, np.zeros((len(head), q - head.shape[1]))])


def weights_of(fit: Fit, kernels: tuple[Layer, Layer], ends: Ends) -> Weights:
    """The weights of the DeepONet; `kernels` are the first layers, which give the codes from the scaled arguments."""
    phi = fit.trunk.phi
    shrink = SHRUNK[phi] if ends == "activated-trunk" else 1.0
    size = shrink / max(float(np.abs(fit.trunk.features() @ fit.trunk_head).max()), 1e-300) if shrink < 1.0 else 1.0
    rate = float(SLOPES[phi](np.zeros(1), np.zeros(1))[0]) if shrink < 1.0 else 1.0
    heads = fit.branch_head / size, fit.trunk_head * size / rate
    layers = [
        [first, Layer(side.slopes, side.shifts), Layer(head[:-1], head[-1])]
        for first, side, head in zip(kernels, (fit.branch, fit.trunk), heads, strict=True)
    ]
    return deeponet_weights(layers[0], layers[1], fit.bias)
