"""The dry run's estimate recovers a planted cost law and says when it is only rough."""

import numpy as np
import pytest

from bench.cell import Cell, Net, Training
from bench.estimate import ROUGH_ON_GRIDS, cost_models, plan
from bench.flops import training_flops
from bench.study import cell_key
from results.record import Cost, Record, Versions


def cell(steps: int, width: int) -> Cell:
    net = Net(branch_widths=(width,), trunk_widths=(width,), q=4)
    return Cell(task="antiderivative", functions=8, points=8, net=net, training=Training(steps=steps))


def record(cell: Cell, seconds: float, status: str = "done") -> Record:
    cost = Cost(steps=cell.steps, seconds=seconds, cpu_seconds=seconds, compile_seconds=0.0, flops=training_flops(cell))
    versions = Versions(task=1, engine=1, packages={})
    return Record(key=cell_key(cell), status=status, cell=cell.model_dump(mode="json"), versions=versions, cost=cost)


def planted(cell: Cell) -> float:
    return 1.5 + 2e-3 * cell.steps + 3e-10 * training_flops(cell)


CELLS = [cell(steps, width) for steps in (100, 1000, 4000) for width in (8, 64, 256)]


def test_planted_cost_law_is_recovered() -> None:
    model = cost_models([record(c, planted(c)) for c in CELLS])[("batched", "best")]
    np.testing.assert_allclose(model, [1.5, 2e-3, 3e-10], rtol=1e-6)


def test_plan_predicts_unseen_cells_from_records_within_a_percent() -> None:
    unseen = [cell(2000, 128)]
    todo = plan([*CELLS, *unseen], unseen, [record(c, planted(c)) for c in CELLS])
    assert todo.measured
    assert (todo.cells, todo.finished, todo.pending) == (10, 9, 1)
    assert todo.cpu_seconds[0] == pytest.approx(planted(unseen[0]), rel=1e-2)
    assert todo.hours(2) == pytest.approx(todo.cpu_seconds[0] / 3600)


def test_too_few_or_unfinished_records_leave_the_estimate_rough() -> None:
    records = [record(c, planted(c), "diverged") for c in CELLS] + [record(c, planted(c)) for c in CELLS[:3]]
    todo = plan(CELLS, CELLS, records)
    assert not todo.measured
    assert todo.cpu_seconds[0] == pytest.approx(float(np.dot(ROUGH_ON_GRIDS, (1.0, 100.0, training_flops(CELLS[0])))))


def test_shared_data_are_counted_once() -> None:
    assert plan(CELLS, CELLS, []).data_bytes == CELLS[0].request().bytes()
