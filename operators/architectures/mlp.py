"""A plain fully connected net on the input and the query point together: the architecture without an architecture.

    h(u, y) = net([u, y]),    [u, y] in R^(m + p),    hidden widths w_1..w_L, a linear end of one number

The first layer is kept as its two halves, u W_b + y W_t + c, so that W_b acts on every input and W_t on every point once.

No limit of rank is stated, and there is none: tanh(u + y) is no finite sum of products, as its translates in y have poles at
different places. So no rank floor applies.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from operators.architectures.activations import ACTIVATIONS, Activation
from operators.architectures.architecture import Architecture
from operators.architectures.fully_connected import block_numbers, by_blocks, fully_connected
from operators.architectures.weights import Weights, layer_shapes, layers_of
from operators.arrays import Array
from operators.work import PRODUCT, TRANSCENDENTAL


@dataclass(frozen=True)
class MLP(Architecture):
    """The hypothesis class.

    Attributes:
        widths: hidden widths (w_1, ..., w_L), L >= 1.
        activation: hidden activation.
    """

    name: ClassVar[str] = "mlp"
    widths: tuple[int, ...] = (64, 64)
    activation: Activation = "tanh"

    def __post_init__(self) -> None:
        """Refuse widths that are no widths."""
        if not self.widths or min(self.widths) < 1:
            raise ValueError(f"expected at least one width, each >= 1, got {list(self.widths)}")

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The halves of the first layer, its bias, the later layers."""
        first = {
            "branch_0_kernel": (self.sensors, self.widths[0]),
            "trunk_0_kernel": (self.coordinates, self.widths[0]),
            "trunk_0_bias": (self.widths[0],),
        }
        return {**first, **layer_shapes("joint", (*self.widths, 1))}

    def apply(self, weights: Weights, inputs: Array, points: Array) -> Array:
        """h (N, P)."""
        hidden, at = ACTIVATIONS[self.activation], points @ weights["trunk_0_kernel"] + weights["trunk_0_bias"]
        layers = layers_of(weights, "joint")

        def values(rows: Array) -> Array:
            before = (rows @ weights["branch_0_kernel"])[:, None, :] + at
            return fully_connected(layers, hidden(before), hidden)[..., 0]

        return by_blocks(inputs, len(points) * max(self.widths), values)

    def largest_array(self, functions: int, distinct: int, labels: int, *, own: bool) -> int:
        """Values of the widest layer at all points of a block of functions."""
        return max(block_numbers(functions, distinct * max(self.widths)), functions * distinct)

    def operations(self, functions: int, distinct: int, labels: int) -> float:
        """Both halves of the first layer once per argument, all else at each pair."""
        pairs = sum(PRODUCT * before * after + (TRANSCENDENTAL + 6.0) * before for before, after in pairwise((*self.widths, 1)))
        return self.widths[0] * PRODUCT * (functions * self.sensors + distinct * self.coordinates) + functions * distinct * (
            pairs + 4.0
        )
