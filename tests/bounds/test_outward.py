"""What is printed of a certified number never claims more than was proved."""

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.bounds import BOUNDS
from operators.bounds.outward import rounded_down, rounded_up
from operators.bounds.vacuity import Row, as_markdown, vacuity_table

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(FINITE, st.integers(1, 12))
def test_printed_decimals_enclose_the_float_within_one_unit_of_the_last_digit(value: float, digits: int) -> None:
    low, high = Fraction(rounded_down(value, digits)), Fraction(rounded_up(value, digits))
    assert low <= Fraction(value) <= high
    if value:
        unit = Fraction(10) ** (Decimal(value).adjusted() - digits + 1)
        assert high - low <= unit


@given(st.integers(1, 9), st.data())
def test_what_has_few_enough_digits_is_printed_as_it_is(digits: int, data: st.DataObject) -> None:
    value = float(data.draw(st.integers(-(10**digits) + 1, 10**digits - 1)))
    assert rounded_down(value, digits) == rounded_up(value, digits) == f"{value + 0.0:.{digits}g}"


@given(st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False), st.integers(1, 12))
def test_the_text_is_that_of_the_general_format(value: float, digits: int) -> None:
    for text in (rounded_down(value, digits), rounded_up(value, digits)):
        if math.isfinite(float(text)):
            assert text == f"{float(text) + 0.0:.{digits}g}"


@pytest.mark.parametrize(
    ("value", "digits", "low", "high"),
    [
        (0.1, 1, "0.1", "0.2"),
        (0.5, 6, "0.5", "0.5"),
        (0.9999996, 6, "0.999999", "1"),
        (123456.7, 6, "123456", "123457"),
        (1234567.0, 6, "1.23456e+06", "1.23457e+06"),
        (1.23456789e-5, 3, "1.23e-05", "1.24e-05"),
        (-2.5, 1, "-3", "-2"),
        (0.0, 6, "0", "0"),
        (math.inf, 6, "inf", "inf"),
    ],
)
def test_worked_examples(value: float, digits: int, low: str, high: str) -> None:
    """0.1 in binary is a little above 0.1."""
    assert (rounded_down(value, digits), rounded_up(value, digits)) == (low, high)


def test_no_entry_of_the_vacuity_table_stands_below_the_proved_bound() -> None:
    rows = vacuity_table(BOUNDS)
    spoken = [row for row in rows if row.absorbable < 1.0]
    assert len(spoken) > 30
    for row in spoken:
        assert Fraction(printed(row)) >= Fraction(row.absorbable)


def printed(row: Row) -> str:
    """The rho of one entry of the table."""
    return as_markdown([row]).splitlines()[-1].split("rho <= ")[1].split(" ")[0]
