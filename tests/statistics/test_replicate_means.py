"""The likelihood of intervals against probabilities of rectangles under the normal law with the same covariances."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import multivariate_normal

from results.statistics.censored_likelihood import log_interval
from results.statistics.replicate_means import Scatters, log_likelihood

Array = NDArray[np.float64]
LEVELS = np.array([-0.4, 0.1, 0.5, 0.9])


def rectangle(low: Array, high: Array, level: float, *, within: float, of_mean: float) -> float:
    """P(low < y <= high) for y with variance of the mean `of_mean`^2 and deviations of variance `within`^2, by integration."""
    count = len(low)
    covariance = within**2 * np.eye(count) + (of_mean**2 - within**2 / count) * np.ones((count, count))
    law = multivariate_normal(np.full(count, level), covariance, allow_singular=False, abseps=1e-8, releps=1e-3, maxpts=10**5)
    return max(float(law.cdf(high, lower_limit=low, rng=np.random.default_rng(0))), 1e-300)


def compared(low: Array, high: Array, scatters: Scatters) -> tuple[Array, Array]:
    """Both likelihoods, each as differences from the first level, for the constants do not count."""
    mine = log_likelihood(low, high, LEVELS, scatters)
    theirs = np.array(
        [
            [
                [np.log(rectangle(low, high, level, within=float(s), of_mean=float(of_mean))) for of_mean in row]
                for s, row in zip(scatters.within, scatters.of_mean(len(low)), strict=True)
            ]
            for level in LEVELS
        ]
    )
    return mine, theirs


def disagreement(mine: Array, theirs: Array) -> float:
    """The spread of the differences down to 6 nats below the likeliest: no interval reaches further down."""
    return float(np.ptp((mine - theirs)[theirs > theirs.max() - 6.0]))


@pytest.mark.parametrize(
    ("low", "high"),
    [
        ([0.0, 0.0], [0.4, 0.4]),
        ([0.0, 0.4], [0.4, 0.7]),
        ([0.0, 0.0, 0.4], [0.4, 0.4, 1.1]),
        ([-np.inf, 0.0, 0.0], [0.0, 0.3, 0.3]),
        ([0.4, 0.4, 0.4], [np.inf, 0.9, np.inf]),
        ([0.4, 0.4], [np.inf, np.inf]),
    ],
)
def test_the_likelihood_is_that_of_the_rectangle_whatever_is_shared(low: list[float], high: list[float]) -> None:
    """Between scatters below s / r^(1/2) replicates are less alike than independent ones: a negative covariance."""
    ends = np.array(low), np.array(high)
    scatters = Scatters(np.array([0.1, 0.2, 0.35]), np.array([0.08, 0.2, 0.5]), len(low))
    assert disagreement(*compared(*ends, scatters)) < 0.05


def test_one_replicate_has_the_likelihood_of_its_interval() -> None:
    scatters = Scatters(np.array([0.1]), np.array([0.07, 0.3]), 1)
    mine = log_likelihood(np.array([0.0]), np.array([0.4]), LEVELS, scatters)[:, 0]
    theirs = log_interval((0.0 - LEVELS[:, None]) / scatters.between, (0.4 - LEVELS[:, None]) / scatters.between)
    assert disagreement(mine, theirs) < 0.05


def test_hundreds_of_replicates_known_exactly_have_the_likelihood_of_their_mean() -> None:
    """Deviations many scatters wide: the products of their densities are smaller than the smallest float64."""
    values = np.random.default_rng(5).normal(0.3, 0.5, 300)
    scatters = Scatters(np.array([0.15]), np.array([0.3]), len(values))
    mine = log_likelihood(values - 0.01, values + 0.01, LEVELS, scatters)[:, 0, 0]
    theirs = -((values.mean() - LEVELS) ** 2) / (2.0 * 0.3**2)
    np.testing.assert_allclose(np.diff(mine), np.diff(theirs), atol=0.01)


def test_a_missing_replicate_leaves_a_mean_that_scatters_more() -> None:
    scatters = Scatters(np.array([0.15, 0.3]), np.geomspace(0.1, 0.6, 12), 3)
    low, high = np.array([0.0, 0.4]), np.array([0.4, 0.7])
    mine, theirs = compared(low, high, scatters)
    assert disagreement(mine, theirs) < 0.05
    assert np.all(scatters.of_mean(2) > scatters.between)
    assert np.allclose(scatters.of_mean(3), scatters.between)


@given(order=st.permutations(range(3)), shift=st.floats(-3.0, 3.0))
def test_neither_the_order_of_replicates_nor_the_origin_matters(order: list[int], shift: float) -> None:
    low, high = np.array([0.0, 0.4, 0.4]), np.array([0.4, 0.7, np.inf])
    scatters = Scatters(np.array([0.1, 0.3]), np.array([0.1, 0.4]), 3)
    base = log_likelihood(low, high, LEVELS, scatters)
    moved = log_likelihood(low[order] + shift, high[order] + shift, LEVELS + shift, scatters)
    near = base > base.max() - 6.0
    assert np.allclose(base[near], moved[near], atol=0.05)
