"""Exponents of thresholds: ln q* = a + beta ln n, where only low < ln q* <= high is known of each replicate.

The replicates of one n share its amount of data and the widths of its nets, so they share scatter: with u for each n,

    ln q* = a + beta ln n + u + s Z,    u ~ N(0, tau^2) common to the replicates of one n, Z standard normal.

The exponent is that of greatest likelihood under the marginal law N(a + beta ln n, s^2 + tau^2) of each threshold
(`results.statistics.censored_likelihood`); its interval and the band of the line are those of the G means over replicates, with
G - 2 degrees of freedom (`results.statistics.line_likelihood`), and so hold whatever is shared. Beside the fit stands a test of
misfit: whether the deviations from the line that replicates share are larger than their scatter about their own mean, by the
likelihood ratio of a mean for each n against a line, turned into F by F = (exp(LR / K) - 1) (K - G) / (G - 2), K thresholds,
which is the F test of lack of fit where thresholds are exact.

Few distinct thresholds are no reason to refuse a slope: refusing them keeps the steep ones. Refused, with the reason, are fits
to fewer than 3 distinct n or 4 thresholds, and those whose interval is the whole line. Where all steeper lines fit as well
(every threshold of the smaller n below the sizes tried, every one of the larger n above them, at most one n between), or nearly
so (an interval with one end that does not hold the likeliest slope), there is no best slope but that interval.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from operators.arrays import Array
from results.statistics.censored_likelihood import maximise
from results.statistics.line_likelihood import Start, level_interval, slope_interval, tabulated

FEWEST_POINTS = 3
FEWEST_RUNS = 4
UNKNOWN_SCATTER = 0.2


class NotIdentifiable(ValueError):
    """The data do not support the estimate; the message is the reason.

    Attributes:
        low: lower end of the interval that they do support, -inf if none.
        high: its upper end, inf if none.
    """

    def __init__(self, reason: str, *, low: float = -math.inf, high: float = math.inf) -> None:
        """Keep the reason and the interval."""
        super().__init__(reason)
        self.low, self.high = low, high


@dataclass(frozen=True)
class Slope:
    """A fitted slope.

    Attributes:
        value: beta.
        low: lower end of its interval.
        high: upper end; one of the two may be infinite.
        intercept: a.
        scatter: standard deviation of the thresholds about the line.
        runs: number of thresholds.
        misfit: p-value of the test that a line is all that the means follow; NaN without replicates.
    """

    value: float
    low: float
    high: float
    intercept: float
    scatter: float
    runs: int
    misfit: float


@dataclass(frozen=True)
class _Seen:
    """Intervals that tell something: those with an end."""

    x: Array
    low: Array
    high: Array

    def groups(self) -> list[NDArray[np.bool_]]:
        """Which intervals belong to each distinct x, in order of x."""
        return [self.x == value for value in np.unique(self.x)]

    def open_sides(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Of each distinct x: whether all intervals are open below, and whether all are open above."""
        below = [bool(np.isinf(self.low[group]).all()) for group in self.groups()]
        above = [bool(np.isinf(self.high[group]).all()) for group in self.groups()]
        return np.asarray(below), np.asarray(above)


def fit_slope(x: Array, low: Array, high: Array, *, confidence: float = 0.95) -> Slope:
    """Fit beta.

    Args:
        x: (K,) abscissae; equal ones are those of replicates.
        low: (K,) lower ends, -inf if y is only known to be at most `high`.
        high: (K,) upper ends, inf if y is only known to exceed `low`.
        confidence: level of the interval.

    Raises:
        NotIdentifiable: fewer than 3 distinct x or 4 intervals; no best slope, and then with the interval there is.
        ValueError: arrays of different lengths, or an empty interval.
    """
    seen = _informative(x, low, high)
    pivot = _pivot(seen)
    start, likelihood = _best_line(seen) if pivot is None else (Start(pivot, _middle(seen), 0.0, UNKNOWN_SCATTER), math.nan)
    ends = slope_interval(tabulated(seen.x, seen.low, seen.high, start), confidence=confidence)
    beyond = not ends[0] <= start.slope <= ends[1] and np.isinf(ends).any()
    if pivot is not None or np.isinf(ends).all() or beyond:
        raise NotIdentifiable(_reason(*ends, confidence=confidence), low=ends[0], high=ends[1])
    value = float(np.clip(start.slope, *ends))
    return Slope(value, *ends, start.level - value * start.centre, start.scatter, len(seen.x), _misfit(seen, likelihood))


def fit_band(x: Array, low: Array, high: Array, *, at: Array, confidence: float = 0.95) -> tuple[Array, Array]:
    """Pointwise confidence interval of the fitted line at the abscissae `at`: lower and upper ends.

    Raises:
        NotIdentifiable: as `fit_slope`.
    """
    seen = _informative(x, low, high)
    if _pivot(seen) is not None:
        raise NotIdentifiable("no line fits best")
    lines = tabulated(seen.x, seen.low, seen.high, _best_line(seen)[0])
    found = [level_interval(lines, float(place), confidence=confidence) for place in np.asarray(at, dtype=float)]
    ends = np.asarray(found, dtype=float).reshape(-1, 2)
    return ends[:, 0], ends[:, 1]


def log_ends(lower: Iterable[Any], upper: Iterable[Any]) -> tuple[Array, Array]:
    """Logarithms of the ends of intervals; where an end is missing, -inf below and inf above."""
    low, high = (np.asarray([np.nan if pd.isna(end) else end for end in ends], dtype=float) for ends in (lower, upper))
    return np.where(np.isnan(low), -np.inf, np.log(low)), np.where(np.isnan(high), np.inf, np.log(high))


def _informative(x: Array, low: Array, high: Array) -> _Seen:
    """The intervals that have an end, if they are enough for a line."""
    x, low, high = (np.asarray(values, dtype=float) for values in (x, low, high))
    if not x.shape == low.shape == high.shape or x.ndim != 1 or np.any(low >= high):
        raise ValueError("expected x, low and high of one length with low < high everywhere")
    kept = np.isfinite(low) | np.isfinite(high)
    seen = _Seen(x[kept], low[kept], high[kept])
    if not len(seen.x):
        raise NotIdentifiable("no run tells where a threshold lies")
    for side, ends in (("below", seen.high), ("above", seen.low)):
        if np.isfinite(ends).all() and np.isinf(seen.low if side == "below" else seen.high).all():
            raise NotIdentifiable(f"every threshold lies {side} the sizes tried")
    if len(np.unique(seen.x)) < FEWEST_POINTS:
        raise NotIdentifiable(f"{len(np.unique(seen.x))} distinct n, at least {FEWEST_POINTS} needed")
    if len(seen.x) < FEWEST_RUNS:
        raise NotIdentifiable(f"{len(seen.x)} thresholds, at least {FEWEST_RUNS} needed")
    return seen


def _pivot(seen: _Seen) -> float | None:
    """The abscissa about which ever steeper lines fit as well; None where there is none, and so a best line."""
    x, (below, above) = np.unique(seen.x), seen.open_sides()
    turned = [
        place
        for place in range(len(x))
        if (below[:place].all() and above[place + 1 :].all()) or (above[:place].all() and below[place + 1 :].all())
    ]
    return float(np.mean(x[turned])) if turned else None


def _middle(seen: _Seen) -> float:
    ends = np.concatenate([seen.low, seen.high])
    return float(np.median(ends[np.isfinite(ends)]))


def _best_line(seen: _Seen) -> tuple[Start, float]:
    """The line of greatest marginal likelihood, about the middle of the abscissae with a threshold among the sizes tried.

    Returns:
        It and the logarithm of its likelihood.
    """
    below, above = seen.open_sides()
    centre = float(np.mean(np.unique(seen.x)[~(below | above)]))
    design = np.column_stack([np.ones_like(seen.x), seen.x - centre])
    (level, slope, precision), likelihood = maximise(design, seen.low, seen.high)
    return Start(centre, float(level / precision), float(slope / precision), float(1.0 / precision)), likelihood


def _misfit(seen: _Seen, likelihood: float) -> float:
    """P-value of a line of this log-likelihood against a mean for each abscissa; NaN where there are no replicates."""
    groups = np.column_stack(seen.groups()).astype(float)
    runs, points = groups.shape
    if runs == points:
        return math.nan
    gain = 2.0 * (maximise(groups, seen.low, seen.high)[1] - likelihood)
    ratio = math.expm1(max(gain, 0.0) / runs) * (runs - points) / (points - 2)
    return float(scipy.stats.f.sf(ratio, points - 2, runs - points))


def _reason(low: float, high: float, *, confidence: float) -> str:
    """Why there is no best slope, and what is known of it."""
    if math.isinf(low) and math.isinf(high):
        return "the thresholds fit any exponent"
    known = (
        f"at least {low:.2f}" if math.isinf(high) else f"at most {high:.2f}" if math.isinf(low) else f"{low:.2f} to {high:.2f}"
    )
    return f"ever steeper lines fit: the exponent is {known} ({100 * confidence:g} %)"
