"""Slopes whose responses share an error at each value of the regressor."""

import numpy as np
import pytest
from scipy.stats import binom, linregress
from scipy.stats import t as student
from simulated_studies import Array, Scatter, generator, scattered, seeds

from results.statistics.equivalence import Interval, mean_interval
from results.statistics.interval_censored import NotIdentifiable
from results.statistics.regression import replicated_slope, shared_slope

X = np.log(np.array([256.0, 512.0, 1024.0, 2048.0]))


def crossed(random: np.random.Generator, scatter: Scatter, blocks: int = 5) -> tuple[Array, list[int], Array]:
    """Every block at every x, with effects of the blocks."""
    y = scattered(random, -X, blocks, scatter) + np.linspace(0.0, 3.0, blocks)
    return np.repeat(X, blocks), np.tile(np.arange(blocks), len(X)).tolist(), y.ravel()


def test_complete_blocks_give_the_line_through_the_means() -> None:
    x, blocks, y = crossed(generator(0), Scatter(0.2, 0.1))
    found, oracle = shared_slope(x, blocks, y), linregress(X, y.reshape(4, 5).mean(axis=1))
    assert found.value == pytest.approx(oracle.slope)
    assert found.high - found.value == pytest.approx(student.ppf(0.975, 2) * oracle.stderr)


def test_effects_of_blocks_do_not_move_the_slope_where_some_are_missing() -> None:
    x, blocks, y = crossed(generator(0), Scatter(0.0))
    kept = np.array([place % 4 != 0 for place in range(len(x))])
    left = [block for block, here in zip(blocks, kept, strict=True) if here]
    assert shared_slope(x[kept], left, y[kept]).value == pytest.approx(-1.0)


@pytest.mark.parametrize("shared", [0.0, 0.3])
def test_intervals_hold_the_slope_whatever_is_shared(shared: float) -> None:
    found = [shared_slope(*crossed(random, Scatter(0.1, shared))) for random in seeds(400)]
    covered = sum(one.low <= -1.0 <= one.high for one in found)
    assert binom.ppf(1e-3, 400, 0.95) <= covered <= binom.ppf(1.0 - 1e-3, 400, 0.95)


def test_the_hull_holds_the_slope_in_either_case_and_neither_interval_does_alone() -> None:
    def covered(intervals: list[Interval | None]) -> int:
        return sum(one is not None and one.low <= -1.0 <= one.high for one in intervals)

    def study(random: np.random.Generator, shared: float, slopes: float) -> tuple[Array, list[int], Array]:
        x, blocks, y = crossed(random, Scatter(0.05, shared))
        return x, blocks, y + (x - x.mean()) * (slopes * random.standard_normal(5))[blocks]

    least = binom.ppf(1e-3, 300, 0.95)
    shared, sloped = ([study(random, *how) for random in seeds(300)] for how in ((0.3, 0.0), (0.0, 0.3)))
    assert min(covered([replicated_slope(*one) for one in studies]) for studies in (shared, sloped)) >= least
    assert covered([shared_slope(*one) for one in sloped]) < least
    of_replicates = [mean_interval([np.polyfit(X, y.reshape(4, 5)[:, r], 1)[0] for r in range(5)]) for _, _, y in shared]
    assert covered(of_replicates) < least


def test_what_cannot_be_told_is_refused() -> None:
    with pytest.raises(NotIdentifiable, match="2 distinct values"):
        shared_slope(np.array([0.0, 0.0, 1.0, 1.0]), [0, 1, 0, 1], np.arange(4.0))
    with pytest.raises(NotIdentifiable, match="in common"):
        shared_slope(np.array([0.0, 1.0, 2.0, 3.0]), [0, 0, 1, 1], np.arange(4.0))
    assert replicated_slope(np.tile(X, 2), [0] * 4 + [1] * 4, np.arange(8.0)) is None
