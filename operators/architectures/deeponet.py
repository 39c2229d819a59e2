"""The hypothesis class: a DeepONet and its size.

    h(u, y) = <branch(u), trunk(y)> + b0,    branch: R^m -> R^q,   trunk: R^p -> R^q

Branch and trunk are fully connected nets with hidden widths w_1..w_L and v_1..v_K and one hidden activation; either may have
no hidden layer (L = 0 or K = 0), its last layer then acts on the input itself. The ends differ by class:

    linear            both last layers linear
    activated-trunk   the trunk's last layer activated, the branch's linear (what DeepXDE builds)
    sigmoid           both last layers end in a sigmoid: the class of the theorem of Mukherjee and Roy (arXiv 2308.06338)

The features phi_b and phi_t of a side are the values that its last layer acts on: w_L and v_K of them, and without a hidden
layer the m values of the input and the p coordinates. With linear ends the function class has a gauge redundancy: <b, t> =
[phi_b;1]^T (A^T C) [phi_t;1] depends on the heads only through a matrix of rank at most q, so that with w and v features
q_eff = min(q, w + 1, v + 1) and d_eff = d - q (w + v + 2) + q_eff (w + v + 2 - q_eff).

Everything here is NumPy in float64: it is what verifies a fit, whatever trained it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from operators.architectures.activations import ACTIVATIONS, Activation, sigmoid
from operators.architectures.architecture import Architecture, Factors
from operators.architectures.weights import Layer, Weights, layer_shapes, layers_of, named_layers
from operators.arrays import Array
from operators.work import PRODUCT, TRANSCENDENTAL

Ends = Literal["linear", "activated-trunk", "sigmoid"]
ENDS: tuple[Ends, ...] = get_args(Ends)
Widths = Literal["free", "tied", "one-width-per-net", "non-increasing", "no-hidden-layer", "free-depth"]
"""Rules for the hidden widths of a declared class of nets (`operators.bounds.rank_to_parameters`)."""
WIDTHS: tuple[Widths, ...] = get_args(Widths)


@dataclass(frozen=True)
class DeepONet(Architecture):
    """The architecture: sizes, activation and ends.

    Attributes:
        sensors: m, the branch input size.
        coordinates: p, the trunk input size.
        branch_widths: hidden widths (w_1, ..., w_L) of the branch, L >= 0.
        trunk_widths: hidden widths (v_1, ..., v_K) of the trunk, K >= 0.
        q: common output dimension.
        activation: hidden activation.
        ends: what ends branch and trunk.
    """

    name: ClassVar[str] = "deeponet"
    branch_widths: tuple[int, ...]
    trunk_widths: tuple[int, ...]
    q: int
    activation: Activation = "tanh"
    ends: Ends = "activated-trunk"

    def __post_init__(self) -> None:
        """Refuse widths that are no widths."""
        for part, widths in (("branch", self.branch_widths), ("trunk", self.trunk_widths)):
            if min(widths, default=1) < 1:
                raise ValueError(f"expected {part} widths >= 1, or none for no hidden layer, got {list(widths)}")

    def branch_sizes(self) -> tuple[int, ...]:
        """Layer sizes m, w_1, ..., w_L, q."""
        return (self.sensors, *self.branch_widths, self.q)

    def trunk_sizes(self) -> tuple[int, ...]:
        """Layer sizes p, v_1, ..., v_K, q."""
        return (self.coordinates, *self.trunk_widths, self.q)

    def branch_features(self) -> int:
        """Features that the branch's last layer acts on: w_L, or m without a hidden layer."""
        return self.branch_sizes()[-2]

    def trunk_features(self) -> int:
        """Features that the trunk's last layer acts on: v_K, or p without a hidden layer."""
        return self.trunk_sizes()[-2]

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Layers of the branch, layers of the trunk, b0: d = sum over layers of (fan in + 1) fan out, plus one."""
        return {**layer_shapes("branch", self.branch_sizes()), **layer_shapes("trunk", self.trunk_sizes()), "bias": (1,)}

    def output_rank(self) -> int | None:
        """q_eff: a linear end on w features has rank <= w + 1. None for ends of which no such limit is stated here."""
        if self.ends == "linear":
            return min(self.q, self.branch_features() + 1, self.trunk_features() + 1)
        if self.ends == "activated-trunk":
            return min(self.q, self.branch_features() + 1)
        return self.q if self.ends == "sigmoid" else None

    def linear_ends(self) -> tuple[bool, bool]:
        """Whether the branch and the trunk are known to end in a linear layer."""
        return self.ends in ("linear", "activated-trunk"), self.ends == "linear"

    def effective_parameter_count(self) -> int:
        """d_eff: parameters less the gauge redundancy of two linear heads; d for other ends."""
        d = self.parameter_count()
        if self.ends != "linear":
            return d
        heads = self.branch_features() + self.trunk_features() + 2
        q_eff = min(self.q, self.branch_features() + 1, self.trunk_features() + 1)
        return d - self.q * heads + q_eff * (heads - q_eff)

    def branch(self, weights: Weights, inputs: Array) -> Array:
        """Branch values (N, q) at scaled inputs (N, m)."""
        return self._part(layers_of(weights, "branch"), inputs, sigmoid if self.ends == "sigmoid" else None)

    def trunk(self, weights: Weights, points: Array) -> Array:
        """Trunk values (P, q) at scaled coordinates (P, p)."""
        ends: dict[str, Callable[[Array], Array] | None] = {
            "linear": None,
            "activated-trunk": ACTIVATIONS[self.activation],
            "sigmoid": sigmoid,
        }
        return self._part(layers_of(weights, "trunk"), points, ends[self.ends])

    def apply(self, weights: Weights, inputs: Array, points: Array) -> Array:
        """h (N, P) at all points."""
        return self.branch(weights, inputs) @ self.trunk(weights, points).T + weights["bias"]

    def apply_at(self, weights: Weights, inputs: Array, points: Array, index: NDArray[np.int64]) -> Array:
        """h (N, M) by inner products of branch and trunk values."""
        branch, trunk = self.branch(weights, inputs), self.trunk(weights, points)
        values = branch @ trunk[index].T if index.ndim == 1 else np.einsum("nq,nmq->nm", branch, trunk[index])
        return values + weights["bias"]

    def factors(self, weights: Weights, inputs: Array, points: Array) -> Factors:
        """Branch and trunk values; the features of the branch unless its end is a sigmoid."""
        features = None
        if self.ends != "sigmoid":
            hidden = inputs
            for layer in layers_of(weights, "branch")[:-1]:
                hidden = ACTIVATIONS[self.activation](hidden @ layer.kernel + layer.bias)
            features = np.hstack([hidden, np.ones((len(hidden), 1))])
        return Factors(self.branch(weights, inputs), self.trunk(weights, points), float(weights["bias"][0]), features)

    def largest_array(self, functions: int, distinct: int, labels: int, *, own: bool) -> int:
        """Values of the widest layer on either side, or trunk values gathered for every label."""
        hidden = max(functions * max(self.branch_sizes()), distinct * max(self.trunk_sizes()))
        return max(hidden, functions * labels * (self.q if own else 1))

    def operations(self, functions: int, distinct: int, labels: int) -> float:
        """Branch at every input, trunk at every distinct point, q products per label, gathered."""
        return (
            functions * _layers_operations(self.branch_sizes())
            + distinct * _layers_operations(self.trunk_sizes())
            + functions * labels * (4.0 * self.q + 2.0)
        )

    def reversed(self, weights: Weights) -> Weights:
        """The units of every layer in reverse order."""
        return weights.changed(lambda array: np.ascontiguousarray(np.flip(array)))

    def _part(self, layers: tuple[Layer, ...], values: Array, end: Callable[[Array], Array] | None) -> Array:
        hidden = ACTIVATIONS[self.activation]
        for layer in layers[:-1]:
            values = hidden(values @ layer.kernel + layer.bias)
        values = values @ layers[-1].kernel + layers[-1].bias
        return values if end is None else end(values)


def _layers_operations(sizes: tuple[int, ...]) -> float:
    """Operations of layers of these sizes on one argument, an activation after each."""
    return sum(PRODUCT * fan_in * fan_out + (TRANSCENDENTAL + 4.0) * fan_out for fan_in, fan_out in pairwise(sizes))


def deeponet_weights(branch: Sequence[Layer], trunk: Sequence[Layer], bias: float) -> Weights:
    """Weights of a DeepONet from the layers of branch and trunk and the scalar bias b0."""
    return Weights({**named_layers("branch", branch), **named_layers("trunk", trunk), "bias": np.asarray([bias])})
