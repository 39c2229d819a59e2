"""Estimates of what is left: a planted cost law is recovered, totals are right however unequal the cells, a real study agrees."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from repository import REPOSITORY

from bench.cell import Cell, Net, Noise, Training
from bench.drivers.standing import standing
from bench.engines.flops import training_flops
from bench.execution.cost_model import cost_model, plan, poisson_fit
from bench.execution.runner import Runner, failed
from bench.families.deeponet.evaluation import is_trivial
from bench.families.deeponet.execution import ROUGH_ON_GRIDS
from bench.study import Study
from results.exchange.record_tables import read_records
from results.records.manifest import save_manifest
from results.records.record import Cost, Record, Status
from results.records.store import Store

pytestmark = pytest.mark.system


def cell(steps: int, width: int, functions: int = 300, **settings: Any) -> Cell:
    net = Net(branch_widths=(width,), trunk_widths=(width,), q=4)
    return Cell(
        task="antiderivative", functions=functions, points=100, architecture=net, training=Training(steps=steps), **settings
    )


def record(cell: Cell, seconds: float, status: Status = "done") -> Record:
    cost = Cost(steps=cell.steps, seconds=2 * seconds, cpu_seconds=seconds, compile_seconds=0.0, flops=training_flops(cell))
    return failed(cell, "planted", status).record.model_copy(update={"cost": cost})


def planted(cell: Cell) -> float:
    """The law; a trivial cell takes a hundredth of it."""
    return (1.5 + 2e-3 * cell.steps + 3e-11 * training_flops(cell)) * (0.01 if is_trivial(cell) else 1.0)


CELLS = [cell(steps, width) for steps in (100, 1000, 4000) for width in (8, 32, 64)]


def test_planted_cost_law_is_recovered_for_cells_unlike_those_recorded() -> None:
    unseen = [cell(2000, 48), cell(500, 16)]
    todo = plan([*CELLS, *unseen], unseen, [record(c, planted(c)) for c in CELLS])
    assert todo.measured
    assert (todo.cells, todo.finished, todo.pending) == (11, 9, 2)
    assert todo.cpu_seconds == pytest.approx([planted(c) for c in unseen], rel=2e-2)
    assert todo.wall_seconds == pytest.approx([2 * planted(c) for c in unseen], rel=2e-2)
    assert todo.hours(2) == pytest.approx(sum(todo.wall_seconds) / 7200)
    assert todo.hours(9) == todo.hours(2)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_totals_are_within_a_factor_of_two_from_a_fifth_of_very_unequal_cells(seed: int) -> None:
    """Half of the cells are trivial and cost a hundredth; all vary by half either way (one standard deviation)."""
    generator = np.random.default_rng(seed)
    cells = [cell(1000, width, functions, replicate=r) for width in (8, 128) for functions in (40, 100, 120) for r in range(25)]
    costs = np.array([planted(c) for c in cells]) * np.exp(np.log(1.5) * generator.standard_normal(len(cells)))
    seen = generator.permutation(len(cells)) < len(cells) // 5
    records = [record(c, cost) for c, cost, known in zip(cells, costs, seen, strict=True) if known]
    pending = [c for c, known in zip(cells, seen, strict=True) if not known]
    ratio = sum(plan(cells, pending, records).cpu_seconds) / costs[~seen].sum()
    assert 0.5 < ratio < 2.0


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), rows=st.integers(1, 30))
def test_the_fit_keeps_the_recorded_total_and_no_coefficient_is_negative(seed: int, rows: int) -> None:
    generator = np.random.default_rng(seed)
    features = np.column_stack([np.ones(rows), 10.0 ** generator.uniform(0, 4, rows), 10.0 ** generator.uniform(6, 14, rows)])
    values = 10.0 ** generator.uniform(-3, 4, rows)
    coefficients = poisson_fit(features, values)
    assert (coefficients >= 0.0).all()
    assert (features @ coefficients).sum() == pytest.approx(values.sum(), rel=1e-9)


def test_an_unrecorded_design_is_estimated_by_others_of_its_engine_and_recipe_but_never_by_trivial_cells() -> None:
    triples = Cell(task="antiderivative", design="triples", functions=300, points=1, training=Training(steps=100))
    model = cost_model([record(c, 7.0) for c in CELLS])
    assert model.knows(triples)
    assert not model.knows(Cell.model_validate(triples.model_dump() | {"training": {"recipe": "adam", "steps": 100}}))
    assert not cost_model([record(cell(100, 512, replicate=r), 0.1) for r in range(9)]).knows(triples)


def test_too_few_or_unfinished_records_leave_the_estimate_rough() -> None:
    records = [record(c, planted(c), "diverged") for c in CELLS] + [record(c, planted(c)) for c in CELLS[:3]]
    todo = plan(CELLS, CELLS, records)
    assert not todo.measured
    assert todo.cpu_seconds[0] == pytest.approx(float(np.dot(ROUGH_ON_GRIDS, (1.0, 100.0, training_flops(CELLS[0])))))


def test_the_rough_estimate_of_published_nets_of_every_architecture_is_within_a_factor_of_three_of_what_they_took() -> None:
    """A Fourier operator's work is that of its layers, not of a dense layer for every label."""
    records = [r for r in read_records(REPOSITORY / "results" / "reference" / "anchors") if r.family == "deeponet"]
    cells = [Cell.model_validate(record.cell) for record in records]
    assert {one.architecture.name for one in cells} >= {"deeponet", "fourier-operator"}
    taken = sum(record.cost.cpu_seconds for record in records if record.cost is not None)
    assert taken / 3.0 < sum(plan(cells, cells, []).cpu_seconds) < 3.0 * taken


def test_shared_data_are_counted_once() -> None:
    assert plan(CELLS, CELLS, []).data_bytes == CELLS[0].request().bytes()


def test_records_of_unknown_tasks_are_left_out(planted: Any) -> None:
    planted.add()
    assert cost_model(planted.records * 9).coefficients == {}


def tiny_study() -> Study:
    cells = [
        Cell(
            task="antiderivative",
            functions=functions,
            points=24,
            test_functions=8,
            noise=Noise(law="rademacher", sigma=0.5),
            architecture=Net(branch_widths=(width, width), trunk_widths=(width, width), q=4),
            training=Training(steps=steps),
            replicate=replicate,
        )
        for functions in (32, 64)
        for width in (8, 16)
        for steps in (150, 600)
        for replicate in range(4)
    ]
    return Study(name="tiny", question="What does it cost?", cells=cells)


def test_half_of_a_real_study_predicts_the_other_half_within_a_factor_of_two(tmp_path: Path) -> None:
    study = tiny_study()
    outcomes = [outcome.record for outcome in Runner(None).run(tuple(study.cells))]
    first = [one for one in outcomes if one.cell["replicate"] % 2 == 0]
    rest = [one for one in outcomes if one.cell["replicate"] % 2 == 1]
    save_manifest(tmp_path / "tiny", study.manifest())
    with Store(tmp_path / "tiny").writer() as writer:
        for one in first:
            writer.append(one)
    found = standing(tmp_path / "tiny")
    assert (found["expected"], found["done"], found["missing"]) == (32, 16, 16)
    assert found["estimate"] == "from recorded costs"
    spent = sum(one.cost.cpu_seconds for one in rest if one.cost is not None)
    assert 0.5 < found["cpu_hours_left"] * 3600 / spent < 2.0
    with Store(tmp_path / "tiny").writer() as writer:
        for one in rest:
            writer.append(one)
    assert standing(tmp_path / "tiny")["cpu_hours_left"] == 0.0


def test_status_of_many_cells_is_estimated_from_a_sample_of_them(tmp_path: Path) -> None:
    study = Study(name="tiny", question="?", cells=[cell(1000, 16, replicate=r) for r in range(40)])
    save_manifest(tmp_path / "tiny", study.manifest())
    with Store(tmp_path / "tiny").writer() as writer:
        for one in study.cells[:20]:
            writer.append(record(one, 3.6))
    assert standing(tmp_path / "tiny", most_samples=5)["cpu_hours_left"] == pytest.approx(20 * 3.6 / 3600)


def test_status_without_the_task_or_during_a_search_is_unknown_and_says_why(tmp_path: Path, planted: Any) -> None:
    planted.add(status="missing")
    save_manifest(tmp_path / "planted", planted.manifest())
    found = standing(tmp_path / "planted")
    assert found["cpu_hours_left"] is None
    assert found["estimate"] == "a cell whose task or data are not here"
