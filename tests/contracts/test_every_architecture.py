"""What every architecture promises: one class in NumPy and TensorFlow, a true count, a rank that holds, no dead numbers."""

import pickle
from collections.abc import Iterator

import numpy as np
import pytest

from bench.engines.threads import pinned_tensorflow
from operators.architectures import ARCHITECTURES, Architecture, DeepONet, Weights
from operators.architectures.activations import ACTIVATIONS
from operators.architectures.deeponet import ENDS
from operators.arrays import Array
from operators.data.normalisation import Problem
from operators.diagnostics.floor import floor_of, floors_of
from results.schema.cells import Net, Settings, settings_of
from results.schema.model import canonical

tf = pinned_tensorflow(1)
from bench.engines.descent.networks import NETWORKS, network_of  # noqa: E402 - needs TensorFlow
from bench.engines.descent.networks.network import Factored, flattened, unflattened  # noqa: E402

FEW: dict[str, tuple[dict[str, object], ...]] = {
    "pod-deeponet": ({"nodes": 4},),
    "shift-deeponet": (
        {"branch_widths": (6, 5), "trunk_widths": (4, 3), "q": 3},
        {"trunk_widths": (7,), "q": 2, "activation": "relu"},
    ),
    "modified-deeponet": ({"width": 5, "q": 3}, {"width": 4, "depth": 1, "q": 2, "activation": "relu"}),
    "mlp": ({}, {"widths": (5,), "activation": "gelu"}),
    "fourier-operator": ({"width": 3, "depth": 2, "projection": 5}, {"width": 2, "depth": 1, "modes": 1, "activation": "tanh"}),
}
"""Sizes at which a few points meet every number of a large basis, or that differ in depth."""


def examples() -> Iterator[Settings]:
    """Every architecture with its default sizes or those of FEW; DeepONets of every kind of ends and activation, and without
    hidden layers."""
    for name, architecture in ARCHITECTURES.items():
        for sizes in FEW.get(name, ({},)):
            yield settings_of(architecture).model_validate(sizes)
    for ends in ENDS:
        for activation in ACTIVATIONS:
            yield Net(branch_widths=(6, 5), trunk_widths=(4,), q=3, ends=ends, activation=activation)
        for branch, trunk in (((), ()), ((), (4,)), ((6,), ())):
            yield Net(branch_widths=branch, trunk_widths=trunk, q=3, ends=ends)


EVERY = pytest.mark.parametrize(
    "settings", list(examples()), ids=lambda settings: canonical(settings.model_dump(mode="json"))[:90]
)
SENSORS, COORDINATES = 9, 2  # a grid of 3 x 3, for those that need one


def example(settings: Settings, seed: int = 0) -> tuple[Architecture, Weights, Array, Array]:
    """An architecture with weights, inputs and points that are float32 numbers."""
    net, generator = settings.on(SENSORS, COORDINATES), np.random.default_rng(seed)
    weights = Weights({name: generator.standard_normal(shape) / np.sqrt(shape[0]) for name, shape in net.shapes().items()})
    inputs, points = generator.standard_normal((7, SENSORS)), generator.uniform(-1.0, 1.0, (9, COORDINATES))
    return net, weights.rounded(), inputs.astype(np.float32).astype(float), points.astype(np.float32).astype(float)


def values_of(outputs):  # type: ignore[no-untyped-def]
    if isinstance(outputs, Factored):
        return tf.matmul(outputs.branch, outputs.trunk, transpose_a=True) + outputs.bias
    return outputs


def test_every_hypothesis_class_has_a_network() -> None:
    assert set(ARCHITECTURES) == set(NETWORKS)
    assert all(name == architecture.name for name, architecture in ARCHITECTURES.items())


@EVERY
def test_numpy_and_tensorflow_are_one_function(settings: Settings) -> None:
    net, weights, inputs, points = example(settings)
    theta = tf.constant(flattened(weights))
    found = values_of(network_of(net).outputs(theta, tf.constant(inputs.T, tf.float32), tf.constant(points.T, tf.float32)))
    expected = net.apply(weights, inputs, points)
    np.testing.assert_allclose(found.numpy(), expected, atol=2e-5 * np.abs(expected).max())


@EVERY
def test_gradients_are_those_of_the_numpy_function(settings: Settings) -> None:
    net, weights, inputs, points = example(settings, seed=1)
    direction = Weights({name: np.random.default_rng(2).standard_normal(a.shape) for name, a in weights.named.items()})

    def at(step: float) -> float:
        moved = Weights({name: a + step * direction[name] for name, a in weights.named.items()})
        return float(np.mean(net.apply(moved, inputs, points) ** 2))

    theta = tf.constant(flattened(weights))
    with tf.GradientTape() as tape:
        tape.watch(theta)
        values = values_of(network_of(net).outputs(theta, tf.constant(inputs.T, tf.float32), tf.constant(points.T, tf.float32)))
        loss = tf.reduce_mean(values**2)
    slope = float(np.dot(tape.gradient(loss, theta).numpy().astype(float), flattened(direction).astype(float)))
    assert slope == pytest.approx((at(1e-5) - at(-1e-5)) / 2e-5, rel=2e-3, abs=1e-4)


@EVERY
def test_the_count_is_that_of_the_real_variables_and_matrices(settings: Settings) -> None:
    net, weights, _, _ = example(settings)
    theta = flattened(weights)
    assert net.parameter_count() == len(theta) == sum(array.size for array in weights.arrays())
    assert sum(a * b for a, b in network_of(net).matrix_shapes()) == len(theta)
    assert unflattened(net, theta).sha256() == weights.sha256()
    assert 1 <= net.effective_parameter_count() <= net.parameter_count()
    net.check(weights)


@EVERY
def test_no_number_is_dead(settings: Settings) -> None:
    """Every array, and of each array the first and the last number, changes the outputs for some weights."""
    for name, shape in settings.on(SENSORS, COORDINATES).shapes().items():
        for place in {(0,) * len(shape), tuple(size - 1 for size in shape)}:
            assert any(_changes(settings, name, place, seed) for seed in range(6)), f"{name}{place}"


def _changes(settings: Settings, name: str, place: tuple[int, ...], seed: int) -> bool:
    net, weights, inputs, points = example(settings, seed)
    moved = {other: array.copy() for other, array in weights.named.items()}
    moved[name][place] += 0.5
    return bool(np.abs(net.apply(Weights(moved), inputs, points) - net.apply(weights, inputs, points)).max() > 0.0)


@EVERY
def test_a_declared_rank_holds_and_without_one_there_is_no_floor(settings: Settings) -> None:
    net, weights, _, _ = example(settings)
    generator = np.random.default_rng(3)
    inputs, points = generator.standard_normal((40, SENSORS)), generator.uniform(-1.0, 1.0, (40, COORDINATES))
    rank, labels = net.output_rank(), generator.standard_normal((40, 40))
    problem = Problem("grid", inputs, points, np.arange(40), labels, np.array(0.0), np.array(1.0), 1.0, inputs)
    floor = floor_of(net, problem, floors_of(problem))
    assert (floor is None) == (rank is None)
    if floor is not None and rank is not None:
        values = net.apply(weights, inputs, points)
        shared = values - values.mean(axis=0) - values.mean(axis=1, keepdims=True) + values.mean()
        singular = np.linalg.svd(shared, compute_uv=False)
        assert singular[rank:].max(initial=0.0) <= 1e-12 * max(singular[0], 1.0)
        assert floor.excludes(0.99 * floor.value)


@EVERY
def test_values_at_points_of_their_own_are_those_of_the_whole(settings: Settings) -> None:
    net, weights, inputs, points = example(settings)
    index = np.random.default_rng(4).integers(0, len(points), size=(len(inputs), 3))
    whole = net.apply(weights, inputs, points)
    np.testing.assert_allclose(net.apply_at(weights, inputs, points, index), np.take_along_axis(whole, index, 1), atol=1e-13)
    np.testing.assert_allclose(net.apply_at(weights, inputs, points, index[0]), whole[:, index[0]], atol=1e-13)


@EVERY
def test_factors_and_reversed_weights_are_the_same_function(settings: Settings) -> None:
    net, weights, inputs, points = example(settings)
    whole, factors, turned = net.apply(weights, inputs, points), net.factors(weights, inputs, points), net.reversed(weights)
    assert factors is None or np.allclose(factors.branch @ factors.trunk.T + factors.bias, whole, atol=1e-13)
    assert turned is None or np.allclose(net.apply(turned, inputs[:, ::-1], points[:, ::-1]), whole, atol=1e-12)


@EVERY
def test_a_cell_states_it_whole(settings: Settings) -> None:
    stated = settings.model_dump(mode="json")
    again = settings_of(ARCHITECTURES[settings.name]).model_validate(stated)
    assert again == settings
    assert again.on(SENSORS, COORDINATES) == settings.on(SENSORS, COORDINATES)
    assert pickle.loads(pickle.dumps(settings)) == settings  # as executors send cells to worker processes


def test_ends_of_which_nothing_is_proved_have_no_limit_of_rank() -> None:
    """An unknown kind of ends was once given the rank q, and then certified against."""
    assert DeepONet(3, 1, (4,), (4,), 2, ends="softmax").output_rank() is None  # type: ignore[arg-type]
