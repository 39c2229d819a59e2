"""Regularised losses whose Gibbs measure mixes: the Villani property, and what of it holds for which loss.

    F(W) = (1/n) sum_i r_i(W)^2 + (lambda/2) |W|^2

F is Villani if it is smooth, tends to infinity with e^(-2F/s) integrable, and |grad F|^2 / s - Lap F -> oo for every s > 0; then
Langevin dynamics has a spectral gap. Two layers, outer a frozen: r_i = a^T phi(W x_i) - y_i, and

    <W, grad data> = (2/n) sum (h_i - y_i)(h_i - e_i),   e = a^T (phi(z) - z phi'(z)),   |e| <= |a|_1 sup |phi - z phi'| =: E,
                  >= -(1/2n) sum (|y_i| + E)^2 =: -C,

as (h - y)(h - e) >= -(y - e)^2 / 4. So |grad F| >= lambda |W| - C/|W|, while Lap F <= lambda dim + O(1 + |W|): any lambda > 0
will do, for softplus too (sup = ln 2; tanh 1, sigmoid 1). The papers ask for lambda > lambda_c = 2 M_D L B_x^2 |a|^2, which
the property itself does not need; their rate may. (Gopalani, Mukherjee 2022, arXiv 2210.11452.)

With J the Jacobian of r, grad data = (2/n) J^T r and Lap data = (2/n) sum (|J_i|^2 + r_i Lap r_i): a loss gives r, J and Lap r.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from operators.arrays import Array

Derivatives = Callable[[Array], tuple[Array, Array, Array]]
"""phi, phi', phi''."""


def _sigmoid(z: Array) -> Array:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * z)))


def tanh_derivatives(z: Array) -> tuple[Array, Array, Array]:
    """tanh."""
    t = np.tanh(z)
    return t, 1.0 - t**2, -2.0 * t * (1.0 - t**2)


def sigmoid_derivatives(z: Array) -> tuple[Array, Array, Array]:
    """1 / (1 + e^-z)."""
    s = _sigmoid(z)
    return s, s * (1.0 - s), s * (1.0 - s) * (1.0 - 2.0 * s)


def softplus_derivatives(z: Array) -> tuple[Array, Array, Array]:
    """ln(1 + e^z)."""
    s = _sigmoid(z)
    return np.logaddexp(0.0, z), s, s * (1.0 - s)


@dataclass(frozen=True)
class Activation:
    """An activation with sup |phi'|, its Lipschitz constant, which is the same, and sup |phi - z phi'|."""

    derivatives: Derivatives
    steepest: float
    intercept: float


ACTIVATIONS: Mapping[str, Activation] = {
    "tanh": Activation(tanh_derivatives, 1.0, 1.0),
    "sigmoid": Activation(sigmoid_derivatives, 0.25, 1.0),
    "softplus": Activation(softplus_derivatives, 1.0, float(np.log(2.0))),
}


class Loss(ABC):
    """Residuals with derivatives in all trained parameters, as one vector."""

    @property
    @abstractmethod
    def count(self) -> int:
        """Trained parameters."""

    @abstractmethod
    def parts(self, theta: Array) -> tuple[Array, Array, Array]:
        """r (n,), J (n, count) and Lap r (n,)."""

    def growth(self, theta: Array, strength: float) -> "Growth":
        """What the growth condition weighs, for lambda = strength."""
        r, jacobian, laplacian = self.parts(theta)
        data = 2.0 / len(r) * (jacobian.T @ r)
        curved = 2.0 / len(r) * float(np.sum(jacobian**2) + r @ laplacian) + strength * self.count
        return Growth(float(np.sum((data + strength * theta) ** 2)), curved, float(theta @ data))

    def directions(self, random: np.random.Generator, count: int) -> Array:
        """Unit vectors, (count, parameters): where rays go."""
        drawn = random.standard_normal((count, self.count))
        return np.asarray(drawn / np.linalg.norm(drawn, axis=1)[:, None])


@dataclass(frozen=True)
class Growth:
    """|grad F|^2, Lap F and <theta, grad data> at a point."""

    slope: float
    laplacian: float
    inner: float

    def temperature(self) -> float:
        """The s up to which |grad F|^2 / s >= Lap F; infinite where the Laplacian is not positive."""
        return self.slope / self.laplacian if self.laplacian > 0.0 else np.inf


@dataclass(frozen=True, eq=False)
class TwoLayers(Loss):
    """a^T phi(W x), W trained."""

    x: Array
    y: Array
    outer: Array
    activation: Activation

    @property
    def count(self) -> int:
        """Width times inputs."""
        return len(self.outer) * self.x.shape[1]

    def parts(self, theta: Array) -> tuple[Array, Array, Array]:
        """Closed form."""
        value, first, second = self.activation.derivatives(self.x @ theta.reshape(len(self.outer), -1).T)
        jacobian = ((first * self.outer)[:, :, None] * self.x[:, None, :]).reshape(len(self.x), -1)
        return value @ self.outer - self.y, jacobian, (second @ self.outer) * np.sum(self.x**2, axis=1)

    def value_and_gradient(self, theta: Array, rows: slice | NDArray[np.int64] = slice(None)) -> tuple[float, Array]:
        """Mean square of the residuals of some rows, and its gradient."""
        x = self.x[rows]
        value, first, _ = self.activation.derivatives(x @ theta.reshape(len(self.outer), -1).T)
        r = value @ self.outer - self.y[rows]
        gradient = (2.0 / len(r)) * ((first * self.outer * r[:, None]).T @ x)
        return float(np.mean(r**2)), gradient.ravel()

    def threshold(self) -> float:
        """lambda_c = 2 M_D L B_x^2 |a|^2."""
        steepest = self.activation.steepest
        return float(2.0 * steepest**2 * np.sum(self.x**2, axis=1).max() * np.sum(self.outer**2))

    def least_inner(self) -> float:
        """-C, below which <W, grad data> cannot fall."""
        intercept = float(np.abs(self.outer).sum()) * self.activation.intercept
        return -float(np.mean((np.abs(self.y) + intercept) ** 2)) / 2.0


@dataclass(frozen=True, eq=False)
class Heads(Loss):
    """A DeepONet <A tanh(V u), B tanh(W y)> on all pairs; V and W are trained, A and B where `trained`.

    With A and B frozen all is bounded, and the argument of two layers holds. With trained heads it fails: at B = 0, A = rho A_0
    there is h = 0, |grad F| = O(rho) and Lap F >= (2/n) sum |A tanh(V u)|^2 |tanh(W y)|^2 = c rho^2, so that for every s above
    some s_0 |grad F|^2 / s - Lap F falls to minus infinity.
    """

    u: Array
    y: Array
    labels: Array
    branch: Array
    trunk: Array
    trained: bool

    @property
    def count(self) -> int:
        """Entries of V and W, and of A and B where they are trained."""
        hidden = self.branch.shape[1] * self.u.shape[1] + self.trunk.shape[1] * self.y.shape[1]
        return hidden + (self.branch.size + self.trunk.size if self.trained else 0)

    def parts(self, theta: Array) -> tuple[Array, Array, Array]:
        """Closed form; pairs in the order of `labels.ravel()`."""
        ends = np.cumsum([self.branch.shape[1] * self.u.shape[1], self.trunk.shape[1] * self.y.shape[1], self.branch.size])
        v, w, a, b = np.split(theta, ends) if self.trained else (*np.split(theta, ends[:1]), self.branch, self.trunk)
        a, b = a.reshape(self.branch.shape), b.reshape(self.trunk.shape)
        left, right = _side(self.u, v, a), _side(self.y, w, b)
        r = left.values @ right.values.T - self.labels
        toward_v = right.values @ a
        toward_w = left.values @ b
        blocks = [
            np.einsum("jk,ik,im->ijkm", toward_v, left.first, self.u),
            np.einsum("ik,jk,jm->ijkm", toward_w, right.first, self.y),
        ]
        if self.trained:
            blocks.append(np.einsum("jq,ik->ijqk", right.values, left.hidden))
            blocks.append(np.einsum("iq,jk->ijqk", left.values, right.hidden))
        laplacian = (left.second * np.sum(self.u**2, axis=1)[:, None]) @ toward_v.T
        laplacian = laplacian + toward_w @ (right.second * np.sum(self.y**2, axis=1)[:, None]).T
        jacobian = np.concatenate([block.reshape(r.size, -1) for block in blocks], axis=1)
        return r.ravel(), jacobian, laplacian.ravel()

    def directions(self, random: np.random.Generator, count: int) -> Array:
        """Where heads are trained, half of the rays have B = 0."""
        drawn = random.standard_normal((count, self.count))
        if self.trained:
            drawn[::2, self.count - self.trunk.size :] = 0.0
        return np.asarray(drawn / np.linalg.norm(drawn, axis=1)[:, None])


@dataclass(frozen=True, eq=False)
class _Side:
    """One net of a DeepONet: hidden units with two derivatives, and its outputs."""

    hidden: Array
    first: Array
    second: Array
    values: Array


def _side(x: Array, weights: Array, head: Array) -> _Side:
    hidden, first, second = tanh_derivatives(x @ weights.reshape(head.shape[1], -1).T)
    return _Side(hidden, first, second, hidden @ head.T)


def autocorrelation_time(values: Array) -> float:
    """Integrated autocorrelation time in steps: 1 + 2 sum rho_t up to the first window of five of itself (Sokal)."""
    centred = values - values.mean()
    size = 2 * len(values)
    spectrum = np.abs(np.fft.rfft(centred, size)) ** 2
    correlation = np.fft.irfft(spectrum, size)[: len(values)]
    times = 2.0 * np.cumsum(correlation / correlation[0]) - 1.0
    closed = np.arange(len(times)) >= 5.0 * times
    return float(times[np.argmax(closed)] if closed.any() else times[-1])
