"""Power laws with a floor: planted ones are recovered, intervals hold them, and the data say what they cannot tell."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.stats import binom
from scipy.stats import t as student
from simulated_studies import THRESHOLD, Array, Scatter, counted, errors, generator

from results.statistics.interval_censored import NotIdentifiable
from results.statistics.power_law import fit_power_law

Q = 2.0 ** np.arange(7)


@pytest.mark.parametrize("exponent", [0.5, 1.0, 2.0])
def test_power_laws_are_recovered_without_a_floor(exponent: float) -> None:
    fit = fit_power_law(Q, 3.0 * Q**-exponent * np.exp(0.05 * generator(1).standard_normal(7)))
    assert fit.low < exponent < fit.high
    assert fit.floor < 0.5 * 3.0 * Q[-1] ** -exponent
    assert fit.note in ("no floor seen", "a floor is not told from none")


def test_power_laws_are_recovered_with_a_floor() -> None:
    q = np.repeat(Q, 3)
    fit = fit_power_law(q, (0.1 + q**-1.5) * np.exp(0.03 * generator(2).standard_normal(21)))
    assert fit.exponent == pytest.approx(1.5, rel=0.1)
    assert fit.low < 1.5 < fit.high
    assert fit.floor == pytest.approx(0.1, rel=0.1)
    assert fit.amplitude == pytest.approx(1.0, rel=0.1)
    assert fit.note == ""


@given(exponent=st.floats(0.3, 2.5), share=st.floats(0.05, 2.0), level=st.floats(0.1, 10.0))
def test_errors_on_a_law_are_met_exactly(exponent: float, share: float, level: float) -> None:
    fit = fit_power_law(Q, level * (share * Q[-1] ** -exponent + Q**-exponent))
    assert fit.exponent == pytest.approx(exponent, rel=5e-3)
    assert fit.floor == pytest.approx(level * share * Q[-1] ** -exponent, rel=0.05)
    assert fit.scatter < 1e-3


def least_squares(q: Array, logs: Array, exponent: float) -> float:
    """Least sum of squares of ln E over A > 0 and E_inf >= 0 at one exponent, by a general minimiser from several starts."""

    def squares(theta: Array) -> float:
        return float(np.sum((np.logaddexp(theta[0] - exponent * np.log(q), theta[1]) - logs) ** 2))

    starts = [np.array([logs[0], floor]) for floor in (logs.min() - 4.0, logs.min() - 1.0, logs.min())]
    exact = {"xatol": 1e-9, "fatol": 1e-13}
    return min(float(minimize(squares, start, method="Nelder-Mead", options=exact).fun) for start in starts)


def test_the_interval_ends_where_the_profile_over_the_floor_says() -> None:
    q, logs = Q, np.log(0.02 + Q**-1.0) + 0.1 * generator(6).standard_normal(7)
    fit = fit_power_law(q, np.exp(logs))
    most = least_squares(q, logs, fit.exponent) * (1.0 + student.ppf(0.975, 4) ** 2 / 4)
    assert least_squares(q, logs, fit.low) == pytest.approx(most, rel=0.01)
    assert least_squares(q, logs, fit.high) == pytest.approx(most, rel=0.01)


@pytest.mark.parametrize("floor", [0.1, 2.0])
def test_intervals_hold_the_exponent_where_there_is_a_floor(floor: float) -> None:
    """100 studies each; 2,000 of each row of the table of docs/theory.md in `tests/speed/test_coverage.py`."""

    def estimate(random: np.random.Generator) -> tuple[float, float]:
        fit = fit_power_law(*errors(random, THRESHOLD, 0.5, floor, Scatter(0.05, 0.1)))
        return fit.low, fit.high

    count = counted(100, 0.5, estimate, nothing=(0.0, math.inf))
    assert count.refused == 0
    assert count.covered >= binom.ppf(1e-3, 100, 0.95)


def test_a_step_is_a_misfit_and_replicates_about_a_law_are_none() -> None:
    q = np.repeat(Q, 4)
    jitter = np.exp(0.05 * generator(4).standard_normal(28))
    assert fit_power_law(q, q**-1.0 * jitter).misfit > 0.05
    assert fit_power_law(q, np.where(q < 8, 1.0, 0.2) * jitter).misfit < 1e-3
    assert math.isnan(fit_power_law(Q, Q**-1.0 * jitter[:7]).misfit)


@pytest.mark.parametrize(
    ("q", "error", "reason"),
    [([1, 2, 4, 8], [1, 0.5, 0.3, 0.2], "4 distinct q"), ([1, 2, 4, 8, 16], [1, 1, 1, 1, 0], "zero")],
)
def test_power_laws_the_data_do_not_support_are_refused(q: list[float], error: list[float], reason: str) -> None:
    with pytest.raises(NotIdentifiable, match=reason):
        fit_power_law(np.array(q, dtype=float), np.array(error, dtype=float))


def test_errors_that_do_not_fall_fit_any_exponent() -> None:
    with pytest.raises(NotIdentifiable, match="any exponent") as refused:
        fit_power_law(Q, np.exp(0.1 * np.array([1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0])))
    assert (refused.value.low, refused.value.high) == (0.0, math.inf)


def test_errors_that_fall_once_have_an_exponent_bounded_below_only() -> None:
    with pytest.raises(NotIdentifiable, match="at least") as refused:
        fit_power_law(Q, np.array([1.0, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]))
    assert refused.value.low > 1.0
    assert math.isinf(refused.value.high)
