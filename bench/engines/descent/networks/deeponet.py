"""The DeepONet in TensorFlow, in float32, one flat vector of parameters, features first.

theta holds the matrix [W; c] (fan in + 1, fan out) of each layer of branch and trunk, row by row, and last b0. Values are kept
as (features, samples): Z = W^T H + c. Then the products of a training step are W^T H, W dZ and H dZ^T; XLA on CPU is slow only
at H^T dZ with the samples leading, which does not occur.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import tensorflow as tf

from bench.engines.descent.networks.network import Factored, Network, Tensor
from operators.architectures.deeponet import DeepONet

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
class DeepONetNetwork(Network):
    """Branch and trunk as functions of theta."""

    net: DeepONet

    def outputs(self, theta: Tensor, inputs: Tensor, points: Tensor) -> Factored:
        """Branch values, trunk values and b0."""
        branch, trunk, bias = self.parameters(theta)
        return Factored(self.branch(branch, inputs), self.trunk(trunk, points), bias)

    def parameters(self, theta: Tensor) -> tuple[list[Affine], list[Affine], Tensor]:
        """Split theta (d,) into the layers (W (fan in, fan out), c (fan out, 1)) of branch and trunk, and b0 ()."""
        shapes = self.matrix_shapes()[:-1]
        pieces = tf.split(theta, [size for a, b in shapes for size in ((a - 1) * b, b)] + [1])
        layers = [
            (tf.reshape(kernel, (a - 1, b)), tf.reshape(bias, (b, 1)))
            for (a, b), kernel, bias in zip(shapes, pieces[:-1:2], pieces[1::2], strict=True)
        ]
        depth = len(self.net.branch_widths) + 1
        return layers[:depth], layers[depth:], pieces[-1][0]

    def matrix_shapes(self) -> tuple[tuple[int, int], ...]:
        """Shapes (fan in + 1, fan out) of the matrices [W; c]; the 1 x 1 matrix of b0 comes last."""
        parts = (self.net.branch_sizes(), self.net.trunk_sizes())
        return (*((a + 1, b) for sizes in parts for a, b in pairwise(sizes)), (1, 1))

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
