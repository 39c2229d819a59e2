"""shift-DeepONet: a DeepONet whose trunk functions are moved and stretched by the input.

    h(u, y) = sum_k b_k(u) t_k((I + A_k(u)) y + s_k(u)) + b0
    b: R^m -> R^q,    A: R^m -> R^(q p p),    s: R^m -> R^(q p),    t: R^p -> R^q

Branch b, scale net A, shift net s and trunk t are fully connected, all ends linear; scale and shift net have the hidden widths
of the branch. The published class writes A_k for I + A_k: the same functions, since the last bias of A is free; so written,
scale and shift nets that vanish leave a DeepONet.

The functions of y that enter depend on u: a single translate t(y + s(u)) spans, over the inputs, a space of unlimited
dimension. So no limit of rank is stated (None), and no rank floor applies: errors below the floor of rank q are allowed.
Lanthaler, Molinaro, Hadorn and Mishra prove for advection of discontinuities that linear reconstruction errs in L1 by at least
C / q and shift-DeepONet does not.

References: Lanthaler, Molinaro, Hadorn, Mishra 2023, arXiv:2210.01074, section 2.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np

from operators.architectures.activations import ACTIVATIONS, Activation
from operators.architectures.architecture import Architecture
from operators.architectures.fully_connected import block_numbers, by_blocks, fully_connected, hidden_layers
from operators.architectures.weights import Weights, layer_shapes, layers_of
from operators.arrays import Array
from operators.work import PRODUCT, TRANSCENDENTAL


@dataclass(frozen=True)
class ShiftDeepONet(Architecture):
    """The hypothesis class.

    Attributes:
        branch_widths: hidden widths of branch, scale net and shift net, at least one.
        trunk_widths: hidden widths of the trunk, at least one.
        q: terms.
        activation: hidden activation.
    """

    name: ClassVar[str] = "shift-deeponet"
    branch_widths: tuple[int, ...] = (64, 64)
    trunk_widths: tuple[int, ...] = (64, 64)
    q: int = 16
    activation: Activation = "tanh"

    def __post_init__(self) -> None:
        """Refuse sizes that are no sizes."""
        for part, widths in (("branch", self.branch_widths), ("trunk", self.trunk_widths), ("q", (self.q,))):
            if not widths or min(widths) < 1:
                raise ValueError(f"expected at least one {part} width, each >= 1, got {list(widths)}")

    def part_sizes(self) -> dict[str, tuple[int, ...]]:
        """Layer sizes of branch, scale net, shift net and trunk."""
        p, hidden = self.coordinates, (self.sensors, *self.branch_widths)
        return {
            "branch": (*hidden, self.q),
            "scale": (*hidden, self.q * p * p),
            "shift": (*hidden, self.q * p),
            "trunk": (p, *self.trunk_widths, self.q),
        }

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Layers of the four nets, then b0."""
        parts = (layer_shapes(part, sizes) for part, sizes in self.part_sizes().items())
        return {**{name: shape for part in parts for name, shape in part.items()}, "bias": (1,)}

    def apply(self, weights: Weights, inputs: Array, points: Array) -> Array:
        """h (N, P), some functions at a time."""
        numbers = len(points) * self.q * max(*self.trunk_widths, self.coordinates)
        return by_blocks(inputs, numbers, lambda rows: self._values(weights, rows, points))

    def largest_array(self, functions: int, distinct: int, labels: int, *, own: bool) -> int:
        """Values of the trunk's widest layer at the moved points of a block of functions, or of the widest end on the inputs."""
        moved = block_numbers(functions, distinct * self.q * max(*self.trunk_widths, self.coordinates))
        return max(moved, functions * max(distinct, *self.part_sizes()["scale"]))

    def operations(self, functions: int, distinct: int, labels: int) -> float:
        """Three nets at every input, the trunk at q moved points for each pair."""
        at_inputs = sum(_operations(sizes) for part, sizes in self.part_sizes().items() if part != "trunk")
        hidden = _operations((self.coordinates, *self.trunk_widths))
        moved = self.q * (hidden + 4.0 * self.coordinates**2 + 4.0 * self.trunk_widths[-1] + 4.0)
        return functions * (at_inputs + distinct * moved)

    def _values(self, weights: Weights, inputs: Array, points: Array) -> Array:
        hidden, p = ACTIVATIONS[self.activation], self.coordinates
        branch, scale, shift = (
            fully_connected(layers_of(weights, part), inputs, hidden) for part in ("branch", "scale", "shift")
        )
        scale = scale.reshape(len(inputs), self.q, p, p) + np.eye(p)
        moved = np.einsum("nkab,jb->nkja", scale, points) + shift.reshape(len(inputs), self.q, 1, p)
        *layers, last = layers_of(weights, "trunk")
        trunk = np.einsum("nkjv,vk->nkj", hidden_layers(layers, moved, hidden), last.kernel) + last.bias[:, None]
        return np.einsum("nk,nkj->nj", branch, trunk) + weights["bias"]


def _operations(sizes: tuple[int, ...]) -> float:
    return sum(PRODUCT * fan_in * fan_out + (TRANSCENDENTAL + 4.0) * fan_out for fan_in, fan_out in pairwise(sizes))
