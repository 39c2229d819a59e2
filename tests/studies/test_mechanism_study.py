"""The built-in study `mechanism` asks what all its tests compare, and a small copy of it runs from cells to tables."""

import dataclasses
import functools
import math

import pandas as pd
import pytest

from bench.cell import Cell, Training
from bench.execution.runner import Runner
from bench.size_schedules import tied
from bench.studies import mechanism as built_in
from bench.study import Study, load_study
from operators.bounds.lemmas.signal import fraction_beyond
from operators.bounds.marchenko_pastur import rank_fraction
from results.records.manifest import Target
from results.tables.bounds import against_theory
from results.tables.demands import demand_columns, demanded_q, signal_tails, with_demands
from results.tables.frame import build_frame
from results.tables.mechanism import NOTHING, TESTS, mechanism
from results.tables.scaling import scaling_table
from results.tables.series import with_series
from results.tables.thresholds import thresholds

pytestmark = pytest.mark.system

GRID = {"design": "grid", "functions": 96, "points": 32}


def framed(study: Study, run: bool = True) -> pd.DataFrame:
    records = [outcome.record for outcome in Runner(cache=None).run(study.cells)] if run else []
    return with_series(build_frame(study.manifest(), records))


def test_the_study_asks_for_everything_its_tests_compare() -> None:
    study = load_study("mechanism")
    table = mechanism(framed(study, run=False))
    unasked = {row["test"] for row in table.to_dict("records") if row["reason"] in NOTHING.values()}
    assert unasked == {"B.3 fresh noise"}  # its scores come with the records
    assert (table["verdict"] == "not identifiable").all()
    assert (table["runs"] == 0).all()
    fixed = table[table["test"].str.startswith("B.4")]
    assert set(fixed["q"]) == {"2 / 4 / 8 / 16"}
    assert all(int(d) in range(190, 211) for d in fixed["d"].iloc[0].split(" / "))


@functools.cache
def small_copy() -> pd.DataFrame:
    """On grids alone, which need no compiled program: the nets of the triples move there too."""
    cells = [
        *(cell.model_copy(update=GRID) for q in (2, 4) for cell in built_in.triples(built_in.PLAIN, 96, q)),
        *(cell for noise in built_in.OTHERS for cell in built_in.grids(noise, 40, 4)),
        *(cell for functions in (40, 80, 160) for cell in built_in.grids(built_in.PLAIN, functions, 4)),
    ]
    cells = [cell.model_copy(update={"training": Training(steps=30)}) for cell in cells if cell.replicate < 3]
    return framed(Study(name="small", question="Does it run?", cells=cells))


def test_a_small_copy_gives_a_row_to_every_test_and_breaks_no_certified_one() -> None:
    frame = small_copy()
    table = mechanism(frame)
    assert (frame["status"] == "done").all()
    assert set(table["test"]) == set(TESTS)
    certified = table[table["test"].str.startswith(("B.1", "B.3"))]
    assert not (certified["verdict"] == "fails").any()
    assert (certified["runs"] == certified["expected"]).all()
    pairs = table[table["test"].str.startswith(("B.5", "B.6"))]
    assert len(pairs) == 3 + 2
    assert pairs["value"].notna().all()
    assert (pairs["used"] == 6).all()


def test_reassigned_labels_keep_the_floors_of_the_records_and_permuted_noise_its_energy() -> None:
    frame = small_copy()
    grids = frame[(frame["N"] == 40) & (frame["noise_law"] == "rademacher")]
    by_control = {name: part.set_index("replicate") for name, part in grids.groupby("control")}
    plain = by_control.pop("none")
    for control, part in by_control.items():
        pd.testing.assert_series_equal(part["noise_energy"], plain["noise_energy"], rtol=1e-12)
        same = pd.Series(part["floor"] / plain["floor"] - 1.0).abs() < 1e-6
        assert same.all() if control == "permuted-labels" else not same.any()
        assert (part["training_mse"] >= part["floor"] * (1.0 - 1e-6)).all()


def noisy_threshold() -> Study:
    base = built_in.grids(built_in.PLAIN, 48, 2)[0]
    cells: list[Cell] = []
    for q in (2, 6, 12, 20):
        for replicate in range(2):
            update = {
                "functions": 48,
                "points": 48,
                "architecture": tied(q),
                "replicate": replicate,
                "training": Training(steps=200),
            }
            cells.append(base.model_copy(update=update))
    return Study(name="noisy", question="Which q?", cells=cells, targets=(Target(kind="absorb", value=0.6),))


def test_floors_signal_tails_and_counting_speak_in_one_table_and_are_told_apart() -> None:
    study = noisy_threshold()
    frame, manifest = framed(study), study.manifest()
    rows = with_series(scaling_table(frame, manifest))
    demanded = demanded_q(frame, manifest)
    table = against_theory(frame, thresholds(frame, manifest), demanded).set_index("bound")
    assert (table["agrees"] == "yes").all()
    facts = table[["status", "assumptions", "probability"]]
    assert facts.loc["noisy-grid"].tolist()[:2] == facts.loc["grid-in-probability"].tolist()[:2] == ["certified", ""]
    assert facts.loc["noisy-grid", "probability"] == ""
    assert facts.loc["grid-in-probability", "probability"] == "1 - 1e-12"
    assert facts.loc["marchenko-pastur", "status"] == "asymptotic"
    assert facts.loc["localised"].tolist() == ["certified", "norms", "1 - 1e-12"]
    (signal,) = signal_tails(frame).values()
    exact = max(48 * rank_fraction(fraction_beyond(0.6, e / built_in.SIGMA**2), 1.0) - g for g, e in signal)
    assert table.loc["marchenko-pastur", "q_demanded"] == math.ceil(exact) > 1
    assert table.loc["noisy-grid", "q_demanded"] == rows["q_certified"].max() > 2
    wide = with_demands(rows, demanded)
    assert set(demand_columns()) <= set(wide.columns)
    assert wide["q_marchenko_pastur"].unique() == pytest.approx([table.loc["marchenko-pastur", "q_demanded"]])
    assert wide["q_paper_shaped"].isna().all()


def test_the_least_favourable_replicate_decides_how_near_to_low_rank_the_signal_is() -> None:
    frame = pd.DataFrame({"problem": [0, 0, 1], "bound_signal_tail_0": [1.0, 2.0, 3.0], "bound_signal_tail_4": [0.1, 0.2, None]})
    assert signal_tails(frame) == {0: ((1, 2.0), (5, 0.2)), 1: ((1, 3.0),)}
    assert signal_tails(frame[["problem"]]) == {}


def test_controls_are_not_pooled_with_what_they_control() -> None:
    frame = small_copy()
    grids = frame[(frame["N"] == 40) & (frame["noise_law"] == "rademacher")]
    for column in ("series", "problem", "configuration"):
        assert grids[column].nunique() == 3


def test_brackets_of_a_control_are_refused() -> None:
    from bench.question import Question
    from operators import UserError

    template = built_in.grids(built_in.OTHERS[2], 40, 4)[0]
    question = Question(template=template, target=Target(kind="absorb", value=0.5))
    with pytest.raises(UserError, match="without a control"):
        Study(name="refused", question="?", brackets=(question,))
    plain = template.model_copy(update={"noise": built_in.PLAIN})
    assert Study(name="kept", question="?", brackets=(dataclasses.replace(question, template=plain),)).brackets
