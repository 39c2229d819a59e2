"""Smallest sizes by n: curves that cannot be told apart get a panel each, others share one; a link finds the chart it means."""

import itertools
from typing import Any

import pandas as pd
import pytest

from results.charts import chart_of
from results.charts.evidence import Evidence
from results.charts.leaderboard import leader_charts, lie_on_each_other
from results.charts.thresholds import threshold_charts
from results.records.manifest import Target
from results.tables.study_tables import study_tables


def curve(*q: int) -> tuple[str, pd.DataFrame]:
    return "", pd.DataFrame({"n": [64, 256, 1024, 4096][: len(q)], "q": pd.array(q, dtype="Int64")})


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((2, 4, 8, 16), (2, 4, 8, 16), True),
        ((2, 4, 8, 16), (3, 4, 8, 20), True),
        ((2, 4, 8, 16), (3, 4, 9, 20), False),
        ((2, 4, 8, 16), (4, 8, 16, 32), False),
        ((6977, 6977), (6941, 6941), True),
        ((4,), (4,), False),
    ],
)
def test_curves_lie_on_each_other_where_half_of_their_points_do(
    one: tuple[int, ...], other: tuple[int, ...], expected: bool
) -> None:
    assert lie_on_each_other([curve(*one), curve(*other)], "q") == expected
    assert not lie_on_each_other([curve(*one)], "q")


def evidence(study: Any, *targets: float) -> Evidence:
    for q, size in itertools.product((1, 2, 4, 8), (8, 16, 32)):
        study.add(q=q, functions=size, points=size, relative=3.0 / (q * size), schedule="fixed-width")
    manifest = study.manifest(targets=tuple(Target(kind="relative", value=value) for value in targets))
    return Evidence(study_tables(manifest, study.records))


def test_targets_that_lie_on_each_other_have_one_panel_each(planted: Any) -> None:
    charts = list(leader_charts(evidence(planted, 0.1, 0.101, 0.2)))
    titles = [chart.title for chart in charts]
    named = [f", by n: relative error {value}, grid" for value in ("0.1", "0.101", "0.2")]
    assert titles == [f"smallest {size} seen{name}" for size in "qd" for name in named]
    assert all(len([switch for switch in chart.switches if switch.role == "data"]) == 1 for chart in charts)
    assert "to reach relative error 0.1, grid against n" in charts[0].alt


def test_targets_apart_share_a_panel(planted: Any) -> None:
    charts = list(leader_charts(evidence(planted, 0.05, 0.2)))
    assert [chart.title for chart in charts] == ["smallest q seen, by n", "smallest d seen, by n"]
    assert [switch.label for switch in charts[0].switches] == ["relative error 0.05, grid", "relative error 0.2, grid"]


def test_the_chart_of_a_target_is_found_and_that_of_its_task_where_no_chart_is_of_the_target_alone(planted: Any) -> None:
    study = evidence(planted, 0.05, 0.2)
    charts = [*leader_charts(study), *threshold_charts(study)]
    place = chart_of(charts, "thresholds", "planted", "relative error 0.2")
    assert place is not None
    assert charts[place].title.startswith("q*(n): relative error 0.2")
    assert chart_of(charts, "leaderboard", "planted", "relative error 0.2") == 0
    assert chart_of(charts, "leaderboard") == 0
    assert chart_of(charts, "leaderboard", "another") is None
    assert chart_of(charts, "rays") is None
