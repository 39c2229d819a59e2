"""POD-DeepONet: a branch that gives the coefficients of fixed modes, here of the labels themselves.

    h(u, y) = phi_0(y) + sum_k b_k(u) phi_k(y),    b: R^m -> R^q fully connected with a linear end

phi_0, ..., phi_q are functions of y alone: multilinear interpolants (`operators.architectures.multilinear`) of values at k^p
nodes. On the nodes they are any vectors: the mean of the training outputs and their first q principal directions (proper
orthogonal decomposition). The basis counts as parameters, (q + 1) k^p of them beside the branch: it is computed from the
labels, noise included, so a witness must store it and a bound must count it. Where the literature counts the branch alone, d is
smaller.

Rank. With H = [hidden features, 1] (N, w + 1), h = H A Phi^T + 1 phi_0^T, and 1 is a column of H: the outputs are H times a
matrix, of rank at most w + 1, and the sum of a matrix of rank q and one of rank 1: min(q + 1, w + 1, k^p), one more than a
DeepONet of the same q where its mean is no constant.

References: Lu et al. 2022, arXiv:2111.05512, section 3.1.3.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from operators.architectures.activations import ACTIVATIONS, Activation
from operators.architectures.architecture import Architecture, Factors
from operators.architectures.fully_connected import fully_connected, hidden_layers
from operators.architectures.multilinear import interpolated
from operators.architectures.weights import Weights, layer_shapes, layers_of
from operators.arrays import Array
from operators.work import PRODUCT, TRANSCENDENTAL

LARGEST_NODES = 4096


@dataclass(frozen=True)
class PODDeepONet(Architecture):
    """The hypothesis class.

    Attributes:
        branch_widths: hidden widths (w_1, ..., w_L) of the branch, L >= 1.
        q: modes beside the mean.
        nodes: k, nodes along each coordinate.
        activation: hidden activation.
    """

    name: ClassVar[str] = "pod-deeponet"
    branch_widths: tuple[int, ...] = (64, 64)
    q: int = 16
    nodes: int = 64
    activation: Activation = "tanh"

    def __post_init__(self) -> None:
        """Refuse sizes that are no sizes."""
        if not self.branch_widths or min(*self.branch_widths, self.q) < 1:
            raise ValueError(f"expected at least one branch width, each and q >= 1, got {list(self.branch_widths)}, q = {self.q}")
        if not 2 <= self.nodes <= LARGEST_NODES:
            raise ValueError(f"expected from 2 to {LARGEST_NODES} nodes along each coordinate, got {self.nodes}")

    def branch_sizes(self) -> tuple[int, ...]:
        """Layer sizes m, w_1, ..., w_L, q."""
        return (self.sensors, *self.branch_widths, self.q)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Layers of the branch, phi_1, ..., phi_q and phi_0 at the nodes."""
        count = self.nodes**self.coordinates
        return {**layer_shapes("branch", self.branch_sizes()), "basis": (count, self.q), "mean": (count, 1)}

    def output_rank(self) -> int:
        """One more than the modes, unless features or nodes are fewer."""
        return int(min(self.q + 1, self.branch_widths[-1] + 1, self.nodes**self.coordinates))

    def apply(self, weights: Weights, inputs: Array, points: Array) -> Array:
        """h (N, P)."""
        branch, trunk = self._sides(weights, inputs, points)
        return branch @ trunk.T

    def apply_at(self, weights: Weights, inputs: Array, points: Array, index: NDArray[np.int64]) -> Array:
        """h (N, M) by inner products of coefficients and modes."""
        branch, trunk = self._sides(weights, inputs, points)
        return branch @ trunk[index].T if index.ndim == 1 else np.einsum("nq,nmq->nm", branch, trunk[index])

    def factors(self, weights: Weights, inputs: Array, points: Array) -> Factors:
        """Coefficients, that of phi_0 one, and modes; the features of the branch's last hidden layer."""
        layers = layers_of(weights, "branch")
        hidden = hidden_layers(layers[:-1], inputs, ACTIVATIONS[self.activation])
        branch, trunk = self._sides(weights, inputs, points)
        return Factors(branch, trunk, 0.0, np.hstack([hidden, np.ones((len(hidden), 1))]))

    def largest_array(self, functions: int, distinct: int, labels: int, *, own: bool) -> int:
        """The basis at nodes or points, the widest layer, or modes gathered for every label."""
        modes = (self.q + 1) * max(distinct, self.nodes**self.coordinates, functions * labels if own else 1)
        return max(modes, functions * max(*self.branch_sizes(), labels), distinct * 2**self.coordinates)

    def operations(self, functions: int, distinct: int, labels: int) -> float:
        """The branch at every input, the modes at every distinct point, q products per label, gathered."""
        branch = sum(PRODUCT * before * after + (TRANSCENDENTAL + 4.0) * after for before, after in pairwise(self.branch_sizes()))
        corners = 2**self.coordinates
        modes = distinct * corners * (4.0 * (self.q + 1) + 8.0 * self.coordinates) + self.parameter_count()
        return functions * branch + modes + functions * labels * (4.0 * (self.q + 1) + 2.0)

    def _sides(self, weights: Weights, inputs: Array, points: Array) -> tuple[Array, Array]:
        """[b, 1] (N, q + 1) and [phi_1, ..., phi_q, phi_0] (P, q + 1)."""
        branch = fully_connected(layers_of(weights, "branch"), inputs, ACTIVATIONS[self.activation])
        modes = interpolated(np.hstack([weights["basis"], weights["mean"]]), points, self.nodes)
        return np.hstack([branch, np.ones((len(branch), 1))]), modes
