"""A DeepONet as a Keras model of standard layers: it loads elsewhere without code of this suite.

    inputs u (batch, m) and y (batch, P, p), each function with points of its own  ->  outputs (batch, P)

b0 stands in the layer `offset`, a constant of the model and none of its weights. TensorFlow is imported when it is called.
"""

import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from bench.engines.threads import pinned_tensorflow
from operators.architectures.deeponet import DeepONet
from operators.architectures.weights import Weights, layers_of


def keras_model(net: DeepONet, weights: Weights) -> Any:
    """The model, in float32.

    Raises:
        ValueError: sigmoid ends.
    """
    if net.ends == "sigmoid":
        raise ValueError("expected linear or activated-trunk ends, got 'sigmoid'")
    keras = pinned_tensorflow(1).keras
    inputs = keras.Input((net.sensors,), name="inputs")
    points = keras.Input((None, net.coordinates), name="points")
    ends = []
    for part, value, end in (
        ("branch", inputs, None),
        ("trunk", points, net.activation if net.ends == "activated-trunk" else None),
    ):
        layers = layers_of(weights, part)
        for number, layer in enumerate(layers):
            activation = end if number == len(layers) - 1 else net.activation
            dense = keras.layers.Dense(layer.bias.size, activation=activation, name=f"{part}_{number}")
            value = dense(value)
            dense.set_weights([layer.kernel.astype(np.float32), layer.bias.astype(np.float32)])
        ends.append(value)
    product = keras.layers.Dot(axes=(1, 2), name="product")(ends)
    output = keras.layers.Rescaling(1.0, float(weights["bias"][0]), name="offset")(product)
    return keras.Model([inputs, points], output, name="deeponet")


def keras_bytes(net: DeepONet, weights: Weights) -> bytes:
    """The model as a .keras file."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Keras' own, of NumPy 2
        path = Path(folder) / "model.keras"
        keras_model(net, weights).save(path)
        return path.read_bytes()


def load_keras(path: Path) -> Any:
    """A .keras file as a model; nothing in it is run (`safe_mode`).

    Raises:
        ValueError: a file with lambda layers, or none of Keras.
    """
    return pinned_tensorflow(1).keras.models.load_model(path, safe_mode=True, compile=False)
