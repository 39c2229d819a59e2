"""The trained numbers of a net: named arrays in the order in which hashes and files hold them.

A fully connected part of L + 1 layers is the arrays `part_0_kernel` (fan in, fan out), `part_0_bias` (fan out,), ..., of the maps
x -> x W + c.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from operators.arrays import Array


@dataclass(frozen=True, eq=False)
class Weights:
    """All trained numbers of a net.

    Attributes:
        named: the arrays by name, float64, in the order of `Architecture.shapes`.
    """

    named: Mapping[str, Array]

    def __getitem__(self, name: str) -> Array:
        return self.named[name]

    def arrays(self) -> list[Array]:
        """All arrays in order."""
        return list(self.named.values())

    def sha256(self) -> str:
        """Hash of the values in float64, little endian; names and shapes are no part of it."""
        digest = hashlib.sha256()
        for array in self.arrays():
            digest.update(np.ascontiguousarray(array, dtype="<f8").tobytes())
        return digest.hexdigest()

    def finite(self) -> bool:
        """Whether every number is finite."""
        return all(bool(np.isfinite(array).all()) for array in self.arrays())

    def bits(self) -> int:
        """Bits that store one number without loss: 32 if every one is a float32, else 64."""
        with np.errstate(over="ignore", under="ignore"):
            single = (np.array_equal(array.astype(np.float32), array) for array in self.arrays())
            return 32 if all(single) else 64

    def changed(self, change: Callable[[Array], Array]) -> "Weights":
        """The same arrays after an elementwise change."""
        return Weights({name: change(array) for name, array in self.named.items()})

    def rounded(self) -> "Weights":
        """Every number to the nearest float32, kept as float64."""
        return self.changed(lambda array: array.astype(np.float32).astype(np.float64))


@dataclass(frozen=True, eq=False)
class Layer:
    """One affine map x -> x W + c with W of shape (fan in, fan out) and c of shape (fan out,)."""

    kernel: Array
    bias: Array


def layer_shapes(part: str, sizes: Sequence[int]) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the layers between these sizes."""
    shapes: dict[str, tuple[int, ...]] = {}
    for number, (before, after) in enumerate(pairwise(sizes)):
        shapes[f"{part}_{number}_kernel"], shapes[f"{part}_{number}_bias"] = (before, after), (after,)
    return shapes


def named_layers(part: str, layers: Sequence[Layer]) -> dict[str, Array]:
    """The arrays of some layers by name."""
    named: dict[str, Array] = {}
    for number, layer in enumerate(layers):
        named[f"{part}_{number}_kernel"], named[f"{part}_{number}_bias"] = layer.kernel, layer.bias
    return named


def layers_of(weights: Weights, part: str) -> tuple[Layer, ...]:
    """The layers of a part, the first one first."""
    count = sum(name.startswith(f"{part}_") and name.endswith("_kernel") for name in weights.named)
    return tuple(Layer(weights[f"{part}_{number}_kernel"], weights[f"{part}_{number}_bias"]) for number in range(count))
