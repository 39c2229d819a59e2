"""Which finite sections of an operator can be believed about its spectrum?

The bi-infinite chain with hoppings 1 and 2 has spectrum [-3, -1] and [1, 3]. Square sections that cut strong bonds have
eigenvalues in the gap; the smallest singular value of a section with two more rows than columns never lies below the distance of
a point from the spectrum, and tends to it.
"""

from bench.preset import Preset
from bench.study import Study
from results.families.sci import Cell

POINTS = (0.0, 0.5, 1j, 0.5 + 0.5j, 2.0, 4.0)
FIGURES = (20, 40, 80)

STUDY = Study(
    name="sci",
    question=__doc__ or "",
    cells=(
        Cell(n=n, cut=cut, re=complex(z).real, im=complex(z).imag)
        for cut in ("strong", "weak")
        for z in POINTS
        for n in (10, 20, 40, 80, 160, 320, 640)
    ),
    presets={
        "smoke": Preset("z = 0 at n = 20, 40, 80", lambda cell: cell.n in FIGURES and (cell.re, cell.im) == (0.0, 0.0)),
        "standard": Preset("n up to 320", lambda cell: cell.n <= 320),
    },
)
