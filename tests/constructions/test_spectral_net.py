"""Spectral nets: their error over new functions against the exact sum over coefficients, and what they are refused for."""

import numpy as np
import pytest

from operators.architectures.deeponet import DeepONet
from operators.bounds.first_layer import least_rank, necessary_parameters
from operators.bounds.rank_to_parameters import class_of
from operators.constructions.spectral_net import LinearMap, spectral_net

POINTS = np.linspace(-1.0, 1.0, 40)[:, None]
SMALL = 1e-3  # size of the coefficients at which a net is read off: the error is that of a linear map


def planted(*, mean: float = 0.3, scale: float = 2.0) -> LinearMap:
    """Cosines with deviations 2^-k, seen at 12 sensors."""
    deviations = 2.0 ** -np.arange(8.0)
    outputs = deviations[:, None] * np.cos(np.arange(8)[:, None] * np.pi * (POINTS[:, 0] + 1.0) / 2.0)
    inputs = np.random.default_rng(0).standard_normal((8, 12))
    return LinearMap(inputs, np.full(12, -0.7), outputs, POINTS, mean, scale)


def like(depth: int = 2, activation: str = "tanh", ends: str = "activated-trunk") -> DeepONet:
    return DeepONet(12, 1, (1,) * depth, (1, 1), 1, activation, ends)  # type: ignore[arg-type]


@pytest.mark.parametrize(("depth", "ends"), [(1, "linear"), (2, "activated-trunk"), (3, "linear")])
def test_the_error_over_new_functions_is_at_most_the_target_and_no_less_than_the_tail(depth: int, ends: str) -> None:
    linear, target = planted(), 0.08
    rank = least_rank(linear.spectrum(), target)
    found = spectral_net(like(depth, ends=ends), linear, rank, target)
    assert found is not None
    net, weights = found
    read = np.vstack([np.zeros((1, 8)), SMALL * np.eye(8)]) @ linear.inputs + linear.origin
    values = linear.mean + linear.scale * net.apply(weights, read, linear.points)
    zero, units = values[0], (values[1:] - values[0]) / SMALL
    np.testing.assert_allclose(zero, 0.0, atol=1e-9)
    error = np.sqrt(np.sum((linear.outputs - units) ** 2) / np.sum(linear.outputs**2))
    tail = np.sqrt(linear.spectrum()[rank:].sum() / linear.spectrum().sum())
    assert tail * (1.0 - 1e-6) <= error <= target * (1.0 + 1e-6)
    assert (net.q, net.branch_widths, len(net.trunk_widths)) == (rank, (rank,) * depth, 2)
    assert net.parameter_count() >= necessary_parameters(class_of(net, "free"), rank, rank)


def test_a_target_below_the_tail_has_no_such_net() -> None:
    linear = planted()
    rank = least_rank(linear.spectrum(), 0.08)
    assert spectral_net(like(), linear, rank - 1, 0.08) is None


def test_nets_in_which_no_layer_is_linear_are_refused() -> None:
    for other in (like(0), like(activation="relu"), like(ends="sigmoid")):
        with pytest.raises(ValueError, match="expected tanh"):
            spectral_net(other, planted(), 3, 0.1)
