"""Reference lines beside nets: medians, the smallest net that beats each, columns that are absent where nothing is recorded."""

from typing import Any

import pandas as pd
import pytest

from operators.errors import UserError
from results.answers import answers
from results.records.manifest import manifest_from_bytes
from results.schema.sealed import Damaged, seal
from results.tables.lines import COLUMNS as LINE_COLUMNS
from results.tables.literature import FIGURES
from results.tables.study_tables import StudyTables, study_tables


def tables(study: Any) -> StudyTables:
    return study_tables(study.manifest(), study.records)


def row(table: pd.DataFrame, line: str, q: int | None = None) -> pd.Series:
    same = table[(table["line"] == line) & (table["q"].isna() if q is None else table["q"] == q)]
    assert len(same) == 1
    return same.iloc[0]


@pytest.fixture
def beside(planted: Any) -> Any:
    """Held-out errors of the nets are twice their training errors: .4 at q = 2, .2 at q = 4, .1 at q = 8, d = 100 q."""
    for q, error in ((2, 0.2), (4, 0.1), (8, 0.05)):
        planted.add(q=q, relative=error)
    planted.regress(
        {
            "ridge": planted.line(0.04, 0.3),
            "kernel": planted.line(0.15, 0.1),
            "reduced-rank": planted.ranked((0.5, 0.3, 0.25, 0.2, 0.1), (0.6, 0.5, 0.45, 0.4, 0.3)),
        },
        sensor_floor=0.25,
    )
    return planted


def test_the_smallest_net_with_a_smaller_error_on_the_same_data_is_named(beside: Any) -> None:
    table = tables(beside)["baselines"]
    linear, kernel = row(table, "ridge"), row(table, "kernel")
    assert (linear["train"], linear["test"], linear["nets"], linear["replicates"]) == (0.04, 0.3, 3, 1)
    assert linear["test_mean"] == pytest.approx(0.33)
    assert (linear["beaten"], linear["q_test"], linear["d_test"]) == ("yes", 4, 400)
    assert pd.isna(linear["q_train"])
    assert (kernel["beaten"], kernel["q_train"], kernel["d_train"]) == ("no", 4, 400)
    assert pd.isna(kernel["q_test"])  # an equal error does not beat
    assert pd.isna(kernel["d_test"])
    assert row(table, "sensors")["status"] == "asymptotic"
    assert [row(table, "reduced-rank", q)["test"] for q in (1, 2, 4, 5)] == [0.6, 0.5, 0.4, 0.3]
    assert not (table["q"] == 3).any()  # no power of two, no q of a net, not the last


def test_the_smallest_d_need_not_be_that_of_the_smallest_q(beside: Any) -> None:
    beside.add(q=16, relative=0.05, d=150)
    found = row(tables(beside)["baselines"], "ridge")
    assert (found["q_test"], found["d_test"]) == (4, 150)


def test_nets_of_other_data_and_unfinished_ones_beat_nothing(beside: Any) -> None:
    for change in ({"replicate": 1}, {"test_functions": 32}, {"functions": 8}, {"points": 8}, {"status": "diverged"}):
        beside.add(q=1, relative=0.01, **change)
    beside.add(q=1, absorbed=0.99)
    found = row(tables(beside)["baselines"], "ridge")
    assert (found["q_test"], found["nets"]) == (4, 3)


def test_replicates_are_compared_each_with_its_own_line(planted: Any) -> None:
    for replicate, error, test in ((0, 0.2, 0.3), (1, 0.2, 0.5)):
        planted.add(q=2, relative=error, replicate=replicate)
        planted.regress({"ridge": planted.line(0.1, test)}, replicate=replicate)
    study = tables(planted)
    found = row(study["baselines"], "ridge")
    assert (found["test"], found["replicates"], found["nets"], found["q_test"]) == (0.4, 2, 2, 2)
    assert set(study["scaling"]["linear_map_test"]) == {0.4}


def test_scaling_has_the_lines_of_its_data_and_those_of_rank_q_at_its_q(beside: Any) -> None:
    beside.add(q=4, relative=0.1, functions=8)
    study = tables(beside)
    scaling = study["scaling"].set_index(["N", "q"])
    assert set(LINE_COLUMNS) <= set(study.columns["scaling"])
    assert scaling.loc[(16, 4), "linear_map_test"] == 0.3
    assert scaling.loc[(16, 2), "kernel_train"] == 0.15
    assert scaling.loc[(16, 4), "rank_q_test"] == 0.4
    assert pd.isna(scaling.loc[(16, 8), "rank_q_test"])
    assert scaling.loc[(8, 4)][list(LINE_COLUMNS)].isna().all()


def test_nothing_changes_where_no_line_is_recorded(beside: Any, new_planted: Any) -> None:
    bare = new_planted()
    for q, error in ((2, 0.2), (4, 0.1), (8, 0.05)):
        bare.add(q=q, relative=error)
    without, asked = tables(bare), new_planted()
    asked.expected, asked.records = list(bare.expected), list(bare.records)
    asked.regress(None)
    for study in (without, tables(asked)):
        assert not {"lines", "baselines", "literature"} & set(study.frames)
        assert not set(LINE_COLUMNS) & set(study.columns["scaling"])
    shared = list(without.columns["scaling"])
    pd.testing.assert_frame_equal(tables(beside)["scaling"][shared], without["scaling"][shared])
    assert b"baselines" not in seal("study", bare.manifest())


def test_a_manifest_is_held_to_its_data_sets(beside: Any) -> None:
    manifest = beside.manifest()
    assert manifest_from_bytes(seal("study", manifest)) == manifest
    assert manifest.asked_keys()[-1] == manifest.baselines[0].key
    twice = manifest.model_copy(update={"baselines": manifest.baselines * 2})
    with pytest.raises(Damaged, match="baselines: a key twice"):
        manifest_from_bytes(seal("study", twice))
    other = manifest.baselines[0].model_copy(update={"cell": {**manifest.baselines[0].cell, "functions": -1}})
    with pytest.raises(Damaged, match=r"baselines.0.functions"):
        manifest_from_bytes(seal("study", manifest.model_copy(update={"baselines": (other,)})))


@pytest.mark.parametrize(("test", "below"), [(0.5, "yes"), (0.9, "no")])
def test_published_errors_stand_beside_the_mean_error_of_the_linear_map(planted: Any, test: float, below: str) -> None:
    planted.add(q=2)
    figure = next(one for one in FIGURES if one.functions == 312)
    planted.regress({"ridge": planted.line(0.1, test)}, task=figure.task, functions=312, points=figure.points)
    (found,) = tables(planted)["literature"].to_dict("records")
    assert (found["published"], found["linear_map_below"]) == (figure.error, below)
    assert found["linear_map"] == pytest.approx(1.1 * test)
    assert pd.isna(found["kernel_below"])
    (sentence,) = (answer.text for answer in answers(tables(planted)) if answer.table == "literature.csv")
    assert ("goes below none" in sentence) == (below == "no")


def test_the_answer_of_few_data_sets_gives_the_errors_and_says_which_nets_beat_them(beside: Any) -> None:
    (answer,) = (one for one in answers(tables(beside)) if one.table == "baselines.csv")
    assert "the linear map (ridge regression) 0.04 and 0.3, in the mean over functions 0.044 and 0.33" in answer.text
    assert "beaten on held-out functions by a recorded net with q = 4 and one with d = 400" in answer.text
    assert "the kernel (Matern-5/2) 0.15 and 0.1" in answer.text
    assert "beaten on held-out functions by none of 3 recorded nets" in answer.text


def test_the_answer_of_many_counts_the_data_sets_where_no_net_does_better(planted: Any) -> None:
    for size in (4, 8, 16, 32):
        planted.add(q=2, relative=0.2, functions=size)
        planted.regress({"ridge": planted.line(0.1, 0.3 if size > 4 else 0.5)}, functions=size)
    found = [one.text for one in answers(tables(planted)) if one.table == "baselines.csv"]
    assert "smaller held-out error than every recorded net on 3 of 4 data sets, planted at N = 8" in found[0]
    assert "where nets do better, the smallest that does has q = 2" in found[0]


def test_a_record_of_another_data_set_under_a_known_key_is_refused(beside: Any) -> None:
    place = next(i for i, record in enumerate(beside.records) if record.family == "baselines")
    other = {**beside.records[place].cell, "replicate": 7}
    beside.records[place] = beside.records[place].model_copy(update={"cell": other})
    with pytest.raises(UserError, match=r"expected study.json to state the cell of each key"):
        tables(beside)["lines"]
