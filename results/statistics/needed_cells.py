"""Which cells an exponent needs: the fewest replicates, at growing ranges of n, whose interval is no wider than asked.

Where thresholds are seen exactly, the interval of a slope through G means over R replicates has the median width

    2 t s_G median(chi) / sqrt(G - 2) / sqrt(sum_g (ln n_g - mean)^2),     s_G^2 = tau^2 + s^2 / R,

t and chi of G - 2 degrees of freedom: `exact_width`. What whole numbers q, tolerances and the least scatter that a fit supposes
(`results.statistics.line_likelihood`) add is simulated (`results.statistics.design_power`).
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import chi2, t

from results.statistics.design_power import Design, expected

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Needed:
    """What one range of n and one tolerance take.

    Attributes:
        largest_n: of the range.
        points: distinct n.
        tolerance: of the search.
        replicates: the fewest; None if as many as were tried are too few.
        thresholds: n times replicates; None likewise.
        width: the expected width at the fewest replicates, or at as many as were tried.
        coverage: share of the simulated intervals that hold the exponent.
    """

    largest_n: float
    points: int
    tolerance: float
    replicates: int | None
    thresholds: int | None
    width: float
    coverage: float


def exact_width(design: Design, *, confidence: float = CONFIDENCE) -> float:
    """The median width where thresholds are seen exactly."""
    x = np.log(np.asarray(design.n, dtype=float))
    free = len(x) - 2
    scatter = math.sqrt(design.shared**2 + design.alone**2 / design.replicates)
    typical = scatter * math.sqrt(float(chi2.median(free)) / free)
    return float(2.0 * t.ppf(0.5 + confidence / 2.0, free) * typical / np.sqrt(np.sum((x - x.mean()) ** 2)))


def needed_cells(
    n: Sequence[float], width: float, *, like: Design, tolerances: Iterable[float], most: int = 10, studies: int = 60
) -> tuple[Needed, ...]:
    """For each range n_1, ..., n_G of at least 4 and each tolerance, the fewest replicates that suffice."""
    return tuple(
        _needed(replace(like, n=tuple(n[:count]), tolerance=tolerance), width, most=most, studies=studies)
        for count in range(4, len(n) + 1)
        for tolerance in tolerances
    )


def _needed(design: Design, width: float, *, most: int, studies: int) -> Needed:
    """By bisection, as replicates narrow an interval."""
    low, high = 0, most
    found = {most: expected(replace(design, replicates=most), studies=studies)}
    while high - low > 1 and found[most].width <= width:
        middle = (low + high) // 2
        found[middle] = expected(replace(design, replicates=middle), studies=studies)
        low, high = (low, middle) if found[middle].width <= width else (middle, high)
    power, enough = found[high], found[high].width <= width
    return Needed(
        largest_n=design.n[-1],
        points=len(design.n),
        tolerance=design.tolerance,
        replicates=high if enough else None,
        thresholds=high * len(design.n) if enough else None,
        width=power.width,
        coverage=power.coverage,
    )
