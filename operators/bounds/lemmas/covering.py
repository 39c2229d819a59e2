"""Covering numbers of a DeepONet class from its shapes and norms, layer by layer.

Layer l has d_l numbers (W_l | c_l) in a Frobenius ball of radius R_l, and moves the output by at most K_l times its own change.
With tau_l = tau d_l / (K_l d), sum_l K_l tau_l = tau, so that in the sup norm over all inputs and points of the stated size

    ln N(tau) <= sum_l d_l ln(1 + 2 R_l K_l d / (tau d_l)).

K_l. A net f_l = phi(W_l f_{l-1} + c_l), phi Lipschitz with constant a and |phi(x)| <= |x|, keeps |f_l| <= F_l with F_l = R_l
sqrt(F_{l-1}^2 + 1), and F_l <= sqrt(width) for activations bounded by 1. Then k_l = a_l sqrt(F_{l-1}^2 + 1) prod_{j > l} a_j
R_j with a = 1/4 for a sigmoid, and for h = <b, t> + b0 (branch changed first, then trunk; the net in between belongs to the
class) K = k_l F_t in the branch, k_l F_b in the trunk, 1 for b0.

Linear ends: <b, t> = [phi_b; 1]^T (A^T C) [phi_t; 1]. The two heads, q (w_b + w_t + 2) numbers, are covered as one matrix of
(w_b + 1)(w_t + 1) numbers, |A^T C|_F <= R_A R_C, where that is fewer; its centres need not have rank q. Without a hidden layer
the features are the inputs, of the stated norm, and w_b = m or w_t = p.

Radii chosen after training: cover the radii 2^k, k integer, with weights 1 / ((pi^2 / 3 - 1)(1 + |k|)^2), whose sum is 1.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from operators.architectures.activations import BOUNDED_BY_ONE, LIPSCHITZ, Activation
from operators.architectures.deeponet import DeepONet, Ends


@dataclass(frozen=True)
class Norms:
    """Scales that norm-based bounds need.

    Attributes:
        radius: Frobenius radius R_l of every layer (W_l | b_l), fixed before the labels were seen.
        input_norm: largest |u|_2 over the inputs.
        point_norm: largest |y|_2 over the query points.
        label: B, a bound of the labels in absolute value.

    Raises:
        ValueError: a value outside the range in which products over layers and fourth powers stay within float64.
    """

    radius: float = 10.0
    input_norm: float = 1.0
    point_norm: float = 1.0
    label: float = 1.0

    def __post_init__(self) -> None:
        for name, value, least, largest in (
            ("radius", self.radius, 1e-20, 1e20),
            ("input_norm", self.input_norm, 0.0, 1e20),
            ("point_norm", self.point_norm, 0.0, 1e20),
            ("label", self.label, 1e-60, 1e60),
        ):
            if not least <= value <= largest:
                raise ValueError(f"expected {name} between {least:g} and {largest:g}, got {value}; scale the data")


@dataclass(frozen=True)
class Block:
    """Numbers that are covered together: their count d_l, Frobenius radius R_l and Lipschitz constant K_l."""

    count: int
    radius: float
    lipschitz: float


@dataclass(frozen=True)
class _Side:
    """Branch or trunk: its blocks with k_l for K_l, the bounds F of its features and of its output."""

    blocks: tuple[Block, ...]
    features: float
    output: float


def blocks(net: DeepONet, norms: Norms) -> tuple[Block, ...]:
    """The blocks of a net whose layers all have the radius `norms.radius`."""
    branch, trunk = _sides(net, norms)
    sides = [
        [Block(block.count, block.radius, block.lipschitz * other.output) for block in side.blocks]
        for side, other in ((branch, trunk), (trunk, branch))
    ]
    bias = Block(1, norms.radius, 1.0)
    head = (net.branch_features() + 1) * (net.trunk_features() + 1)
    if net.ends == "linear" and head < sides[0][-1].count + sides[1][-1].count:
        joint = math.hypot(branch.features, 1.0) * math.hypot(trunk.features, 1.0)
        return (*sides[0][:-1], *sides[1][:-1], Block(head, norms.radius**2, joint), bias)
    return (*sides[0], *sides[1], bias)


def _sides(net: DeepONet, norms: Norms) -> tuple[_Side, _Side]:
    """Branch and trunk."""
    ends: dict[Ends, tuple[Activation | None, Activation | None]] = {
        "linear": (None, None),
        "activated-trunk": (None, net.activation),
        "sigmoid": ("sigmoid", "sigmoid"),
    }
    hidden, radius = net.activation, norms.radius
    return (
        _side(net.branch_sizes(), norms.input_norm, radius=radius, hidden=hidden, end=ends[net.ends][0]),
        _side(net.trunk_sizes(), norms.point_norm, radius=radius, hidden=hidden, end=ends[net.ends][1]),
    )


def _side(sizes: tuple[int, ...], size: float, *, radius: float, hidden: Activation, end: Activation | None) -> _Side:
    """Blocks of one net: k_l from the input onwards."""
    activations = [*[hidden] * (len(sizes) - 2), end]
    bounds = [size]
    for width, activation in zip(sizes[1:], activations, strict=True):
        grown = radius * math.hypot(bounds[-1], 1.0)
        if activation == "sigmoid":
            grown = math.sqrt(width)
        elif activation in BOUNDED_BY_ONE:
            grown = min(grown, math.sqrt(width))
        bounds.append(grown)
    factors = [1.0 if activation is None else LIPSCHITZ[activation] for activation in activations]
    found = []
    for layer, (fan_in, fan_out) in enumerate(pairwise(sizes)):
        later = math.prod(radius * factor for factor in factors[layer + 1 :])
        found.append(Block((fan_in + 1) * fan_out, radius, factors[layer] * math.hypot(bounds[layer], 1.0) * later))
    return _Side(tuple(found), bounds[-2], bounds[-1])


def log_covering_number(parts: Iterable[Block], tau: float) -> float:
    """Upper bound on ln N(tau) in the sup norm."""
    parts = tuple(parts)
    total = sum(part.count for part in parts)
    return sum(part.count * math.log1p(2.0 * part.radius * part.lipschitz * total / (tau * part.count)) for part in parts)


def log_ball(parts: Iterable[Block]) -> float:
    """ln(W J) of the single-ball form: W^2 = sum R_l^2, J^2 = sum K_l^2."""
    parts = tuple(parts)
    largest = max(part.lipschitz for part in parts)  # a product over layers: scale first, square then
    if largest == math.inf:
        return math.inf
    lipschitz = math.log(largest) + 0.5 * math.log(sum((part.lipschitz / largest) ** 2 for part in parts))
    return 0.5 * math.log(sum(part.radius**2 for part in parts)) + lipschitz


def cost_of_radii(radii: Iterable[float]) -> float:
    """Nats to add to the log-covering number when the radii were read off the trained net and rounded up to powers of 2.

    Oracle: used by tests only.
    """
    steps = (abs(math.ceil(math.log2(radius))) for radius in radii)
    return sum(math.log(math.pi**2 / 3.0 - 1.0) + 2.0 * math.log1p(step) for step in steps)


def prediction_bound(net: DeepONet, norms: Norms) -> float:
    """C with |h| <= C over the class: q for sigmoid ends (bias apart), else |b| |t| plus the bias."""
    if net.ends == "sigmoid":
        return float(net.q)
    branch, trunk = _sides(net, norms)
    return branch.output * trunk.output + norms.radius
