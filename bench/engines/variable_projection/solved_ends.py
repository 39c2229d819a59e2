"""Both last layers of a trained DeepONet by least squares, whatever their ends and wherever the labels lie.

    B = e_b(H W_b),   T = e_t(F W_t),   loss = sum over labels of (<B_i, T_j> + b0 - y_ij)^2

H and F are the features of the last hidden layers, constant included, held as trained. A step of the method of Levenberg (1944)
and Marquardt (1963, doi:10.1137/0111030) minimises over dW_b and dW_t together

    |<dB, T> + <B, dT> - mean + r|^2 + lambda (|dL_b|^2_K + |dL_t|^2_K),     dB = e_b' * (H dW_b),   dT = e_t' * (F dW_t)

by ITERATIONS of conjugate gradients in L = R W, R^T R = H^T H + mu I (`heads.cholesky`), preconditioned by I (x) K, K (q, q) the
mean over rows of (e' e'^T) * (the block of J^T J in one row): with labels at random places J^T J is near I (x) K on each side. b0
is the mean residual. A step is made only if the loss falls, so it never rises.

Bounded ends saturate under steps that go all the way too early, so this comes last, where descent on all layers has ended.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy

from bench.engines.variable_projection.heads import cholesky
from bench.engines.variable_projection.hidden_layers import with_ones
from bench.engines.variable_projection.label_layouts import Layout, layout_of
from operators.architectures.activations import ACTIVATIONS, SLOPES
from operators.architectures.deeponet import DeepONet, deeponet_weights
from operators.architectures.weights import Layer, Weights, layers_of
from operators.arrays import Array
from operators.data.normalisation import Problem

ITERATIONS = 15
LEAST_GAIN = 1e-4
DAMPING, LEAST_DAMPING, MOST_DAMPING = 0.1, 1e-9, 1e6
METRIC_RIDGE = 1e-10
EXHAUSTED = 1e-24

Pair = tuple[Array, Array]


@dataclass(frozen=True, eq=False)
class End:
    """What ends one net.

    Attributes:
        value: e.
        slope: e' from the argument and the value.
    """

    value: Callable[[Array], Array]
    slope: Callable[[Array, Array], Array]


LINEAR = End(lambda before: before, lambda before, values: np.ones_like(values))
SIGMOID = End(ACTIVATIONS["sigmoid"], SLOPES["sigmoid"])


class Side:
    """The last layer of one net on given features.

    Attributes:
        matrix: W (a, q), bias as last row.
        values: e(H W).
        slopes: e'(H W).
    """

    def __init__(self, features: Array, matrix: Array, end: End) -> None:
        self._features, self._end = features, end
        self._factor, _ = cholesky(features)
        self.put(matrix)

    def put(self, matrix: Array) -> None:
        """Take these weights."""
        self.matrix, before = matrix, self._features @ matrix
        self.values = self._end.value(before)
        self.slopes = self._end.slope(before, self.values)

    def gradient(self, of_values: Array) -> Array:
        """The derivative in W from that in the values."""
        return np.asarray(self._features.T @ (self.slopes * of_values))

    def whitened(self, of_values: Array) -> Array:
        """The derivative in L."""
        return np.asarray(scipy.linalg.lapack.dtrtrs(self._factor, self.gradient(of_values), trans=1)[0])

    def matrix_change(self, change: Array) -> Array:
        """dW from dL."""
        return np.asarray(scipy.linalg.lapack.dtrtrs(self._factor, change)[0])

    def value_change(self, change: Array) -> Array:
        """The linearised change of the values from dL."""
        return self.slopes * (self._features @ self.matrix_change(change))

    def metric(self, mean_gram: Array) -> Array:
        """K, from the mean block of J^T J in the values."""
        metric = mean_gram * (self.slopes.T @ self.slopes / len(self.slopes))
        metric.ravel()[:: len(metric) + 1] += METRIC_RIDGE * metric.trace() / len(metric) + np.finfo(float).tiny
        return metric


class Ends:
    """Both last layers and b0.

    Attributes:
        bias: b0.
        loss: the sum of squares.
        damping: lambda.
    """

    def __init__(self, branch: Side, trunk: Side, layout: Layout) -> None:
        self.branch, self.trunk, self._layout = branch, trunk, layout
        self.damping = DAMPING
        self._measure()

    def _measure(self) -> None:
        missed = self._layout.values(self.branch.values, self.trunk.values) - self._layout.labels
        self.bias = -float(missed.mean())
        self._residual = missed + self.bias
        self.loss = float(np.vdot(self._residual, self._residual))

    def _of_values(self, residual: Array) -> Pair:
        """J^T r in the values of branch and trunk."""
        return self._layout.to_branch(residual, self.trunk.values), self._layout.to_trunk(residual, self.branch.values)

    def gradients(self) -> Pair:
        """Half the derivatives of the loss in W_b and W_t."""
        of_branch, of_trunk = self._of_values(self._residual)
        return self.branch.gradient(of_branch), self.trunk.gradient(of_trunk)

    def step(self) -> bool:
        """Try one step; whether the loss fell."""
        before, loss = (self.branch.matrix, self.trunk.matrix), self.loss
        changes = self._change()
        for side, change in zip((self.branch, self.trunk), changes, strict=True):
            side.put(side.matrix + side.matrix_change(change))
        self._measure()
        if self.loss < loss:
            self.damping = max(self.damping / 3.0, LEAST_DAMPING)
            return True
        self.damping *= 4.0
        self.branch.put(before[0])
        self.trunk.put(before[1])
        self._measure()
        return False

    def _change(self) -> Pair:
        """dL of both sides."""
        branch, trunk, layout = self.branch, self.trunk, self._layout
        metrics = branch.metric(layout.mean_gram(trunk=trunk.values)), trunk.metric(layout.mean_gram(branch=branch.values))

        def whitened(residual: Array) -> Pair:
            of_branch, of_trunk = self._of_values(residual)
            return branch.whitened(of_branch), trunk.whitened(of_trunk)

        def normal(change: Pair) -> Pair:
            moved = layout.values(branch.value_change(change[0]), trunk.values)
            moved = moved + layout.values(branch.values, trunk.value_change(change[1]))
            found = whitened(moved - moved.mean())
            return (
                found[0] + self.damping * (change[0] @ metrics[0]),
                found[1] + self.damping * (change[1] @ metrics[1]),
            )

        right = whitened(self._residual)
        return conjugate_gradients(normal, (-right[0], -right[1]), metrics)


def conjugate_gradients(normal: Callable[[Pair], Pair], right: Pair, metrics: Pair) -> Pair:
    """ITERATIONS from 0 towards the pair x of normal(x) = right, preconditioned by the metrics, which act on columns."""
    factors = [scipy.linalg.cho_factor(metric) for metric in metrics]

    def turned(pair: Pair) -> Pair:
        first, second = (scipy.linalg.cho_solve(factor, part.T).T for factor, part in zip(factors, pair, strict=True))
        return first, second

    x: Pair = (np.zeros_like(right[0]), np.zeros_like(right[1]))
    residual, direction = right, turned(right)
    size = start = _product(right, direction)
    for _ in range(ITERATIONS):
        if size <= EXHAUSTED * start:
            break
        image = normal(direction)
        length = size / _product(direction, image)
        x, residual = _sum(x, length, direction), _sum(residual, -length, image)
        next_turned = turned(residual)
        size, former = _product(residual, next_turned), size
        direction = _sum(next_turned, size / former, direction)
    return x


def _product(left: Pair, right: Pair) -> float:
    return float(np.vdot(left[0], right[0]) + np.vdot(left[1], right[1]))


def _sum(left: Pair, factor: float, right: Pair) -> Pair:
    return left[0] + factor * right[0], left[1] + factor * right[1]


def ends_of(net: DeepONet, weights: Weights, problem: Problem) -> Ends:
    """The last layers of these weights on their features, the labels of the problem beside them."""
    layout, points = layout_of(problem)
    hidden = ACTIVATIONS[net.activation]
    ends = {
        "linear": (LINEAR, LINEAR),
        "activated-trunk": (LINEAR, End(hidden, SLOPES[net.activation])),
        "sigmoid": (SIGMOID, SIGMOID),
    }
    sides = []
    arguments = (("branch", problem.inputs), ("trunk", problem.points[points]))
    for (part, values), end in zip(arguments, ends[net.ends], strict=True):
        layers, features = layers_of(weights, part), values
        for layer in layers[:-1]:
            features = hidden(features @ layer.kernel + layer.bias)
        sides.append(Side(with_ones(features), np.vstack([layers[-1].kernel, layers[-1].bias]), end))
    return Ends(sides[0], sides[1], layout)


def improved_ends(net: DeepONet, weights: Weights, problem: Problem, *, steps: int) -> Weights:
    """Weights with other last layers and b0, whose loss is no larger.

    It ends after `steps`, at a step that gains less than LEAST_GAIN of the loss, or where no damping up to MOST_DAMPING helps.

    Raises:
        FloatingPointError: features that are not finite.
    """
    ends = ends_of(net, weights, problem)
    for _ in range(steps):
        loss = ends.loss
        gained = ends.step()
        if (gained and ends.loss > (1.0 - LEAST_GAIN) * loss) or ends.damping > MOST_DAMPING:
            break
    last_branch, last_trunk = (Layer(side.matrix[:-1].copy(), side.matrix[-1].copy()) for side in (ends.branch, ends.trunk))
    hidden_branch, hidden_trunk = (layers_of(weights, part)[:-1] for part in ("branch", "trunk"))
    return deeponet_weights((*hidden_branch, last_branch), (*hidden_trunk, last_trunk), ends.bias)
