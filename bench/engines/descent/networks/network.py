"""The contract of a network: an architecture in TensorFlow, float32, as a function of one flat vector theta (d,).

theta holds the arrays of `Architecture.shapes` one after the other, each row by row. Values are kept as (features, samples).
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from operators.architectures.architecture import Architecture
from operators.architectures.weights import Weights

Tensor = Any


class Factored(NamedTuple):
    """f = branch^T trunk + bias with branch values (q, B), trunk values (q, E) and a scalar bias ()."""

    branch: Tensor
    trunk: Tensor
    bias: Tensor


@dataclass(frozen=True)
class Network(ABC):
    """An architecture to be trained by descent.

    Attributes:
        net: the hypothesis class.
    """

    net: Architecture

    @abstractmethod
    def outputs(self, theta: Tensor, inputs: Tensor, points: Tensor) -> "Factored | Tensor":
        """f at inputs (m, B) and points (p, E): `Factored` where f is a product, else values (B, E)."""

    def matrix_shapes(self) -> tuple[tuple[int, int], ...]:
        """Consecutive pieces of theta as matrices, for optimisers that treat matrices as such: by default one per array."""
        shapes = self.net.shapes().values()
        return tuple((int(np.prod(shape[:-1])), shape[-1]) for shape in shapes)

    def named(self, theta: Tensor) -> dict[str, Tensor]:
        """The arrays in theta by name."""
        shapes = self.net.shapes()
        pieces = tf.split(theta, [int(np.prod(shape)) for shape in shapes.values()])
        return {name: tf.reshape(piece, shape) for (name, shape), piece in zip(shapes.items(), pieces, strict=True)}


def flattened(weights: Weights) -> NDArray[np.float32]:
    """The vector theta of these weights."""
    return np.concatenate([array.astype(np.float32).ravel() for array in weights.arrays()])


def unflattened(net: Architecture, theta: NDArray[np.float32]) -> Weights:
    """The weights of this theta, as float64 copies."""
    shapes = net.shapes()
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes.values()])
    pieces = np.split(theta.astype(np.float64), ends[:-1])
    return Weights({name: piece.reshape(shape).copy() for (name, shape), piece in zip(shapes.items(), pieces, strict=True)})
