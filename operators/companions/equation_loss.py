"""The residual of a partial differential equation as a loss in the inner weights of a net: values, slopes and Laplacians in W.

A residual R is a polynomial of degree two in the jet j of the net (`operators.companions.equations`), and j depends on W in
closed form, with w_k one row of W and s = tanh' of z_k = w_k x:

    e           d e / d w_kj                                           Lap_{w_k} e
    tanh z_k    s x_j                                                  s' |x|^2
    s w_ki      s' x_j w_ki + s [i = j]                                s'' |x|^2 w_ki + 2 s' x_i
    s' n_k      s'' x_j n_k + 2 s' w_kj [j in space]                   s''' |x|^2 n_k + 4 s'' (x, w_k)_space + 4 s'

with n_k = |w_k|^2 over space, each times A_ok. By the chain rule, with Q the part of R of degree two, which R gives exactly,

    d_p r = R'(j)[d_p j],    Lap r = R'(j)[Lap j] + sum_p 2 Q(d_p j),    Q(h) = (R(h) + R(-h)) / 2 - R(0).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from operators.arrays import Array
from operators.companions.equations import Column, Equation, Jet
from operators.companions.frozen_outer import SPACE, Floats, FrozenOuterNet
from operators.companions.villani import Loss

Derivatives = tuple[Floats, Floats, Floats, Floats]
"""s and its first three derivatives, each (K, width)."""


@dataclass(frozen=True, eq=False)
class EquationLoss(Loss):
    """Mean squares of the residuals of A tanh(W x) at points x (K, coordinates), summed over the residuals; W is trained."""

    equation: Equation
    points: Array
    outer: Array

    @property
    def count(self) -> int:
        """Width times coordinates."""
        return self.outer.shape[1] * self.points.shape[1]

    def parts(self, theta: Array) -> tuple[Array, Array, Array]:
        """Closed form; the residuals one after the other, scaled so that their mean square is the sum of mean squares."""
        inner, net = theta.reshape(self.outer.shape[1], -1), FrozenOuterNet(self.outer)
        hidden = net.hidden(inner, self.points)
        jet = net.jet(inner, hidden)
        residuals, derivatives = self.equation.residuals(jet), _derivatives(*hidden)
        curved = self._laplacians(inner, derivatives)
        rows, laplacians = [], []
        for slopes, bent in zip(self.equation.pulled_apart(jet), self._bent(inner, derivatives), strict=True):
            rows.append(net.jet_rows(inner, self.points, hidden, slopes))
            laplacians.append(sum(a * b for a, b in zip(_columns(slopes), _columns(curved), strict=True)) + bent)
        scale = len(residuals) ** 0.5
        return scale * np.concatenate(residuals), scale * np.concatenate(rows), scale * np.concatenate(laplacians)

    def _laplacians(self, inner: Array, derivatives: Derivatives) -> Jet:
        """Lap_W of the jet."""
        _, first, second, third = derivatives
        square, n = np.sum(self.points**2, axis=1)[:, None], np.sum(inner[:, :SPACE] ** 2, axis=1)
        along = self.points[:, :SPACE] @ inner[:, :SPACE].T
        slopes = [self._out(second * square * inner[:, i] + 2.0 * first * self.points[:, i, None]) for i in range(inner.shape[1])]
        laplacians = self._out(third * square * n + 4.0 * second * along + 2.0 * SPACE * first)
        return _jet(self._out(first * square), slopes, laplacians)

    def _out(self, hidden: Array) -> Array:
        """A applied to hidden units, (outputs, K)."""
        return self.outer @ hidden.T

    def _bent(self, inner: Array, derivatives: Derivatives) -> list[Array]:
        """sum_p 2 Q(d_p j) for each residual."""
        s, first, second, _ = derivatives
        n = np.sum(inner[:, :SPACE] ** 2, axis=1)
        found = [np.zeros(len(self.points)) for _ in self.equation.residual_names]
        for j in range(inner.shape[1]):
            x = self.points[:, j, None]
            slopes = [first * x * inner[:, i] + (s if i == j else 0.0) for i in range(inner.shape[1])]
            laplacians = second * x * n + (2.0 * first * inner[:, j] if j < SPACE else 0.0)
            jet = _jet(self._of_each(s * x), [self._of_each(one) for one in slopes], self._of_each(laplacians))
            for place, bent in enumerate(_second_order(self.equation, jet)):
                found[place] += 2.0 * bent.reshape(-1, len(self.points)).sum(axis=0)
        return found

    def _of_each(self, hidden: Array) -> Array:
        """A_ok times hidden unit k at every point, (outputs, width x K)."""
        each: Array = self.outer[:, :, None] * hidden.T
        return each.reshape(len(self.outer), -1)


def _derivatives(t: Floats, s: Floats) -> Derivatives:
    """s = 1 - t^2 and its three derivatives."""
    return s, -2.0 * t * s, s * (6.0 * t**2 - 2.0), s * t * (16.0 - 24.0 * t**2)


def _jet(values: Array, slopes: Sequence[Array], laplacians: Array) -> Jet:
    """A jet from (outputs, K) arrays, one of the slopes for each coordinate."""
    return Jet(list(values), [list(columns) for columns in zip(*slopes, strict=True)], list(laplacians))


def _columns(jet: Jet) -> Iterator[Column]:
    """All of a jet, in one order."""
    yield from jet.values
    for columns in jet.slopes:
        yield from columns
    yield from jet.laplacians


def _scaled(jet: Jet, factor: float) -> Jet:
    return Jet(
        [factor * one for one in jet.values],
        [[factor * one for one in columns] for columns in jet.slopes],
        [factor * one for one in jet.laplacians],
    )


def _second_order(equation: Equation, jet: Jet) -> list[Array]:
    """Q of a jet, for each residual."""
    ahead, behind, nothing = (equation.residuals(one) for one in (jet, _scaled(jet, -1.0), _scaled(jet, 0.0)))
    return [np.asarray((a + b) / 2.0 - c) for a, b, c in zip(ahead, behind, nothing, strict=True)]
