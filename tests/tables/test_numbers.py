"""Certified columns are rounded outward wherever a table writes them."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from operators.bounds import BOUNDS
from operators.bounds.bound import Statement
from results.families import FAMILIES
from results.page.columnar import columns
from results.report.markdown import plain_table
from results.report.print_tables import chosen
from results.tables.csv_files import texts
from results.tables.demands import demand_columns
from results.tables.numbers import AT_LEAST, AT_MOST, decimal_text, number
from results.tables.study_tables import TABLES

VALUES = 10.0 ** np.random.default_rng(14).uniform(-9.0, 9.0, 200)
LOWER = (*sorted(AT_LEAST), *demand_columns())
UPPER = (*sorted(AT_MOST), *(f"bound_allows_{name}" for name in BOUNDS))


@pytest.mark.parametrize("column", LOWER)
@pytest.mark.parametrize("digits", [4, 6])
def test_what_is_written_of_a_lower_bound_is_at_most_the_bound(column: str, digits: int) -> None:
    assert all(Decimal(decimal_text(value, column, digits)) <= Decimal(value) for value in VALUES.tolist())


@pytest.mark.parametrize("column", UPPER)
@pytest.mark.parametrize("digits", [4, 6])
def test_what_is_written_of_an_upper_bound_is_at_least_the_bound(column: str, digits: int) -> None:
    assert all(Decimal(decimal_text(value, column, digits)) >= Decimal(value) for value in VALUES.tolist())


def test_other_numbers_are_rounded_to_nearest() -> None:
    assert [decimal_text(value, "training_mse", 3) for value in (1.2349, 1.2351, -0.0)] == ["1.23", "1.24", "0"]


@pytest.mark.parametrize(
    ("column", "value", "six", "four"), [("floor", 1.23456789, "1.23456", "1.234"), ("d_ratio", 4.5000001, "4.50001", "4.501")]
)
def test_every_writer_rounds_the_same_way(column: str, value: float, six: str, four: str) -> None:
    table = pd.DataFrame({column: [value, 2.0]})
    assert texts(table[column])[0] == six
    assert columns(table, {column: ""})[0]["values"][0] == float(six) == number(value, column)
    assert chosen(table, [column]).cells[0] == (four,)
    assert f"| {four} |" in plain_table(table, [column], "x.csv")


def test_a_decimal_that_was_rounded_before_stays() -> None:
    assert decimal_text(Decimal("0.1234"), "floor", 4) == "0.1234" == decimal_text(Decimal("0.1234"), "d_ratio", 4)


@pytest.mark.parametrize(("quantity", "text"), [("rho", "0.124"), ("q", "0.123"), ("d", "0.123"), ("relative error", "0.123")])
def test_a_statement_is_printed_outward(quantity: str, text: str) -> None:
    said = Statement(bound="any", quantity=quantity, value=0.1234, status="certified", vacuous=False)  # type: ignore[arg-type]
    assert said.text(3) == text


def test_every_certified_column_has_a_direction() -> None:
    """A column of floats whose meaning says that it is certified."""
    meanings = [pair for family in FAMILIES.values() for kind in TABLES.values() for pair in kind.columns(family).items()]
    certified = {name for name, meaning in meanings if "certified floor of" in meaning or meaning.startswith("certified:")}
    assert {"floor", "q_certified"} <= certified <= AT_LEAST
