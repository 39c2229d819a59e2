"""CPU seconds to open and plan a study of 10,000 cells, its keys known: within 2 on one core."""

from pathlib import Path
from typing import Any

from bench.cell import Cell, Net, Training
from bench.drivers.options import Options
from bench.drivers.study_run import open_course
from bench.study import Study

CELLS = 10_000


def test_a_large_grid_is_planned_in_two_seconds(benchmark: Any, tmp_path: Path) -> None:
    cell = Cell(
        task="antiderivative",
        functions=16,
        points=16,
        architecture=Net(branch_widths=(4,), trunk_widths=(4,), q=2),
        training=Training(recipe="variable-projection", steps=5),
    )
    cells = [cell.model_copy(update={"replicate": number}) for number in range(CELLS)]
    study = Study(name="large", question="How long does planning take?", cells=cells)
    assert len(study.keyed) == CELLS
    plan = benchmark.pedantic(lambda: open_course(study, Options(tmp_path)).plan, rounds=3)
    assert plan.pending == CELLS
    assert benchmark.stats["median"] < 2.0
