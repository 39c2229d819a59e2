"""At a fixed number of parameters d, does the training error fall along the rays n = c q^alpha?

Mukherjee and Roy (arXiv 2308.06338) conjecture from experiments on the advection-diffusion-reaction equation that at fixed model
size n must grow at least quadratically with q for the error to keep falling. The rays start at the same point and differ in
alpha; noise-free rays stand beside noisy ones, because at fixed d the absorbed noise falls with n for that reason alone.
"""

from bench.cell import Cell, Noise, Training
from bench.preset import Preset
from bench.size_schedules import fixed_budget
from bench.study import Study
from operators import find_task
from results.records.manifest import Target

ALPHAS = (1.0, 1.5, 2.0, 2.5, 3.0)
BUDGET = 6000
POINTS = 32
FIRST_Q, FIRST_FUNCTIONS = 4, 16
SENSORS = {task: len(find_task(task).sensors()) for task in ("advection-diffusion-reaction", "burgers")}
COORDINATES = {task: find_task(task).points().shape[1] for task in SENSORS}

STUDY = Study(
    name="rays",
    question=__doc__ or "",
    cells=(
        Cell(
            task=task,
            functions=round(FIRST_FUNCTIONS * (q / FIRST_Q) ** alpha),
            points=POINTS,
            noise=noise,
            architecture=fixed_budget(q, budget=BUDGET, sensors=SENSORS[task], coordinates=COORDINATES[task]),
            training=Training(steps=4000),
            replicate=replicate,
        )
        for task in SENSORS
        for noise in (Noise(), Noise(law="rademacher", sigma=0.1))
        for q, alpha in dict.fromkeys((q, 1.0 if q == FIRST_Q else alpha) for alpha in ALPHAS for q in (4, 6, 8, 12, 16))
        for replicate in range(5)
    ),
    targets=(Target(kind="relative", value=0.1), Target(kind="absorb", value=0.1)),
    rays=ALPHAS,
    presets={
        "smoke": Preset(
            "burgers up to q = 8, one replicate of five",
            lambda cell: cell.task == "burgers" and cell.architecture.q <= 8 and cell.replicate == 0,
        )
    },
)
