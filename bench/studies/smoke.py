"""Does everything work? A thin slice of `threshold`, `widths` and `rays` on four operators, in minutes on two cores."""

from itertools import product

from bench.cell import Cell, Net, Noise, Training
from bench.preset import Preset
from bench.size_schedules import fixed_budget, tied
from bench.study import Study
from results.records.manifest import Target

TRAINING = Training(steps=2000)
RAY_TASK, ALPHAS = "advection-diffusion-reaction", (1.0, 1.5, 2.0)

THRESHOLD = [
    Cell(
        task=task,
        functions=size,
        points=size,
        noise=Noise(law="rademacher", sigma=0.5),
        architecture=tied(q),
        training=TRAINING,
        replicate=replicate,
    )
    for task in ("burgers", "advection")
    for size, q, replicate in product((12, 16, 24, 32, 48, 64), (2, 3, 4, 6, 8, 12, 16, 24), range(3))
]

WIDTHS = [
    Cell(
        task=task,
        functions=functions,
        points=32,
        architecture=Net(branch_widths=(branch, branch), trunk_widths=(trunk, trunk), q=q),
        training=TRAINING,
        replicate=replicate,
    )
    for task in ("darcy", "advection")
    for functions, branch, trunk, q, replicate in product((32, 64, 128), (8, 16, 32), (8, 32), (2, 4, 8), range(2))
]

RAYS = [
    Cell(
        task=RAY_TASK,
        functions=round(16 * (q / 4) ** alpha),
        points=32,
        noise=noise,
        architecture=fixed_budget(q, budget=3000, sensors=100, coordinates=2),
        training=TRAINING,
        replicate=replicate,
    )
    for q, alpha in dict.fromkeys((q, ALPHAS[0] if q == 4 else alpha) for alpha in ALPHAS for q in (4, 6, 8, 12))
    for noise, replicate in product((Noise(), Noise(law="rademacher", sigma=0.1)), range(3))
]

STUDY = Study(
    name="smoke",
    question=__doc__ or "",
    cells=[*THRESHOLD, *WIDTHS, *RAYS],
    targets=(
        *(Target(kind="absorb", value=rho) for rho in (0.2, 0.5)),
        *(Target(kind="relative", value=tau) for tau in (0.3, 0.1)),
    ),
    rays=ALPHAS,
    presets={
        "smoke": Preset(
            "advection of at most 32 functions and points, one replicate",
            lambda cell: cell.task == "advection" and cell.functions <= 32 and cell.points <= 32 and cell.replicate == 0,
        )
    },
)
