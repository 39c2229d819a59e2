"""Fully connected layers in TensorFlow, features first: Z = W^T H + c. Needs TensorFlow."""

from collections.abc import Callable, Mapping

import tensorflow as tf

from bench.engines.descent.networks.deeponet import ACTIVATIONS
from bench.engines.descent.networks.network import Tensor
from operators.architectures.activations import Activation

Affine = tuple[Tensor, Tensor]


def layers_of(arrays: Mapping[str, Tensor], part: str) -> list[Affine]:
    """The layers (W (fan in, fan out), c (fan out, 1)) of a part, the first one first."""
    count = sum(name.startswith(f"{part}_") and name.endswith("_kernel") for name in arrays)
    return [(arrays[f"{part}_{number}_kernel"], arrays[f"{part}_{number}_bias"][:, None]) for number in range(count)]


def affine(layer: Affine, values: Tensor) -> Tensor:
    """W^T H + c at values (fan in, n)."""
    return tf.matmul(layer[0], values, transpose_a=True) + layer[1]


def fully_connected(layers: list[Affine], values: Tensor, activation: Activation) -> Tensor:
    """Values (fan out, n) with a linear end."""
    return affine(layers[-1], hidden_layers(layers[:-1], values, activation))


def hidden_layers(layers: list[Affine], values: Tensor, activation: Activation) -> Tensor:
    """Values (fan out, n), an activation after each layer."""
    hidden: Callable[[Tensor], Tensor] = ACTIVATIONS[activation]
    for layer in layers:
        values = hidden(affine(layer, values))
    return values
