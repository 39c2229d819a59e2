"""The modified DeepONet in TensorFlow: values (w, B, E), an axis of length 1 where they do not depend on it. Needs TensorFlow."""

from dataclasses import dataclass

import tensorflow as tf

from bench.engines.descent.networks.deeponet import ACTIVATIONS
from bench.engines.descent.networks.fully_connected import Affine, affine, layers_of
from bench.engines.descent.networks.network import Network, Tensor
from operators.architectures.modified_deeponet import ModifiedDeepONet


@dataclass(frozen=True)
class ModifiedDeepONetNetwork(Network):
    """Both mixed nets as functions of theta."""

    net: ModifiedDeepONet

    def outputs(self, theta: Tensor, inputs: Tensor, points: Tensor) -> Tensor:
        """Values (B, E)."""
        arrays, hidden = self.named(theta), ACTIVATIONS[self.net.activation]
        encoders = [(arrays[f"encode_{what}_kernel"], arrays[f"encode_{what}_bias"][:, None]) for what in ("input", "point")]
        of_inputs = hidden(affine(encoders[0], inputs))[:, :, None]
        difference = hidden(affine(encoders[1], points))[:, None, :] - of_inputs

        def mixed(layers: list[Affine], values: Tensor) -> Tensor:
            for layer in layers[:-1]:
                values = of_inputs + hidden(_affine(layer, values)) * difference
            return _affine(layers[-1], values)

        branch = mixed(layers_of(arrays, "branch"), inputs[:, :, None])
        trunk = mixed(layers_of(arrays, "trunk"), points[:, None, :])
        return tf.reduce_sum(branch * trunk, axis=0) + arrays["bias"]


def _affine(layer: Affine, values: Tensor) -> Tensor:
    """W^T H + c at values (fan in, B, E)."""
    _, functions, points = values.shape
    return tf.reshape(affine(layer, tf.reshape(values, (values.shape[0], -1))), (-1, functions, points))
