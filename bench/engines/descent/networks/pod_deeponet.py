"""POD-DeepONet in TensorFlow: the basis is a variable like all others. Needs TensorFlow."""

from dataclasses import dataclass

import tensorflow as tf

from bench.engines.descent.networks.fully_connected import fully_connected, layers_of
from bench.engines.descent.networks.multilinear import interpolated
from bench.engines.descent.networks.network import Factored, Network, Tensor
from operators.architectures.pod_deeponet import PODDeepONet


@dataclass(frozen=True)
class PODDeepONetNetwork(Network):
    """Coefficients and modes as functions of theta."""

    net: PODDeepONet

    def outputs(self, theta: Tensor, inputs: Tensor, points: Tensor) -> Factored:
        """[b, 1] (q + 1, B) and the modes (q + 1, E), phi_0 last; no scalar bias."""
        arrays = self.named(theta)
        branch = fully_connected(layers_of(arrays, "branch"), inputs, self.net.activation)
        branch = tf.concat([branch, tf.ones_like(branch[:1])], axis=0)
        modes = interpolated(tf.concat([arrays["basis"], arrays["mean"]], axis=1), points, self.net.nodes)
        return Factored(branch, modes, tf.constant(0.0))
