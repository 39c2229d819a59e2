"""anchors.csv: nets of a published class and size beside the published error, and what is said of them."""

from itertools import pairwise
from typing import Any

import pandas as pd
import pytest

from results.answers import answers
from results.tables.anchors import MET, NOT_REACHED, anchors
from results.tables.literature import FIGURES
from results.tables.study_tables import study_tables

FIGURE = next(one for one in FIGURES if (one.task, one.functions, one.architecture) == ("advection-sign", 312, "deeponet"))


def run(test: float, **changed: object) -> dict[str, object]:
    row = {"design": "grid", "sigma": 0.0, "control": "none", "parameters": "", "architecture": "deeponet", "status": "done"}
    row |= {"task": FIGURE.task, "N": FIGURE.functions, "M": FIGURE.points, "d": FIGURE.d, "test_relative_mean": test}
    return row | {"relative_mean": 0.1, "cpu_seconds": 7.0, "recipe": "adam", "budget": "9", "configuration": 0} | changed


@pytest.mark.parametrize(("ratio", "verdict"), [(0.4, MET), (1.5, MET), (1.51, NOT_REACHED)])
def test_an_error_is_met_up_to_a_factor_three_halves(ratio: float, verdict: str) -> None:
    (row,) = anchors(pd.DataFrame([run(ratio * FIGURE.error)]), None).to_dict("records")
    assert row["verdict"] == verdict
    assert row["factor"] == pytest.approx(ratio)
    assert (row["published"], row["published_d"], row["d"], row["cpu_seconds"]) == (0.76, 33_793, 33_793, 7.0)


@pytest.mark.parametrize(
    "changed",
    [
        {"N": 313},
        {"sigma": 0.1},
        {"parameters": '{"point_count": 64}'},
        {"architecture": "mlp {}"},
        {"d": round(1.11 * FIGURE.d)},
        {"d": round(0.89 * FIGURE.d)},
    ],
)
def test_nets_of_another_size_class_or_law_do_not_count(changed: dict[str, object]) -> None:
    assert anchors(pd.DataFrame([run(0.1, **changed)]), None) is None


def test_a_net_that_did_not_end_is_not_reached_and_stays_in_the_denominator() -> None:
    rows = [run(0.8), run(float("nan"), status="diverged"), run(float("nan"), status="timeout", configuration=1)]
    first, second = anchors(pd.DataFrame(rows), None).to_dict("records")
    assert (first["done"], first["expected"], first["verdict"]) == (1, 2, MET)
    assert (second["done"], second["expected"], second["verdict"]) == (0, 1, NOT_REACHED)


def test_counts_of_the_published_nets_are_those_of_their_layers() -> None:
    """Layer by layer from the sources' code; complex numbers count twice."""

    def dense(*sizes: int) -> int:
        return sum(a * b + b for a, b in pairwise(sizes))

    found = {(one.task, one.functions, one.architecture): one.d for one in FIGURES if one.d}
    assert found["burgers", 1000, "deeponet"] == dense(128, 128, 128, 128, 128) + dense(4, 128, 128, 128) + 1
    convolutions = 25 * 64 + 64 + 25 * 64 * 128 + 128
    assert found["darcy", 1000, "deeponet"] == convolutions + dense(25 * 128, 128, 128) + dense(2, 128, 128, 128, 128) + 1
    local, ends = 4 * dense(64, 64), dense(2, 64) + dense(64, 128, 1)
    assert found["burgers", 1000, "fourier-operator"] == 4 * 2 * 16 * 64 * 64 + local + ends
    local, ends = 4 * dense(32, 32), dense(3, 32) + dense(32, 128, 1)
    assert found["darcy", 1000, "fourier-operator"] == 4 * 2 * 2 * 12 * 12 * 32 * 32 + local + ends
    assert found["advection-sign", 20_000, "fourier-operator"] == 4 * 2 * 12 * 32 * 32 + 4 * dense(32, 32) + dense(1, 32) + dense(
        32, 1
    )
    for width, functions in ((64, 312), (512, 10_000)):
        branch, trunk = dense(200, width, width, width, width), dense(1, width, width, width)
        assert found["advection-sign", functions, "deeponet"] == branch + trunk + 1


def test_the_answer_names_ours_beside_the_published_error_with_the_linear_map(planted: Any) -> None:
    planted.add(
        q=64,
        relative=0.5,
        d=FIGURE.d,
        task=FIGURE.task,
        functions=FIGURE.functions,
        points=FIGURE.points,
    )
    planted.regress({"ridge": planted.line(0.1, 0.2)}, task=FIGURE.task, functions=FIGURE.functions, points=FIGURE.points)
    study = study_tables(planted.manifest(), planted.records)
    whole, single = (one for one in answers(study) if one.table == "anchors.csv")
    assert "Of 1 published error of operator nets" in whole.text
    assert f"published are 0.76 with d = {FIGURE.d}" in single.text
    assert "on the same data the linear map 0.22" in single.text
