"""The mechanism table recovers planted absorption laws, and the bounds table finds planted contradictions."""

import numpy as np
import pandas as pd
import pytest

from results import series
from results.against_theory import COLUMNS as COMPARED
from results.against_theory import against_theory
from results.mechanism import COLUMNS, mechanism


def planted(slope: float, **changes: object) -> pd.DataFrame:
    """Records of one size whose absorbed fraction falls like n^slope."""
    counts = np.repeat([100, 400, 1600, 6400], 3)
    frame = pd.DataFrame(
        {
            "task": "planted",
            "design": "grid",
            "schedule": "tied",
            "ends": "linear",
            "noise_law": "rademacher",
            "sigma": 0.5,
            "q": 4,
            "d": 100,
            "n": counts,
            "status": "done",
            "absorbed": 0.8 * (counts / 100.0) ** slope,
            "absorbable_bits": 1.0,
            "bound_nats_per_parameter": 0.5,
            "bound_nats_per_effective_parameter": 0.7,
            "bound_fresh_noise_score": 1.0,
        }
    )
    return frame.assign(**changes)


@pytest.mark.parametrize("slope", [-1.0, -0.5, 0.0])
def test_planted_slopes_are_recovered(slope: float) -> None:
    row = mechanism(planted(slope)).iloc[0]
    assert row["rho_slope"] == pytest.approx(slope, abs=1e-9)
    assert (row["expected"], row["over_capacity"], row["fresh_noise_passes"]) == (12, 0, "yes")
    assert row["nats_per_effective_parameter"] == 0.7


def test_runs_above_their_capacity_and_absorbed_fresh_noise_are_counted() -> None:
    row = mechanism(planted(0.0, absorbable_bits=0.5, bound_fresh_noise_score=-6.0)).iloc[0]
    assert row["over_capacity"] == 12
    assert row["fresh_noise_passes"] == "no"


def test_too_few_n_give_no_slope_and_clean_records_no_row() -> None:
    few = planted(-1.0)
    assert pd.isna(mechanism(few[few["n"] < 1000]).iloc[0]["rho_slope"])
    assert mechanism(planted(-1.0, sigma=0.0)).empty
    assert list(mechanism(few.drop(columns=["bound_nats_per_parameter"])).columns) == list(COLUMNS)


KEYS = {"series": 0, "target": "absorb 0.5", "N": 10, "M": 10, "n": 100}


FRAME = pd.DataFrame([{"series": 0, "N": 10, "M": 10, "status": status} for status in ("done", "diverged", "missing")])


def located(*q_high: float) -> pd.DataFrame:
    rows = [
        {**KEYS, **dict.fromkeys(series.COLUMNS, "x"), "replicate": r, "q_low": 2.0, "q_high": q} for r, q in enumerate(q_high)
    ]
    return pd.DataFrame(rows)


def demand(q: float, status: str) -> pd.DataFrame:
    return pd.DataFrame([{**KEYS, "bound": "planted", "q": q, "status": status}])


@pytest.mark.parametrize(
    ("q", "status", "agrees"),
    [(9.0, "certified", "no"), (8.0, "certified", "yes"), (9.0, "asymptotic", "yes"), (9.0, "vacuous here", "yes")],
)
def test_only_a_certified_demand_above_what_was_measured_contradicts(q: float, status: str, agrees: str) -> None:
    row = against_theory(FRAME, located(4.0, 8.0), demand(q, status)).iloc[0]
    assert row["agrees"] == agrees
    assert (row["q_low"], row["q_high"]) == (2.0, 8.0)
    assert (row["expected"], row["runs"], row["diverged"], row["missing"]) == (3, 2, 1, 1)
    assert pd.isna(row["q_demanded"]) == (status == "vacuous here")


def test_a_replicate_that_never_reaches_the_target_leaves_the_upper_end_open() -> None:
    row = against_theory(FRAME, located(4.0, float("nan")), demand(9.0, "certified")).iloc[0]
    assert pd.isna(row["q_high"])
    assert row["agrees"] == "yes"


def test_nothing_to_compare_is_an_empty_table() -> None:
    assert list(against_theory(FRAME, located(4.0).iloc[:0], demand(1.0, "certified")).columns) == list(COMPARED)
