"""What does a larger q buy in parameters?

The smallest d that absorbs half of the noise, q by q and n by n: a sharp q^2 d >= C n would let d fall like q^-2 at fixed n, a
sharp d >= C n would not. On grids, where the noise has a rank, and on triples, where it has none.
"""

from bench.cell import Cell, Net, Noise, Training
from bench.preset import Preset
from bench.question import Question
from bench.study import Study
from results.records.manifest import Target

ABSORB = Target(kind="absorb", value=0.5)
NOISE = Noise(law="rademacher", sigma=1.0)
GRIDS = tuple((side, side, q) for side in (24, 32, 48, 64) for q in (8, 14, 20, 28, 40))
TRIPLES = tuple((n, 1, q) for n in (256, 512, 1024, 2048) for q in (1, 2, 4, 8, 16, 32))


def question(design: str, functions: int, points: int, *, q: int, replicate: int) -> Question:
    """One point of the frontier."""
    cell = Cell(
        task="antiderivative",
        design=design,
        functions=functions,
        points=points,
        test_functions=1,
        noise=NOISE,
        architecture=Net(branch_widths=(8,), trunk_widths=(8,), ends="linear"),
        training=Training(steps=3000),
        replicate=replicate,
    )
    return Question(template=cell, target=ABSORB, width=64, restarts=2, q=q, net_class="tied")


STUDY = Study(
    name="frontier",
    question=__doc__ or "",
    targets=(ABSORB,),
    presets={
        "smoke": Preset(
            "triples of n = 256 at q = 2 and 4, one replicate of three",
            lambda question: question.template.n == 256 and question.q in (2, 4) and question.template.replicate == 0,
        )
    },
    brackets=tuple(
        question(design, functions, points, q=q, replicate=replicate)
        for design, sizes in (("grid", GRIDS), ("triples", TRIPLES))
        for functions, points, q in sizes
        for replicate in range(3)
    ),
)
