"""Can a trained method give K digits of a minimiser that it could give K - 1 digits of?

Two matrices that agree to n bits have minimisers 3 x 10^-K apart, so whatever reads n bits is wrong in the K-th digit of one of
them. A small net, trained on matrices read in full and to some bits, stands above the closed-form line. The theorem behind it is
about computability with inexact inputs: no finite run confirms it, and this one shows its mechanism only.
"""

from bench.preset import Preset
from bench.study import Study
from results.families.digits import Cell

STUDY = Study(
    name="digits",
    question=__doc__ or "",
    cells=(
        Cell(digits=digits, reading=reading, samples=samples, replicate=replicate)
        for digits in (1, 3, 6)
        for reading in (0, 10, 20, 25)
        for samples in (16, 64, 256, 1024)
        for replicate in range(5)
    ),
    presets={
        "smoke": Preset(
            "16 samples, one replicate of five",
            lambda cell: cell.samples == 16 and cell.replicate == 0,
        ),
        "standard": Preset("three replicates of five", lambda cell: cell.replicate < 3),
    },
)
