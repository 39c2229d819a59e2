"""The thresholds of the floors: ranks that floors exclude and allow, whichever record of the same data has them."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from results.records.manifest import Target
from results.statistics.interval_censored import fit_slope
from results.tables.floor_thresholds import floor_thresholds

TARGET = Target(kind="absorb", value=0.5)
PLAIN: dict[str, Any] = {
    "series": 0,
    "N": 8,
    "M": 8,
    "replicate": 0,
    "problem": 0,
    "output_scaling": "task",
    "sigma": 0.5,
    "noise_energy": 1.0,
    "unit": 1.0,
    "training_mse": 0.9,
    "relative": 0.9,
}
OUT, IN = 0.6, 0.4


def thresholds(rows: list[dict[str, Any]]) -> dict[tuple[Any, ...], tuple[float, float]]:
    """Lower and upper ends by place; rows state q, its rank (q unless given) and a floor, if one is known."""
    frame = pd.DataFrame([{**PLAIN, "q_eff": row["q"], "floor": np.nan, **row} for row in rows])
    found = floor_thresholds(frame, TARGET)
    return {key: (row.q_floor_low, row.q_floor_high) for key, row in zip(found.index, found.itertuples(), strict=True)}


def test_floors_of_one_series_tell_of_another_on_the_same_data() -> None:
    known = [{"q": 2, "floor": OUT}, {"q": 3, "floor": IN}]
    other = [{"q": q, "series": 1} for q in (1, 2, 4, 8)]
    assert thresholds([*known, *other])[1, 8, 8, 0] == (2, 4)


@pytest.mark.parametrize("changed", [{"problem": 1}, {"output_scaling": "pointwise"}, {"replicate": 1}])
def test_floors_of_other_data_tell_nothing(changed: dict[str, Any]) -> None:
    found = thresholds([{"q": 2, "floor": OUT}, {"q": 4, "floor": IN}, *({"q": q, "series": 1, **changed} for q in (1, 8))])
    assert np.isnan(found[1, 8, 8, changed.get("replicate", 0)]).all()


def test_ranks_between_those_known_leave_the_interval_open() -> None:
    assert thresholds([{"q": 1, "floor": OUT}, *({"q": q} for q in (2, 4)), {"q": 8, "floor": IN}])[0, 8, 8, 0] == (1, 8)


def test_where_rank_falls_as_q_grows_the_first_q_allowed_counts() -> None:
    """At a fixed number of parameters large q have narrow nets: rank 1, 4, 2 at q = 1, 4, 16."""
    rows = [{"q": 1, "floor": OUT}, {"q": 4, "floor": IN}, {"q": 16, "q_eff": 2, "floor": OUT}]
    assert thresholds(rows)[0, 8, 8, 0] == (1, 4)


def test_nets_without_a_limit_of_rank_have_no_threshold_of_floors() -> None:
    found = thresholds([{"q": 2, "floor": OUT}, {"q": 4, "floor": IN}, *({"q": q, "q_eff": 0, "series": 1} for q in (1, 2, 4))])
    assert found == {(0, 8, 8, 0): (2, 4)}


def test_the_floors_of_advection_give_no_half_over_the_range_of_the_study() -> None:
    """Least ranks that allow rho = 0.2 on the square grids of `threshold` (docs/check_numbers.py computes them)."""
    ranks = np.array([4, 3, 3, 4, 4, 4, 5, 5, 5, 6, 6, 6, 7, 7, 7, 9, 9, 9])
    x, tried = np.repeat(2.0 * np.log([16, 24, 32, 48, 64, 96]), 3), np.log([1, 2, 3, 4, 6, 8, 12, 16, 24, 32])
    place = np.searchsorted(tried, np.log(ranks) - 1e-9)
    fit = fit_slope(x, tried[place - 1], tried[place])
    assert 0.2 < fit.low < 0.3 < fit.value < 0.35 < fit.high < 0.5
