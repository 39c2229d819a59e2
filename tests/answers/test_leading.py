"""The rows that matter first: contradictions, what is identified, the most labels; every row stays, in the order of the file."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.answers.leading import MOST, ORDERS, leading
from results.families import FAMILIES
from results.tables.study_tables import TABLES


def bounds(count: int) -> pd.DataFrame:
    n = np.arange(count) % 7
    rows = pd.DataFrame({"agrees": "yes", "vacuous": n % 2 == 0, "status": np.where(n < 3, "heuristic", "certified"), "n": n})
    rows.loc[count // 2, "agrees"] = "no"
    return rows


def test_a_contradiction_leads_then_certified_demands_at_the_most_labels() -> None:
    rows = bounds(40)
    first, *rest = leading("bounds", rows)
    assert first == 20
    shown = rows.iloc[rest]
    assert not shown["vacuous"].any()
    assert shown["status"].eq("certified").all()
    assert shown["n"].tolist() == sorted(shown["n"], reverse=True)
    assert len(rest) == MOST - 1


@given(st.integers(1, 30), st.sampled_from(["unnamed", "bounds"]))
def test_leading_rows_are_distinct_rows_of_the_table(count: int, name: str) -> None:
    found = leading(name, bounds(count))
    assert len(found) == min(count, MOST)
    assert len(set(found)) == len(found)
    assert all(0 <= row < count for row in found)


def test_a_short_table_and_one_without_an_order_keep_theirs() -> None:
    assert leading("bounds", bounds(MOST)) == list(range(MOST))
    assert leading("unnamed", bounds(40)) == list(range(MOST))


@pytest.mark.parametrize("name", ORDERS)
def test_an_order_rests_on_columns_of_its_table_and_keeps_the_file_s_among_equals(name: str) -> None:
    columns = dict.fromkeys(TABLES[name].columns(FAMILIES["deeponet"]), [1] * 12)
    assert leading(name, pd.DataFrame(columns)) == list(range(MOST))
