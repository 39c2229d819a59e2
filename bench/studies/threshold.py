"""The smallest q that absorbs a fraction rho of the label noise, as the number of labels n grows.

The theorem of Mukherjee and Roy (arXiv 2308.06338) says q must grow like n^(1/4) if a DeepONet is to train below the noise; a
localised argument gives n^(1/2) where d grows like q^2; on a grid the rank law of the noise matrix gives a rate of its own.
So: schedules `tied` (d ~ q^2) and `fixed-width` (d ~ q), designs with and without a rank law, two shapes N : M at equal n.
"""

from bench.cell import Cell, Noise, Training
from bench.preset import Preset
from bench.size_schedules import fixed_width, tied
from bench.study import Study
from results.records.manifest import Target

SQUARE = [(size, size) for size in (16, 24, 32, 48, 64, 96)]
FLAT = [(size * size // 16, 16) for size in (16, 24, 32, 48, 64, 96)]
TRIPLES = [(size * size, 1) for size in (16, 24, 32, 48, 64, 96)]
SHAPES = [("grid", shape) for shape in SQUARE + FLAT] + [("triples", shape) for shape in TRIPLES]

STUDY = Study(
    name="threshold",
    question=__doc__ or "",
    cells=(
        Cell(
            task=task,
            design=design,
            functions=functions,
            points=points,
            noise=Noise(law="rademacher", sigma=0.5),
            architecture=net(q),
            training=Training(steps=4000),
            replicate=replicate,
        )
        for task in ("burgers", "advection", "advection-diffusion-reaction", "antiderivative")
        for design, (functions, points) in dict.fromkeys(SHAPES)
        for net in (tied, lambda q: fixed_width(q, width=32))
        for q in (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
        for replicate in range(3)
    ),
    targets=tuple(Target(kind="absorb", value=rho) for rho in (0.1, 0.2, 0.5)),
    presets={
        "smoke": Preset(
            "antiderivative on square grids of n <= 2304, tied widths, q <= 8, one replicate",
            lambda cell: (
                (cell.task, cell.architecture.schedule, cell.replicate) == ("antiderivative", "tied", 0)
                and cell.functions == cell.points <= 48
                and cell.architecture.q <= 8
            ),
        ),
        "standard": Preset(
            "one replicate of three; grids of all tasks, shapes, schedules and q; triples of the antiderivative up to n = 1024",
            lambda cell: cell.replicate == 0 and (cell.design == "grid" or (cell.task == "antiderivative" and cell.n <= 1024)),
        ),
    },
)
