"""A DeepONet that was trained elsewhere, from its weights: a model of this suite, or safetensors as PyTorch names them.

What the weights are of is recognised as in `results.models.count`; activation and ends are not in such files and are stated.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from operators.architectures.activations import Activation
from operators.architectures.deeponet import DeepONet, Ends, deeponet_weights
from operators.architectures.weights import Layer, Weights
from operators.errors import UserError
from results.models import deeponet_model, safetensors
from results.models.count import PART, chain, recognised
from results.models.safetensors import TensorShape
from results.witnesses.untrusted_files import Unreadable, read_regular

MOST_BYTES = 2**28


def load_deeponet(path: Path, *, activation: Activation = "tanh", ends: Ends = "activated-trunk") -> tuple[DeepONet, Weights]:
    """The architecture and the weights, in float64.

    Raises:
        UserError: a file that is neither, is damaged, or holds another net.
    """
    data = read_regular(path, MOST_BYTES)
    if path.suffix.lower() == ".npz":
        model = deeponet_model.decode(data)
        return model.net, model.weights
    if path.suffix.lower() != ".safetensors":
        raise UserError(f"expected a file named *.npz or *.safetensors, got {path.name!r}; save the weights in one of these")
    return deeponet_of(safetensors.arrays(data), activation=activation, ends=ends)


def deeponet_of(
    arrays: Mapping[str, NDArray], *, activation: Activation = "tanh", ends: Ends = "activated-trunk"
) -> tuple[DeepONet, Weights]:
    """The DeepONet whose arrays these are.

    Raises:
        Unreadable: they are of another net, or not finite.
    """
    shapes = {name: TensorShape(array.shape, 8 * array.dtype.itemsize) for name, array in arrays.items()}
    found = recognised(shapes, ends)
    if found is None or not all(np.isfinite(array).all() for array in arrays.values()):
        raise Unreadable("expected finite weights of a branch and a trunk that end in one width, got others; see docs/fit.md")
    parts: dict[str, list[NDArray]] = {"branch": [], "trunk": []}
    bias = 0.0
    for name, array in arrays.items():
        match = PART.search(name)
        if match is None:
            bias = float(array.ravel()[0])
        else:
            parts[match[1]].append(np.asarray(array, dtype=np.float64))
    net = DeepONet(found.sensors, found.coordinates, found.branch_widths, found.trunk_widths, found.q, activation, ends)
    return net, deeponet_weights(_layers(parts["branch"]), _layers(parts["trunk"]), bias)


def _layers(arrays: list[NDArray]) -> list[Layer]:
    kernels = [array for array in arrays if array.ndim == 2]
    biases = [array for array in arrays if array.ndim == 1]
    chained = chain([TensorShape(array.shape, 64) for array in arrays])
    assert chained is not None
    return [Layer(kernel.T.copy() if chained[1] else kernel, bias) for kernel, bias in zip(kernels, biases, strict=True)]
