"""Multilinear interpolation: nodes, functions linear in each coordinate, points outside, and NumPy against TensorFlow."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import RegularGridInterpolator

from operators.architectures.multilinear import interpolated, node_numbers
from operators.arrays import Array


def grid(nodes: int, coordinates: int) -> Array:
    axes = np.meshgrid(*[np.linspace(-1.0, 1.0, nodes)] * coordinates, indexing="ij")
    return np.stack([axis.ravel() for axis in axes], axis=1)


@given(nodes=st.integers(2, 9), coordinates=st.integers(1, 3), seed=st.integers(0, 99))
def test_it_is_scipys_and_nodes_come_back(nodes: int, coordinates: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    values, points = generator.standard_normal((nodes**coordinates, 2)), generator.uniform(-1.0, 1.0, (20, coordinates))
    axes = [np.linspace(-1.0, 1.0, nodes)] * coordinates
    truth = RegularGridInterpolator(axes, values.reshape(*[nodes] * coordinates, 2))
    np.testing.assert_allclose(interpolated(values, points, nodes), truth(points), atol=1e-12)
    np.testing.assert_allclose(interpolated(values, grid(nodes, coordinates), nodes), values, atol=1e-12)
    assert np.array_equal(node_numbers(grid(nodes, coordinates), nodes), np.arange(nodes**coordinates))  # type: ignore[arg-type]


def test_points_between_nodes_have_no_number_and_points_outside_take_the_boundary() -> None:
    assert node_numbers(np.array([[-1.0], [0.1]]), 5) is None
    np.testing.assert_allclose(interpolated(np.arange(5.0)[:, None], np.array([[-3.0], [7.0]]), 5), [[0.0], [4.0]])


@pytest.mark.parametrize("coordinates", [1, 2])
def test_numpy_and_tensorflow_agree(coordinates: int) -> None:
    from bench.engines.threads import pinned_tensorflow

    tf = pinned_tensorflow(1)
    from bench.engines.descent.networks import multilinear

    generator = np.random.default_rng(0)
    values, points = generator.standard_normal((4**coordinates, 3)), generator.uniform(-1.2, 1.2, (30, coordinates))
    found = multilinear.interpolated(tf.constant(values, tf.float32), tf.constant(points.T, tf.float32), 4)
    np.testing.assert_allclose(found.numpy().T, interpolated(values, points, 4), atol=1e-5)
