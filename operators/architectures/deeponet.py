"""The hypothesis class: a DeepONet and its size.

    h(u, y) = <branch(u), trunk(y)> + b0,    branch: R^m -> R^q,   trunk: R^p -> R^q

Branch and trunk are fully connected nets with hidden widths w_1..w_L and v_1..v_K and one hidden activation. The
ends differ by class:

    linear            both last layers linear
    activated-trunk   the trunk's last layer activated, the branch's linear (what DeepXDE builds)
    sigmoid           both last layers end in a sigmoid: the class of the theorem of Mukherjee and Roy (arXiv 2308.06338)

With linear ends the function class has a gauge redundancy: <b, t> = [phi_b;1]^T (A^T C) [phi_t;1] depends on the heads only
through a matrix of rank at most q, so that q_eff = min(q, w_L + 1, v_K + 1) and
d_eff = d - q (w_L + v_K + 2) + q_eff (w_L + v_K + 2 - q_eff).

Everything here is NumPy in float64: it is what verifies a fit, whatever trained it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from scipy.special import expit

from operators.architectures.activations import ACTIVATIONS, Activation
from operators.architectures.weights import Layer, Weights
from operators.arrays import Array

Ends = Literal["linear", "activated-trunk", "sigmoid"]
ENDS: tuple[Ends, ...] = ("linear", "activated-trunk", "sigmoid")


@dataclass(frozen=True)
class DeepONet:
    """The architecture: sizes, activation and ends.

    Attributes:
        sensors: m, the branch input size.
        coordinates: p, the trunk input size.
        branch_widths: hidden widths (w_1, ..., w_L) of the branch, L >= 1.
        trunk_widths: hidden widths (v_1, ..., v_K) of the trunk, K >= 1.
        q: common output dimension.
        activation: hidden activation.
        ends: what ends branch and trunk.
    """

    sensors: int
    coordinates: int
    branch_widths: tuple[int, ...]
    trunk_widths: tuple[int, ...]
    q: int
    activation: Activation = "tanh"
    ends: Ends = "activated-trunk"

    def branch_sizes(self) -> tuple[int, ...]:
        """Layer sizes m, w_1, ..., w_L, q."""
        return (self.sensors, *self.branch_widths, self.q)

    def trunk_sizes(self) -> tuple[int, ...]:
        """Layer sizes p, v_1, ..., v_K, q."""
        return (self.coordinates, *self.trunk_widths, self.q)

    def parameter_count(self) -> int:
        """D = sum over layers of (fan in + 1) fan out, plus one for the scalar bias."""
        sizes = (self.branch_sizes(), self.trunk_sizes())
        return 1 + sum((a + 1) * b for s in sizes for a, b in pairwise(s))

    def effective_q(self) -> int:
        """q_eff: the rank the output matrix can reach, bias aside (a linear end on w features has rank <= w + 1)."""
        limits = [self.q]
        if self.ends in ("linear", "activated-trunk"):
            limits.append(self.branch_widths[-1] + 1)
        if self.ends == "linear":
            limits.append(self.trunk_widths[-1] + 1)
        return min(limits)

    def effective_parameter_count(self) -> int:
        """d_eff: parameters less the gauge redundancy of two linear heads; d for other ends."""
        d = self.parameter_count()
        if self.ends != "linear":
            return d
        heads = self.branch_widths[-1] + self.trunk_widths[-1] + 2
        q_eff = self.effective_q()
        return d - self.q * heads + q_eff * (heads - q_eff)

    def branch(self, weights: Weights, inputs: Array) -> Array:
        """Branch values (N, q) at scaled inputs (N, m)."""
        return self._net(weights.branch, inputs, expit if self.ends == "sigmoid" else None)

    def trunk(self, weights: Weights, points: Array) -> Array:
        """Trunk values (P, q) at scaled coordinates (P, p)."""
        ends: dict[str, Callable[[Array], Array] | None] = {
            "linear": None,
            "activated-trunk": ACTIVATIONS[self.activation],
            "sigmoid": expit,
        }
        return self._net(weights.trunk, points, ends[self.ends])

    def _net(self, layers: tuple[Layer, ...], values: Array, end: Callable[[Array], Array] | None) -> Array:
        hidden = ACTIVATIONS[self.activation]
        for layer in layers[:-1]:
            values = hidden(values @ layer.kernel + layer.bias)
        values = values @ layers[-1].kernel + layers[-1].bias
        return values if end is None else end(values)

    def check(self, weights: Weights) -> None:
        """Raise ValueError unless the shapes of `weights` are those of this architecture."""
        for part, sizes, layers in (
            ("branch", self.branch_sizes(), weights.branch),
            ("trunk", self.trunk_sizes(), weights.trunk),
        ):
            expected = [((a, b), (b,)) for a, b in pairwise(sizes)]
            got = [(layer.kernel.shape, layer.bias.shape) for layer in layers]
            if got != expected:
                raise ValueError(f"expected {part} layers of shapes {expected}, got {got}")
