"""Initial weights: three laws, drawn from the NumPy stream `init`.

Fan in and fan out of a kernel W are a and b; c is its bias; the scalar bias b0 starts at 0 under every law.

    glorot           W ~ N(0, 2 / (a + b)), c = 0. Glorot and Bengio (AISTATS 2010) fix only the variance; the law is the plain
                     normal, not the normal cut at two standard deviations that Keras calls Glorot normal.
    uniform-fan-in   W and c ~ U(-1/sqrt(a), 1/sqrt(a))
    scaled           first layers fitted to the clean inputs and coordinates, so that inputs of any scale serve:
                         branch   W ~ N(0, 1 / mean_i |x_i|^2) for centred inputs x_i = u'_i - mean u', c ~ U(-.3, .3)
                         trunk    W ~ N(0, 4 / p) for coordinates centred and mapped to a range of 2, c ~ U(-2, 2)
                     later layers as glorot, hidden biases U(-.09, .09) in the branch and U(-.6, .6) in the trunk, ends without
                     bias. Centring and range are folded into the first layer, so the net reads u' and y' unchanged. Without
                     hidden layers the only layer is drawn as a first one.

Each matrix has a stream of its own, named by replicate, restart, part, layer and kind: no two are alike, and none depends on
the sizes of other layers. A narrow layer is no prefix of a wide one. Other architectures than the DeepONet: `initial_arrays`.
"""

from itertools import pairwise

import numpy as np

from bench.cell import Cell
from bench.engines.initial_arrays import initial_arrays
from bench.engines.initial_scales import FIRST_BIAS, HIDDEN_BIAS, TRUNK_SCALE, Part, input_factor, unit_range
from operators.architectures.deeponet import DeepONet, deeponet_weights
from operators.architectures.weights import Layer, Weights
from operators.arrays import Array
from operators.seeds import stream
from results.schema.cells import Initialisation


def initial_weights(cell: Cell, *, inputs: Array | None = None, points: Array | None = None) -> Weights:
    """Draw the initial weights of a cell.

    Args:
        cell: its net, initialisation, replicate and restart.
        inputs: (N, m) scaled training inputs u'; only the law `scaled` reads them.
        points: (P, p) scaled coordinates y'; only the law `scaled` reads them.

    Raises:
        ValueError: the law `scaled` without inputs or points.
    """
    net = cell.net()
    if not isinstance(net, DeepONet):
        return initial_arrays(cell, net, inputs, points)
    branch = [_layer(cell, "branch", number, shape) for number, shape in enumerate(_shapes(net.branch_sizes()))]
    trunk = [_layer(cell, "trunk", number, shape) for number, shape in enumerate(_shapes(net.trunk_sizes()))]
    if cell.training.initialisation == "scaled":
        if inputs is None or points is None:
            raise ValueError("expected scaled inputs and points for the initialisation 'scaled', got None")
        branch[0] = _fitted(branch[0], inputs.mean(axis=0), np.full(net.sensors, input_factor(inputs)))
        trunk[0] = _fitted(trunk[0], points.mean(axis=0), TRUNK_SCALE / np.sqrt(net.coordinates) * unit_range(points))
    return deeponet_weights(branch, trunk, 0.0)


def _shapes(sizes: tuple[int, ...]) -> list[tuple[int, int]]:
    return list(pairwise(sizes))


def _layer(cell: Cell, part: Part, number: int, shape: tuple[int, int]) -> Layer:
    """Draw one layer; the first layer of the law `scaled` has unit normal kernel entries here."""
    law: Initialisation = cell.training.initialisation
    fan_in, fan_out = shape
    identity = (cell.replicate, cell.restart, part, number)
    kernel, bias = stream("init", *identity, "kernel"), stream("init", *identity, "bias")
    if law == "uniform-fan-in":
        bound = 1.0 / np.sqrt(fan_in)
        return Layer(kernel.uniform(-bound, bound, size=shape), bias.uniform(-bound, bound, size=fan_out))
    net = cell.deeponet()
    depth = len(net.branch_widths if part == "branch" else net.trunk_widths)
    if law == "glorot" or number == depth > 0:
        return Layer(_glorot(kernel, shape), np.zeros(fan_out))
    if number == 0:
        return Layer(kernel.standard_normal(shape), bias.uniform(-FIRST_BIAS[part], FIRST_BIAS[part], size=fan_out))
    return Layer(_glorot(kernel, shape), bias.uniform(-HIDDEN_BIAS[part], HIDDEN_BIAS[part], size=fan_out))


def _glorot(generator: np.random.Generator, shape: tuple[int, int]) -> Array:
    return np.sqrt(2.0 / sum(shape)) * generator.standard_normal(shape)


def _fitted(layer: Layer, mean: Array, factor: Array) -> Layer:
    """The layer that gives on x what `layer` gives on factor * (x - mean); summed without BLAS, whose bits vary."""
    kernel = factor[:, None] * layer.kernel
    return Layer(kernel, layer.bias - (mean[:, None] * kernel).sum(axis=0))
