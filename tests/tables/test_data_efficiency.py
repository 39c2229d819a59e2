"""data_efficiency.csv and its sentence: planted nets and lines beside the published curves."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from bench.studies.elliptic import SIZES
from results.answers import data_efficiency as answers
from results.tables.data_efficiency import HERE
from results.tables.published_curves import published_curves
from results.tables.study_tables import study_tables

POISSON = {"task": "poisson", "points": 841}


def tables(new_planted: Callable[[], Any], errors: dict[int, tuple[float, float]]) -> Any:
    """A study with a net and least squares of these held-out errors by N, on the data of the published curves."""
    study = new_planted()
    for functions, (net, line) in errors.items():
        study.add(q=8, relative=0.05, floor=0.001, functions=functions, **POISSON)
        study.records[-1].measured.errors.__dict__["test_relative_mean"] = net
        study.regress({"least-squares": study.line(0.01, line / 1.1)}, functions=functions, **POISSON)
    return study_tables(study.manifest(), study.records)


def test_published_curves_are_those_of_the_source() -> None:
    """29 sizes, three nets; spot values as the source's files have them."""
    curves = {curve.net: curve.errors for curve in published_curves()}
    assert set(curves) == {"DeepONet", "FNO", "GreenLearning"}
    assert all(tuple(errors) == SIZES for errors in curves.values())
    assert curves["DeepONet"][68] == (0.058033, 0.0079271)
    assert curves["FNO"][1000] == (0.037562, 0.0015485)
    assert curves["GreenLearning"][2] == (21.868, 16.047)


def test_every_net_is_judged_by_least_squares_at_its_own_n(new_planted: Callable[[], Any]) -> None:
    rows = tables(new_planted, {20: (0.2, 0.15), 68: (0.02, 0.03)})["data_efficiency"]
    assert rows["N"].tolist() == [20] * 4 + [68] * 4
    found = {(row["N"], row["net"].split(",")[0]): row["beaten"] for row in rows.to_dict("records")}
    assert found == {
        (20, "DeepONet"): "yes",
        (20, "FNO"): "yes",
        (20, "GreenLearning"): "no",
        (20, "adam"): "yes",
        (68, "DeepONet"): "yes",
        (68, "FNO"): "yes",
        (68, "GreenLearning"): "yes",
        (68, "adam"): "no",
    }
    own = rows[rows["source"] == HERE]
    assert own["error"].tolist() == [0.2, 0.02]
    assert own["train"].notna().all()
    assert rows["least_squares"].tolist() == pytest.approx([0.15] * 4 + [0.03] * 4)
    assert own["floor"].tolist() == pytest.approx([0.001**0.5] * 2)


def test_the_sentence_says_from_which_n_on_a_linear_map_wins(new_planted: Callable[[], Any]) -> None:
    study = tables(new_planted, {20: (0.2, 0.15), 68: (0.02, 0.03), 127: (0.05, 0.0126), 290: (0.04, 0.0061)})
    (answer,) = answers.answers(study)
    assert "the published DeepONet at every N" in answer.finding
    assert "the published GreenLearning from N = 68 on" in answer.finding
    assert "from N = 127 on and at N = 20" in answer.finding
    assert "at N = 290 it has 0.0061" in answer.finding
    assert answer.table == "data_efficiency.csv"


@pytest.mark.parametrize(
    ("verdicts", "words"),
    [
        (["no", "no"], "at no N"),
        (["yes", "yes"], "at every N"),
        (["yes", "no"], "at N = 10 alone"),
        (["no", "yes"], "from N = 20 on"),
    ],
)
def test_where_a_net_is_beaten_is_told_in_words(verdicts: list[str], words: str) -> None:
    assert answers._beaten(pd.DataFrame({"N": [10, 20], "beaten": verdicts})) == words


def test_other_data_than_those_of_the_curves_have_no_row(new_planted: Callable[[], Any]) -> None:
    study = new_planted()
    for settings in ({"task": "poisson", "points": 400}, {"task": "planted", "points": 841}):
        study.add(q=4, functions=68, **settings)
        study.regress({"least-squares": study.line(0.01, 0.02)}, functions=68, **settings)
    assert "data_efficiency" not in study_tables(study.manifest(), study.records)
