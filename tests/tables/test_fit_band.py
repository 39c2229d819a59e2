"""The confidence band of a fitted slope agrees with ordinary regression where the intervals are narrow."""

import math

import numpy as np
import pytest
from scipy.stats import t as student

from results.statistics.interval_censored import NotIdentifiable, fit_band, fit_slope


def planted(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    x = np.repeat(np.linspace(0.0, 3.0, count // 4), 4)
    return x, 1.0 + 0.5 * x + rng.normal(0.0, 0.3, len(x))


def test_with_narrow_intervals_the_band_is_the_profile_interval_of_normal_regression() -> None:
    """(K / 2) ln(1 + delta^2 / (v SSE)) = t^2 / 2 with v = 1 / K + (x - mean)^2 / Sxx."""
    x, y = planted(np.random.default_rng(1), 40)
    at = np.array([0.0, 1.5, 3.0, 4.0])
    low, high = fit_band(x, y - 1e-4, y + 1e-4, at=at)
    slope, intercept = np.polyfit(x, y, 1)
    rest = float(np.sum((y - intercept - slope * x) ** 2))
    leverage = 1.0 / len(x) + (at - x.mean()) ** 2 / np.sum((x - x.mean()) ** 2)
    reach = np.sqrt(leverage * rest * math.expm1(student.ppf(0.975, len(x) - 2) ** 2 / len(x)))
    assert low == pytest.approx(intercept + slope * at - reach, abs=1e-3)
    assert high == pytest.approx(intercept + slope * at + reach, abs=1e-3)


def test_the_band_covers_the_planted_line_as_often_as_it_says() -> None:
    grid = np.arange(-1.0, 6.0, 0.5)
    covered = []
    for seed in range(60):
        x, y = planted(np.random.default_rng(seed), 24)
        above = np.searchsorted(grid, y)
        low, high = fit_band(x, grid[above - 1], grid[above], at=np.array([2.0]))
        covered.append(low[0] < 2.0 < high[0])
    assert np.mean(covered) >= 0.85


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
