"""Nets u(x) = A tanh(W x) without biases, A frozen: their derivatives in x, and how these depend on W. Closed form.

With t = tanh(W x), s = 1 - t^2, n_k = |W_k|^2 over the space coordinates,

    u = A t,   d_j u = A (s o W_j),   Lap u = -2 A (t o s o n),

three matrix products on t, s and t o s. The gradient of a number in W follows from its slopes in these by the chain rule.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from operators.arrays import Array
from operators.companions.equations import Jet

SPACE = 2
Floats = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class FrozenOuterNet:
    """The net of frozen outer weights A (outputs, width), in the precision of A."""

    outer: Floats

    def hidden(self, inner: Floats, points: Floats) -> tuple[Floats, Floats]:
        """t and s, (K, width)."""
        t = np.tanh(points @ inner.T)
        return t, 1.0 - t * t

    def values(self, inner: Floats, points: Floats) -> Floats:
        """u (K, outputs)."""
        return self.hidden(inner, points)[0] @ self.outer.T

    def values_pulled(self, points: Floats, hidden: tuple[Floats, Floats], slopes: Floats) -> Floats:
        """The gradient in W (width, coordinates) of a number with these slopes (K, outputs) in u."""
        gradient: Floats = ((slopes @ self.outer) * hidden[1]).T @ points
        return gradient

    def jet(self, inner: Floats, hidden: tuple[Floats, Floats]) -> Jet:
        """u and its derivatives, as columns."""
        t, s = hidden
        outputs = len(self.outer)
        slopes = (s @ self._by_coordinate(inner)).T.reshape(outputs, inner.shape[1], -1)
        laplacians = ((t * s) @ self._by_curvature(inner)).T
        return Jet(list((t @ self.outer.T).T), [list(columns) for columns in slopes], list(laplacians))

    def jet_pulled(self, inner: Floats, points: Floats, hidden: tuple[Floats, Floats], slopes: Jet) -> Floats:
        """The gradient in W of a number with these slopes in the jet."""
        t, s = hidden
        in_z, in_slopes, in_laplacians = self._in_z(inner, hidden, slopes)
        gradient: Floats = in_z.T @ points
        along = (in_slopes @ s).reshape(len(self.outer), inner.shape[1], -1)
        gradient += np.sum(self.outer[:, None, :] * along, axis=0).T
        curved = -4.0 * np.sum(self.outer * (in_laplacians @ (t * s)), axis=0)
        gradient[:, :SPACE] += curved[:, None] * inner[:, :SPACE]
        return gradient

    def jet_rows(self, inner: Floats, points: Floats, hidden: tuple[Floats, Floats], slopes: Jet) -> Floats:
        """The gradients in W of K numbers, one a point, with these slopes in the jet there, (K, width x coordinates)."""
        t, s = hidden
        in_z, in_slopes, in_laplacians = self._in_z(inner, hidden, slopes)
        along = in_slopes.T.reshape(len(points), len(self.outer), -1).transpose(0, 2, 1) @ self.outer
        rows: Floats = in_z[:, :, None] * points[:, None, :] + s[:, :, None] * along.transpose(0, 2, 1)
        rows[:, :, :SPACE] += (-4.0 * (in_laplacians.T @ self.outer) * (t * s))[:, :, None] * inner[:, :SPACE]
        return rows.reshape(len(points), -1)

    def _in_z(self, inner: Floats, hidden: tuple[Floats, Floats], slopes: Jet) -> tuple[Floats, Floats, Floats]:
        """Slopes in z = W x (K, width), and those in the slopes (outputs x coordinates, K) and the Laplacians (outputs, K)."""
        t, s = hidden
        in_values, in_laplacians = np.stack(list(slopes.values)), np.stack(list(slopes.laplacians))
        in_slopes = np.concatenate([np.stack(list(columns)) for columns in slopes.slopes])
        in_z = in_slopes.T @ (-2.0 * self._by_coordinate(inner).T)
        in_z *= t
        if in_values.any():
            in_z += in_values.T @ self.outer
        in_ts = in_laplacians.T @ self._by_curvature(inner).T
        in_ts *= 3.0 * s - 2.0
        in_z += in_ts
        in_z *= s
        return in_z, in_slopes, in_laplacians

    def _by_coordinate(self, inner: Floats) -> Floats:
        """What takes s to the slopes, (width, outputs x coordinates)."""
        product: Floats = self.outer.T[:, :, None] * inner[:, None, :]
        return product.reshape(len(inner), -1)

    def _by_curvature(self, inner: Floats) -> Floats:
        """What takes t o s to the Laplacians, (width, outputs)."""
        curved: Floats = -2.0 * self.outer.T * np.sum(inner[:, :SPACE] ** 2, axis=1)[:, None]
        return curved


def drawn(width: int, outputs: int, coordinates: int, random: np.random.Generator) -> tuple[Array, Array]:
    """Outer weights from N(0, 1), inner ones uniform within one over the root of the fan-in."""
    outer = random.standard_normal((outputs, width))
    return outer, random.uniform(-1.0, 1.0, (width, coordinates)) / np.sqrt(coordinates)
