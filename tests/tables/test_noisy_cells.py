"""Groups of noisy cells by row numbers are those of pandas, and what is told of parts together is what is told of the whole."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.schema.widths import Widths
from results.tables.csv_files import csv_bytes, csv_of
from results.tables.frame import OUTCOMES, counted, outcome_counts, status_counts
from results.tables.noisy_cells import NoisyCells, joined, split, values_text

SHOWN = ("task", "q")
ROWS = st.lists(
    st.tuples(st.sampled_from(["heat", "wave", "Burgers"]), st.integers(1, 12), st.integers(1, 3), st.sampled_from(OUTCOMES)),
    min_size=1,
    max_size=40,
)


def noisy(rows: list[tuple[str, int, int, str]]) -> NoisyCells:
    frame = pd.DataFrame(rows, columns=["task", "q", "width", "status"]).astype({"task": "str", "status": "str"})
    widths = np.empty(len(frame), dtype=object)
    widths[:] = [Widths((width, 4)) for width in frame["width"]]
    return NoisyCells(frame.assign(widths=widths).set_axis(np.arange(len(frame))[::-1]), SHOWN)


@given(ROWS)
def test_groups_are_those_of_pandas_in_its_order(rows: list[tuple[str, int, int, str]]) -> None:
    cells = noisy(rows)
    expected = [part["status"].tolist() for _, part in cells.frame.groupby(["task", "q", "widths"])]
    found = cells.groups(("task",), ("q", "widths"))
    assert [cells.frame["status"].iloc[group].tolist() for group in found] == expected


@given(ROWS)
def test_a_row_tells_the_values_and_outcomes_of_its_cells(rows: list[tuple[str, int, int, str]]) -> None:
    cells = noisy(rows)
    for group in cells.groups(("widths",)):
        part = cells.frame.iloc[group]
        told = cells.told(group)
        assert told == {**{name: values_text(sorted(part[name].unique())) for name in SHOWN}, **counted(part["status"])}
        assert told["expected"] == len(group)


@given(ROWS, st.integers(0, 40))
def test_parts_together_are_told_as_the_whole(rows: list[tuple[str, int, int, str]], cut: int) -> None:
    whole, parts = noisy(rows), [noisy(part) for part in (rows[:cut], rows[cut:]) if part]
    assert joined(part.extent() for part in parts).told() == whole.extent().told() == whole.told(np.arange(len(rows)))


@given(ROWS)
def test_outcomes_are_counted_alike_everywhere(rows: list[tuple[str, int, int, str]]) -> None:
    status = noisy(rows).frame["status"]
    table = status_counts(pd.DataFrame({"group": 0, "status": status}), "group").iloc[0].to_dict()
    assert outcome_counts(status) == table
    assert counted(status) == {name: table[name] for name in counted(status)}


def test_rows_without_a_label_are_in_no_group_and_order_within_a_group_is_kept() -> None:
    labels = np.array([1.0, np.nan, 0.0, -1.0, 1.0])
    found = split(labels, np.array([4, 3, 2, 1, 0]))
    assert {label: rows.tolist() for label, rows in found.items()} == {0: [2], 1: [4, 0]}
    assert split(labels, np.array([1, 3])) == {}


@pytest.mark.parametrize("cut", [0, 1, 3])
def test_tables_below_one_another_are_written_as_one(cut: int) -> None:
    table = pd.DataFrame({"a": [1.5, np.nan, 1e-9], "b": pd.array(["x", None, "=y"], dtype="str"), "c": [True, False, True]})
    assert csv_of([table[:cut], table[cut:]], ["a", "b", "c"]) == csv_bytes(table)
