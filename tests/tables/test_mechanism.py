"""The mechanism table recovers planted laws of absorption and says what it cannot tell; the bounds table finds contradictions."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.bounds.lemmas.rates import LAWS
from results.statistics.equivalence import mean_interval, verdict
from results.tables import series
from results.tables.bounds import COLUMNS as COMPARED
from results.tables.bounds import against_theory
from results.tables.mechanism import COLUMNS, TESTS, mechanism, noisy_cells
from results.tables.mechanism_tests import DELTA, rate_shift, same_d, usable

PLAIN: dict[str, Any] = {
    **dict.fromkeys(("parameters", "ends", "activation", "engine", "recipe", "budget", "training"), ""),
    "task": "planted",
    "design": "triples",
    "noise_law": "rademacher",
    "sigma": 0.5,
    "control": "none",
    "branch_widths": "8",
    "trunk_widths": "8",
    "q": 4,
    "d": 100,
    "d_eff": 90,
    "M": 1,
    "status": "done",
    "optimality": np.nan,
    "absorbable_bits": 1.0,
    "bound_nats_per_effective_parameter": 0.7,
    "bound_fresh_noise_score": 1.0,
}


def cells(rows: Iterable[dict[str, Any]], replicates: int = 3, scatter: float = 0.0) -> pd.DataFrame:
    """Rows of a tidy frame, each with some replicates; rho scatters by a factor of mean logarithm 0."""
    jitter = scatter * np.linspace(-1.0, 1.0, replicates)
    made = [
        {**PLAIN, "N": 1600, **row, "replicate": r, "absorbed": row.get("absorbed", 0.1) * np.exp(jitter[r])}
        for row in rows
        for r in range(replicates)
    ]
    return pd.DataFrame(made).assign(n=lambda frame: frame["N"] * frame["M"])


def only(test: str, frame: pd.DataFrame) -> list[dict[str, Any]]:
    table = mechanism(frame)
    return table[table["test"].str.startswith(test)].to_dict("records")


def along_n(slope: float, **changes: Any) -> pd.DataFrame:
    return cells([{"N": n, "absorbed": 0.4 * (n / 400) ** slope, **changes} for n in (400, 1600, 6400)])


@pytest.mark.parametrize(("slope", "said"), [(-1.0, "holds"), (-0.95, "holds"), (-0.5, "fails"), (0.0, "fails")])
def test_a_plateau_is_a_slope_of_minus_one(slope: float, said: str) -> None:
    (row,) = only("B.2", along_n(slope))
    assert row["value"] == pytest.approx(slope, abs=1e-9)
    assert (row["verdict"], row["used"], row["expected"]) == (said, 9, 9)
    assert "0.7 nats at n = 6400" in row["reason"]


def test_square_grids_and_fewer_labels_than_parameters_show_no_plateau() -> None:
    square = along_n(-1.0, design="grid")
    square = square.assign(M=square["N"], n=square["N"] ** 2)
    (row,) = only("B.2", square)
    assert (row["value"], row["verdict"]) == (pytest.approx(-0.5), "not identifiable")
    assert "rank of the noise" in row["reason"]
    (few,) = only("B.2", along_n(-1.0, d=2000))
    assert (few["verdict"], few["used"]) == ("not identifiable", 3)


def test_runs_at_the_floor_of_their_rank_and_saturated_runs_say_nothing_of_parameters() -> None:
    (row,) = only("B.2", along_n(-1.0, optimality=1.01))
    assert (row["verdict"], row["used"]) == ("not identifiable", 0)
    assert "above the floor" in row["reason"]
    assert [
        len(usable(noisy_cells(frame), np.zeros(9))) for frame in (along_n(-1.0, optimality=1.2), along_n(0.0, absorbed=0.9))
    ] == [9, 0]


def test_runs_above_their_capacity_fail_and_silent_counting_is_not_called_a_success() -> None:
    (held,) = only("B.1", cells([{"absorbable_bits": 0.2}, {"absorbable_bits": 1.0, "q": 5}]))
    assert (held["verdict"], held["value"], held["used"]) == ("holds", 0, 3)
    assert held["reason"] == "bit counting excludes something for 3 of 6 runs"
    (broken,) = only("B.1", cells([{"absorbable_bits": 0.05}]))
    assert (broken["verdict"], broken["value"]) == ("fails", 3)
    (silent,) = only("B.1", cells([{}]))
    assert silent["verdict"] == "not identifiable"


@pytest.mark.parametrize(("score", "said"), [(-4.0, "holds"), (-5.5, "fails")])
def test_noise_drawn_after_training_must_not_be_absorbed(score: float, said: str) -> None:
    (row,) = only("B.3", cells([{"bound_fresh_noise_score": score}]))
    assert (row["value"], row["verdict"]) == (abs(score), said)
    assert row["most"] == pytest.approx(np.sqrt(2 * np.log(2 * 3 / DELTA)))


@pytest.mark.parametrize(("power", "said"), [(1.0, "fails"), (0.0, "holds"), (-0.4, "holds")])
def test_q_at_fixed_d(power: float, said: str) -> None:
    sizes = [{"q": q, "d": 100 + q, "d_eff": round(1e4 * q**-0.4), "absorbed": 0.1 * q**power} for q in (2, 3, 4)]
    by_q, by_d_eff = only("B.4", cells([*sizes, {"q": 8, "d": 300}]))
    assert by_q["value"] == pytest.approx(power, abs=1e-3)
    assert by_q["verdict"] == said
    assert by_q["reason"] == "d_eff goes like q^-0.40"
    assert by_q["expected"] == 9
    assert by_d_eff["value"] == pytest.approx(power + 0.4, abs=1e-3)
    assert by_d_eff["verdict"] == ("holds" if power == -0.4 else "fails")


def test_two_q_do_not_tell_what_the_nets_of_one_q_share() -> None:
    rows = only("B.4", cells([{"q": q, "d": 100 + q, "d_eff": 90.0, "absorbed": 0.1} for q in (2, 4)]))
    assert [row["verdict"] for row in rows] == ["not identifiable"] * 2
    assert all("2 distinct values" in row["reason"] for row in rows)


def test_scatter_shared_by_the_replicates_of_one_n_widens_the_interval_of_a_slope() -> None:
    """The replicates agree to 1 % and bend alike: their slopes alone would hold the statement."""
    bent = along_n(-1.0).assign(absorbed=lambda frame: frame["absorbed"] * np.where(frame["N"] == 1600, 1.3, 1.0))
    bent["absorbed"] *= 1.0 + 0.005 * bent["replicate"] * (bent["N"] / 6400)
    (row,) = only("B.2", bent)
    assert row["verdict"] == "not identifiable"
    assert row["high"] - row["low"] > 0.5


@given(st.lists(st.integers(50, 400), min_size=1, max_size=12))
def test_classes_of_equal_d_are_disjoint_and_narrow(counts: list[int]) -> None:
    frame = cells([{"q": q, "d": d} for q, d in enumerate(counts, 1)], replicates=1)
    classes = [frame.iloc[alike] for alike in same_d(frame["d"].to_numpy(), frame["q"].to_numpy())]
    seen = [q for part in classes for q in part["q"]]
    assert len(seen) == len(set(seen))
    assert all(part["d"].max() <= 1.05 * part["d"].min() and part["q"].nunique() >= 2 for part in classes)


@pytest.mark.parametrize(("factor", "said"), [(1.0, "holds"), (1.1, "holds"), (2.0, "fails")])
def test_noise_laws_are_compared_replicate_by_replicate(factor: float, said: str) -> None:
    laws = [{"noise_law": "rademacher", "absorbed": 0.2 * factor}, {"noise_law": "gaussian", "absorbed": 0.2}]
    (row,) = only("B.5", cells(laws, scatter=1.0))
    assert row["value"] == pytest.approx(np.log(factor), abs=1e-9)
    assert row["high"] - row["low"] < 1e-6
    assert (row["verdict"], row["used"], row["noise_law"]) == (said, 6, "gaussian / rademacher")


def test_equal_nats_are_a_larger_fraction_under_a_law_of_smaller_rate() -> None:
    for rho in (0.05, 0.3, 0.6):
        assert rate_shift("gaussian", "gaussian", rho) == pytest.approx(0.0, abs=1e-12)
        assert rate_shift("uniform", "gaussian", rho) > rate_shift("rademacher", "gaussian", rho) > 0.0
        assert all(abs(rate_shift(one, other, 1e-3)) < 1e-3 for one in LAWS for other in LAWS)


@pytest.mark.parametrize("control", ["permuted-noise", "permuted-labels"])
def test_controls_are_compared_with_the_cells_they_control(control: str) -> None:
    (row,) = only("B.6", cells([{"absorbed": 0.2}, {"control": control, "absorbed": 0.1}, {"control": control, "q": 9}]))
    assert row["value"] == pytest.approx(np.log(0.5))
    assert (row["verdict"], row["control"], row["q"]) == ("fails", f"none / {control}", "4")


def test_two_replicates_and_wide_intervals_identify_nothing() -> None:
    two = cells([{"absorbed": 0.2}, {"control": "permuted-noise", "absorbed": 0.2}], replicates=2)
    (row,) = only("B.6", two)
    assert (row["verdict"], row["used"]) == ("not identifiable", 4)
    assert "fewer than 3 replicates" in row["reason"]
    noisy = cells([{"absorbed": 0.2}, {"control": "permuted-noise", "absorbed": 0.2}])
    noisy.loc[noisy["control"] != "none", "absorbed"] = [0.1, 0.2, 0.4]
    assert only("B.6", noisy)[0]["verdict"] == "not identifiable"


def test_every_test_has_a_row_and_what_was_not_asked_is_said() -> None:
    table = mechanism(cells([{}], replicates=1).drop(columns=["bound_fresh_noise_score"]))
    assert list(table.columns) == list(COLUMNS)
    assert set(table["test"]) == set(TESTS)
    assert (table["verdict"] == "not identifiable").all()
    assert table["reason"].str.len().all()
    assert (table["expected"] == 1).all()
    assert mechanism(cells([{}]).assign(sigma=0.0)).empty


def test_diverged_and_missing_cells_stay_in_the_counts() -> None:
    frame = along_n(-1.0)
    frame.loc[0, ["status", "absorbed"]] = ["diverged", np.nan]
    frame.loc[1, ["status", "absorbed"]] = ["missing", np.nan]
    (row,) = only("B.2", frame)
    assert (row["expected"], row["runs"], row["done"], row["used"]) == (9, 8, 7, 7)
    assert row["verdict"] == "not identifiable"


@given(st.lists(st.floats(-3.0, 3.0), min_size=3, max_size=9), st.floats(-2.0, 2.0), st.floats(0.0, 2.0))
def test_verdicts_never_contradict_the_interval(values: list[float], least: float, width: float) -> None:
    found = mean_interval(values)
    assert found is not None
    said, reason = verdict(found, least, least + width)
    assert (said == "holds") == (least <= found.low and found.high <= least + width)
    if said == "fails":
        assert not least <= found.value <= least + width
    assert bool(reason) == (said == "not identifiable")


def test_the_interval_is_that_of_student() -> None:
    from scipy.stats import ttest_1samp

    values = [0.1, 0.4, 0.35, 0.2]
    found = mean_interval(values)
    assert found is not None
    assert (found.low, found.high) == pytest.approx(tuple(ttest_1samp(values, 0.0).confidence_interval(0.95)), rel=1e-9)


KEYS = {"series": 0, "target": "absorb 0.5", "N": 10, "M": 10, "n": 100}


FRAME = pd.DataFrame([{"series": 0, "N": 10, "M": 10, "status": status} for status in ("done", "diverged", "missing")])


def located(*q_high: float) -> pd.DataFrame:
    rows = [
        {**KEYS, **dict.fromkeys(series.COLUMNS, "x"), "replicate": r, "q_low": 2.0, "q_high": q} for r, q in enumerate(q_high)
    ]
    return pd.DataFrame(rows)


def demand(q: float, **facts: Any) -> pd.DataFrame:
    told = {"status": "certified", "vacuous": False, "assumptions": "", "probability": np.nan}
    return pd.DataFrame([{**KEYS, "bound": "planted", "q": q, **told, **facts}])


@pytest.mark.parametrize(
    ("q", "facts", "agrees"),
    [
        (9.0, {}, "no"),
        (5.0, {}, "no"),
        (4.0, {}, "yes"),
        (9.0, {"probability": 0.95}, "no"),
        (9.0, {"probability": 0.95, "assumptions": "norms"}, "yes"),
        (9.0, {"assumptions": "labels and norms"}, "yes"),
        (9.0, {"status": "asymptotic"}, "yes"),
        (9.0, {"status": "heuristic"}, "yes"),
        (9.0, {"vacuous": True}, "yes"),
    ],
)
def test_only_a_certified_demand_above_what_was_measured_contradicts(q: float, facts: dict[str, Any], agrees: str) -> None:
    row = against_theory(FRAME, located(4.0, 8.0), demand(q, **facts)).iloc[0]
    assert row["agrees"] == agrees
    assert (row["q_low"], row["q_high"]) == (2.0, 8.0)
    assert (row["expected"], row["runs"], row["diverged"], row["missing"]) == (3, 2, 1, 1)
    assert pd.isna(row["q_demanded"]) == bool(row["vacuous"]) == facts.get("vacuous", False)


@pytest.mark.parametrize(("q", "agrees"), [(4.0, "yes"), (5.0, "no"), (10.0, "no")])
@pytest.mark.parametrize("other", [12.0, float("nan")])
def test_a_certified_demand_must_hold_for_each_replicate_also_where_another_misses_the_target(
    q: float, agrees: str, other: float
) -> None:
    row = against_theory(FRAME, located(4.0, other), demand(q)).iloc[0]
    assert row["agrees"] == agrees
    assert pd.isna(row["q_high"]) == pd.isna(other)


def test_where_no_replicate_reaches_the_target_nothing_is_contradicted() -> None:
    assert against_theory(FRAME, located(float("nan")), demand(9.0)).iloc[0]["agrees"] == "yes"


def test_nothing_to_compare_is_an_empty_table() -> None:
    assert list(against_theory(FRAME, located(4.0).iloc[:0], demand(1.0)).columns) == list(COMPARED)
