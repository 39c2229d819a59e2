"""Manifests of searches that were stopped: what was asked for last and trained by nobody is left out, and nothing else."""

from bench.cell import Cell, Noise
from bench.size_schedules import tied
from bench.study import cell_key, expected_cell
from bench.threshold_series import ThresholdSeries
from results.records.manifest import Manifest, Target

CELL = Cell(
    task="antiderivative",
    parameters={"sensor_count": 8, "point_count": 40},
    functions=8,
    points=8,
    noise=Noise(law="rademacher", sigma=0.5),
    architecture=tied(2),
)
TARGET = Target(kind="absorb", value=0.3)
SERIES = ThresholdSeries(template=CELL, shapes=((8, 8), (16, 16), (24, 24)), target=TARGET)


def test_only_what_a_stopped_search_asked_for_last_is_left_out() -> None:
    cells = {cell_key(cell): cell for cell in (CELL.model_copy(update={"restart": restart}) for restart in range(6))}
    answered, shared, asked_last, of_finished, of_spent, lost = cells
    asked = [SERIES.sought(shape) for shape in SERIES.shapes]
    stopped = asked[0].model_copy(update={"tried": (answered, lost, shared, asked_last)})
    finished = asked[1].model_copy(update={"tried": (shared, of_finished), "finished": True})
    spent = asked[2].model_copy(update={"tried": (of_spent,), "trainings": 1})
    whole = Manifest(
        name="searched",
        question="What?",
        targets=(TARGET,),
        expected=tuple(expected_cell(key, cell) for key, cell in cells.items()),
        thresholds=(stopped, finished, spent),
    )
    assert whole.without_unanswered(set()) == whole
    left = whole.without_unanswered({shared, asked_last, of_finished, of_spent, lost})
    assert left.asked_keys() == [answered, shared, of_finished, of_spent, lost]
    assert [one.tried for one in left.thresholds] == [(answered, lost, shared), (shared, of_finished), (of_spent,)]
