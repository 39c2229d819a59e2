"""leaderboard.csv: planted studies with a known winner, ties, gaps and impossible targets."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.records.manifest import Target
from results.tables.csv_files import csv_bytes
from results.tables.frame import build_frame
from results.tables.leaderboard import COLUMNS, leaderboard

CLEAN = (Target(kind="relative", value=0.1),)
NOISY = (Target(kind="absorb", value=0.5),)
REQUIRED = ("task", "design", "schedule", "n", "N", "M", "noise_law", "sigma", "target", "q", "d", "runs", "expected", "diverged")


def rows(planted: Any, targets: tuple[Target, ...] = CLEAN) -> list[dict[str, str]]:
    manifest = planted.manifest(targets)
    text = csv_bytes(leaderboard(build_frame(manifest, planted.records), manifest)).decode()
    return list(csv.DictReader(io.StringIO(text)))


def test_columns_are_documented_and_the_required_ones_are_there(planted: Any) -> None:
    planted.add()
    for row in rows(planted):
        assert list(row) == list(COLUMNS)
        assert set(REQUIRED) <= set(row)


def test_smallest_q_and_smallest_d_may_be_different_nets(planted: Any) -> None:
    planted.add(q=1, d=50, relative=0.5)
    small_q = planted.add(q=2, d=900, relative=0.09)
    small_d = planted.add(q=4, d=300, relative=0.08, recipe="best")
    planted.add(q=8, d=2000, relative=0.001)
    by_q, by_d = rows(planted)
    assert (by_q["smallest"], by_q["q"], by_q["d"], by_q["key"], by_q["recipe"]) == ("q", "2", "900", small_q, "adam")
    assert (by_d["smallest"], by_d["q"], by_d["d"], by_d["key"], by_d["recipe"]) == ("d", "4", "300", small_d, "best")
    assert {row["standing"] for row in (by_q, by_d)} == {"reached"}


def test_among_equal_q_the_fewer_parameters_then_the_better_error_win_and_ties_are_counted(planted: Any) -> None:
    planted.add(q=2, d=400, relative=0.01, trunk_widths=[20])
    planted.add(q=2, d=300, relative=0.09, replicate=0)
    winner = planted.add(q=2, d=300, relative=0.05, replicate=1)
    planted.add(q=2, d=300, relative=0.07, trunk_widths=[9], recipe="best")
    by_q, by_d = rows(planted)
    for row, ties in ((by_q, "2"), (by_d, "1")):
        assert (row["key"], row["error"], row["ties"]) == (winner, "0.05", ties)
        assert (row["entry_reached"], row["entry_expected"]) == ("2", "2")


def test_larger_absorption_is_the_better_error(planted: Any) -> None:
    planted.add(q=2, absorbed=0.6, replicate=0)
    winner = planted.add(q=2, absorbed=0.7, replicate=1)
    planted.add(q=1, absorbed=0.4)
    by_q, _ = rows(planted, NOISY)
    assert (by_q["key"], by_q["error"], by_q["target"]) == (winner, "0.7", "absorb 0.5")


def test_smaller_cells_without_an_outcome_are_unsettled_and_larger_ones_are_not(planted: Any) -> None:
    planted.add(q=1, status="missing")
    planted.add(q=2, status="failed")
    planted.add(q=3, status="diverged")
    planted.add(q=4, relative=0.05, replicate=0)
    planted.add(q=4, status="missing", replicate=1)
    planted.add(q=8, status="missing")
    by_q, _ = rows(planted)
    assert (by_q["q"], by_q["unsettled"]) == ("4", "2")
    assert (by_q["expected"], by_q["missing"], by_q["failed"], by_q["diverged"], by_q["done"]) == ("6", "3", "1", "1", "1")
    assert (by_q["entry_reached"], by_q["entry_expected"]) == ("1", "2")


def test_what_is_certified_impossible_is_told_from_what_was_not_reached(planted: Any) -> None:
    planted.add(task="impossible", q=1, relative=0.5, floor=0.05)
    planted.add(task="impossible", q=2, relative=0.5, floor=0.02)
    planted.add(task="open", q=1, relative=0.5, floor=0.05)
    planted.add(task="open", q=2, relative=0.5, floor=0.005)
    planted.add(task="nothing", q=1, status="diverged")
    standing = {row["task"]: (row["standing"], row["excluded"], row["q_certified"], row["q"]) for row in rows(planted)}
    assert standing == {
        "impossible": ("certified impossible", "2", "3", ""),
        "open": ("not reached", "1", "2", ""),
        "nothing": ("no outcome", "0", "", ""),
    }


def test_runs_that_did_not_end_as_done_never_win(planted: Any) -> None:
    planted.add(q=1, relative=0.01, status="timeout")
    planted.add(q=2, relative=0.01)
    assert rows(planted)[0]["q"] == "2"


def test_problems_are_kept_apart_and_nets_are_not(planted: Any) -> None:
    changes = ({}, {"functions": 32}, {"points": 8}, {"task": "other"}, {"parameters": {"nu": 1.0}}, {"design": "scattered"})
    for change in changes:
        planted.add(relative=0.01, **change)
        planted.add(relative=0.01, schedule="tied", ends="linear", steps=3, **change)
    found = rows(planted)
    assert len(found) == 2 * len(changes)
    assert {row["expected"] for row in found} == {"2"}


@given(data=st.data())
def test_the_entry_is_the_minimum_over_all_done_runs_that_reach(new_planted: Callable[[], Any], data: st.DataObject) -> None:
    study, truth = new_planted(), []
    statuses = st.sampled_from(["done", "done", "diverged", "missing", "failed"])
    for index in range(data.draw(st.integers(1, 12))):
        q, d = data.draw(st.integers(1, 5)), data.draw(st.integers(100, 103))
        relative, status = data.draw(st.sampled_from([0.05, 0.08, 0.2])), data.draw(statuses)
        key = study.add(q=q, d=d, relative=relative, status=status, replicate=index)
        if status == "done" and relative <= 0.1:
            truth.append((q, d, relative, key))
    by_q, by_d = rows(study)
    none = (0, 0, 0.0, "")
    assert by_q["key"] == min(truth, default=none)[3]
    assert by_d["key"] == min(truth, key=lambda run: (run[1], run[0], *run[2:]), default=none)[3]


def test_order_of_rows_and_bytes_do_not_depend_on_the_order_of_the_study(planted: Any) -> None:
    for functions in (64, 16, 32):
        for q in (4, 1, 2):
            planted.add(functions=functions, q=q, relative=0.2 / q)
    first = rows(planted)
    planted.expected.reverse()
    planted.records.reverse()
    assert rows(planted) == first
    assert [row["n"] for row in first] == ["256", "256", "512", "512", "1024", "1024"]
    assert [row["smallest"] for row in first] == ["q", "d"] * 3


@pytest.mark.parametrize("targets", [CLEAN, NOISY, ()])
def test_without_cells_or_without_a_target_for_them_there_is_the_header(planted: Any, targets: tuple[Target, ...]) -> None:
    assert rows(planted, targets) == []
    planted.add(absorbed=0.1)
    assert len(rows(planted, targets)) == (2 if targets == NOISY else 0)


@pytest.mark.parametrize("limit", [0, 2])
def test_q_is_of_classes_whose_rank_it_limits_and_d_of_all(planted: Any, limit: int) -> None:
    """No limit of rank, as of a shift-DeepONet, or one above q, as of a POD-DeepONet with its mean."""
    small, large = planted.add(q=1, d=100, relative=0.05), planted.add(q=4, d=300, relative=0.05)
    manifest = planted.manifest(CLEAN)
    frame = build_frame(manifest, planted.records)
    frame.loc[frame["key"] == small, "q_eff"] = limit
    table = leaderboard(frame, manifest).set_index("smallest")
    assert table["key"].to_dict() == {"q": large, "d": small}
    assert table["unsettled"].to_dict() == {"q": 0, "d": 0}
