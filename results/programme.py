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

    @property
    def opening(self) -> str:
        """What it asks, of what kind it is, and what is claimed."""
        return f"{self.title}{'' if self.title.endswith('?') else '.'} A {self.kind}: {self.statement}"


SIZES = Strand(
    title="How large must a DeepONet be?",
    kind="test of a statement",
    studies=(
        *("threshold", "threshold-search", "rays", "mr23", "widths", "mechanism", "brackets", "net-classes", "frontier"),
        *("new-functions", "baselines", "anchors", "outside-run", "barrier"),
    ),
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
    statement="Solution operators of elliptic equations are learnt from few pairs of input and output; on Poisson's equation"
    " linear least squares alone does so, from N = 68 on with a smaller error than every published net.",
    status="measured over N, beside published curves; the law of the randomised singular value decomposition is certified",
    falsified_by="a published net with a smaller held-out error than linear least squares at some N from 68 on",
    source="Boulle, Halikias, Townsend 2023, doi:10.1073/pnas.2303904120",
)
KOOPMAN = Strand(
    title="Residuals that tell true from spurious spectrum",
    kind="reproduction",
    studies=("koopman",),
    statement="The residual of an eigenvalue of EDMD can be computed from the same snapshots, and tells whether the eigenvalue"
    " belongs to the approximate point spectrum of the Koopman operator.",
    status="proved in the limit of quadrature; measured here at the stated nodes. Whether trunk functions span an invariant space"
    " is an open question, answered for the trainings at hand only",
    falsified_by="on the rotation, a least residual of waves that is not the distance of z from the nearest e^(i k sqrt 2)",
    source="Colbrook, Townsend 2024, doi:10.1002/cpa.22125",
)
VILLANI = Strand(
    title="Regularised nets on which noisy descent finds the global minimum",
    kind="test of a statement",
    studies=("villani",),
    statement="Two-layer nets with a frozen outer layer and a regulariser lambda |W|^2 / 2 have the Villani property; the papers"
    " ask for lambda above a threshold lambda_c, a short argument gives it for any lambda > 0.",
    status="proved for two layers and for DeepONets with frozen bounded heads; proved to fail for trained heads at high"
    " temperature; of losses of PDE residuals nothing is claimed; rates are measured only",
    falsified_by="an inner product <W, grad data> below its proved bound, or growth on rays that does not reach (lambda |W|)^2",
    source="Gopalani, Mukherjee 2022, arXiv 2210.11452; the same 2023, arXiv 2309.09258; Langevin dynamics: arXiv 2503.10428",
)
CAPACITY = Strand(
    title="Rademacher complexity of DeepONets",
    kind="test of a statement",
    studies=("capacity",),
    statement="The generalisation gap of a bias-free DeepONet is bounded by a capacity of its weights over the root of the number"
    " of samples, whatever its size.",
    status="certified where functions are the independent units and fresh ones no larger than those of the training; the shape"
    " with 1/sqrt(N P) is a bound for independent pairs only; correlations are measured",
    falsified_by="a gap above its bound",
    source="Gopalani, Karmakar, Kumar, Mukherjee 2024, arXiv 2205.11359; for PINNs, arXiv 2603.23072",
)

PINN = Strand(
    title="Physics-informed nets on noisy labels must be larger",
    kind="test of a statement",
    studies=("pinn",),
    statement="A supervision risk eta below the variance of n noisy labels asks for d log d >= C n eta^2 trained weights;"
    " counting 32 bits for each gives more, an order linear in eta: n eta <= 2 sigma^2 (32 d ln 2 + ln(1/delta)).",
    status="certified for the unweighted risk of stored numbers on uniform noise that is drawn once, with delta = 1e-12; at which"
    " width a risk falls below the variance is measured only",
    falsified_by="a trained net whose supervision risk lies below what counting allows",
    source="Andre-Sloan, Mukherjee, Colbrook 2025, arXiv 2507.06967",
)

STRANDS: dict[str, Strand] = {
    "deeponet": SIZES,
    "digits": DIGITS,
    "koopman": KOOPMAN,
    "sci": SCI,
    "villani": VILLANI,
    "capacity": CAPACITY,
    "pinn": PINN,
}
"""Strands by the family that asks them."""

OF_STUDIES: dict[str, Strand] = {"elliptic": ELLIPTIC}
"""Strands by the study that asks them, where its cells are of a family that asks something else."""


def strand_of(study: str, family: str) -> Strand | None:
    """The strand that a study of a family is part of."""
    return OF_STUDIES.get(study, STRANDS.get(family))


def every_strand() -> tuple[Strand, ...]:
    """All strands, those of families first."""
    return (*STRANDS.values(), *OF_STUDIES.values())
