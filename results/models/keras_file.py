"""The weights of a .keras file without TensorFlow: its configuration is looked at, and nothing in it is run.

A .keras file is a zip archive: `config.json` says what the layers are, `model.weights.h5` (HDF5) holds their variables below
`layers/dense/vars/0`, `layers/dense_1/vars/0`, ..., numbered by class in the order of the configuration. Files with lambda
layers, which hold Python code, are refused: their weights may not be all that is fitted.
"""

import io
import json
import re
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from operators.errors import UserError
from operators.external.arrays import array_names, find_array
from operators.external.stored_array import Stored
from results.models.safetensors import TensorShape
from results.witnesses.untrusted_files import Unreadable

MOST_CONFIG_BYTES, MOST_WEIGHTS_BYTES, MOST_ENTRIES = 2**22, 2**28, 64
SKIPPED = ("optimizer/",)
T = TypeVar("T")


def shapes(data: bytes) -> dict[str, TensorShape]:
    """Shapes of all variables of layers, by their path.

    Raises:
        Unreadable: no .keras file of Keras 3, a damaged one, or one with lambda layers.
    """
    config, weights = _opened(data)
    return {
        name: TensorShape(stored.shape, 8 * stored.dtype.itemsize, whole=stored.dtype.kind in "iub")
        for name, stored in _variables(config, weights, lambda stored: stored)
    }


def arrays(data: bytes) -> dict[str, NDArray[np.float64]]:
    """The variables of layers, by the same names.

    Raises:
        Unreadable: as `shapes`.
    """
    config, weights = _opened(data)
    return dict(_variables(config, weights, lambda stored: np.asarray(stored.read(()), dtype=np.float64)))


@dataclass(frozen=True)
class Computed:
    """What a model of dense layers computes beside its weights.

    Attributes:
        activations: of each dense layer, by its name.
        offset: what its last layer adds.
    """

    activations: dict[str, str]
    offset: float


def computed(data: bytes) -> Computed:
    """What the layers of a model do, if they are dense ones, one product, and at most an offset.

    Raises:
        Unreadable: as `shapes`, or a model with other layers.
    """
    activations: dict[str, str] = {}
    offset, products = 0.0, 0
    for layer in _layers(_opened(data)[0]):
        kind, inner = layer["class_name"], layer["config"]
        if kind == "Dense" and isinstance(inner.get("activation"), str):
            activations[str(inner.get("name"))] = inner["activation"]
        elif kind == "Dot":
            products += 1
        elif kind == "Rescaling" and inner.get("scale") == 1.0 and isinstance(inner.get("offset"), float) and products:
            offset += inner["offset"]
        elif kind != "InputLayer":
            raise Unreadable(
                f"expected a Keras DeepONet of Dense layers, one Dot and an offset by Rescaling, got a layer {kind[:40]!r};"
                " fold it into the weights, or save these as safetensors"
            )
    if products != 1:
        raise Unreadable(f"expected a Keras DeepONet with one Dot of branch and trunk, got {products}")
    return Computed(activations, offset)


def _opened(data: bytes) -> tuple[Any, bytes]:
    """Configuration and weights."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            sizes = {info.filename: info.file_size for info in archive.infolist()[:MOST_ENTRIES]}
            config = _entry(archive, sizes, "config.json", MOST_CONFIG_BYTES)
            weights = _entry(archive, sizes, "model.weights.h5", MOST_WEIGHTS_BYTES)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError, OSError):
        raise Unreadable("expected a .keras file, got a damaged archive") from None
    try:
        parsed = json.loads(config)
    except (ValueError, RecursionError):
        raise Unreadable("expected a .keras file, got a damaged configuration") from None
    if _has_lambda(parsed):
        raise Unreadable("expected a .keras file without lambda layers, which hold Python code; save the model without them")
    return parsed, weights


def _variables(config: Any, weights: bytes, taken: Callable[[Stored], T]) -> list[tuple[str, T]]:
    """What is taken of each variable of the layers, by its name."""
    layers = _layer_names(config)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.weights.h5"
        path.write_bytes(weights)
        try:
            return [
                (_named(name, layers), taken(find_array(path, name)))
                for name in array_names(path)
                if not name.startswith(SKIPPED)
            ]
        except UserError:
            raise Unreadable("expected a .keras file, got weights that cannot be read") from None


def _entry(archive: zipfile.ZipFile, sizes: dict[str, int], name: str, most: int) -> bytes:
    if name not in sizes or sizes[name] > most:
        raise Unreadable(f"expected {name} of at most {most} bytes in a .keras file, got {sizes.get(name, 'none')}")
    with archive.open(name) as handle:
        content = handle.read(most + 1)
    if len(content) > most:
        raise Unreadable(f"expected {name} of at most {most} bytes in a .keras file, got more")
    return content


def _has_lambda(value: Any) -> bool:
    """Whether a configuration names a lambda layer anywhere."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if one.get("class_name") in ("Lambda", "__lambda__"):
                return True
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return False


def _layers(config: Any) -> list[dict[str, Any]]:
    """The layers of a model, each with a class and a configuration."""
    settings = config.get("config") if isinstance(config, dict) else None
    layers = settings.get("layers") if isinstance(settings, dict) else None
    return [
        layer
        for layer in (layers if isinstance(layers, list) else [])
        if isinstance(layer, dict) and isinstance(layer.get("config"), dict) and isinstance(layer.get("class_name"), str)
    ]


def _layer_names(config: Any) -> dict[str, str]:
    """The name of each layer of the model by the name that it has among the weights."""
    found: dict[str, str] = {}
    counts: dict[str, int] = {}
    for layer in _layers(config):
        kind = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", layer["class_name"]).lower()
        number = counts[kind] = counts.get(kind, -1) + 1
        found[f"{kind}_{number}" if number else kind] = str(layer["config"].get("name", kind))
    return found


def _named(path: str, layers: dict[str, str]) -> str:
    """`branch_0/0` for `layers/dense/vars/0`; other paths as they are."""
    match = re.fullmatch(r"layers/([^/]+)/vars/(\d+)", path)
    return f"{layers[match[1]]}/{match[2]}" if match and match[1] in layers else path
