"""How is noise absorbed: by parameters, by rank, by q? The mechanism tests B.1 to B.6 (docs/theory.md, section 5).

Noise four times the signal, so that the absorbed fraction is absorption and not misfit. i.i.d. triples, where no rank floor
exists: at d = 200 the output dimension goes from 2 to 16 while n grows (B.1 to B.4); at one n the noise law (B.5) and the
controls (B.6) change. Grids, where rank limits too: laws and controls again, on nets of fixed width. Ten sensors keep the
inputs as rich as their number.
"""

from bench.cell import Cell, Net, Noise, Training
from bench.preset import Preset
from bench.size_schedules import fixed_budget, fixed_width
from bench.study import Study
from operators import find_task

TASK, PARAMETERS = "antiderivative", {"sensor_count": 10.0}
SENSORS = len(find_task(TASK, PARAMETERS).sensors())
SIGMA, BUDGET, REPLICATES = 4.0, 200, 6
LIKE = Net(branch_widths=(1,), trunk_widths=(1,), ends="linear")
TRAINING = Training(steps=4000)

PLAIN = Noise(law="rademacher", sigma=SIGMA)
OTHERS = (
    Noise(law="uniform", sigma=SIGMA),
    Noise(law="gaussian", sigma=SIGMA),
    Noise(law="rademacher", sigma=SIGMA, control="permuted-noise"),
    Noise(law="rademacher", sigma=SIGMA, control="permuted-labels"),
)


def triples(noise: Noise, n: int, q: int) -> list[Cell]:
    """Nets of d = BUDGET on n triples, one a replicate."""
    net = fixed_budget(q, budget=BUDGET, sensors=SENSORS, coordinates=1, like=LIKE)
    return [
        _cell(replicate, design="triples", functions=n, points=1, noise=noise, architecture=net)
        for replicate in range(REPLICATES)
    ]


def grids(noise: Noise, functions: int, q: int) -> list[Cell]:
    """Nets of fixed width on a grid of 32 points, one a replicate."""
    net = fixed_width(q, width=24, like=LIKE)
    return [_cell(replicate, functions=functions, points=32, noise=noise, architecture=net) for replicate in range(REPLICATES)]


def _cell(replicate: int, **data: object) -> Cell:
    common = {"task": TASK, "parameters": PARAMETERS, "training": TRAINING, "replicate": replicate}
    return Cell.model_validate({**common, **data})


STUDY = Study(
    name="mechanism",
    question=__doc__ or "",
    cells=[
        *(cell for n in (1024, 2048, 4096, 8192) for q in (2, 4, 8, 16) for cell in triples(PLAIN, n, q)),
        *(cell for noise in OTHERS for cell in triples(noise, 2048, 4)),
        *(cell for functions in (128, 256, 512, 1024) for q in (4, 8) for cell in grids(PLAIN, functions, q)),
        *(cell for noise in OTHERS for cell in grids(noise, 256, 8)),
    ],
    presets={
        "smoke": Preset(
            "grids of at most 256 functions without other laws and controls, two replicates of six",
            lambda cell: cell.design == "grid" and cell.functions <= 256 and cell.noise == PLAIN and cell.replicate < 2,
        )
    },
)
