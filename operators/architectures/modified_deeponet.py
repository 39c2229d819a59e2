"""The modified DeepONet: branch and trunk whose hidden layers are mixed with two encoders of input and point.

    U = phi(u W_U + c_U),    V = phi(y W_V + c_V)                              encoders, width w
    Z_l = phi(H_{l-1} W_l + c_l),    H_l = (1 - Z_l) * U + Z_l * V,  l = 1..L    in branch (H_0 = u) and trunk (H_0 = y) alike
    h(u, y) = <H_L^branch A + a, H_L^trunk B + b> + b0

All hidden layers of both nets have one width, since U and V enter each; both ends are linear.

From the first mixed layer on the branch depends on y through V, and the trunk on u through U: h is a sum of q products of
functions of both, h_ij = sum_k b_k(u_i, y_j) t_k(u_i, y_j), an elementwise product of matrices of no limited rank. So no limit
is stated (None), and no rank floor applies. Every pair (u, y) costs an evaluation of both nets.

Reference: Wang, Wang, Perdikaris 2022, arXiv:2110.01654, section 4.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from operators.architectures.activations import ACTIVATIONS, Activation
from operators.architectures.architecture import Architecture
from operators.architectures.fully_connected import block_numbers, by_blocks
from operators.architectures.weights import Layer, Weights, layer_shapes, layers_of
from operators.arrays import Array
from operators.work import PRODUCT, TRANSCENDENTAL


@dataclass(frozen=True)
class ModifiedDeepONet(Architecture):
    """The hypothesis class.

    Attributes:
        width: w of encoders and hidden layers.
        depth: L, hidden layers of branch and of trunk.
        q: common output dimension.
        activation: phi.
    """

    name: ClassVar[str] = "modified-deeponet"
    width: int = 32
    depth: int = 2
    q: int = 16
    activation: Activation = "tanh"

    def __post_init__(self) -> None:
        """Refuse sizes that are no sizes."""
        if min(self.width, self.depth, self.q) < 1 or self.depth > 64:
            raise ValueError(f"expected width, q >= 1 and depth from 1 to 64, got {self.width}, {self.q} and {self.depth}")

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Encoders of input and point, layers of branch and trunk, b0."""
        hidden = (self.width,) * self.depth
        return {
            "encode_input_kernel": (self.sensors, self.width),
            "encode_input_bias": (self.width,),
            "encode_point_kernel": (self.coordinates, self.width),
            "encode_point_bias": (self.width,),
            **layer_shapes("branch", (self.sensors, *hidden, self.q)),
            **layer_shapes("trunk", (self.coordinates, *hidden, self.q)),
            "bias": (1,),
        }

    def apply(self, weights: Weights, inputs: Array, points: Array) -> Array:
        """h (N, P), some functions at a time."""
        return by_blocks(inputs, len(points) * max(self.width, self.q), lambda rows: self._values(weights, rows, points))

    def largest_array(self, functions: int, distinct: int, labels: int, *, own: bool) -> int:
        """Values of the widest layer at all points of a block of functions."""
        widest = max(self.width, self.q)
        return max(block_numbers(functions, distinct * widest), functions * max(distinct, self.width))

    def operations(self, functions: int, distinct: int, labels: int) -> float:
        """Encoders and first layers once per argument, all else of both nets at each pair."""
        first = 2.0 * self.width * (PRODUCT * (functions * self.sensors + distinct * self.coordinates) + TRANSCENDENTAL)
        layer = self.width * (PRODUCT * self.width + TRANSCENDENTAL + 10.0)
        ends = self.q * (PRODUCT * self.width + 4.0)
        return first + functions * distinct * 2.0 * (self.depth * layer + ends)

    def _values(self, weights: Weights, inputs: Array, points: Array) -> Array:
        hidden, (branch, trunk) = ACTIVATIONS[self.activation], (layers_of(weights, part) for part in ("branch", "trunk"))
        of_inputs = hidden(inputs @ weights["encode_input_kernel"] + weights["encode_input_bias"])[:, None, :]
        of_points = hidden(points @ weights["encode_point_kernel"] + weights["encode_point_bias"])[None, :, :]
        difference = of_points - of_inputs

        def mixed(layers: Sequence[Layer], values: Array) -> Array:
            for layer in layers[:-1]:
                values = of_inputs + hidden(values @ layer.kernel + layer.bias) * difference
            return values @ layers[-1].kernel + layers[-1].bias

        products = mixed(branch, inputs[:, None, :]) * mixed(trunk, points[None, :, :])
        return products.sum(axis=-1) + weights["bias"]
