"""The Fourier neural operator in TensorFlow: channels first, (w, B, k^p), transforms as products with waves. Needs TensorFlow."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from bench.engines.descent.networks.deeponet import ACTIVATIONS
from bench.engines.descent.networks.fully_connected import affine, fully_connected, layers_of
from bench.engines.descent.networks.multilinear import interpolated
from bench.engines.descent.networks.network import Network, Tensor
from operators.architectures.fourier import FourierOperator


@dataclass(frozen=True)
class FourierOperatorNetwork(Network):
    """The operator as a function of theta."""

    net: FourierOperator

    def outputs(self, theta: Tensor, inputs: Tensor, points: Tensor) -> Tensor:
        """Values (B, E)."""
        net, arrays = self.net, self.named(theta)
        size, functions = net.sensors, inputs.shape[1]
        waves = [tf.constant(wave, tf.float32) for wave in net.waves()]
        local = layers_of(arrays, "local")
        v = affine(layers_of(arrays, "lift")[0], self._arguments(inputs))
        for layer in range(net.depth):
            v = affine(local[layer], v) + self._convolved(arrays, layer, tf.reshape(v, (net.width, functions, size)), waves)
            v = ACTIVATIONS[net.activation](v) if layer < net.depth - 1 else v
        fields = tf.reshape(fully_connected(layers_of(arrays, "project"), v, net.activation), (functions, size))
        return interpolated(tf.transpose(fields), points, net.side)

    def _arguments(self, inputs: Tensor) -> Tensor:
        """[u(x), x] at all grid points of all inputs: (1 + p, B k^p)."""
        axes = [np.linspace(-1.0, 1.0, self.net.side)] * self.net.coordinates
        at = np.stack(np.meshgrid(*axes, indexing="ij")).reshape(self.net.coordinates, -1)
        at = tf.tile(tf.constant(at, tf.float32), (1, inputs.shape[1]))
        return tf.concat([tf.reshape(tf.transpose(inputs), (1, -1)), at], axis=0)

    def _convolved(self, arrays: dict[str, Tensor], layer: int, v: Tensor, waves: list[Tensor]) -> Tensor:
        """K v as (w, B k^p)."""
        width, functions, size = v.shape
        real = arrays[f"fourier_{layer}_real"]
        count = real.shape[0]
        even, odd = (self._modes(v, wave) / size for wave in waves)
        imaginary = tf.zeros_like(real)
        if count > 1:
            imaginary = tf.concat([imaginary[:1], arrays[f"fourier_{layer}_imaginary"]], axis=0)
        twice = tf.constant([1.0] + [2.0] * (count - 1))[:, None, None]
        at_cosines = twice * (tf.matmul(real, even, transpose_a=True) + tf.matmul(imaginary, odd, transpose_a=True))
        at_sines = twice * (tf.matmul(imaginary, even, transpose_a=True) - tf.matmul(real, odd, transpose_a=True))
        back = [tf.reshape(tf.transpose(part, (1, 2, 0)), (-1, count)) for part in (at_cosines, at_sines)]
        return tf.reshape(tf.matmul(back[0], waves[0]) - tf.matmul(back[1], waves[1]), (width, functions * size))

    def _modes(self, v: Tensor, wave: Tensor) -> Tensor:
        """Sums over the grid against each wave: (F, w, B)."""
        width, functions, size = v.shape
        found = tf.matmul(tf.reshape(v, (-1, size)), wave, transpose_b=True)
        return tf.transpose(tf.reshape(found, (width, functions, -1)), (2, 0, 1))
