"""The safetensors format, written and read with NumPy: named arrays of plain numbers, nothing that runs.

    8 bytes   length of the header, little endian        header   JSON: name -> dtype, shape, offsets
    data      the arrays one after the other, C order, little endian

Specification: github.com/huggingface/safetensors. Names of a DeepONet are those of a PyTorch module with `branch` and `trunk` as
`Sequential(Linear, Tanh, Linear, ...)`: kernels are stored as (fan out, fan in).
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from results.models.deeponet_model import DeepONetModel
from results.witnesses.untrusted_files import Unreadable

BITS = {"F64": 64, "F32": 32, "F16": 16, "BF16": 16, "I64": 64, "I32": 32, "I16": 16, "I8": 8, "U8": 8, "BOOL": 8, "C64": 64}
MOST_HEADER_BYTES = 2**20
MOST_AXES = 16


@dataclass(frozen=True)
class TensorShape:
    """What is known of an array of a file without reading it.

    Attributes:
        shape: of the array.
        bits: of one real number.
        parts: real numbers per entry: 2 where entries are complex.
        whole: whether entries are whole numbers, or true or false: a counter or an index, no weight.
    """

    shape: tuple[int, ...]
    bits: int
    parts: int = 1
    whole: bool = False

    @property
    def numbers(self) -> int:
        """Real numbers in it: a complex one counts twice."""
        return self.parts * math.prod(self.shape)


def torch_names(model: DeepONetModel) -> dict[str, NDArray[np.float32]]:
    """The weights as float32 under the names of a PyTorch module."""
    named: dict[str, NDArray[np.float32]] = {}
    for part, widths in (("branch", model.net.branch_widths), ("trunk", model.net.trunk_widths)):
        for number in range(len(widths) + 1):
            named[f"{part}.{2 * number}.weight"] = model.weights[f"{part}_{number}_kernel"].T.astype(np.float32)
            named[f"{part}.{2 * number}.bias"] = model.weights[f"{part}_{number}_bias"].astype(np.float32)
    named["b"] = model.weights["bias"].astype(np.float32)
    return named


def encode(arrays: Mapping[str, NDArray[np.float32]]) -> bytes:
    """Float32 arrays as a file; the same bytes for the same arrays."""
    header, data = {}, b""
    for name, array in arrays.items():
        content = np.ascontiguousarray(array, dtype="<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data


def shapes(data: bytes) -> dict[str, TensorShape]:
    """Shapes of the arrays of an untrusted file.

    Raises:
        Unreadable: no safetensors file, or one whose header and size do not agree.
    """
    return {name: shape for name, (shape, _, _) in _entries(data).items()}


def arrays(data: bytes) -> dict[str, NDArray[np.float64]]:
    """The arrays of an untrusted file, of float32 or float64 numbers.

    Raises:
        Unreadable: as `shapes`, or numbers of another type.
    """
    found = {}
    for name, (shape, kind, content) in _entries(data).items():
        if kind not in ("F32", "F64") or 8 * len(content) != shape.bits * math.prod(shape.shape):
            raise Unreadable("expected arrays of float32 or float64 numbers in the safetensors file, got others")
        found[name] = np.frombuffer(content, dtype="<f4" if kind == "F32" else "<f8").astype(np.float64).reshape(shape.shape)
    return found


def _entries(data: bytes) -> dict[str, tuple[TensorShape, str, bytes]]:
    """Shape, type and bytes of each array."""
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or not 2 <= length <= min(len(data) - 8, MOST_HEADER_BYTES):
        raise Unreadable("expected a safetensors file, got one without its header")
    content, last = data[8 + length :], 0
    found: dict[str, tuple[TensorShape, str, bytes]] = {}
    try:
        for name, entry in json.loads(data[8 : 8 + length].decode()).items():
            if name != "__metadata__":
                start, end = (int(offset) for offset in entry["data_offsets"])
                found[name] = _shape(entry), entry["dtype"], content[max(start, 0) : end]
                last = max(last, end)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        raise Unreadable("expected a safetensors file, got a damaged header") from None
    if last != len(content):
        raise Unreadable("expected a safetensors file, got one that does not end where its header says")
    return found


def _shape(entry: Mapping) -> TensorShape:
    shape = tuple(int(side) for side in entry["shape"])
    if len(shape) > MOST_AXES or any(side < 0 for side in shape):
        raise ValueError("shape")
    complex_numbers = entry["dtype"] == "C64"
    parts = 2 if complex_numbers else 1
    return TensorShape(shape, BITS[entry["dtype"]] // parts, parts, entry["dtype"][0] in "IUB" and entry["dtype"] != "BF16")
