"""scaling.csv: planted outcomes come out as the right counts, statistics, exclusions and certified sizes."""

import csv
import io
import random
from collections.abc import Callable
from typing import Any

import pytest

from results.records.manifest import Target
from results.tables.csv_files import csv_bytes
from results.tables.demands import demanded_q
from results.tables.frame import build_frame
from results.tables.scaling import COLUMNS, scaling_table
from results.tables.series import with_series

REQUIRED = ("task", "design", "schedule", "n", "N", "M", "noise_law", "sigma", "target", "q", "d", "runs", "expected", "diverged")


def table(planted: Any, **settings: Any) -> list[dict[str, str]]:
    manifest = planted.manifest(**settings)
    text = csv_bytes(scaling_table(build_frame(manifest, planted.records), manifest)).decode()
    return list(csv.DictReader(io.StringIO(text)))


def test_columns_are_documented_and_the_required_ones_are_there(planted: Any) -> None:
    planted.add()
    (row,) = table(planted)
    assert list(row) == list(COLUMNS)
    assert set(REQUIRED) <= set(row)
    assert all(meaning for meaning in COLUMNS.values())


def test_best_median_and_worst_are_over_done_runs_and_all_outcomes_are_counted(planted: Any) -> None:
    for replicate, relative in enumerate((0.3, 0.05, 0.2)):
        planted.add(replicate=replicate, relative=relative, floor=0.001)
    for replicate, status in enumerate(("diverged", "timeout", "oom", "data_invalid", "failed", "missing"), 3):
        planted.add(replicate=replicate, status=status, relative=1e-3)
    (row,) = table(planted)
    counts = {
        name: row[name]
        for name in ("expected", "runs", "done", "diverged", "timeout", "oom", "data_invalid", "failed", "missing")
    }
    assert counts == {"expected": "9", "runs": "7", "done": "3"} | dict.fromkeys(list(counts)[3:], "1")
    assert (row["relative_best"], row["relative_median"], row["relative_worst"]) == ("0.05", "0.2", "0.3")
    assert (row["optimality_best"], row["optimality_median"]) == ("2.5", "40")
    assert (row["reached"], row["target"]) == ("1", "relative error 0.1")


def test_best_absorption_is_the_largest(planted: Any) -> None:
    for replicate, absorbed in enumerate((0.2, 0.6, 0.5)):
        planted.add(replicate=replicate, absorbed=absorbed)
    (row,) = table(planted)
    assert (row["absorbed_best"], row["absorbed_median"], row["absorbed_worst"]) == ("0.6", "0.5", "0.2")
    assert (row["reached"], row["noise_energy"]) == ("2", "0.25")
    assert row["training_mse_best"] == "0.1"
    assert row["bits_status"] == "vacuous here"


def test_a_row_for_each_target_that_is_meant_and_one_where_none_is(planted: Any) -> None:
    planted.add(relative=0.2)
    planted.add(absorbed=0.2)
    targets = tuple(Target(kind="relative", value=value) for value in (0.1, 0.3))
    rows = table(planted, targets=targets)
    assert [(row["sigma"], row["target"], row["reached"]) for row in rows] == [
        ("0", "relative error 0.1", "0"),
        ("0", "relative error 0.3", "1"),
        ("0.5", "none", "0"),
    ]


def test_replicates_and_restarts_are_joined_and_other_settings_kept_apart(planted: Any) -> None:
    for change in ({}, {"restart": 1}, {"replicate": 1}):
        planted.add(**change)
    changes = (
        {"learning_rate": 0.01},
        {"parameters": {"nu": 1.0}},
        {"ends": "linear"},
        {"activation": "relu"},
        {"points": 8},
        {"recipe": "best"},
        {"steps": 7},
        {"trunk_widths": [9]},
        {"schedule": "tied"},
        {"design": "scattered"},
    )
    for change in changes:
        planted.add(**change)
    assert sorted(row["expected"] for row in table(planted)) == ["1"] * len(changes) + ["3"]


def test_certified_q_is_the_one_no_floor_excludes_on_some_replicate(planted: Any) -> None:
    floors = {0: {1: 0.05, 2: 0.02, 4: 0.009}, 1: {1: 0.05, 2: 0.009, 4: 0.001}}
    for replicate, by_q in floors.items():
        for q, floor in by_q.items():
            planted.add(q=q, replicate=replicate, relative=0.5, floor=floor)
    rows = table(planted)
    assert {row["q_certified"] for row in rows} == {"2"}
    assert [row["excluded"] for row in rows] == ["2", "1", "0"]


def test_certified_q_rests_on_the_effective_dimension(planted: Any) -> None:
    planted.add(q=64, branch_widths=[3], relative=0.5, floor=0.02)
    (row,) = table(planted)
    assert (row["q_eff"], row["q_certified"]) == ("4", "5")


def test_floor_words(planted: Any) -> None:
    planted.add(q=1, floor=0.01)
    planted.add(q=2, floor=1e-9)
    planted.add(q=3, design="triples", points=1)
    planted.add(q=4, status="diverged")
    assert sorted((row["q"], row["floor_status"]) for row in table(planted)) == [
        ("1", "certified"),
        ("2", "unresolved"),
        ("3", "none"),
        ("4", ""),
    ]


def test_bytes_do_not_depend_on_order_clock_or_machine(new_planted: Callable[[], Any]) -> None:
    study = new_planted()
    for q in (8, 1, 2):
        for replicate in range(3):
            study.add(q=q, replicate=replicate, relative=0.1 * q + 0.01 * replicate)
            study.add(q=q, replicate=replicate, absorbed=0.1 * q + 0.01 * replicate)
    first = table(study)
    cost = study.records[0].cost.model_copy(update={"seconds": 99.0, "cpu_seconds": 98.0, "compile_seconds": 9.0})
    other = {"cost": cost, "host": {"machine": "other"}, "finished": "2030-01-01T00:00:00+00:00"}
    study.records = [record.model_copy(update=other) for record in study.records]
    random.Random(0).shuffle(study.records)
    random.Random(1).shuffle(study.expected)
    assert table(study) == first


@pytest.mark.parametrize("status", ["missing", "failed", "diverged", "oom"])
def test_a_study_without_any_fit_still_has_its_rows(planted: Any, status: str) -> None:
    for q in (1, 2):
        planted.add(q=q, status=status)
    rows = table(planted)
    assert [(row["expected"], row["done"], row["relative_best"], row["reached"]) for row in rows] == [("1", "0", "", "0")] * 2


def test_an_empty_study_gives_the_header(planted: Any) -> None:
    assert table(planted) == []


@pytest.mark.parametrize(("bits", "demanded"), [(64, 155), (32, 310), (None, 310)])
def test_demands_count_the_bits_in_which_the_nets_of_their_series_are_stored(
    planted: Any, bits: int | None, demanded: int
) -> None:
    """Rademacher noise, rho = .9, n = 12,000: d >= (n R - ln 1e12) / (b ln 2); so d = 219 is excluded at 32 bits only."""
    settings = {"task": "antiderivative", "functions": 120, "points": 100, "d": 219, "schedule": "tied"}
    sizes = {"branch_widths": [2], "trunk_widths": [2], "q": 2}
    planted.add(absorbed=0.2, status="missing" if bits is None else "done", bits=bits or 32, **settings, **sizes)
    manifest = planted.manifest(targets=[Target(kind="absorb", value=0.9)])
    told = demanded_q(with_series(build_frame(manifest, planted.records)), manifest)
    (q,) = told[told["bound"] == "bit-counting"]["q"]
    assert widths_q_parameters(int(q) - 1) < demanded <= widths_q_parameters(int(q))


def widths_q_parameters(q: int) -> int:
    """d of the 1+1 net with widths = q on the 100 sensors and one coordinate of antiderivative."""
    return (101 * q + (q + 1) * q) + (2 * q + (q + 1) * q) + 1
