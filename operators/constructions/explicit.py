"""Theorem U: an untrained DeepONet with q = r that attains the Eckart-Young floor of rank r, so that q brackets close by proof.

N distinct inputs u_i, M distinct points y_j, N, M >= 2, X of rank <= r. There are weights of the net with branch widths (1,
N-1), trunk widths (1, M-1) and q = max(r, 1) whose values are X exactly, for every hidden activation of HIDDEN and a linear
trunk end or one of INVERTIBLE:

    d = (m + 1) + 2 (N - 1) + r N + (p + 1) + 2 (M - 1) + r M + 1.

Proof (derived here). For almost every a the numbers a.u_i differ; one unit, monotone on its range, keeps their order s_1 < ...
< s_N. With thresholds t_l in the N - 1 gaps and a large slope c the matrix [1, phi(c (s_i - t_l))]_il is invertible: divided by
what it grows like, it tends to one of steps (tanh, sigmoid) or of ramps (relu, gelu, silu), whose differences of neighbouring
rows are triangular with a nonzero diagonal. So the last linear layer gives any B (N, r). The trunk alike gives any T; where its
end is activated, T is scaled into a neighbourhood of 0 that the activation covers one to one, and the head gives the inverse. X
= B T^T by the singular value decomposition. With one hidden layer the N - 1 units read a.u directly; each layer beyond two is
of width 1. QED

False for a relu or sigmoid trunk end and for sigmoid ends, whose factors lie in (0, 1) (`free_factors`): u v^T with u = (1, 2), v
= (1, -1, 0) has rank 1, but b_i t_j + b0 = u_i v_j forces b0 = 0 and entries t_j of both signs.

In float64 the slopes saturate tanh to exactly +-1, so that no rounding of the data moves a value; what remains is the rounding of
the singular value decomposition and of the search for the bias, of which no optimum is claimed.
"""

from dataclasses import dataclass

import numpy as np
import scipy

from operators.architectures.activations import ACTIVATIONS, SLOPES
from operators.architectures.deeponet import DeepONet, deeponet_weights
from operators.architectures.weights import Layer, Weights
from operators.arrays import Array
from operators.bounds.lemmas.singular_values import singular_values, tail_sums
from operators.data.normalisation import Problem
from operators.seeds import stream

HIDDEN = ("tanh", "sigmoid", "relu", "gelu", "silu")
INVERTIBLE = ("tanh", "gelu", "silu")
DIRECTIONS = 64
STEEPNESS = 40.0  # tanh(40) is 1 in float64
LEAST_GAP = 1e-9  # of codes, relative to their size: data of 40 bits must not change their order
LARGEST_END = {"tanh": 0.5, "gelu": 0.1, "silu": 0.1}
BIASES, SEARCHED = 81, 4


def explicit_sizes(like: DeepONet, functions: int, points: int, rank: int) -> DeepONet:
    """The net of Theorem U with the depths, activation and ends of another.

    Raises:
        ValueError: ends or an activation for which the theorem is false, or no hidden layer to hold its steps.
    """
    if not (like.branch_widths and like.trunk_widths):
        raise ValueError("expected hidden layers on both sides, got none on one")
    if like.activation not in HIDDEN or like.ends == "sigmoid":
        raise ValueError(f"expected linear ends or an activated trunk, got {like.ends!r} and {like.activation!r}")
    if like.ends == "activated-trunk" and like.activation not in INVERTIBLE:
        raise ValueError(f"expected a trunk end among {list(INVERTIBLE)}, got {like.activation!r}")
    return DeepONet(
        like.sensors,
        like.coordinates,
        widths_of_steps(len(like.branch_widths), functions),
        widths_of_steps(len(like.trunk_widths), points),
        max(rank, 1),
        like.activation,
        like.ends,
    )


def widths_of_steps(depth: int, count: int) -> tuple[int, ...]:
    """Hidden widths that take any values at so many arguments."""
    return (*[1] * (depth - 1), max(count - 1, 1))


def explicit_weights(net: DeepONet, problem: Problem) -> Weights:
    """The weights of Theorem U for the best matrix of rank q plus a bias on a grid.

    Raises:
        ValueError: another net than `explicit_sizes` gives, no grid, or inputs or points too near one another.
    """
    rows, columns = problem.labels.shape
    if problem.design != "grid" or net != explicit_sizes(net, rows, columns, net.q):
        raise ValueError("expected the net of Theorem U for the functions and points of a grid")
    branch, trunk, bias = best_factors(problem, net.q)
    end = None
    if net.ends == "activated-trunk":
        size = LARGEST_END[net.activation] / np.maximum(np.abs(trunk).max(axis=0), 1e-300)
        branch, trunk, end = branch / size, trunk * size, net.activation
    return deeponet_weights(
        interpolating(problem.inputs, branch, net, depth=len(net.branch_widths)),
        interpolating(
            problem.points[problem.index],
            trunk if end is None else inverse(end, trunk),
            net,
            depth=len(net.trunk_widths),
        ),
        bias,
    )


def best_factors(problem: Problem, rank: int) -> tuple[Array, Array, float]:
    """B (N, r), T (M, r) and b0 such that mean + scale (B T^T + b0) is about as near the labels as this rank allows."""
    scale = np.broadcast_to(problem.scale, problem.labels.shape[1:])
    bias = best_bias(problem, rank)
    left, singular, right = np.linalg.svd(problem.labels - problem.mean - bias * scale, full_matrices=False)
    kept = min(rank, len(singular))
    branch, trunk = np.zeros((len(left), rank)), np.zeros((len(scale), rank))
    roots = np.sqrt(singular[:kept])
    branch[:, :kept], trunk[:, :kept] = left[:, :kept] * roots, right[:kept].T * roots / scale[:, None]
    return branch, trunk, bias


def best_bias(problem: Problem, rank: int) -> float:
    """A bias b0 with a small tail_r(labels - mean - b0 scale): the best of a grid and of local searches in its valleys."""
    scale = np.broadcast_to(problem.scale, problem.labels.shape[1:])
    rest = problem.labels - problem.mean
    unit = float(np.sqrt(np.mean(rest**2) / np.mean(scale**2))) or 1.0

    def left_over(x: float) -> float:
        tails = tail_sums(singular_values(rest - unit * np.sinh(x) * scale) ** 2)
        return float(tails[min(rank, len(tails) - 1)])

    grid = np.linspace(-5.0, 5.0, BIASES)
    values = np.array([left_over(x) for x in grid])
    best = min(zip(values, grid, strict=True))
    for place in _valleys(values):
        around = grid[max(place - 1, 0)], grid[min(place + 1, BIASES - 1)]
        found = scipy.optimize.minimize_scalar(left_over, bounds=around, method="bounded", options={"xatol": 1e-8})
        best = min(best, (float(found.fun), float(found.x)))
    return float(unit * np.sinh(best[1]))


def _valleys(values: Array) -> list[int]:
    """Places that are no higher than their neighbours, the lowest SEARCHED first."""
    padded = np.concatenate([[np.inf], values, [np.inf]])
    places = np.flatnonzero((values <= padded[:-2]) & (values <= padded[2:]))
    return [int(place) for place in places[np.argsort(values[places], kind="stable")][:SEARCHED]]


@dataclass(frozen=True, eq=False)
class Code:
    """One number per argument: x -> scale (x.direction) + shift, from -1 to 1 over the arguments given."""

    kernel: Array
    shift: float


def code_of(arguments: Array) -> Code:
    """The direction, of DIRECTIONS and the coordinates themselves, in which the arguments lie farthest apart.

    Raises:
        ValueError: arguments of which no direction tells all apart.
    """
    count, size = arguments.shape
    drawn = stream("init", "explicit", size).standard_normal((DIRECTIONS, size))
    candidates = np.vstack([drawn, np.eye(size)[:DIRECTIONS]])
    codes = np.sort(arguments @ candidates.T, axis=0)
    scale = np.linalg.norm(candidates, axis=1) * float(np.linalg.norm(arguments, axis=1).max())
    gaps = np.diff(codes, axis=0).min(axis=0, initial=np.inf) / np.maximum(scale, 1e-300)
    best = int(gaps.argmax())
    if count > 1 and not gaps[best] > LEAST_GAP:
        raise ValueError(f"expected {count} arguments that differ, got two that are as good as equal")
    low, high = float(codes[0, best]), float(codes[-1, best])
    half = (high - low) / 2.0 or 1.0
    return Code(candidates[best] / half, -(high + low) / (2.0 * half))


def interpolating(arguments: Array, values: Array, net: DeepONet, *, depth: int) -> list[Layer]:
    """Layers that take each argument to its row of values: codes, steps or ramps in their gaps, and a linear layer."""
    phi = ACTIVATIONS[net.activation]
    offset = 0.0 if net.activation in ("tanh", "sigmoid") else 2.0  # relu, gelu and silu increase beyond 0
    code = code_of(arguments)
    layers, kernel, shift, held = list[Layer](), code.kernel[:, None], code.shift, arguments
    for _ in range(depth - 1):
        layers.append(Layer(kernel, np.array([shift + offset])))
        held = phi(held @ kernel + (shift + offset))
        low, high = float(held.min()), float(held.max())
        half = (high - low) / 2.0 or 1.0
        kernel, shift = np.array([[1.0 / half]]), -(high + low) / (2.0 * half)
    ordered = np.sort((held @ kernel + shift)[:, 0])
    gaps = np.diff(ordered) if len(ordered) > 1 else np.array([2.0])
    thresholds = ordered[: len(gaps)] + gaps / 2.0
    slopes = 2.0 * STEEPNESS / gaps
    layers.append(Layer(kernel * slopes, np.asarray(slopes * (shift - thresholds), dtype=np.float64)))
    features = np.hstack([phi(held @ layers[-1].kernel + layers[-1].bias), np.ones((len(held), 1))])
    head = np.asarray(np.linalg.lstsq(features, values, rcond=None)[0], dtype=np.float64)
    head += np.linalg.lstsq(features, values - features @ head, rcond=None)[0]
    return [*layers, Layer(head[:-1], head[-1])]


def inverse(activation: str, values: Array) -> Array:
    """x with activation(x) = values near 0, by Newton's method from the slope at 0."""
    phi, slope = ACTIVATIONS[activation], SLOPES[activation]
    x = np.arctanh(values) if activation == "tanh" else 2.0 * values
    for _ in range(60):
        step = (phi(x) - values) / slope(x, phi(x))
        x = x - step
        if np.max(np.abs(step), initial=0.0) <= 1e-16:
            break
    return np.asarray(x, dtype=np.float64)
