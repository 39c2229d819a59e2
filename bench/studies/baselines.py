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
from operators import find_task
from results.records.manifest import Target

TASKS = (
    *("advection", "advection-box", "advection-diffusion-reaction", "advection-sign", "advection-space-time", "advection-speed"),
    *("antiderivative", "burgers", "burgers-low-viscosity", "darcy", "darcy-lognormal", "heat", "heat-square"),
    *("korteweg-de-vries", "kuramoto-sivashinsky", "poisson", "shallow-shock", "wave"),
)
MOST_POINTS, HELD_OUT, MANY, WIDTHS = 1024, 200, 1000, (64, 64)
SIGN, SIGN_POINTS = "advection-sign", 200


def nets(task: str, functions: int, held_out: int = HELD_OUT) -> Iterator[Cell]:
    """Nets on one data set."""
    for q in (4, 16, 64) if functions < MANY else (16, 64):
        yield Cell(
            task=task,
            functions=functions,
            points=min(len(find_task(task).points()), MOST_POINTS),
            test_functions=held_out,
            architecture=Net(branch_widths=WIDTHS, trunk_widths=WIDTHS, q=q),
            training=Training(steps=300),
        )


CELLS = (
    *(cell for task in TASKS for functions in (100, MANY) for cell in nets(task, functions)),
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
