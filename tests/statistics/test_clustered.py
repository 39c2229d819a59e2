"""Least squares with shared errors: intervals hold planted coefficients; instruments where a regressor follows the response."""

import numpy as np
import pytest

from results.statistics.clustered import clustered_fit, equal_slopes
from results.statistics.interval_censored import NotIdentifiable


def generator(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def test_intervals_hold_what_was_planted_where_clusters_share_errors() -> None:
    held = 0
    for seed in range(200):
        random = generator(seed)
        clusters = np.repeat(np.arange(20), 4)
        x = np.repeat(random.standard_normal(20), 4)
        y = 1.0 + 2.0 * x + np.repeat(random.standard_normal(20), 4) + 0.1 * random.standard_normal(80)
        found = clustered_fit(np.column_stack([np.ones(80), x]), y, clusters.tolist()).coefficients[1]
        held += found.low <= 2.0 <= found.high
    assert 0.88 <= held / 200 <= 1.0


def test_an_instrument_recovers_what_least_squares_cannot() -> None:
    random = generator(0)
    given, shock = random.standard_normal(4000), random.standard_normal(4000)
    x = given + shock
    y = 0.5 * x + shock
    design, instruments = np.column_stack([np.ones(4000), x]), np.column_stack([np.ones(4000), given])
    clusters = list(range(4000))
    plain, with_instrument = (clustered_fit(design, y, clusters, instruments=one).coefficients[1] for one in (None, instruments))
    assert plain.low > 0.9
    assert with_instrument.low < 0.5 < with_instrument.high
    assert with_instrument.high - with_instrument.low < 0.1


@pytest.mark.parametrize("case", ["columns", "clusters"])
def test_what_cannot_be_told_apart_is_refused(case: str) -> None:
    x = np.arange(12.0)
    design = np.column_stack([np.ones(12), x, 2.0 * x if case == "columns" else x**2])
    with pytest.raises(NotIdentifiable):
        clustered_fit(design, x, list(range(12)) if case == "columns" else [0, 1, 2] * 4)


def test_equal_slopes_are_not_refuted_more_often_than_the_level_says_and_unequal_ones_are() -> None:
    x, groups = np.tile(np.arange(6.0), 3), np.repeat(["a", "b", "c"], 6).tolist()
    levels = np.repeat([0.0, 1.0, 2.0], 6)
    p = [equal_slopes(x, groups, levels + x + generator(seed).standard_normal(18)) for seed in range(300)]
    assert 0.01 <= np.mean(np.asarray(p) < 0.05) <= 0.1
    steeper = np.repeat([1.0, 1.0, 2.0], 6) * x
    assert equal_slopes(x, groups, levels + steeper + 0.1 * generator(0).standard_normal(18)) < 1e-6
    assert np.isnan(equal_slopes(x[:6], groups[:6], x[:6]))
