"""shift-DeepONet in TensorFlow: moved points (k, i, j) are columns (k B + i) E + j. Needs TensorFlow."""

from dataclasses import dataclass

import tensorflow as tf

from bench.engines.descent.networks.fully_connected import fully_connected, hidden_layers, layers_of
from bench.engines.descent.networks.network import Network, Tensor
from operators.architectures.shift_deeponet import ShiftDeepONet


@dataclass(frozen=True)
class ShiftDeepONetNetwork(Network):
    """The four nets as functions of theta."""

    net: ShiftDeepONet

    def outputs(self, theta: Tensor, inputs: Tensor, points: Tensor) -> Tensor:
        """Values (B, E)."""
        arrays, net = self.named(theta), self.net
        branch, scale, shift = (
            fully_connected(layers_of(arrays, part), inputs, net.activation) for part in ("branch", "scale", "shift")
        )
        *layers, (kernel, bias) = layers_of(arrays, "trunk")
        features = hidden_layers(layers, self._moved(scale, shift, points), net.activation)
        features = tf.reshape(features, (net.trunk_widths[-1], net.q, inputs.shape[1] * points.shape[1]))
        trunk = tf.reduce_sum(kernel[:, :, None] * features, axis=0) + bias
        terms = branch[:, :, None] * tf.reshape(trunk, (net.q, inputs.shape[1], points.shape[1]))
        return tf.reduce_sum(terms, axis=0) + arrays["bias"]

    def _moved(self, scale: Tensor, shift: Tensor, points: Tensor) -> Tensor:
        """(I + A_k(u_i)) y_j + s_k(u_i) as (p, q B E)."""
        p = self.net.coordinates
        scale, shift = tf.reshape(scale, (self.net.q, p, p, -1)), tf.reshape(shift, (self.net.q, p, -1))
        rows = []
        for a in range(p):
            row = points[a] + shift[:, a, :, None]
            for b in range(p):
                row += scale[:, a, b, :, None] * points[b]
            rows.append(tf.reshape(row, [-1]))
        return tf.stack(rows)
