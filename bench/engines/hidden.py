"""The hidden part of a fully connected net on fixed inputs: its features, their gradient, its initial weights.

    A_0 = [X, 1],   A_l = [phi(A_{l-1} W_l), 1],   l = 1..L;      W_l (fan in + 1, width): the kernel with the bias as last row

A_L (n, w_L + 1) holds the features that a linear head acts on. Arrays are float64.

Initial law `scaled` (a the fan in; N normal, U uniform), for centred inputs of any scale and coordinates in [-1, 1]:
    branch   W_1 ~ N(0, 1/(a mean X^2)), bias U(-.3, .3);       later layers Glorot normal, bias U(-.09, .09)
    trunk    W_1 ~ N(0, s^2/a) with s = 2, bias U(-2, 2);       later layers Glorot normal, bias U(-.6, .6)
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf, expit

from operators.deeponet import ACTIVATIONS, Activation

Array = NDArray[np.float64]

TRUNK_SCALE = 2.0


def _silu_slope(z: Array, a: Array) -> Array:
    sigmoid = expit(z)
    return sigmoid + a * (1.0 - sigmoid)


def _gelu_slope(z: Array, a: Array) -> Array:
    return 0.5 * (1.0 + erf(z / np.sqrt(2.0))) + z * np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi)


SLOPES: dict[str, Callable[[Array, Array], Array]] = {
    "tanh": lambda z, a: 1.0 - a * a,
    "relu": lambda z, a: (z > 0.0).astype(np.float64),
    "sigmoid": lambda z, a: a * (1.0 - a),
    "silu": _silu_slope,
    "gelu": _gelu_slope,
}
"""phi'(z) as a function of z and a = phi(z)."""


class HiddenNet:
    """Hidden layers on fixed inputs X (n, a).

    Attributes:
        matrices: W_1..W_L, replaced by the caller as it trains.
    """

    def __init__(self, inputs: Array, matrices: Sequence[Array], activation: Activation) -> None:
        self.matrices = list(matrices)
        self._value, self._slope = ACTIVATIONS[activation], SLOPES[activation]
        self._layers = [with_ones(inputs)]

    def features(self) -> Array:
        """A_L (n, w_L + 1); the layers' values are kept for `gradients`."""
        del self._layers[1:]
        self._before: list[Array] = []
        for matrix in self.matrices:
            before = self._layers[-1] @ matrix
            self._before.append(before)
            self._layers.append(with_ones(self._value(before)))
        return self._layers[-1]

    def gradients(self, outer: Array) -> list[Array]:
        """Gradients of a function f with respect to W_1..W_L from `outer` = df/dA_L without its last column (n, w_L)."""
        found: list[Array] = []
        for number in range(len(self.matrices) - 1, -1, -1):
            inner = outer * self._slope(self._before[number], self._layers[number + 1][:, :-1])
            found.append(self._layers[number].T @ inner)
            if number:
                outer = inner @ self.matrices[number][:-1].T
        return found[::-1]


def with_ones(matrix: Array) -> Array:
    """Append a column of ones."""
    out = np.empty((matrix.shape[0], matrix.shape[1] + 1))
    out[:, :-1] = matrix
    out[:, -1] = 1.0
    return out
