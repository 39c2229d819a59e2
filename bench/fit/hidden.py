"""Hidden layers of a DeepONet, trained by variable projection on a part of the labels; heads are solved on all of them.

A training of hidden layers sees at most MOST_LABELS labels: the training functions, at most MOST_FUNCTIONS of them, and as many
points as that leaves, both drawn once. What a net of these hidden layers reaches is then measured with heads solved on every
training function and point (`bench.fit.reduced_rank_ridge`), so that no statement rests on the part alone.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bench.engines.variable_projection.hidden_layers import HiddenNet
from bench.engines.variable_projection.linear_ends import last_layers
from bench.engines.variable_projection.train import Options, train_by_variable_projection
from bench.fit.arrays import FitData
from bench.fit.units import Layers, Units, parts, units_of
from operators.architectures.deeponet import DeepONet, deeponet_weights
from operators.architectures.weights import Layer, Weights, layers_of
from operators.arrays import Array
from operators.data.normalisation import Problem
from operators.seeds import stream

MOST_LABELS = 2**20
MOST_FUNCTIONS = 2048
LEAST_POINTS = 64
BRANCH_BIASES, TRUNK_BIASES = (0.3, 0.09), (2.0, 0.6)
TRUNK_SCALE = 2.0


@dataclass(frozen=True, eq=False)
class Hidden:
    """Hidden layers of branch and trunk, in the units of training."""

    branch: Layers
    trunk: Layers

    @property
    def widths(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Hidden widths of branch and trunk."""
        branch, trunk = (tuple(layer.bias.size for layer in part) for part in (self.branch, self.trunk))
        return branch, trunk


@dataclass(frozen=True, eq=False)
class Ground:
    """Data in the units of training: what every training of one fit shares.

    Attributes:
        data: the user's arrays.
        units: of the training functions.
    """

    data: FitData
    units: Units

    @cached_property
    def points(self) -> Array:
        """Scaled points (P, p)."""
        return self.units.points(self.data.points)

    @cached_property
    def training(self) -> tuple[Array, Array]:
        """X and G of the training functions."""
        return parts(self.data, self.units, "training")

    @cached_property
    def validation(self) -> tuple[Array, Array]:
        """X and G of the validation functions."""
        return parts(self.data, self.units, "validation")

    @cached_property
    def columns(self) -> NDArray[np.int64]:
        """Numbers of the points that hidden layers are trained on."""
        rows = min(self.data.count("training"), MOST_FUNCTIONS)
        return _chosen("points", len(self.data.points), max(LEAST_POINTS, MOST_LABELS // rows))

    @cached_property
    def problem(self) -> Problem:
        """The labels that hidden layers are trained on."""
        inputs, labels = self.training
        rows, columns = _chosen("functions", len(inputs), MOST_FUNCTIONS), self.columns
        return Problem(
            design="grid",
            inputs=inputs[rows],
            points=self.points[columns],
            index=np.arange(len(columns)),
            labels=np.ascontiguousarray(labels[np.ix_(rows, columns)]),
            mean=np.zeros(()),
            scale=np.ones(()),
            unit=1.0,
            test_inputs=inputs[:0],
        )

    @property
    def sample(self) -> tuple[Array, Array]:
        """Scaled inputs and points that hidden layers are trained on."""
        return self.problem.inputs, self.problem.points

    def net(self, hidden: Hidden, q: int) -> DeepONet:
        """The architecture of these hidden layers, on the user's inputs."""
        return DeepONet(self.data.inputs.shape[1], self.data.points.shape[1], *hidden.widths, q)

    def features(self, layers: Layers, values: Array) -> Array:
        """Features of hidden layers on X or y', a column of ones appended."""
        matrices = [np.vstack([layer.kernel, layer.bias]) for layer in layers]
        return HiddenNet(values, matrices, "tanh").features()

    def assembled(self, hidden: Hidden, heads: tuple[Array, Array], bias: float) -> Weights:
        """Weights in the user's units: hidden layers, heads W_b (a, q) and W_t (c, q), and b0 in the units of training."""
        net = self.net(hidden, heads[0].shape[1])
        values = self.features(hidden.trunk, self.points) @ heads[1]
        branch, trunk = last_layers(net, *heads, values)
        return deeponet_weights(
            self.units.branch((*hidden.branch, branch)), self.units.trunk((*hidden.trunk, trunk)), self.units.bias(bias)
        )


def ground_of(data: FitData) -> Ground:
    """The data in units of the training functions."""
    return Ground(data, units_of(data))


def random_hidden(ground: Ground, widths: tuple[tuple[int, ...], tuple[int, ...]], *, seed: int, scale: float = 1.0) -> Hidden:
    """Random hidden layers, the first ones fitted to the inputs and coordinates (`bench.engines.initial_weights`, law scaled).

    The branch's first layer is multiplied by `scale`: the smaller, the smoother its features are in the input.
    """
    inputs, points = ground.sample
    energy = float(np.mean(np.sum(inputs**2, axis=1)))
    branch = _random("branch", (inputs.shape[1], *widths[0]), first=1.0 / np.sqrt(energy or 1.0), biases=BRANCH_BIASES, seed=seed)
    trunk = _random(
        "trunk", (points.shape[1], *widths[1]), first=TRUNK_SCALE / np.sqrt(points.shape[1]), biases=TRUNK_BIASES, seed=seed
    )
    first = (Layer(scale * layer.kernel, scale * layer.bias) for layer in branch[:1])
    return Hidden((*first, *branch[1:]), trunk)


def trained(ground: Ground, start: Hidden, *, q: int, steps: int, seconds: float | None = None) -> tuple[Hidden, float]:
    """Hidden layers after some steps at rank q, and the scalar bias that goes with this rank; at most some wall seconds."""
    problem = ground.problem
    net = DeepONet(problem.inputs.shape[1], problem.points.shape[1], *start.widths, q)
    ends = (Layer(np.zeros((features, q)), np.zeros(q)) for features in (net.branch_features(), net.trunk_features()))
    weights = deeponet_weights((*start.branch, next(ends)), (*start.trunk, next(ends)), 0.0)
    options = Options(steps=steps, restarts=1, timeout_seconds=seconds)
    result = train_by_variable_projection(net, problem, lambda restart: weights, options=options)
    if result.weights is None:
        return start, 0.0
    branch, trunk = (layers_of(result.weights, part)[:-1] for part in ("branch", "trunk"))
    return Hidden(branch, trunk), float(result.weights["bias"][0])


def _random(part: str, sizes: tuple[int, ...], *, first: float, biases: tuple[float, float], seed: int) -> Layers:
    layers = []
    for number, (before, after) in enumerate(pairwise(sizes)):
        generator = stream("init", "fit", seed, part, number)
        scale = first if number == 0 else np.sqrt(2.0 / (before + after))
        spread = biases[min(number, 1)]
        layers.append(Layer(scale * generator.standard_normal((before, after)), generator.uniform(-spread, spread, size=after)))
    return tuple(layers)


def _chosen(of: str, count: int, most: int) -> NDArray[np.int64]:
    """All of them, or this many drawn without replacement, increasing."""
    if count <= most:
        return np.arange(count)
    return np.sort(stream("points", "fit", of).permutation(count)[:most]).astype(np.int64)
