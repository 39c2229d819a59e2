"""Does the Rademacher capacity of a DeepONet bound its generalisation gap, and does it rank trained nets?

Bias-free nets with |.| trained by Huber loss on Burgers' equation. A correlation of bound and gap over data sizes is partly
automatic, because 1 / sqrt(N P) is a factor of the bound: so it stands beside that of 1 / sqrt(N P) alone, and beside those at
one N P in several shapes. The published grid has N = 400, nine P from 200 to 2500, width 128 and 10,000 steps.
"""

from bench.preset import Preset
from bench.study import Study
from results.families.capacity import Cell

SHAPES = (
    *((functions, points) for functions in (32, 64, 128, 256) for points in (4, 16, 64)),
    *((pairs, 1) for pairs in (512, 2048, 8192)),
)
PUBLISHED = (200, 400, 600, 900, 1200, 1500, 1800, 2100, 2500)
OWN_WIDTH = 32

STUDY = Study(
    name="capacity",
    question=__doc__ or "",
    cells=(
        *(
            Cell(layers=layers, width=OWN_WIDTH, functions=functions, points=points, replicate=replicate)
            for layers in (2, 3)
            for functions, points in SHAPES
            for replicate in range(5)
        ),
        *(
            Cell(layers=3, width=128, functions=400, points=points, steps=10_000, batch=1024, replicate=replicate)
            for points in PUBLISHED
            for replicate in range(3)
        ),
    ),
    presets={
        "smoke": Preset(
            "two matrices, 32 functions at 16 points and 512 pairs, two replicates of five",
            lambda cell: (cell.layers, cell.functions * cell.points) == (2, 512) and cell.points != 4 and cell.replicate < 2,
        ),
        "standard": Preset(
            "nets of width 32 without the published grid, three replicates of five",
            lambda cell: cell.width == OWN_WIDTH and cell.replicate < 3,
        ),
    },
)
