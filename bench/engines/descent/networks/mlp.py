"""The plain net on input and query point in TensorFlow: pairs (i, j) are columns i E + j. Needs TensorFlow."""

from dataclasses import dataclass

import tensorflow as tf

from bench.engines.descent.networks.deeponet import ACTIVATIONS
from bench.engines.descent.networks.fully_connected import fully_connected, layers_of
from bench.engines.descent.networks.network import Network, Tensor
from operators.architectures.mlp import MLP


@dataclass(frozen=True)
class MLPNetwork(Network):
    """The net as a function of theta."""

    net: MLP

    def outputs(self, theta: Tensor, inputs: Tensor, points: Tensor) -> Tensor:
        """Values (B, E)."""
        arrays = self.named(theta)
        of_inputs = tf.matmul(arrays["branch_0_kernel"], inputs, transpose_a=True)
        of_points = tf.matmul(arrays["trunk_0_kernel"], points, transpose_a=True) + arrays["trunk_0_bias"][:, None]
        first = ACTIVATIONS[self.net.activation](of_inputs[:, :, None] + of_points[:, None, :])
        values = fully_connected(layers_of(arrays, "joint"), tf.reshape(first, (self.net.widths[0], -1)), self.net.activation)
        return tf.reshape(values, (inputs.shape[1], points.shape[1]))
