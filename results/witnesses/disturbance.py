"""The same net and data as another machine might hold them: data rounded to DATA_BITS bits, all sums in reverse order."""

import dataclasses
import math

import numpy as np

from operators.architectures import Architecture, Weights
from operators.arrays import Array
from operators.data.normalisation import Problem

DATA_BITS = 40


def disturbed(net: Architecture, weights: Weights, problem: Problem) -> tuple[Weights, Problem]:
    """Weights and problem with rounded data; sums turned round where the architecture can."""
    inputs, held_out, points = rounded(problem.inputs), rounded(problem.test_inputs), rounded(problem.points)
    turned = net.reversed(weights)
    if turned is not None:
        inputs, held_out, points = (np.ascontiguousarray(values[:, ::-1]) for values in (inputs, held_out, points))
        weights = turned
    labels = rounded(problem.labels)
    return weights, dataclasses.replace(problem, inputs=inputs, test_inputs=held_out, points=points, labels=labels)


def rounded(values: Array) -> Array:
    """Values to the nearest multiple of 2^-DATA_BITS of the power of two above the largest."""
    unit = 2.0 ** (math.frexp(float(np.max(np.abs(values))))[1] - DATA_BITS)
    return np.asarray(np.round(values / unit) * unit)
