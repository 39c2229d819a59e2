"""Hidden activations: their value and slope, a Lipschitz constant, and which are bounded by one."""

from collections.abc import Callable
from typing import Literal

import numpy as np
import scipy

from operators.arrays import Array

Activation = Literal["tanh", "relu", "sigmoid", "gelu", "silu"]


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)). SciPy's special functions load at its first call: few nets ask for one, and every worker would pay."""
    return scipy.special.expit(x)


def _gelu(x: Array) -> Array:
    return 0.5 * x * (1.0 + scipy.special.erf(x / np.sqrt(2.0)))


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0.0),
    "sigmoid": sigmoid,
    "gelu": _gelu,
    "silu": lambda x: x * sigmoid(x),
}


def _silu_slope(z: Array, a: Array) -> Array:
    gate = sigmoid(z)
    return gate + a * (1.0 - gate)


def _gelu_slope(z: Array, a: Array) -> Array:
    return 0.5 * (1.0 + scipy.special.erf(z / np.sqrt(2.0))) + z * np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)


SLOPES: dict[str, Callable[[Array, Array], Array]] = {
    "tanh": lambda z, a: 1.0 - a * a,
    "relu": lambda z, a: (z > 0.0).astype(np.float64),
    "sigmoid": lambda z, a: a * (1.0 - a),
    "silu": _silu_slope,
    "gelu": _gelu_slope,
}


LIPSCHITZ: dict[Activation, float] = {"tanh": 1.0, "relu": 1.0, "sigmoid": 0.25, "gelu": 1.1290, "silu": 1.0999}


BOUNDED_BY_ONE: tuple[Activation, ...] = ("tanh", "sigmoid")
