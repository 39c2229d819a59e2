"""The trained numbers of a net, in the order in which files and hashes hold them."""

import hashlib
from dataclasses import dataclass

import numpy as np

from operators.arrays import Array


@dataclass(frozen=True)
class Layer:
    """One affine map x -> x W + c with W of shape (fan in, fan out) and c of shape (fan out,)."""

    kernel: Array
    bias: Array


@dataclass(frozen=True)
class Weights:
    """All trained numbers of a DeepONet."""

    branch: tuple[Layer, ...]
    trunk: tuple[Layer, ...]
    bias: float

    def arrays(self) -> list[Array]:
        """All arrays in canonical order: branch kernels and biases, trunk kernels and biases, b0."""
        flat = [array for layer in (*self.branch, *self.trunk) for array in (layer.kernel, layer.bias)]
        return [*flat, np.asarray([self.bias])]

    def sha256(self) -> str:
        """Hash of the values in float64, little endian."""
        digest = hashlib.sha256()
        for array in self.arrays():
            digest.update(np.ascontiguousarray(array, dtype="<f8").tobytes())
        return digest.hexdigest()

    def finite(self) -> bool:
        """Whether every number is finite."""
        return all(bool(np.isfinite(array).all()) for array in self.arrays())
