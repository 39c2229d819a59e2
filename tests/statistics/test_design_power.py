"""The power of a design: ends hold what is simulated, intervals cover, and more data narrow them."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.statistics.design_power import Design, expected, fewest_replicates, seen, trend_power

SIDES = (16, 32, 64, 128, 256)
DESIGN = Design(tuple(float(side**2) for side in SIDES), 2, alone=0.1)


@given(q=st.floats(1.0, 5000.0), tolerance=st.floats(1.01, 1.5), place=st.floats(0.0, 1.0))
def test_ends_hold_q_and_meet_the_tolerance_or_are_consecutive(q: float, tolerance: float, place: float) -> None:
    low, high = seen(q, tolerance, place)
    assert low < q <= high
    assert high - low == 1 or high <= tolerance * low * (1.0 + 1e-12)


def test_intervals_hold_the_exponent_and_narrow_with_range_and_replicates() -> None:
    power = expected(DESIGN, studies=40)
    assert power.coverage >= 0.9
    assert power.refused == 0.0
    longer = dataclasses.replace(DESIGN, n=(*DESIGN.n, 512.0**2, 1024.0**2))
    assert expected(longer, studies=20).width < power.width
    assert expected(dataclasses.replace(DESIGN, replicates=8), studies=20).width < power.width


def test_replicates_do_not_help_against_scatter_that_they_share() -> None:
    alone, shared = (dataclasses.replace(DESIGN, alone=0.05, shared=tau) for tau in (0.0, 0.3))
    few, many = (expected(dataclasses.replace(shared, replicates=count), studies=25).width for count in (1, 6))
    assert many > 0.7 * few
    assert expected(alone, studies=20).width < 0.5 * many


def test_the_fewest_replicates_are_told_or_said_not_to_exist() -> None:
    wide = expected(DESIGN, studies=20).width
    assert fewest_replicates(DESIGN.n, 1.5 * wide, like=DESIGN, studies=20) in (1, 2)
    assert fewest_replicates(DESIGN.n, 1e-3, like=DESIGN, most=1, studies=5) is None


def test_a_study_of_two_n_has_no_interval() -> None:
    assert expected(dataclasses.replace(DESIGN, n=DESIGN.n[:2]), studies=3).refused == pytest.approx(1.0)


def test_the_trend_test_keeps_its_level_and_sees_what_is_large() -> None:
    assert trend_power(5, 4, fall=0.0, alone=0.1, shared=0.2, studies=200) <= 0.09
    assert trend_power(5, 4, fall=2.0, alone=0.1, shared=0.1, studies=40) > 0.95
    assert trend_power(3, 9, fall=9.0, alone=0.1, studies=10) == 0.0  # 3! orders cannot reach the level
