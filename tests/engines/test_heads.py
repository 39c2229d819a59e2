"""Heads for given features: against brute force, planted answers and the SVD."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.engines.variable_projection.heads import exact_heads, ridge_head, scalar_bias
from bench.engines.variable_projection.hidden_layers import with_ones
from bench.engines.variable_projection.linear_ends import has_one_head, last_matrices, unsupported
from bench.engines.variable_projection.matrix_completion import complete, too_few
from operators.architectures.activations import ACTIVATIONS, Activation
from operators.architectures.deeponet import DeepONet, Ends
from operators.arrays import Array


def features(seed: int, *, rows: int, columns: int) -> Array:
    """Features of a random tanh layer, constant column included."""
    return with_ones(np.tanh(np.random.default_rng(seed).normal(size=(rows, columns))))


def tail(matrix: Array, q: int) -> float:
    """Sum of all but the q largest squared singular values."""
    return float(np.sum(np.linalg.svd(matrix, compute_uv=False)[q:] ** 2))


def projector(matrix: Array) -> Array:
    """The orthogonal projector onto the span of the columns."""
    return matrix @ np.linalg.pinv(matrix)


def test_a_head_is_the_least_squares_solution() -> None:
    h, targets = features(0, rows=40, columns=9), np.random.default_rng(1).normal(size=(40, 3))
    head, residual = ridge_head(h, targets)
    np.testing.assert_allclose(head, np.linalg.lstsq(h, targets, rcond=None)[0], rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(residual, h @ head - targets, atol=1e-14)


def test_a_head_on_dependent_features_leaves_the_residual_of_the_projection() -> None:
    h = features(0, rows=40, columns=9)
    doubled, targets = np.hstack([h, h[:, :4]]), np.random.default_rng(1).normal(size=(40, 3))
    _, residual = ridge_head(doubled, targets)
    np.testing.assert_allclose(residual, projector(h) @ targets - targets, atol=1e-6)


@given(seed=st.integers(0, 10**6), rank=st.integers(1, 8), branch=st.integers(1, 12), trunk=st.integers(1, 12))
def test_both_heads_attain_the_tail_of_the_projected_labels(seed: int, rank: int, branch: int, trunk: int) -> None:
    h, t = features(seed, rows=30, columns=branch), features(seed + 1, rows=20, columns=trunk)
    labels = np.random.default_rng(seed).normal(size=(30, 20))
    heads = exact_heads(h, t, labels, q=rank)
    assert heads.branch.shape == (branch + 1, rank)
    assert heads.trunk.shape == (trunk + 1, rank)
    projected = projector(h) @ labels @ projector(t)
    least = float(np.sum((labels - projected) ** 2)) + tail(projected, rank)
    attained = float(np.sum((h @ heads.branch @ (t @ heads.trunk).T - labels) ** 2))
    np.testing.assert_allclose([heads.loss, attained], least, rtol=2e-4)


def test_no_alternating_least_squares_from_any_start_does_better() -> None:
    h, t = features(2, rows=30, columns=7), features(3, rows=20, columns=6)
    labels = np.random.default_rng(4).normal(size=(30, 20))
    loss = exact_heads(h, t, labels, q=3).loss
    for seed in range(5):
        values = t @ np.random.default_rng(seed).normal(size=(7, 3))
        for _ in range(200):
            b = h @ np.linalg.lstsq(h, labels @ np.linalg.pinv(values.T), rcond=None)[0]
            values = t @ np.linalg.lstsq(t, (np.linalg.pinv(b) @ labels).T, rcond=None)[0]
        assert np.sum((b @ values.T - labels) ** 2) >= loss * (1.0 - 1e-4)


def test_features_that_span_everything_attain_the_eckart_young_floor() -> None:
    labels = np.random.default_rng(0).normal(size=(12, 10))
    heads = exact_heads(features(0, rows=12, columns=40), features(1, rows=10, columns=30), labels, q=4)
    np.testing.assert_allclose(heads.loss, tail(labels, 4), rtol=1e-4)


def test_planted_heads_are_found_from_part_of_the_entries() -> None:
    rng = np.random.default_rng(5)
    h, t = features(5, rows=60, columns=6), features(6, rows=50, columns=5)
    labels = (h @ rng.normal(size=(7, 2))) @ (t @ rng.normal(size=(6, 2))).T
    observed = rng.random(labels.shape) < 0.7
    start = np.where(observed, labels, 0.0)
    heads = exact_heads(h, t, start, q=2, observed=observed)
    unaware = exact_heads(h, t, start, q=2)
    assert heads.loss < 1e-12 * np.sum(labels**2) < unaware.loss
    np.testing.assert_allclose(h @ heads.branch @ (t @ heads.trunk).T, labels, atol=1e-5)


@pytest.mark.parametrize("planted", [-3.0, 0.0, 0.4, 5.0])
def test_a_planted_scalar_bias_is_found(planted: float) -> None:
    rng = np.random.default_rng(7)
    labels = rng.normal(size=(40, 3)) @ rng.normal(size=(3, 30)) + 1e-3 * rng.normal(size=(40, 30)) + planted
    b = scalar_bias(labels, 3)
    assert b == pytest.approx(planted, abs=2e-3)


@pytest.mark.parametrize("q", [1, 2, 5])
def test_no_scalar_bias_of_a_fine_scan_does_much_better(q: int) -> None:
    rng = np.random.default_rng(q)
    labels = rng.normal(size=(30, 25)) * 0.8 ** np.arange(25) + 0.7
    found = tail(labels - scalar_bias(labels, q), q)
    assert found <= min(tail(labels - b, q) for b in np.linspace(-5.0, 5.0, 400)) * (1.0 + 3e-4)


def test_a_low_rank_matrix_is_completed_from_half_its_entries() -> None:
    rng = np.random.default_rng(8)
    full = rng.normal(size=(60, 3)) @ rng.normal(size=(3, 50)) + 0.5
    observed = rng.random(full.shape) < 0.5
    best = complete(np.where(observed, full, 1e9), observed, 3)
    assert best.tail < 1e-8 * np.sum(full**2)
    np.testing.assert_allclose(best.branch @ best.trunk.T + best.bias, full, atol=1e-3)


def test_a_completion_of_noise_is_a_stationary_point() -> None:
    rng = np.random.default_rng(9)
    labels, observed = rng.normal(size=(60, 50)), rng.random((60, 50)) < 0.6
    best = complete(labels, observed, 3)
    residual = np.where(observed, best.branch @ best.trunk.T + best.bias - labels, 0.0)
    assert best.tail < np.sum(labels[observed] ** 2)
    assert np.sum(residual**2) == pytest.approx(best.tail, rel=1e-3)
    assert np.abs(residual.T @ best.branch).max() < 1e-2 * np.linalg.norm(residual) * np.linalg.norm(best.branch)


def test_too_few_labels_for_a_completion() -> None:
    assert too_few(1000, functions=1000, distinct_points=100, q=1)
    assert too_few(200 * 25, functions=200, distinct_points=100, q=16)
    assert not too_few(200 * 50, functions=200, distinct_points=100, q=8)


@pytest.mark.parametrize("activation", ["tanh", "silu", "gelu"])
def test_an_activated_trunk_stands_for_a_linear_head(activation: Activation) -> None:
    rng = np.random.default_rng(10)
    h, t = features(10, rows=30, columns=6), features(11, rows=20, columns=5)
    head_b, head_t = rng.normal(size=(7, 3)), 50.0 * rng.normal(size=(6, 3))
    net = DeepONet(6, 5, (6,), (5,), 3, activation=activation, ends="activated-trunk")
    branch, trunk = last_matrices(net, head_b, head_t, t @ head_t)
    product = (h @ branch) @ ACTIVATIONS[activation](t @ trunk).T
    exact = h @ head_b @ (t @ head_t).T
    assert np.abs(product - exact).max() < 3e-7 * np.abs(exact).max()


def test_linear_ends_are_the_heads() -> None:
    rng = np.random.default_rng(12)
    head_b, head_t = rng.normal(size=(4, 2)), rng.normal(size=(3, 2))
    net = DeepONet(3, 2, (3,), (2,), 2, ends="linear")
    branch, trunk = last_matrices(net, head_b, head_t, rng.normal(size=(5, 2)))
    np.testing.assert_array_equal(branch, head_b)
    np.testing.assert_array_equal(trunk, head_t)


@pytest.mark.parametrize(
    ("ends", "activation"), [("sigmoid", "tanh"), ("activated-trunk", "relu"), ("activated-trunk", "sigmoid")]
)
def test_ends_without_a_linear_limit_are_refused(ends: Ends, activation: Activation) -> None:
    assert "expected" in (unsupported(DeepONet(3, 1, (4,), (4,), 2, activation=activation, ends=ends)) or "")


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "gelu", "silu"])
def test_an_activated_trunk_of_one_layer_needs_no_linear_limit(activation: Activation) -> None:
    one = DeepONet(3, 1, (4,), (), 2, activation=activation)
    assert (unsupported(one), has_one_head(one)) == (None, True)
    assert not has_one_head(DeepONet(3, 1, (), (4,), 2, activation=activation))
    assert not has_one_head(DeepONet(3, 1, (), (), 2, activation=activation, ends="linear"))


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "gelu", "silu"])
def test_linear_ends_serve_any_activation(activation: Activation) -> None:
    assert unsupported(DeepONet(3, 1, (4,), (4,), 2, activation=activation, ends="linear")) is None
