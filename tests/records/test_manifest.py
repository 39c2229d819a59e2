"""Manifests of searches that were stopped: what was asked for last and trained by nobody is left out, and nothing else."""

from bench.cell import Cell
from bench.question import Question
from bench.search.lower_ends import lower_ends
from bench.size_schedules import tied
from bench.study import cell_key, expected_cell
from operators.data.dataset import BlockCache
from results.records.manifest import Manifest, Target

CELL = Cell(task="antiderivative", parameters={"sensor_count": 8, "point_count": 12}, functions=8, points=8, architecture=tied(2))
TARGET = Target(kind="relative", value=0.3)


def test_only_the_cells_of_stopped_searches_are_left_out() -> None:
    cells = {cell_key(cell): cell for cell in (CELL.model_copy(update={"restart": restart}) for restart in range(4))}
    answered, shared, asked_last, of_finished = cells
    ends = lower_ends(Question(template=CELL, target=TARGET), BlockCache(None))
    stopped = ends.model_copy(update={"tried": (answered, shared, asked_last)})
    finished = ends.model_copy(update={"tried": (shared, of_finished), "finished": True})
    whole = Manifest(
        name="searched",
        question="What?",
        targets=(TARGET,),
        expected=tuple(expected_cell(key, cell) for key, cell in cells.items()),
        brackets=(stopped, finished),
    )
    assert whole.without_unanswered(set()) == whole
    left = whole.without_unanswered({shared, asked_last, of_finished})
    assert left.asked_keys() == [answered, shared, of_finished]
    assert [one.tried for one in left.brackets] == [(answered, shared), (shared, of_finished)]
