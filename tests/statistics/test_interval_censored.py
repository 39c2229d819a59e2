"""Exponents of thresholds: closed forms where thresholds are exact, independent oracles, intervals that hold what was planted."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, f, linregress
from scipy.stats import t as student
from simulated_studies import COARSE, SMOKE, THRESHOLD, Array, Design, Scatter, counted, generator, scattered, seeds, thresholds

from results.statistics.interval_censored import NotIdentifiable, Slope, fit_band, fit_slope

NARROW = 0.005


def exact(points: int, replicates: int, scatter: Scatter, seed: int) -> tuple[Array, Array]:
    """Abscissae and values of a line of slope 1/2, replicate by replicate."""
    x = np.linspace(0.0, 3.5, points)
    return np.repeat(x, replicates), scattered(generator(seed), 0.5 * x, replicates, scatter).ravel()


def of_means(x: Array, y: Array) -> tuple[float, float]:
    """Least-squares slope of the means over replicates, and half the width of Student's interval."""
    at = np.unique(x)
    fit = linregress(at, [y[x == one].mean() for one in at])
    return float(fit.slope), float(student.ppf(0.975, len(at) - 2) * fit.stderr)


@pytest.mark.parametrize(("points", "replicates"), [(4, 3), (6, 2), (6, 3), (8, 4), (12, 1)])
@pytest.mark.parametrize("shared", [0.0, 0.6])
def test_exact_thresholds_have_the_interval_of_their_means_whatever_replicates_share(
    points: int, replicates: int, shared: float
) -> None:
    x, y = exact(points, replicates, Scatter(0.6, shared), seed=3)
    fit = fit_slope(x, y - NARROW, y + NARROW)
    slope, half = of_means(x, y)
    assert fit.high - fit.low == pytest.approx(2.0 * half, rel=0.03)
    assert (fit.low + fit.high) / 2.0 == pytest.approx(slope, abs=0.02 * half)
    assert fit.value == pytest.approx(slope, abs=1e-4)


def test_three_points_have_one_degree_of_freedom() -> None:
    x, y = exact(3, 3, Scatter(0.6, 0.3), seed=5)
    fit = fit_slope(x, y - NARROW, y + NARROW)
    assert fit.high - fit.low == pytest.approx(2.0 * of_means(x, y)[1], rel=0.06)


@pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
def test_the_fit_agrees_with_lifelines_on_interval_censored_lognormal_times() -> None:
    from lifelines import LogNormalAFTFitter

    design = Design(tuple(4.0**k for k in range(3, 9)), 4, tuple(2.0**k for k in range(10)))
    x, low, high = thresholds(generator(3), design, 0.5, Scatter(0.3), first=4.0)
    low[0], high[-1] = -np.inf, np.inf
    table = pd.DataFrame({"x": x - x.mean(), "low": np.exp(np.maximum(low, -20.0)), "high": np.exp(np.minimum(high, 30.0))})
    oracle = LogNormalAFTFitter(fit_intercept=True)
    oracle.fit_interval_censoring(table, lower_bound_col="low", upper_bound_col="high")
    mine = fit_slope(x, low, high)
    assert mine.value == pytest.approx(oracle.params_["mu_"]["x"], abs=2e-4)
    assert mine.intercept + mine.value * x.mean() == pytest.approx(oracle.params_["mu_"]["Intercept"], abs=2e-4)
    assert mine.scatter == pytest.approx(np.exp(oracle.params_["sigma_"]["Intercept"]), rel=2e-3)


@settings(max_examples=12)
@given(shift=st.floats(-3, 3), stretch=st.floats(0.2, 5.0), seed=st.integers(0, 100))
def test_units_do_not_matter(shift: float, stretch: float, seed: int) -> None:
    x, low, high = thresholds(generator(seed), THRESHOLD, 0.5, Scatter(0.15), first=2.5)
    base, moved = fit_slope(x, low, high), fit_slope(stretch * x + shift, low + shift, high + shift)
    for name in ("value", "low", "high"):
        assert stretch * getattr(moved, name) == pytest.approx(getattr(base, name), abs=0.01 * (base.high - base.low))


@settings(max_examples=12)
@given(seed=st.integers(0, 100), beta=st.sampled_from([0.25, 0.5, 1.0]))
def test_the_order_of_runs_does_not_matter_and_the_best_exponent_lies_in_its_interval(seed: int, beta: float) -> None:
    random = generator(seed)
    x, low, high = thresholds(random, SMOKE, beta, Scatter(0.15, 0.15), first=2.5)
    order = random.permutation(len(x))
    fit, other = fit_slope(x, low, high), fit_slope(x[order], low[order], high[order])
    assert fit.low <= fit.value <= fit.high
    assert (other.value, other.low, other.high) == pytest.approx((fit.value, fit.low, fit.high), abs=1e-6)


def test_a_missing_replicate_is_no_reason_to_refuse() -> None:
    x, low, high = thresholds(generator(1), THRESHOLD, 0.5, Scatter(0.15, 0.15), first=2.5)
    whole, less = fit_slope(x, low, high), fit_slope(x[1:], low[1:], high[1:])
    assert less.runs == whole.runs - 1
    assert less.low < 0.5 < less.high
    assert (less.low, less.high) == pytest.approx((whole.low, whole.high), abs=0.1)


def test_lines_through_every_interval_bound_the_slope() -> None:
    x = np.log([1.0, 2.0, 4.0, 8.0, 16.0])
    fit = fit_slope(x, x - 0.2, x + 0.2)
    steepest = 0.4 / (x[-1] - x[0])
    assert fit.low < 1.0 - steepest / 2 < fit.value < 1.0 + steepest / 2 < fit.high


@pytest.mark.parametrize("steps", [[0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 1]])
def test_one_or_two_distinct_thresholds_bound_the_exponent(steps: list[int]) -> None:
    """Refusing them keeps the studies whose thresholds rose most, and so exponents that are too large."""
    x, low = np.repeat(np.log(4.0) * np.arange(4.0), 3), np.log(2.0) * np.repeat(np.array(steps, dtype=float), 3)
    fit = fit_slope(x, low, low + np.log(2.0))
    steepest = np.log(2.0) * (1.0 + steps[-1] - steps[0]) / np.ptp(x)
    assert -np.log(2.0) < fit.low < 0.0 < steepest < fit.high < np.log(2.0)


@pytest.mark.parametrize("falling", [False, True])
def test_thresholds_beyond_both_ends_of_the_sizes_tried_bound_the_exponent_on_one_side(falling: bool) -> None:
    x = np.repeat(np.arange(4.0), 3)
    low, high = np.where(x < 1.5, -np.inf, 2.0), np.where(x < 1.5, 0.0, np.inf)
    with pytest.raises(NotIdentifiable, match="at most" if falling else "at least") as refused:
        fit_slope(-x if falling else x, low, high)
    found = refused.value
    near, far = (found.high, found.low) if falling else (found.low, found.high)
    assert math.isinf(far)
    assert abs(near) < 2.0  # the line rises by 2 over one step of x at the most gentle that meets all
    with pytest.raises(NotIdentifiable):
        fit_band(-x if falling else x, low, high, at=np.zeros(1))


@pytest.mark.parametrize(
    ("x", "low", "high", "reason"),
    [
        ([], [], [], "no run"),
        ([1, 2, 3, 4], [-np.inf] * 4, [1] * 4, "below the sizes tried"),
        ([1, 2, 3, 4], [1] * 4, [np.inf] * 4, "above the sizes tried"),
        ([1, 1, 2, 2], [0, 1, 1, 2], [1, 2, 2, 3], "2 distinct n"),
        ([1, 1, 1, 1], [0, 1, 1, 2], [1, 2, 2, 3], "1 distinct n"),
        ([1, 2, 3], [0, 1, 2], [1, 2, 3], "3 thresholds, at least 4"),
        ([1, 2, 3, 4], [-np.inf] * 4, [np.inf] * 4, "no run"),
    ],
)
def test_slopes_the_data_do_not_support_are_refused(x: list[float], low: list[float], high: list[float], reason: str) -> None:
    with pytest.raises(NotIdentifiable, match=reason) as refused:
        fit_slope(np.array(x, dtype=float), np.array(low, dtype=float), np.array(high, dtype=float))
    assert (refused.value.low, refused.value.high) == (-math.inf, math.inf)


def test_an_empty_interval_is_a_programming_mistake() -> None:
    with pytest.raises(ValueError, match="low < high"):
        fit_slope(np.zeros(4), np.ones(4), np.ones(4))


def test_the_test_of_misfit_is_the_f_test_of_lack_of_fit_where_thresholds_are_exact() -> None:
    x, y = exact(6, 4, Scatter(0.6), seed=8)
    fit = fit_slope(x, y - 1e-3, y + 1e-3)
    means = np.array([y[x == one].mean() for one in x])
    slope, intercept = np.polyfit(x, y, 1)
    ratio = np.sum((means - intercept - slope * x) ** 2) / 4 / (np.sum((y - means) ** 2) / (24 - 6))
    assert fit.misfit == pytest.approx(f.sf(ratio, 4, 18), rel=0.01)


def test_a_bend_is_a_misfit_and_single_runs_tell_of_none() -> None:
    x, y = exact(6, 3, Scatter(0.05), seed=2)
    bent = y + 0.15 * (x - x.mean()) ** 2
    assert fit_slope(x, bent - 0.1, bent + 0.1).misfit < 1e-3
    assert fit_slope(x, y - 0.1, y + 0.1).misfit > 0.05
    assert math.isnan(fit_slope(x[::3], y[::3] - 0.1, y[::3] + 0.1).misfit)


def fits(design: Design, beta: float, scatter: Scatter, first: float, studies: int) -> list[Slope]:
    """Fits of the studies of the first seeds; none may be refused."""
    return [fit_slope(*thresholds(random, design, beta, scatter, first=first)) for random in seeds(studies)]


@pytest.mark.parametrize(
    ("design", "beta", "scatter", "first"),
    [(THRESHOLD, 0.5, Scatter(0.05, 0.2), 2.5), (COARSE, 0.25, Scatter(0.15), 4.0)],
    ids=["shared scatter", "few thresholds"],
)
def test_intervals_hold_what_was_planted_and_nothing_is_refused(
    design: Design, beta: float, scatter: Scatter, first: float
) -> None:
    """100 studies each; 2,000 of each row of the table of docs/theory.md in `tests/speed/test_coverage.py`."""
    found = fits(design, beta, scatter, first, 100)
    assert sum(fit.low <= beta <= fit.high for fit in found) >= binom.ppf(1e-3, 100, 0.95)
    errors = np.array([fit.value - beta for fit in found])
    assert abs(errors.mean()) < 3.0 * errors.std() / 10.0


@pytest.mark.parametrize(("design", "first"), [(COARSE, 4.0), (THRESHOLD, 1.5)], ids=["powers of 2", "threshold"])
@pytest.mark.parametrize("beta", [0.25, 0.5, 1.0])
def test_without_scatter_the_slope_is_held_always_as_it_must_be(design: Design, first: float, beta: float) -> None:
    """Data follow from slope and intercept, so coverage is 0 or 1 at each: an interval of 95 % at all of them covers 1."""
    assert all(fit.low <= beta <= fit.high for fit in fits(design, beta, Scatter(0.0), first, 10))


def test_thresholds_far_beyond_the_sizes_tried_tell_nothing_of_the_scatter() -> None:
    """Steep lines pass them wherever they stand, so how steep a line may be hardly depends on how many there are."""
    n = tuple(256.0 * 2.0**k for k in range(14))
    ratios = []
    for random in seeds(5):
        x, low, high = thresholds(random, Design(n, 3, THRESHOLD.q), 1.0, Scatter(0.15, 0.15), first=6.0)
        eight = x <= np.log(n[7])
        assert np.isinf(high[x > np.log(n[3])]).all()
        ratios.append(fit_slope(x, low, high).high / fit_slope(x[eight], low[eight], high[eight]).high)
    assert np.median(ratios) > 0.95


def test_thresholds_above_the_sizes_tried_do_not_make_a_law_steep() -> None:
    """At the 4 larger of 6 n all lie above: they are no likelier the further the line runs beyond the sizes tried."""

    def estimate(random: np.random.Generator) -> tuple[float, float]:
        fit = fit_slope(*thresholds(random, THRESHOLD, 1.0, Scatter(0.15, 0.15), first=8.0))
        return fit.low, fit.high

    count = counted(40, 1.0, estimate, nothing=(-math.inf, math.inf))
    assert count.refused == 0
    assert count.covered >= binom.ppf(1e-3, 40, 0.95)
