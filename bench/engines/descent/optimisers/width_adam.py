"""Adam with a learning rate per width: the maximal update parametrisation, for fully connected branch and trunk.

Of a kernel of fan in a, in units of nets whose hidden widths are BASE:

    first layers, all biases, b0     rate r                 start as the cell's law says
    later kernels                    rate r BASE / a        the last one of each net starts times (BASE / a)^(1/2)

so that one step changes every layer's values by as much at any width, and the best r of narrow nets serves wide ones. At widths
BASE it is Adam bit by bit. q is not taken for a width: it is what a study varies.

Reference: Yang, Hu, Babuschkin, Sidor, Liu, Farhi, Ryder, Pachocki, Chen, Gao 2022, arXiv:2203.03466, table 3.
"""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from bench.engines.descent.networks.network import Tensor
from bench.engines.descent.optimisers.adam import BETA_1, BETA_2, EPSILON, Adam, State
from operators.architectures.deeponet import DeepONet
from operators.architectures.weights import Weights

BASE = 64


@dataclass(frozen=True)
class WidthAdam(Adam):
    """Adam whose rate is multiplied, matrix by matrix, on the rows of its kernel.

    Attributes:
        factors: of each matrix.
    """

    factors: tuple[float, ...] = ()

    def step(self, theta: Tensor, gradient: Tensor, state: State, *, coefficients: Tensor) -> tuple[Tensor, State]:
        """One step."""
        m, v = state
        m = m + (gradient - m) * (1.0 - BETA_1)
        v = v + (tf.square(gradient) - v) * (1.0 - BETA_2)
        return theta - coefficients[0] * tf.constant(self.each()) * m / (tf.sqrt(v) + EPSILON), (m, v)

    def each(self) -> NDArray[np.float32]:
        """The factor of each number of theta: float32 (d,)."""
        parts = [
            np.repeat(np.asarray([factor, 1.0], dtype=np.float32), [(rows - 1) * columns, columns])
            for factor, (rows, columns) in zip(self.factors, self.shapes, strict=True)
        ]
        return np.concatenate(parts)


def width_factors(net: DeepONet) -> tuple[float, ...]:
    """The factor of each matrix [W; c] of branch and trunk, and of b0."""
    kernels = {name: shape for name, shape in net.shapes().items() if name.endswith("_kernel")}
    return (*(1.0 if name.endswith("_0_kernel") else BASE / shape[0] for name, shape in kernels.items()), 1.0)


def started(net: DeepONet, weights: Weights) -> Weights:
    """Initial weights with the last kernels of branch and trunk as the parametrisation asks for."""
    named = dict(weights.named)
    for part, widths in (("branch", net.branch_widths), ("trunk", net.trunk_widths)):
        if widths:
            name = f"{part}_{len(widths)}_kernel"
            named[name] = named[name] * np.sqrt(BASE / widths[-1])
    return Weights(named)
