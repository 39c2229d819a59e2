"""A DeepONet that was trained elsewhere, from its weights: a model of this suite, PyTorch, safetensors, Keras or ONNX.

Files are read as in `results.models.count`, without unpickling and without a framework. The layers are recognised by the parts
`branch` and `trunk` in their names, or by prefixes that are stated. Activation and ends are not among weights and are stated;
Keras and ONNX files also say what is computed, and are refused where this is not the stated net:

    .keras   dense layers with their activations, one Dot, at most an offset, which becomes b0
    .onnx    as many activations as the net has, products without factors

Kernels of PyTorch and safetensors are (fan out, fan in) where their shapes do not tell.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from operators.architectures.activations import Activation
from operators.architectures.deeponet import DeepONet, Ends, deeponet_weights
from operators.architectures.weights import Layer, Weights
from operators.errors import UserError
from results.models import deeponet_model, keras_file, onnx, safetensors, torch_file
from results.models.count import PART, by_number, chain, recognised
from results.models.safetensors import TensorShape
from results.witnesses.untrusted_files import Unreadable, read_regular

MOST_BYTES = 2**28
SUFFIXES = (".npz", ".safetensors", ".pt", ".pth", ".keras", ".onnx")


def load_deeponet(
    path: Path,
    *,
    activation: Activation = "tanh",
    ends: Ends = "activated-trunk",
    parts: Mapping[str, str] | None = None,
) -> tuple[DeepONet, Weights]:
    """The architecture and the weights, in float64.

    Args:
        path: the file; its ending says what it is.
        activation: of the hidden layers.
        ends: what ends branch and trunk.
        parts: prefixes of the names of the weights of `branch` and `trunk`, where they have other names.

    Raises:
        UserError: another file, a damaged one, or one that holds another net.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UserError(f"expected a file named *{', *'.join(SUFFIXES)}, got {path.name!r}; save the weights in one of these")
    data = read_regular(path, MOST_BYTES)
    if suffix == ".npz":
        model = deeponet_model.decode(data)
        return model.net, model.weights
    if suffix == ".keras":
        return _from_keras(data, activation, ends, parts)
    if suffix == ".onnx":
        return _from_onnx(data, activation, ends, parts)
    arrays = safetensors.arrays(data) if suffix == ".safetensors" else torch_file.arrays(data)
    return deeponet_of(renamed(arrays, parts), activation=activation, ends=ends, turned=True)


def renamed(arrays: Mapping[str, NDArray], parts: Mapping[str, str] | None) -> dict[str, NDArray]:
    """Arrays with the stated prefixes of branch and trunk replaced by these words.

    Raises:
        UserError: prefixes of other parts, or that no array has.
    """
    if parts is None:
        return dict(arrays)
    if set(parts) != {"branch", "trunk"} or not all(any(name.startswith(start) for name in arrays) for start in parts.values()):
        shown = ", ".join(sorted(arrays)[:8])
        raise UserError(f"expected prefixes of the weights of 'branch' and 'trunk', got {dict(parts)}; the file holds {shown}")
    found = {}
    for name, array in arrays.items():
        part = next((part for part, start in parts.items() if name.startswith(start)), None)
        found[name if part is None else f"{part}/{name[len(parts[part]) :]}"] = array
    return found


def deeponet_of(
    arrays: Mapping[str, NDArray],
    *,
    activation: Activation = "tanh",
    ends: Ends = "activated-trunk",
    turned: bool = False,
    offset: float = 0.0,
) -> tuple[DeepONet, Weights]:
    """The DeepONet whose arrays these are.

    Args:
        arrays: kernels, biases and at most one number beside, by names.
        activation: of the hidden layers.
        ends: what ends branch and trunk.
        turned: whether square kernels are (fan out, fan in); the shapes of others tell.
        offset: added to b0.

    Raises:
        Unreadable: they are of another net, or not finite.
    """
    shapes = {name: TensorShape(array.shape, 8 * array.dtype.itemsize) for name, array in arrays.items()}
    found = recognised(shapes, ends)
    if found is None or not all(np.isfinite(array).all() for array in arrays.values()):
        raise Unreadable("expected finite weights of a branch and a trunk that end in one width, got others; see docs/fit.md")
    parts: dict[str, list[NDArray]] = {"branch": [], "trunk": []}
    bias = offset
    for name, array in sorted(arrays.items(), key=lambda item: by_number(item[0])):
        match = PART.search(name)
        if match is None:
            bias += float(array.ravel()[0])
        else:
            parts[match[1]].append(np.asarray(array, dtype=np.float64))
    net = DeepONet(found.sensors, found.coordinates, found.branch_widths, found.trunk_widths, found.q, activation, ends)
    branch, trunk = (_layers(parts[part], turned) for part in ("branch", "trunk"))
    return net, deeponet_weights(branch, trunk, bias)


def _layers(arrays: list[NDArray], turned: bool) -> list[Layer]:
    kernels = [array for array in arrays if array.ndim == 2]
    biases = [array for array in arrays if array.ndim == 1]
    chained = chain([TensorShape(array.shape, 64) for array in arrays], turned=turned)
    assert chained is not None
    return [Layer(kernel.T.copy() if chained[1] else kernel, bias) for kernel, bias in zip(kernels, biases, strict=True)]


def _from_keras(data: bytes, activation: Activation, ends: Ends, parts: Mapping[str, str] | None) -> tuple[DeepONet, Weights]:
    computed = keras_file.computed(data)
    net, weights = deeponet_of(renamed(keras_file.arrays(data), parts), activation=activation, ends=ends, offset=computed.offset)
    named = renamed({name: np.zeros(0) for name in computed.activations}, parts)
    found: dict[str, list[str]] = {"branch": [], "trunk": []}
    for name, said in sorted(zip(named, computed.activations.values(), strict=True), key=lambda pair: by_number(pair[0])):
        match = PART.search(name)
        if match is not None:
            found[match[1]].append(said)
    last = {"linear": ("linear", "linear"), "activated-trunk": ("linear", activation), "sigmoid": ("sigmoid", "sigmoid")}[ends]
    widths = (net.branch_widths, net.trunk_widths)
    expected = {part: [*[activation] * len(w), end] for part, w, end in zip(found, widths, last, strict=True)}
    if found != expected:
        raise Unreadable(
            f"expected activations {expected} for {activation!r} and ends {ends!r}, got {found}; state those of the file"
        )
    return net, weights


def _from_onnx(data: bytes, activation: Activation, ends: Ends, parts: Mapping[str, str] | None) -> tuple[DeepONet, Weights]:
    counts = onnx.computed(data)
    net, weights = deeponet_of(renamed(onnx.arrays(data), parts), activation=activation, ends=ends)
    operator = onnx.ACTIVATIONS.get(activation, activation)
    expected = {operator: len(net.branch_widths) + len(net.trunk_widths) + (ends == "activated-trunk")}
    if ends == "sigmoid":
        expected["Sigmoid"] = expected.get("Sigmoid", 0) + 2
    found = {name: counts[name] for name in onnx.ACTIVATIONS.values() if counts.get(name)}
    if found != {name: count for name, count in expected.items() if count}:
        raise Unreadable(
            f"expected {expected} for the activation {activation!r} and ends {ends!r}, got {found}; state those of the file"
        )
    return net, weights
