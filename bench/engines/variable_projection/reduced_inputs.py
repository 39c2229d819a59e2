"""The inputs of a net in coordinates of their own rank, and the way back.

X = (U - mean U) V, with V (m, r) the right singular vectors of the centred inputs (n, m) whose singular value is above a cut,
CUT unless another is given, times the largest. A first layer u W + c acts on U as x (V^T W) + (c + mean U W) does on X, up to
directions in which the inputs do not vary; trained weights are led back with no part in those. The rotation only saves size, as
SOAP is equivariant under rotations; centring uncouples W from c.
"""

from dataclasses import dataclass

import numpy as np

from operators.architectures.weights import Layer
from operators.arrays import Array

CUT = 1e-5


@dataclass(frozen=True, eq=False)
class Reduced:
    """Centred and rotated inputs.

    Attributes:
        values: X (n, r).
        mean: (m,).
        rotation: V (m, r).
    """

    values: Array
    mean: Array
    rotation: Array

    def matrices(self, layers: tuple[Layer, ...]) -> list[Array]:
        """W_1, W_2, ... (fan in + 1, fan out), bias as last row, of layers that act on the inputs as given."""
        if not layers:
            return []
        first = layers[0]
        reduced = np.vstack([self.rotation.T @ first.kernel, first.bias + self.mean @ first.kernel])
        return [reduced, *(np.vstack([layer.kernel, layer.bias]) for layer in layers[1:])]

    def layers(self, matrices: list[Array]) -> tuple[Layer, ...]:
        """The layers that act on the inputs as given, the first matrix being that of the first layer."""
        kernel = self.rotation @ matrices[0][:-1]
        first = Layer(kernel, matrices[0][-1] - self.mean @ kernel)
        return (first, *(Layer(matrix[:-1].copy(), matrix[-1].copy()) for matrix in matrices[1:]))


def reduced(inputs: Array, *, cut: float = CUT) -> Reduced:
    """Centre and rotate inputs (n, m)."""
    mean = inputs.mean(axis=0)
    _, values, right = np.linalg.svd(inputs - mean, full_matrices=False)
    rotation = right[: max(1, int(np.sum(values > cut * values[0])))].T
    return Reduced((inputs - mean) @ rotation, mean, rotation)
