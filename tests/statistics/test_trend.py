"""The test of a fall against points that are exchangeable."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pytest
from scipy.stats import binom, page_trend_test
from simulated_studies import RAY_POINTS, RAY_REPLICATES, Scatter, generator, no_trend, seeds

from results.statistics.trend import fall_p_value, least_p_value


def test_the_p_value_counts_the_orders_of_whole_points() -> None:
    errors = np.array([[4.0, 3.0, 1.0, 2.0], [4.0, 2.0, 3.0, 1.0]])

    def statistic(order: Sequence[int]) -> float:
        return float(sum(np.dot(np.arange(1, 5), 5 - errors[row][list(order)]) for row in range(2)))

    orders = list(itertools.permutations(range(4)))
    expected = np.mean([statistic(order) >= statistic(range(4)) for order in orders])
    assert fall_p_value(errors) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("points", [4, 5, 8])
def test_a_fall_at_every_step_has_the_least_p_value_there_is(points: int) -> None:
    errors = np.exp(-np.arange(float(points)))[None, :] * np.ones((3, 1))
    assert fall_p_value(errors) == pytest.approx(least_p_value(points))
    assert fall_p_value(errors[:, ::-1]) == pytest.approx(1.0)
    assert least_p_value(points) == pytest.approx(1.0 / math.factorial(points) if points < 8 else 1e-4)


def test_what_a_replicate_adds_at_every_point_does_not_matter() -> None:
    errors = generator(5).standard_normal((4, 5))
    assert fall_p_value(errors) == fall_p_value(errors + np.arange(4.0)[:, None])


@pytest.mark.parametrize(("points", "replicates"), [(4, 3), (RAY_POINTS, RAY_REPLICATES)])
@pytest.mark.parametrize("shared", [0.0, 0.1, 0.3])
def test_the_level_holds_whatever_replicates_share(points: int, replicates: int, shared: float) -> None:
    """400 studies: more than the bound are found once in ten thousand times if each is at a chance of 0.05."""
    found = sum(fall_p_value(no_trend(random, points, replicates, Scatter(0.1, shared))) <= 0.05 for random in seeds(400))
    assert found <= binom.ppf(1.0 - 1e-4, 400, 0.05)


def test_orders_within_replicates_would_find_falls_far_too_often() -> None:
    """Page's own reference law, with the replicates of a point independent: what made this test necessary."""
    tables = [no_trend(random, RAY_POINTS, RAY_REPLICATES, Scatter(0.1, 0.3)) for random in seeds(400)]
    assert sum(page_trend_test(-table).pvalue <= 0.05 for table in tables) >= 60
