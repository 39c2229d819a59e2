"""At fixed model size, must n grow at least quadratically with q for the training error to fall monotonically?

So conjectured, from a short experimental section, by Mukherjee and Roy (arXiv 2308.06338): advection-diffusion-reaction, both
nets ended by a sigmoid, i.i.d. triples, noise bounded and uniform, d fixed, q and n growing together. Their table is not public
to us: the set-up here is ours. Rays n = c q^alpha from one point, for alpha from 1 to 3, with noise and without, as at fixed d
the absorbed noise falls with n for that reason alone; q_eff and d_eff stand beside. And the converse: at one n, does a larger q
at the same d ever help?
"""

from collections.abc import Iterator

from bench.cell import Cell, Net, Noise, Training
from bench.preset import Preset
from bench.size_schedules import fixed_budget
from bench.study import Study
from operators import find_task
from results.records.manifest import Target

TASK, PARAMETERS = "advection-diffusion-reaction", {"sensor_count": 50.0, "point_count": 32.0, "time_count": 32.0}
ALPHAS = (1.0, 4.0 / 3.0, 1.5, 2.0, 2.5, 3.0)
Q = (4, 5, 7, 9, 12, 16)
FIRST_N, ONE_N = 1500, 6000
BUDGET = 4000
REPLICATES = 5
THIN_ALPHAS, THIN_REPLICATES = (1.0, 2.0, 2.5), 2
SENSORS, COORDINATES = len(find_task(TASK, PARAMETERS).sensors()), find_task(TASK, PARAMETERS).points().shape[1]
SIGMOID = Net(ends="sigmoid")


def n_on_ray(q: int, alpha: float) -> int:
    """n = c q^alpha through the first point."""
    return round(FIRST_N * (q / Q[0]) ** alpha)


def points() -> Iterator[tuple[int, int]]:
    """Pairs (q, n): the rays, which share their first point, then one n."""
    for alpha in ALPHAS:
        yield from ((q, n_on_ray(q, alpha)) for q in Q)
    yield from ((q, ONE_N) for q in Q)


def thin() -> frozenset[tuple[int, int]]:
    """Pairs (q, n) of the preset `standard`: a ray of four points is the shortest on which Page's test can reach its level."""
    ray = {(q, n_on_ray(q, alpha)) for alpha in THIN_ALPHAS for q in Q[:4]}
    return frozenset(ray | {(q, n_on_ray(q, 1.0)) for q in Q} | {(q, ONE_N) for q in Q})


THIN = thin()
STUDY = Study(
    name="mr23",
    question=__doc__ or "",
    cells=(
        Cell(
            task=TASK,
            parameters=PARAMETERS,
            design="triples",
            functions=n,
            points=1,
            noise=noise,
            architecture=fixed_budget(q, budget=BUDGET, sensors=SENSORS, coordinates=COORDINATES, like=SIGMOID),
            training=Training(steps=4000),
            replicate=replicate,
        )
        for noise in (Noise(law="uniform", sigma=0.5), Noise())
        for q, n in dict.fromkeys(points())
        for replicate in range(REPLICATES)
    ),
    targets=(Target(kind="absorb", value=0.1), Target(kind="relative", value=0.1)),
    rays=ALPHAS,
    presets={
        "smoke": Preset("n <= 2,000, one replicate of five", lambda cell: cell.functions <= 2000 and cell.replicate == 0),
        "standard": Preset(
            "three rays of six, alpha = 1 whole, 2 and 5/2 to q = 9; the comparison at one n; two replicates of five",
            lambda cell: (cell.architecture.q, cell.functions) in THIN and cell.replicate < THIN_REPLICATES,
        ),
    },
)
