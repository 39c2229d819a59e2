"""The numbers of the law `scaled` (`bench.engines.initial_weights`): uniform biases, and factors that fit a first layer."""

from typing import Literal

import numpy as np

from operators.arrays import Array

Part = Literal["branch", "trunk"]

FIRST_BIAS: dict[Part, float] = {"branch": 0.3, "trunk": 2.0}
HIDDEN_BIAS: dict[Part, float] = {"branch": 0.09, "trunk": 0.6}
TRUNK_SCALE = 2.0


def input_factor(inputs: Array) -> float:
    """1 / root mean square norm of the centred inputs; 1 if all inputs are equal."""
    energy = float(np.mean(np.sum((inputs - inputs.mean(axis=0)) ** 2, axis=1)))
    return 1.0 / np.sqrt(energy) if energy > 0.0 else 1.0


def unit_range(points: Array) -> Array:
    """Factors that map each coordinate to a range of 2; 1 for a constant one."""
    extent = points.max(axis=0) - points.min(axis=0)
    return 2.0 / np.where(extent > 0.0, extent, 2.0)
