"""How wide the interval of an exponent will be, before anything is trained: which n, replicates and tolerance does it take?

Studies are simulated from the law that the fit supposes,

    ln q* = ln q_0 + beta ln(n / n_0) + tau U_n + s Z,    U, Z standard normal, U common to the replicates of one n,

and seen as a search sees them: between consecutive integers, or within a factor of the tolerance that holds q* anywhere. Each is
fitted by interval-censored likelihood (`results.statistics.interval_censored`). What is told is the median width of its 95 %
interval, and how often that holds beta.

For trends along k points, errors are simulated as -fall (j - 1) / (k - 1) + tau U_j + s Z, j = 1..k, and tested for a fall
(`results.statistics.trend`): how often does it find one?
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from operators.arrays import Array
from results.statistics.interval_censored import NotIdentifiable, fit_slope
from results.statistics.trend import fall_p_value


@dataclass(frozen=True)
class Design:
    """What is asked about, and what is supposed of it.

    Attributes:
        n: amounts of data.
        replicates: at each of them.
        tolerance: of the search.
        first_q: q* at the smallest n.
        beta: the exponent.
        alone: s, scatter of one threshold.
        shared: tau, scatter that the replicates of one n share.
    """

    n: tuple[float, ...]
    replicates: int
    tolerance: float = 1.06
    first_q: float = 2.0
    beta: float = 0.5
    alone: float = 0.05
    shared: float = 0.0


@dataclass(frozen=True)
class Power:
    """What to expect of a design: the median width, the share of intervals that hold beta, and of studies without an interval."""

    width: float
    coverage: float
    refused: float


def expected(design: Design, *, studies: int = 100, seed: int = 0) -> Power:
    """Simulate a design."""
    widths, held, refused = [], 0, 0
    for number in range(studies):
        x, low, high = simulated(design, np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, number)))))
        try:
            fit = fit_slope(x, low, high)
        except NotIdentifiable:
            refused += 1
            continue
        widths.append(fit.high - fit.low)
        held += fit.low <= design.beta <= fit.high
    told = len(widths)
    return Power(float(np.median(widths)) if told else math.inf, held / told if told else math.nan, refused / studies)


def simulated(design: Design, random: np.random.Generator) -> tuple[Array, Array, Array]:
    """Abscissae ln n and logarithms of both ends of one study."""
    x = np.repeat(np.log(np.asarray(design.n)), design.replicates)
    shared = np.repeat(design.shared * random.standard_normal(len(design.n)), design.replicates)
    line = math.log(design.first_q) + design.beta * (x - x[0])
    q = np.exp(line + shared + design.alone * random.standard_normal(len(x)))
    ends = [
        seen(value, design.tolerance, place)
        for value, place in zip(q.tolist(), random.uniform(size=len(x)).tolist(), strict=True)
    ]
    with np.errstate(divide="ignore"):
        low, high = np.log(np.asarray(ends, dtype=float)).T
    return x, low, high


def seen(q: float, tolerance: float, place: float) -> tuple[int, int]:
    """The whole ends low < q <= high at which a search stops; `place` in [0, 1] says where between them q lies."""
    high = math.ceil(q * tolerance**place)
    low = max(math.ceil(high / tolerance), 1)
    if low >= q or low >= high:
        high, low = math.ceil(q), math.ceil(q) - 1
    return low, high


def fewest_replicates(
    n: Sequence[float], width: float, *, most: int = 10, like: Design | None = None, studies: int = 100
) -> int | None:
    """The fewest replicates at these n whose interval is expected to be no wider; None if `most` are too few."""
    start = like or Design(tuple(n), 1)
    for replicates in range(1, most + 1):
        changed = Design(tuple(n), replicates, start.tolerance, start.first_q, start.beta, start.alone, start.shared)
        if expected(changed, studies=studies).width <= width:
            return replicates
    return None


def trend_power(
    points: int,
    replicates: int,
    *,
    fall: float,
    alone: float,
    shared: float = 0.0,
    level: float = 0.05,
    studies: int = 100,
    seed: int = 0,
) -> float:
    """Share of studies in which Page's test, at a level, sees a fall of so much in ln error over the points."""
    seen_falls = 0
    for number in range(studies):
        random = np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, number))))
        means = -fall * np.linspace(0.0, 1.0, points) + shared * random.standard_normal(points)
        errors = means + alone * random.standard_normal((replicates, points))
        seen_falls += fall_p_value(errors) <= level
    return seen_falls / studies
