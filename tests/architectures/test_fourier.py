"""The Fourier neural operator: its convolution against NumPy's transform of complex numbers, its count, its translations."""

import math

import numpy as np
import pytest

from bench.cell import Cell, Training
from bench.engines.native import refuses_sensors
from bench.engines.threads import pinned_tensorflow
from operators.architectures import FourierOperator, Weights
from operators.architectures.activations import ACTIVATIONS
from operators.arrays import Array

tf = pinned_tensorflow(1)
from bench.engines.descent.networks import network_of  # noqa: E402 - needs TensorFlow
from bench.engines.descent.networks.network import flattened  # noqa: E402

CASES = pytest.mark.parametrize(
    ("sensors", "coordinates", "modes"), [(12, 1, 4), (12, 1, 99), (13, 1, 99), (25, 2, 2), (36, 2, 99), (16, 1, 1)]
)


def drawn(net: FourierOperator, seed: int = 0) -> Weights:
    generator = np.random.default_rng(seed)
    return Weights({name: 0.5 * generator.standard_normal(shape) for name, shape in net.shapes().items()}).rounded()


def by_fast_transform(net: FourierOperator, weights: Weights, inputs: Array) -> Array:
    """The field with complex matrices at kappa and their conjugates at -kappa, by `numpy.fft`."""
    grid = (net.side,) * net.coordinates
    axes = tuple(range(1, 1 + net.coordinates))
    at = np.stack(np.meshgrid(*[np.linspace(-1.0, 1.0, net.side)] * net.coordinates, indexing="ij"), axis=-1)
    shaped = inputs.reshape(-1, *grid)[..., None]
    arguments = np.concatenate([shaped, np.broadcast_to(at, (*shaped.shape[:-1], net.coordinates))], axis=-1)
    v = arguments @ weights["lift_0_kernel"] + weights["lift_0_bias"]
    for layer in range(net.depth):
        matrices = np.zeros((*grid, net.width, net.width), dtype=complex)
        for number, kappa in enumerate(net.frequencies()):
            matrix = weights[f"fourier_{layer}_real"][number].astype(complex)
            if number:
                matrix += 1j * weights[f"fourier_{layer}_imaginary"][number - 1]
            matrices[tuple(kappa % net.side)] = matrix
            matrices[tuple(-kappa % net.side)] = matrix if number == 0 else matrix.conj()
        convolved = np.fft.ifftn(np.einsum("...v,...vw->...w", np.fft.fftn(v, axes=axes), matrices), axes=axes)
        assert np.abs(convolved.imag).max() < 1e-10
        v = v @ weights[f"local_{layer}_kernel"] + weights[f"local_{layer}_bias"] + convolved.real
        v = ACTIVATIONS[net.activation](v) if layer < net.depth - 1 else v
    v = ACTIVATIONS[net.activation](v @ weights["project_0_kernel"] + weights["project_0_bias"])
    return (v @ weights["project_1_kernel"] + weights["project_1_bias"]).reshape(len(inputs), -1)


@CASES
def test_the_field_is_that_of_complex_matrices_and_a_fast_transform(sensors: int, coordinates: int, modes: int) -> None:
    net = FourierOperator(sensors, coordinates, width=3, modes=modes, depth=2, projection=4)
    weights, inputs = drawn(net), np.random.default_rng(1).standard_normal((5, sensors))
    np.testing.assert_allclose(net.field(weights, inputs), by_fast_transform(net, weights, inputs), atol=1e-10)


@CASES
def test_complex_numbers_count_twice_and_zero_is_real(sensors: int, coordinates: int, modes: int) -> None:
    net = FourierOperator(sensors, coordinates, width=3, modes=modes, depth=2, projection=4)
    frequencies = {tuple(kappa) for kappa in net.frequencies().tolist()}
    other = {tuple(-part for part in kappa) for kappa in frequencies}
    assert frequencies & other == {(0,) * coordinates}
    highest = min(modes - 1, (net.side - 1) // 2)
    assert len(frequencies | other) == (2 * highest + 1) ** coordinates
    spectral = sum(math.prod(shape) for name, shape in net.shapes().items() if name.startswith("fourier_0"))
    assert spectral == 9 * (2 * highest + 1) ** coordinates


@CASES
def test_numpy_and_tensorflow_agree_in_one_and_two_dimensions(sensors: int, coordinates: int, modes: int) -> None:
    net = FourierOperator(sensors, coordinates, width=3, modes=modes, depth=2, projection=4)
    weights, generator = drawn(net, 2), np.random.default_rng(3)
    inputs, points = generator.standard_normal((4, sensors)), generator.uniform(-1.0, 1.0, (7, coordinates))
    theta = tf.constant(flattened(weights))
    found = network_of(net).outputs(theta, tf.constant(inputs.T, tf.float32), tf.constant(points.T, tf.float32))
    expected = net.apply(weights, inputs, points)
    np.testing.assert_allclose(found.numpy(), expected, atol=3e-5 * np.abs(expected).max())


def test_without_coordinates_it_commutes_with_translations_of_the_grid() -> None:
    net = FourierOperator(16, 1, width=3, modes=5, depth=2, projection=4)
    arrays = dict(drawn(net).named)
    arrays["lift_0_kernel"] = arrays["lift_0_kernel"] * np.array([[1.0], [0.0]])
    inputs = np.random.default_rng(4).standard_normal((3, 16))
    moved = net.field(Weights(arrays), np.roll(inputs, 5, axis=1))
    np.testing.assert_allclose(moved, np.roll(net.field(Weights(arrays), inputs), 5, axis=1), atol=1e-10)


def test_sensors_that_are_no_grid_are_refused() -> None:
    with pytest.raises(ValueError, match="on a line or a square grid, got 10"):
        FourierOperator(10, 2)


@pytest.mark.parametrize(
    ("task", "fields", "reason"),
    [
        ("burgers", {}, None),
        ("advection-sign", {}, None),
        ("darcy", {}, None),
        ("burgers-low-viscosity", {}, "got 100 sensors in 1 coordinates and outputs in 2"),
        ("burgers", {"training": Training(steps=1, input_scaling="pca")}, "got 'pca'"),
        ("burgers-low-viscosity", {"architecture": {"name": "mlp"}}, None),
    ],
)
def test_sensors_off_the_grid_of_the_outputs_are_refused(task: str, fields: dict[str, object], reason: str | None) -> None:
    cell = Cell(**{"task": task, "functions": 4, "points": 4, "architecture": {"name": "fourier-operator"}, **fields})
    refusal = refuses_sensors(cell)
    assert refusal is None if reason is None else reason in (refusal or "")
