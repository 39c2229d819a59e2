"""The confidence band of a fitted slope agrees with ordinary regression where the intervals are narrow."""

import numpy as np
import pytest
from scipy.stats import binom
from scipy.stats import t as student

from results.statistics.interval_censored import NotIdentifiable, fit_band, fit_slope


def planted(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    x = np.repeat(np.linspace(0.0, 3.0, count // 4), 4)
    return x, 1.0 + 0.5 * x + rng.normal(0.0, 0.3, len(x))


def test_with_narrow_intervals_the_band_is_that_of_regression_on_the_means() -> None:
    """t^2 v RSS / (G - 2) with v = 1 / G + (x - mean)^2 / Sxx, over the G means."""
    x, y = planted(np.random.default_rng(1), 40)
    at = np.array([0.0, 1.5, 3.0, 4.0])
    low, high = fit_band(x, y - 1e-2, y + 1e-2, at=at)
    points = np.unique(x)
    means = np.array([y[x == one].mean() for one in points])
    slope, intercept = np.polyfit(points, means, 1)
    freedom = len(points) - 2
    variance = float(np.sum((means - intercept - slope * points) ** 2)) / freedom
    leverage = 1.0 / len(points) + (at - points.mean()) ** 2 / np.sum((points - points.mean()) ** 2)
    reach = student.ppf(0.975, freedom) * np.sqrt(leverage * variance)
    assert low == pytest.approx(intercept + slope * at - reach, abs=0.03 * reach.min())
    assert high == pytest.approx(intercept + slope * at + reach, abs=0.03 * reach.min())


def test_the_band_covers_the_planted_line_as_often_as_it_says() -> None:
    """Of 60 studies with a chance of 0.95 each, fewer than 51 hold it once in a thousand times."""
    grid = np.arange(-1.0, 6.0, 0.5)
    covered = []
    for seed in range(60):
        x, y = planted(np.random.default_rng(seed), 24)
        above = np.searchsorted(grid, y)
        low, high = fit_band(x, grid[above - 1], grid[above], at=np.array([2.0]))
        covered.append(low[0] < 2.0 < high[0])
    assert sum(covered) >= binom.ppf(1e-3, 60, 0.95)


def test_the_band_holds_the_fitted_line_and_is_narrowest_amid_the_data() -> None:
    x, y = planted(np.random.default_rng(3), 24)
    low, high = np.floor(2.0 * y) / 2.0, np.floor(2.0 * y) / 2.0 + 0.5
    fit, at = fit_slope(x, low, high), np.array([-3.0, 1.5, 6.0])
    below, above = fit_band(x, low, high, at=at)
    line = fit.intercept + fit.value * at
    assert np.all((below < line) & (line < above))
    assert np.argmin(above - below) == 1


def test_a_band_is_refused_where_a_slope_is() -> None:
    with pytest.raises(NotIdentifiable):
        fit_band(np.zeros(5), np.zeros(5), np.ones(5), at=np.zeros(1))
