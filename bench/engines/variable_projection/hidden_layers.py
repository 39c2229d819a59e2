"""The hidden part of a fully connected net on fixed inputs: its features and their gradient, in float64.

    A_0 = [X, 1],   A_l = [phi(A_{l-1} W_l), 1],   l = 1..L;      W_l (fan in + 1, width): the kernel with the bias as last row

A_L (n, w_L + 1) holds the features that a linear head acts on: h = A_L W. Without hidden layers (L = 0) they are [X, 1] and
nothing is trained. Where the last layer itself is activated and no head follows, it counts as hidden, and the features go without
the constant.
"""

from collections.abc import Sequence

import numpy as np

from operators.architectures.activations import ACTIVATIONS, SLOPES, Activation
from operators.arrays import Array


class HiddenNet:
    """Hidden layers on the inputs X (n, fan in).

    Attributes:
        matrices: W_1..W_L; whoever trains the net replaces the list.
        width: features less the constant: w_L, or the fan in without hidden layers.
        columns: features.
    """

    def __init__(self, inputs: Array, matrices: Sequence[Array], activation: Activation, *, constant: bool = True) -> None:
        self.matrices = list(matrices)
        self.width = matrices[-1].shape[1] if matrices else inputs.shape[1]
        self.columns = self.width + constant
        self._value, self._slope = ACTIVATIONS[activation], SLOPES[activation]
        widths = [matrix.shape[1] for matrix in matrices]
        self._layers = [with_ones(inputs), *(np.ones((len(inputs), width + 1)) for width in widths)]
        self._before = [np.empty((len(inputs), width)) for width in widths]

    def features(self) -> Array:
        """A_L (n, columns) for the present matrices. The array is used again by the next call."""
        for number, matrix in enumerate(self.matrices):
            np.matmul(self._layers[number], matrix, out=self._before[number])
            self._layers[number + 1][:, :-1] = self._value(self._before[number])
        return self._layers[-1][:, : self.columns]

    def gradients(self, outer: Array) -> list[Array]:
        """Gradients of a function f in W_1..W_L, from `outer` = df/dA_L (n, w_L), its last column left out.

        The last call of `features` must have been for the present matrices.
        """
        found: list[Array] = []
        for number in range(len(self.matrices) - 1, -1, -1):
            inner = self._slope(self._before[number], self._layers[number + 1][:, :-1])
            inner *= outer
            found.append(self._layers[number].T @ inner)
            if number:
                outer = inner @ self.matrices[number][:-1].T
        return found[::-1]


def with_ones(matrix: Array) -> Array:
    """The matrix (n, k) with a column of ones appended."""
    out = np.empty((matrix.shape[0], matrix.shape[1] + 1))
    out[:, :-1] = matrix
    out[:, -1] = 1.0
    return out
