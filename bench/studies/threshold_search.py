"""How does q*(n), the smallest q that absorbs a fraction rho of the label noise, grow from 256 labels to a million?

Thresholds are located by search, to a factor 1.06 or to consecutive q, at n = 4^4 ... 4^10. The theorem of Mukherjee and Roy
(arXiv 2308.06338) has the exponent 1/4 where d ~ q^2, counting and the rank of a square grid 1/2, counting at fixed widths 1, the
rank at fixed M 0. So: tied widths on square grids of three operators, tied widths at fixed M, fixed widths, and i.i.d. triples,
which no rank limits. Some 16 sensors keep d near q^2 also where q is small.
"""

from collections.abc import Iterator

from bench.cell import Cell, Net, Noise, Training
from bench.preset import Preset
from bench.size_schedules import fixed_width, tied
from bench.study import Study
from bench.threshold_series import Shape, ThresholdSeries
from results.records.manifest import Target

TASKS: dict[str, dict[str, float]] = {
    "antiderivative": {"point_count": 1024, "sensor_count": 16},
    "advection": {"point_count": 1024, "sensor_count": 17},
    "burgers": {"point_count": 1024, "sensor_count": 16},
}
RHOS = (0.1, 0.2, 0.5)
SQUARE = tuple((side, side) for side in (16, 32, 64, 128, 256, 512, 1024))
LARGEST = {(0.1, 0): 7, (0.2, 0): 7, (0.5, 0): 6, (0.1, 1): 5, (0.2, 1): 5, (0.5, 1): 4}
"""How many of the square grids are asked about, by rho and replicate; of further replicates, which the whole study has, all."""
REPLICATES = 5
WIDE = tuple((4 * side, side) for side in (16, 32, 64, 128, 256, 512))
FIXED_M = tuple((functions, 64) for functions in (16, 1024, 4096))
"""Shapes of M = 64 beside those that the square grids and the grids N = 4 M have."""
TRIPLES = tuple((n, 1) for n in (256, 1024, 4096, 16384, 65536))
LARGE_TRIPLES = tuple((n, 1) for n in (16384, 32768, 65536))
FIXED_WIDTH = tuple((side, side) for side in (128, 160, 192, 224, 256))
SHALLOW = Net(branch_widths=(1,), trunk_widths=(1,))


def series(
    task: str, rho: float, shapes: tuple[Shape, ...], *, design: str = "grid", net: Net | None = None, replicate: int = 0
) -> ThresholdSeries:
    """One series of one operator."""
    cell = Cell.model_validate(
        {
            "task": task,
            "parameters": TASKS[task],
            "design": design,
            "functions": shapes[0][0],
            "points": shapes[0][1],
            "noise": Noise(law="rademacher", sigma=1.0),
            "architecture": net or tied(1),
            "training": Training(steps=2000),
            "replicate": replicate,
        }
    )
    return ThresholdSeries(template=cell, shapes=shapes, target=Target(kind="absorb", value=rho))


def standard() -> Iterator[ThresholdSeries]:
    """The series of the preset `standard`, those that decide first."""
    for (rho, replicate), count in LARGEST.items():
        yield from (series(task, rho, SQUARE[:count], replicate=replicate) for task in TASKS)
    yield series("antiderivative", 0.2, TRIPLES, design="triples")
    for replicate in range(2):
        yield series("antiderivative", 0.1, FIXED_M, replicate=replicate)
        yield series("antiderivative", 0.1, FIXED_WIDTH, net=fixed_width(1, width=64, like=SHALLOW), replicate=replicate)


def further() -> Iterator[ThresholdSeries]:
    """What the whole study has beyond: more replicates and triples, triples of fixed widths, grids N = 4 M to 2048 x 512."""
    for replicate in range(2, REPLICATES):
        yield from (series(task, rho, SQUARE, replicate=replicate) for rho in RHOS for task in TASKS)
    for replicate in range(1, 3):
        yield from (series(task, 0.2, TRIPLES, design="triples", replicate=replicate) for task in TASKS)
        yield from (series(task, rho, WIDE, replicate=replicate) for rho in RHOS for task in TASKS)
    net = fixed_width(1, width=64, like=SHALLOW)
    for replicate in range(2):
        yield series("antiderivative", 0.1, LARGE_TRIPLES, design="triples", net=net, replicate=replicate)


STANDARD, FURTHER = tuple(standard()), tuple(further())
FEWEST = next(one for one in STANDARD if one.schedule == "fixed-width")
STUDY = Study(
    name="threshold-search",
    question=__doc__ or "",
    targets=tuple(Target(kind="absorb", value=rho) for rho in RHOS),
    thresholds=STANDARD + FURTHER,
    presets={
        "smoke": Preset("nets of fixed width on square grids of one replicate", lambda one: one == FEWEST),
        "standard": Preset(
            "square grids to 1024 x 1024 of one replicate and to 256 x 256 of another, rho = 0.5 to half of that; triples to"
            " n = 65536; no shapes N = 4 M",
            lambda one: one in STANDARD,
        ),
    },
)
