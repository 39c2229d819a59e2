"""The contract of an architecture: a hypothesis class of maps (u, y) -> h(u, y) with finitely many trained numbers.

An architecture is a frozen dataclass in NumPy, float64. Its first two fields are the input sizes; all others are what a cell
states of it. Evidence comes from `apply_at` alone, whatever trained the weights. What bounds may use is what the architecture
declares, and the defaults declare nothing: no limit of rank, no symmetry.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from operators.architectures.weights import Weights
from operators.arrays import Array
from operators.work import PRODUCT, TRANSCENDENTAL


@dataclass(frozen=True, eq=False)
class Factors:
    """h = B T^T + b0 on N inputs and P points, where an architecture has this form.

    Attributes:
        branch: B, (N, q).
        trunk: T, (P, q).
        bias: b0.
        features: F (N, w + 1) with B = F A for a linear head A, a column of ones included; None without a linear head.
    """

    branch: Array
    trunk: Array
    bias: float
    features: Array | None


@dataclass(frozen=True)
class Architecture(ABC):
    """A hypothesis class. Concrete ones are frozen and final, and refuse sizes that make no sense with ValueError.

    Attributes:
        sensors: m, length of an input.
        coordinates: p, length of a query point.
    """

    name: ClassVar[str]
    sensors: int
    coordinates: int

    @abstractmethod
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of all trained arrays, in the order of hashes and files."""

    @abstractmethod
    def apply(self, weights: Weights, inputs: Array, points: Array) -> Array:
        """h (N, P) at scaled inputs (N, m) and scaled points (P, p)."""

    def apply_at(self, weights: Weights, inputs: Array, points: Array, index: NDArray[np.int64]) -> Array:
        """h (N, M) where index (M,), rows of `points` common to all inputs, or (N, M), rows for each input, says."""
        values = self.apply(weights, inputs, points)
        return values[:, index] if index.ndim == 1 else np.take_along_axis(values, index, axis=1)

    def output_rank(self) -> int | None:
        """Proved limit of the rank of (h(u_i, y_j))_ij less a constant; None: there is none, and no rank floor applies."""
        return None

    def rank_limit(self) -> float:
        """`output_rank` as a number: inf where there is no limit."""
        rank = self.output_rank()
        return math.inf if rank is None else float(rank)

    def rank_at_most(self, most: int) -> int:
        """The rank that outputs of rank at most `most` can have."""
        return int(min(self.rank_limit(), most))

    def parameter_count(self) -> int:
        """d = number of trained scalars."""
        return sum(math.prod(shape) for shape in self.shapes().values())

    def effective_parameter_count(self) -> int:
        """d less the dimension of a proved symmetry of the weights; d where none is proved."""
        return self.parameter_count()

    def factors(self, weights: Weights, inputs: Array, points: Array) -> Factors | None:
        """h as a product of branch and trunk; None where it is none."""
        return None

    def largest_array(self, functions: int, distinct: int, labels: int, *, own: bool) -> int:
        """Numbers in the largest array that `apply_at` makes, before it makes any.

        Args:
            functions: N.
            distinct: P, distinct query points.
            labels: M, query points per input.
            own: whether each input has query points of its own.
        """
        return functions * distinct * max(max(shape) for shape in self.shapes().values())

    def operations(self, functions: int, distinct: int, labels: int) -> float:
        """Operations of `apply_at`, at most, in the unit of `operators.work`; sizes as for `largest_array`."""
        return functions * distinct * (PRODUCT * self.parameter_count() + TRANSCENDENTAL * self._units())

    def _units(self) -> int:
        """Numbers that may pass through an activation."""
        return sum(max(shape) for shape in self.shapes().values())

    def reversed(self, weights: Weights) -> Weights | None:
        """Weights of the same function of reversed inputs and points, all sums in reverse order; None where it cannot be had."""
        return None

    def check(self, weights: Weights) -> None:
        """Raise ValueError unless names and shapes of `weights` are those of this architecture."""
        expected, got = self.shapes(), {name: array.shape for name, array in weights.named.items()}
        if list(got.items()) != list(expected.items()):
            raise ValueError(f"expected weights of shapes {expected}, got {got}")
