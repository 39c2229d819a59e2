"""The programme: the strands of one question, which sizes, losses, data and precisions make solving PDEs by networks possible.

A strand is asked by studies of the family of its name; `python -m bench list` and the report of a study tell what it is.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Strand:
    """A strand of the programme.

    Attributes:
        title: in a few words.
        kind: a reproduction of figures of others, a test of a statement, or the demonstration of a mechanism.
        studies: that ask it.
        statement: what is claimed, in one sentence.
        status: what the statement is worth.
        falsified_by: what would falsify it.
        source: whose it is.
    """

    title: str
    kind: Literal["reproduction", "test of a statement", "mechanism demonstration"]
    studies: tuple[str, ...]
    statement: str
    status: str
    falsified_by: str
    source: str


SIZES = Strand(
    title="How large must a DeepONet be?",
    kind="test of a statement",
    studies=("threshold", "rays", "widths", "mechanism", "brackets", "frontier", "outside-run"),
    statement="To train below the noise, q and d must grow with the number of labels.",
    status="certified where docs/theory.md says so, vacuous where the numbers are too small",
    falsified_by="a verified witness below a certified bound",
    source="Mukherjee, Roy 2023, arXiv 2308.06338",
)
SCI = Strand(
    title="Square sections lie, rectangular ones certify",
    kind="reproduction",
    studies=("sci",),
    statement="The smallest singular value of a section with two more rows than columns bounds the distance of a point from the"
    " spectrum from above; square sections have eigenvalues where there is no spectrum.",
    status="certified: proved for every normal operator of bandwidth one, computed up to rounding",
    falsified_by="a rectangular section whose smallest singular value lies below the distance from the spectrum, or grows with n",
    source="Ben-Artzi, Colbrook, Hansen, Nevanlinna, Seidel 2015, arXiv 1508.03280",
)
DIGITS = Strand(
    title="The K-digit barrier",
    kind="mechanism demonstration",
    studies=("digits",),
    statement="Whatever reads two matrices alike errs by half the distance of their minimisers, 1.5 x 10^-K, on one of them,"
    " however it was trained; K - 1 digits are within reach.",
    status="certified for these pairs, in closed form; the theorem behind it is about computability: no finite run confirms it",
    falsified_by="a predictor that reads rounded matrices and comes below the line: it would have seen digits that it must not",
    source="Colbrook, Antun, Hansen 2022, doi:10.1073/pnas.2107151119",
)
ELLIPTIC = Strand(
    title="Learning a Green's function is data-efficient",
    kind="reproduction",
    studies=("elliptic",),
    statement="Solution operators of elliptic equations are learnt from few pairs of input and output, by nets and by linear"
    " algebra alone.",
    status="measured over N, beside published curves; the law of the randomised singular value decomposition is certified",
    falsified_by="a published net, or one trained here, that needs fewer functions than linear least squares for the same error",
    source="Boulle, Halikias, Townsend 2023, doi:10.1073/pnas.2303904120",
)

STRANDS: dict[str, Strand] = {"deeponet": SIZES, "digits": DIGITS, "sci": SCI}
"""Strands by the family that asks them."""

OF_STUDIES: dict[str, Strand] = {"elliptic": ELLIPTIC}
"""Strands by the study that asks them, where its cells are of a family that asks something else."""


def strand_of(study: str, family: str) -> Strand | None:
    """The strand that a study of a family is part of."""
    return OF_STUDIES.get(study, STRANDS.get(family))


def every_strand() -> tuple[Strand, ...]:
    """All strands, those of families first."""
    return (*STRANDS.values(), *OF_STUDIES.values())
