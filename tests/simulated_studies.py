"""Studies with a planted law on the grids of q and n of the built-in ones, to count how often intervals hold what was planted.

    thresholds   ln q* = ln q_0 + beta ln(n / n_0) + tau U_n + s Z, seen between two q tried only; q_0 = first 2^u, u uniform
    errors       ln E = ln(q^-a + floor q_max^-a) + tau U_q + s Z
    rays         ln E = tau U_point + s Z: no trend

U is common to the replicates of one n, q or point, U and Z standard normal: tau is the scatter that replicates share.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bench.studies import rays, smoke, threshold
from results.statistics.interval_censored import NotIdentifiable

Array = NDArray[np.float64]
Estimate = tuple[float, float]


@dataclass(frozen=True)
class Design:
    """What is tried: amounts of data, replicates, and q."""

    n: tuple[float, ...]
    replicates: int
    q: tuple[float, ...]


@dataclass(frozen=True)
class Scatter:
    """Standard deviations: of a replicate alone, and shared by the replicates of one abscissa."""

    alone: float
    shared: float = 0.0


def _grids(cells: Sequence[object]) -> Design:
    """The square grids of widths = q of a study."""
    square = [cell for cell in cells if cell.functions == cell.points and cell.architecture.schedule == "tied"]  # type: ignore[attr-defined]
    n = sorted({float(cell.functions * cell.points) for cell in square})  # type: ignore[attr-defined]
    q = sorted({float(cell.architecture.q) for cell in square})  # type: ignore[attr-defined]
    return Design(tuple(n), 1 + max(cell.replicate for cell in square), tuple(q))  # type: ignore[attr-defined]


THRESHOLD, SMOKE = _grids(threshold.STUDY.cells), _grids(smoke.THRESHOLD)
COARSE = Design(tuple(4.0**k for k in range(4, 8)), 3, tuple(2.0**k for k in range(12)))
RAY_POINTS, RAY_REPLICATES = (
    len({cell.architecture.q for cell in rays.STUDY.cells}),
    1 + max(cell.replicate for cell in rays.STUDY.cells),
)


def generator(seed: int) -> np.random.Generator:
    """A generator of its own for each study of a count."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))


def scattered(random: np.random.Generator, means: Array, replicates: int, scatter: Scatter) -> Array:
    """(points, replicates) values about their means."""
    shared = scatter.shared * random.standard_normal(len(means))
    return (means + shared)[:, None] + scatter.alone * random.standard_normal((len(means), replicates))


def seen(values: Array, grid: Sequence[float]) -> tuple[Array, Array]:
    """The logarithms of the q tried between which the logarithms of thresholds lie."""
    logs = np.log(np.asarray(grid))
    place = np.searchsorted(logs, values)
    return np.concatenate([[-np.inf], logs])[place], np.concatenate([logs, [np.inf]])[place]


def thresholds(
    random: np.random.Generator, design: Design, beta: float, scatter: Scatter, *, first: float
) -> tuple[Array, Array, Array]:
    """Abscissae ln n and the ends of the intervals, replicate by replicate."""
    x = np.log(np.asarray(design.n))
    start = np.log(first) + np.log(2.0) * random.uniform()
    values = scattered(random, start + beta * (x - x[0]), design.replicates, scatter)
    low, high = seen(values.ravel(), design.q)
    return np.repeat(x, design.replicates), low, high


def errors(random: np.random.Generator, design: Design, exponent: float, floor: float, scatter: Scatter) -> tuple[Array, Array]:
    """Sizes q and errors with a floor of so many times the power at the largest q."""
    q = np.asarray(design.q)
    means = np.log(q**-exponent + floor * q[-1] ** -exponent)
    return np.repeat(q, design.replicates), np.exp(scattered(random, means, design.replicates, scatter)).ravel()


@dataclass
class Count:
    """How many intervals hold the planted value.

    Attributes:
        studies: all.
        covered: those whose interval holds it.
        refused: those without any interval; counted apart.
        one_sided: of the intervals, those with one end only.
        widths: of the others.
    """

    studies: int = 0
    covered: int = 0
    refused: int = 0
    one_sided: int = 0
    widths: list[float] = field(default_factory=list)

    @property
    def intervals(self) -> int:
        """Studies with an interval."""
        return self.studies - self.refused

    def cells(self) -> str:
        """The count as cells of a Markdown row: studies, refused, one-sided, coverage, median width."""
        width = f"{np.median(self.widths):.2f}" if self.widths else "-"
        return f"{self.studies} | {self.refused} | {self.one_sided} | {self.covered / max(self.intervals, 1):.3f} | {width}"


def counted(studies: int, planted: float, estimate: Callable[[np.random.Generator], Estimate], *, nothing: Estimate) -> Count:
    """Count over studies of the seeds 0, 1, ...; an interval `nothing` (the whole range) is a refusal."""
    count = Count()
    for seed in range(studies):
        count.studies += 1
        try:
            low, high = estimate(generator(seed))
        except NotIdentifiable as error:
            low, high = error.low, error.high
        if (low, high) == nothing or np.isinf([low, high]).all():
            count.refused += 1
            continue
        count.covered += bool(low <= planted <= high)
        if low == nothing[0] or high == nothing[1]:
            count.one_sided += 1
        else:
            count.widths.append(high - low)
    return count


def no_trend(random: np.random.Generator, points: int, replicates: int, scatter: Scatter) -> Array:
    """(replicates, points) errors without a trend."""
    return np.exp(scattered(random, np.zeros(points), replicates, scatter).T)


def seeds(count: int) -> Iterator[np.random.Generator]:
    """Generators of the seeds 0, 1, ..."""
    return (generator(seed) for seed in range(count))
