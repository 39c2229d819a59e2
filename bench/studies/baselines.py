"""What does regression reach on the data of each operator, and how small are the DeepONets that do better?

Linear maps, a kernel, the nearest neighbour and the mean function beside small DeepONets (two hidden layers of 64, tanh,
activated trunk), on every task at 100 and 1,000 functions. The sign of a Gaussian field, advected, also at the 312 and 20,000
functions of published trainings; no net is trained here at 20,000.
"""

from collections.abc import Iterator

from bench.cell import Cell, Net, Training
from bench.data_sets import DataSet, data_sets
from bench.preset import Preset
from bench.study import Study
from operators import TASKS
from results.records.manifest import Target

MOST_POINTS, HELD_OUT, WIDTHS = 1024, 200, (64, 64)
SIGN, SIGN_POINTS = "advection-sign", 200


def nets(task: str, functions: int, held_out: int = HELD_OUT) -> Iterator[Cell]:
    """Three nets on one data set."""
    for q in (4, 16, 64):
        yield Cell(
            task=task,
            functions=functions,
            points=min(len(TASKS[task].points()), MOST_POINTS),
            test_functions=held_out,
            architecture=Net(branch_widths=WIDTHS, trunk_widths=WIDTHS, q=q),
            training=Training(steps=500),
        )


CELLS = (
    *(cell for task in TASKS for functions in (100, 1000) for cell in nets(task, functions)),
    *nets(SIGN, 312, held_out=312),
)

SMOKE = Preset("N = 100 and q = 4", lambda cell: cell.functions == 100 and cell.architecture.q == 4)

STUDY = Study(
    name="baselines",
    question=__doc__ or "",
    cells=CELLS,
    targets=tuple(Target(kind="relative", value=tau) for tau in (0.1, 0.01)),
    baselines=(
        *data_sets(CELLS),
        DataSet(task=SIGN, functions=20_000, points=SIGN_POINTS, test_functions=2000),
    ),
    presets={"smoke": SMOKE},
)
