"""The sizes that a search for brackets passes through are no curves: charts show those of which a law could be read."""

from typing import Any

import pytest
from planted_questions import question

from results.charts.errors import error_charts
from results.charts.evidence import Evidence
from results.charts.thresholds import threshold_charts
from results.records.manifest import Target
from results.tables.study_tables import study_tables

TARGET = Target(kind="relative", value=0.1)


def evidence(study: Any, *, search: bool) -> Evidence:
    """A size tried at four q of two n, one at two q of one n."""
    for q, size in ((1, 16), (2, 16), (4, 16), (8, 16), (1, 32), (2, 32), (4, 32), (8, 32)):
        study.add(q=q, functions=size, points=size, relative=0.3 / q)
    for q in (1, 8):
        study.add(q=q, functions=16, points=16, relative=0.3 / q, branch_widths=[5], trunk_widths=[7])
    manifest = study.manifest(targets=(TARGET,))
    return Evidence(
        study_tables(manifest.model_copy(update={"brackets": (question(task="planted"),)} if search else {}), study.records)
    )


@pytest.mark.parametrize(("search", "curves", "series"), [(False, 2, 2), (True, 1, 1)])
def test_a_search_draws_an_error_curve_of_four_q_and_a_threshold_of_two_n(
    planted: Any, search: bool, curves: int, series: int
) -> None:
    found = evidence(planted, search=search)
    assert len(list(error_charts(found))) == curves
    thresholds = next(chart for chart in threshold_charts(found) if chart.title.startswith("q*"))
    assert sum(switch.role == "data" for switch in thresholds.switches) == series
