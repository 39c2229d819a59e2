"""A witness in ball arithmetic: a proof, not a measurement, that the net of these weights reaches its target in exact arithmetic.

Every value is a float64 midpoint with a radius that encloses what exact arithmetic gives for the weights, the scaling constants
and the data as the float64 numbers they are:

    x W + c       |fl(x W) - x W| <= n u / (1 - n u) |x| |W| in whatever order n products are summed, plus radius of x times |W|
    activations   with the bounds of `results.witnesses.enclosed_activations`, Lipschitz constant times radius; relu is exact
    squares       summed outward, by the same bound

u = 2^-53; radii are themselves rounded up. Only the four operations of IEEE 754 are relied on, no library's tanh.
What is enclosed is the net in real arithmetic: that a float64 evaluation passes, too, is what `results.witnesses.error`
measures. The data are taken as generated; their own error is stated by the tasks.
"""

from dataclasses import dataclass

import numpy as np

from operators.architectures import DeepONet
from operators.architectures.activations import LIPSCHITZ
from operators.architectures.weights import Layer, layers_of
from operators.arrays import Array
from operators.data.dataset import Dataset
from results.records.manifest import Target
from results.witnesses import enclosed_activations
from results.witnesses.enclosed_activations import UNIT
from results.witnesses.file import Witness

UP = 1.0 + 2.0**-40  # covers the rounding of a radius computed in a few operations
TINY = 2.0**-1000
FUNCTIONS = {
    "tanh": enclosed_activations.tanh,
    "sigmoid": enclosed_activations.sigmoid,
    "silu": enclosed_activations.silu,
}
KNOWN = (*FUNCTIONS, "relu")


@dataclass(frozen=True, eq=False)
class Ball:
    """Midpoints and radii of the same shape."""

    middle: Array
    radius: Array


@dataclass(frozen=True)
class Enclosed:
    """What ball arithmetic gives.

    Attributes:
        error: an upper bound of |y - h| / |y|.
        reaches: whether the target is proved.
    """

    error: float
    reaches: bool


def enclosed(witness: Witness, dataset: Dataset) -> Enclosed | None:
    """The error of a witness from above; None about new functions, and for other nets or activations than are enclosed here."""
    net, header = witness.header.net(), witness.header
    if header.target.kind == "population" or not isinstance(net, DeepONet) or net.activation not in KNOWN:
        return None
    constants = dataset.constants
    inputs = Ball(dataset.inputs, np.zeros_like(dataset.inputs))
    if header.scaling.inputs == "standard":
        inputs = _quotient(_minus(inputs, constants.input_mean), constants.input_std or 1.0)
    points = Ball(dataset.points, np.zeros_like(dataset.points))
    if header.scaling.coordinates == "unit":
        points = _to_unit(dataset.points)
    ends: dict[str, tuple[str | None, str | None]] = {
        "linear": (None, None),
        "activated-trunk": (None, net.activation),
        "sigmoid": ("sigmoid", "sigmoid"),
    }
    branch = _part(inputs, layers_of(witness.weights, "branch"), net.activation, ends[net.ends][0])
    trunk = _part(points, layers_of(witness.weights, "trunk"), net.activation, ends[net.ends][1])
    squares = 0.0
    for number, labels in enumerate(dataset.labels):
        rows = dataset.index if dataset.index.ndim == 1 else dataset.index[number]
        at = Ball(trunk.middle[rows].T, trunk.radius[rows].T)
        value = _product(Ball(branch.middle[number : number + 1], branch.radius[number : number + 1]), at)
        value = _plus(value, witness.weights["bias"])
        value = _plus(_times(value, float(constants.output_std)), float(constants.output_mean))
        rest = _minus(value, labels)
        squares = _up(squares + _up(_sum_up((np.abs(rest.middle) + rest.radius) ** 2)))
    return _judged(squares, dataset, header.target)


def _judged(squares: float, dataset: Dataset, target: Target) -> Enclosed:
    """Compare an upper bound of sum (y - h)^2 with what the target allows, from below."""
    energy = _sum_down(dataset.labels**2)
    allowed = target.value**2 * energy if target.kind == "relative" else (1.0 - target.value) * _sum_down(dataset.noise**2)
    return Enclosed(float(np.sqrt(squares / energy)) * UP, squares <= allowed * (2.0 - UP))


def _up(value: float) -> float:
    return value * UP + TINY


def _sum_up(values: Array) -> float:
    """An upper bound of a sum of squares of absolute values computed in float64."""
    return float(np.sum(values)) * (1.0 + 2.0 * (values.size + 4) * UNIT)


def _sum_down(values: Array) -> float:
    return float(np.sum(values)) * (1.0 - 2.0 * (values.size + 4) * UNIT)


def _ball(middle: Array, radius: Array) -> Ball:
    """One rounding of the midpoint, and of the radius, added."""
    return Ball(middle, (radius + 2.0 * UNIT * np.abs(middle)) * UP + TINY)


def _plus(one: Ball, value: Array | float) -> Ball:
    return _ball(one.middle + value, one.radius)


def _minus(one: Ball, value: Array | float) -> Ball:
    return _ball(one.middle - value, one.radius)


def _times(one: Ball, value: float) -> Ball:
    return _ball(one.middle * value, one.radius * abs(value))


def _quotient(one: Ball, value: float) -> Ball:
    return _ball(one.middle / value, one.radius / abs(value))


def _to_unit(points: Array) -> Ball:
    """2 (x - low) / (high - low) - 1 per coordinate, 0 for a constant one."""
    low, high = points.min(axis=0), points.max(axis=0)
    width = np.where(high > low, high - low, 1.0)
    share = (points - low) / width
    found = _ball(2.0 * share - 1.0, 8.0 * UNIT * np.abs(share))
    return Ball(np.where(high > low, found.middle, 0.0), np.where(high > low, found.radius, 0.0))


def _product(one: Ball, other: Ball) -> Ball:
    """A product of matrices."""
    count = one.middle.shape[1]
    gamma = 2.0 * (count + 2) * UNIT
    sizes = np.abs(one.middle) @ np.abs(other.middle)
    radius = gamma * sizes + one.radius @ (np.abs(other.middle) + other.radius) + np.abs(one.middle) @ other.radius
    return Ball(one.middle @ other.middle, radius * (1.0 + gamma) * UP + TINY)


def _part(values: Ball, layers: tuple[Layer, ...], hidden: str, last: str | None) -> Ball:
    """Branch or trunk."""
    for number, layer in enumerate(layers):
        kernel = Ball(layer.kernel, np.zeros_like(layer.kernel))
        values = _plus(_product(values, kernel), layer.bias)
        end = last if number == len(layers) - 1 else hidden
        values = values if end is None else _activated(values, end)
    return values


def _activated(values: Ball, name: str) -> Ball:
    if name == "relu":
        return Ball(np.maximum(values.middle, 0.0), values.radius)
    middle, error = FUNCTIONS[name](values.middle)
    return _ball(middle, error + values.radius * LIPSCHITZ[name])  # type: ignore[index]
