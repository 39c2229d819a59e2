"""Questions about new functions: lower ends of the law, witnesses on functions that their own hash draws, and what is refused."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from bench.cell import Cell, Net, Noise
from bench.question import Question
from bench.search.constructed import constructed_witness, pruned_witnesses
from bench.search.expected import expected_trainings
from bench.search.lower_ends import lower_ends
from operators import find_task
from operators.bounds.first_layer import least_rank, necessary_parameters
from operators.bounds.lemmas.sampled_modes import least_modes
from operators.bounds.lemmas.singular_values import tail_sums
from operators.bounds.rank_to_parameters import class_of
from operators.data.dataset import BlockCache, build
from operators.errors import UserError
from operators.seeds import stream
from results.records.manifest import Manifest, Target
from results.tables.brackets import brackets
from results.witnesses.ball import enclosed
from results.witnesses.file import Witness
from results.witnesses.independent import independent_error
from results.witnesses.submissions import enter
from results.witnesses.verification import request_of, verify

NET = Net(branch_widths=(4, 4), trunk_widths=(4, 4))
CELL = Cell(task="antiderivative", functions=1, points=100, architecture=NET)
TARGET = Target(kind="population", value=0.1)
ASKED = Question(CELL, TARGET)
CACHE = BlockCache(None)


@pytest.fixture(scope="module")
def witness() -> Witness:
    found = constructed_witness(ASKED, lower_ends(ASKED, CACHE).q_lower, CACHE)
    assert found is not None
    return found


def test_lower_ends_are_those_of_the_spectrum_and_nothing_is_trained() -> None:
    bracket = lower_ends(ASKED, CACHE)
    spectrum = find_task("antiderivative").output_spectrum()
    assert spectrum is not None
    rank = least_rank(spectrum, 0.1)
    assert (bracket.q_lower, bracket.q_bound, bracket.q_status) == (rank, "population", "certified")
    assert bracket.d_lower == necessary_parameters(class_of(CELL.deeponet(), "free"), rank, rank)
    assert (bracket.d_bound, bracket.d_status) == ("first-layer", "certified")
    assert expected_trainings(ASKED) == []
    assert list(pruned_witnesses(ASKED, rank, CACHE, cpu_seconds=9.0)) == []


def test_the_constructed_net_enters_and_closes_q_within_a_quarter_of_d(witness: Witness, tmp_path: Path) -> None:
    held = enter(witness, tmp_path)
    (row,) = brackets(
        Manifest(name="a", question="", targets=(), expected=(), brackets=(lower_ends(ASKED, CACHE),)), [held], {}
    ).to_dict("records")
    assert row["standing"] == "closed"
    assert 1.0 <= row["d_ratio"] <= 1.25
    floor = held.measured.floor
    assert floor is not None
    assert floor < held.measured.error < 0.1
    assert held.measured.disturbed == pytest.approx(held.measured.error, rel=1e-9)


def test_other_weights_are_measured_on_other_functions(witness: Witness) -> None:
    one = verify(witness)
    moved = dataclasses.replace(witness, weights=witness.weights.changed(lambda array: array * (1.0 + 1e-15)))
    other = verify(moved)
    assert verify(witness).error == one.error
    assert other.error != one.error
    assert other.error == pytest.approx(one.error, rel=0.02)


def test_a_net_that_misses_on_new_functions_is_refused_whatever_it_does_on_its_own(witness: Witness) -> None:
    harder = witness.header.model_copy(update={"target": Target(kind="population", value=0.05)})
    said = verify(dataclasses.replace(witness, header=harder))
    assert not said.passed
    assert "misses the target, relative error on new functions 0.05" in said.reason


def test_neither_balls_nor_the_second_evaluation_speak_of_new_functions(witness: Witness) -> None:
    dataset = build(request_of(witness.header))
    assert enclosed(witness, dataset) is None
    assert independent_error(witness, dataset) is None


def test_part_of_the_points_or_noise_is_refused(witness: Witness) -> None:
    for wrong in ({"points": 50}, {"noise": Noise(law="gaussian", sigma=0.1)}, {"design": "scattered"}):
        with pytest.raises(UserError, match="clean data on a grid of all 100 points"):
            Question(CELL.model_copy(update=wrong), TARGET)
    data = witness.header.data.model_copy(update={"points": 50})
    said = verify(dataclasses.replace(witness, header=witness.header.model_copy(update={"data": data})))
    assert "expected a grid of all 100 points" in said.reason


def test_a_task_without_a_spectrum_has_no_such_witness_and_a_vacuous_lower_end_unless_its_input_is_gaussian() -> None:
    asked = Question(Cell(task="darcy", functions=1, points=len(find_task("darcy").points()), architecture=NET), TARGET)
    bracket = lower_ends(asked, CACHE)
    assert (bracket.q_lower, bracket.q_status, bracket.d_status) == (1, "vacuous", "vacuous")
    assert constructed_witness(asked, 1, CACHE) is None


def test_a_nonlinear_operator_of_a_gaussian_input_has_lower_ends_with_a_confidence() -> None:
    small = {"sensor_count": 20, "modes": 20, "point_count": 11, "time_count": 3, "steps": 20}
    cell = Cell(task="burgers-low-viscosity", parameters=small, functions=1, points=33, architecture=NET)
    task, asked = cell.request().task, Question(cell, TARGET)
    bracket = lower_ends(asked, CACHE)
    assert (bracket.q_bound, bracket.q_status) == ("population", "statistical")
    assert (bracket.d_bound, bracket.d_status) == ("first-layer", "statistical")
    modes = least_modes(task, 0.1, stream("reference", "modes", task.identity()))
    assert 2 <= modes.first < modes.rank == bracket.q_lower
    assert bracket.d_lower == necessary_parameters(class_of(cell.deeponet(), "free"), *modes)
    assert constructed_witness(asked, bracket.q_lower, CACHE) is None
    outputs = task.outputs(task.draw(stream("test", "law"), 2000))
    tails = tail_sums(np.linalg.svd(outputs - outputs.mean(axis=0), compute_uv=False) ** 2)
    assert tails[bracket.q_lower - 1] > 0.1**2 * np.sum(outputs**2)
