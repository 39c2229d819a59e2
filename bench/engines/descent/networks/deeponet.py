"""The net in TensorFlow, in float32, one flat vector of parameters, features first.

theta holds, in the canonical order of `operators.architectures.weights.Weights`, the matrix [W; c] (fan in + 1, fan out) of
each layer, row by row, and last the scalar bias b0. Values are kept as (features, samples): Z = W^T H + c. Then the products of
a training step are W^T H, W dZ and H dZ^T; XLA on CPU is slow only at H^T dZ with the samples leading, which does not occur.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from operators.architectures.deeponet import DeepONet
from operators.architectures.weights import Layer, Weights

Tensor = Any
Affine = tuple[Tensor, Tensor]
Function = Callable[[Tensor], Tensor]

ACTIVATIONS: dict[str, Function] = {
    "tanh": tf.tanh,
    "relu": tf.nn.relu,
    "sigmoid": tf.sigmoid,
    "gelu": lambda z: tf.nn.gelu(z, approximate=False),
    "silu": lambda z: z * tf.sigmoid(z),
}


@dataclass(frozen=True)
class Network:
    """Branch and trunk of an architecture as functions of theta."""

    net: DeepONet

    def parameters(self, theta: Tensor) -> tuple[list[Affine], list[Affine], Tensor]:
        """Split theta (d,) into the layers (W (fan in, fan out), c (fan out, 1)) of branch and trunk, and b0 ()."""
        shapes = matrix_shapes(self.net)[:-1]
        pieces = tf.split(theta, [size for a, b in shapes for size in ((a - 1) * b, b)] + [1])
        layers = [
            (tf.reshape(kernel, (a - 1, b)), tf.reshape(bias, (b, 1)))
            for (a, b), kernel, bias in zip(shapes, pieces[:-1:2], pieces[1::2], strict=True)
        ]
        depth = len(self.net.branch_widths) + 1
        return layers[:depth], layers[depth:], pieces[-1][0]

    def branch(self, layers: list[Affine], inputs: Tensor) -> Tensor:
        """Branch values (q, n) at inputs (m, n)."""
        return self._values(layers, inputs, tf.sigmoid if self.net.ends == "sigmoid" else None)

    def trunk(self, layers: list[Affine], points: Tensor) -> Tensor:
        """Trunk values (q, n) at points (p, n)."""
        ends = {"linear": None, "activated-trunk": ACTIVATIONS[self.net.activation], "sigmoid": tf.sigmoid}
        return self._values(layers, points, ends[self.net.ends])

    def _values(self, layers: list[Affine], values: Tensor, end: Function | None) -> Tensor:
        functions = [ACTIVATIONS[self.net.activation]] * (len(layers) - 1) + [end]
        for (kernel, bias), function in zip(layers, functions, strict=True):
            values = tf.matmul(kernel, values, transpose_a=True) + bias
            values = values if function is None else function(values)
        return values


def matrix_shapes(net: DeepONet) -> tuple[tuple[int, int], ...]:
    """Shapes (fan in + 1, fan out) of the matrices [W; c]; the 1 x 1 matrix of b0 comes last."""
    parts = (net.branch_sizes(), net.trunk_sizes())
    return (*((a + 1, b) for sizes in parts for a, b in pairwise(sizes)), (1, 1))


def flattened(weights: Weights) -> NDArray[np.float32]:
    """Theta of these weights."""
    return np.concatenate([array.astype(np.float32).ravel() for array in weights.arrays()])


def unflattened(net: DeepONet, theta: NDArray[np.float32]) -> Weights:
    """The weights of this theta, as float64 copies."""
    shapes = matrix_shapes(net)
    ends = np.cumsum([a * b for a, b in shapes])
    pieces = np.split(theta.astype(np.float64), ends[:-1])
    layers = [
        Layer(matrix[:-1].copy(), matrix[-1].copy())
        for matrix in (piece.reshape(shape) for piece, shape in zip(pieces[:-1], shapes[:-1], strict=True))
    ]
    depth = len(net.branch_widths) + 1
    return Weights(tuple(layers[:depth]), tuple(layers[depth:]), float(pieces[-1][0]))
