"""Likelihood of a straight line through interval-censored replicates, the scatters integrated out.

    mean of the replicates at x ~ N(level + slope (x - centre), omega^2), scatter s within (`results.statistics.replicate_means`)

    L(level, slope) = integral of the likelihood d ln omega d ln s,    marginal of the slope = integral of L d level

and alike for the level of the line at any x. Were the thresholds known exactly, the marginal of the slope would be Student's
density with G - 2 degrees of freedom about the least-squares slope of the G means, for d ln omega is what matches it. The
confidence interval of a quantity is therefore where its marginal exceeds the share exp(-c) of its largest value,

    c = ((nu + 1) / 2) ln(1 + t^2 / nu),    nu = G - 2,    t the quantile of Student's law,

the least-squares interval of the means if thresholds are exact, whatever replicates share. Of G, an abscissa all of whose
thresholds lie beyond the sizes tried counts half, since it tells on one side only, and all of these together add at most 1, or
(8 - g) / 3 where only g < 5 others are seen: further ones tell nothing of the scatter (a rule found by simulation; docs/theory.md
has its coverage). nu is at least 1. The likelihood is integrated (Berger, Liseo and Wolpert 1999, doi:10.1214/ss/1009211804),
because a profile takes s and omega at their smallest as soon as lines meet all intervals. Both scatters are at least
SMALLEST_SCALE.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import scipy

from operators.arrays import Array
from results.statistics.censored_likelihood import SMALLEST_SCALE
from results.statistics.replicate_means import Scatters, log_likelihood

LEVEL_STEP, MOST_LEVELS = 0.04, 1500
SPREAD, WITHIN = 3.0, 2.0
NEGLIGIBLE = 13.0
MARGIN = 6.0
STEEPEST = 40.0
COARSE, FINE, SEARCHED, REFINED = 25, 51, 18, 9
CURVATURE = 4.0
SEEN_ENOUGH = 8


@dataclass(frozen=True)
class Start:
    """Where to look for lines: a level and a slope at `centre`, and the scatter about it."""

    centre: float
    level: float
    slope: float
    scatter: float


@dataclass(frozen=True)
class Lines:
    """ln L of lines, tabulated: (G, levels, scatters) for each of the G abscissae.

    Attributes:
        start: a line near the best.
        x: (G,) abscissae, less the centre.
        first: the lowest tabulated level.
        step: between tabulated levels.
        table: (G, levels, scatters).
        freedom: nu.
    """

    start: Start
    x: Array
    first: float
    step: float
    table: Array
    freedom: float

    def share(self, confidence: float) -> float:
        """c: an interval reaches down to exp(-c) of the largest marginal."""
        t = float(scipy.stats.t.ppf(0.5 + confidence / 2.0, self.freedom))
        return (self.freedom + 1) / 2.0 * float(np.log1p(t**2 / self.freedom))

    def log_density(self, level: Array, slope: Array) -> Array:
        """ln L at levels and slopes of one shape."""
        return log_sum(self.by_scatter(level, slope))

    def by_scatter(self, level: Array, slope: Array) -> Array:
        """The same for each of the scatters, which come last.

        Beyond the table what falls goes on falling as a straight line, and what rises stays: thresholds beyond the sizes tried
        are no likelier the further the line runs beyond these.
        """
        total: Array = np.zeros((*level.shape, self.table.shape[2]))
        for place, rows in zip(self.x, self.table, strict=True):
            position = (level + slope * place - self.first) / self.step
            below = np.clip(np.floor(position).astype(int), 0, len(rows) - 2)
            share = (position - below)[..., None]
            within = np.clip(share, 0.0, 1.0)
            lower, rise = np.take(rows, below, axis=0), np.take(rows, below + 1, axis=0)
            rise -= lower
            beyond = share[..., 0] != within[..., 0]
            total[beyond] += np.minimum(rise[beyond] * (share - within)[beyond], 0.0)
            rise *= within
            total += lower
            total += rise
        return total

    def box(self, confidence: float) -> tuple[Array, Array]:
        """Ranges of the level and of the slope outside which L is negligible."""
        lowest, highest = self.first, self.first + self.step * (self.table.shape[1] - 1)
        levels = spaced(lowest, self.start.level, highest, COARSE)
        reach = STEEPEST / float(np.ptp(self.x))
        slopes = spaced(self.start.slope - reach, self.start.slope, self.start.slope + reach, 2 * COARSE, curvature=8.0)
        density = self.log_density(*np.meshgrid(levels, slopes, indexing="ij"))
        kept = density > density.max() - self.share(confidence) - MARGIN
        return _range(levels, kept.any(axis=1)), _range(slopes, kept.any(axis=0))


def log_sum(logs: Array) -> Array:
    """ln of the sums over the last axis of what the logarithms are given of."""
    largest = logs.max(axis=-1)
    sums: Array = np.exp(logs - largest[..., None]).sum(axis=-1)
    return np.log(sums) + largest


def spaced(low: float, middle: float, high: float, count: int, *, curvature: float = CURVATURE) -> Array:
    """Increasing nodes from low to high, densest about the middle."""
    middle = float(np.clip(middle, low, high))
    up = np.sinh(np.linspace(0.0, curvature, count // 2 + 1)[1:]) / np.sinh(curvature)
    return np.concatenate([middle - (middle - low) * up[::-1], [middle], middle + (high - middle) * up])


def _log_widths(nodes: Array) -> Array:
    """ln of the lengths that nodes stand for; nodes that coincide stand for none."""
    with np.errstate(divide="ignore"):
        return np.log(np.gradient(nodes))


def _range(nodes: Array, kept: Array) -> Array:
    """The nodes just outside the kept ones."""
    found = np.flatnonzero(kept)
    return nodes[[max(found[0] - 1, 0), min(found[-1] + 1, len(nodes) - 1)]]


def tabulated(x: Array, low: Array, high: Array, start: Start) -> Lines:
    """Tabulate the likelihood of lines near `start`."""
    groups = [np.flatnonzero(x == value) for value in np.unique(x)]
    counts = [len(group) for group in groups]
    unseen = sum(np.isinf(low[group]).all() or np.isinf(high[group]).all() for group in groups)
    seen = len(groups) - int(unseen)
    freedom = max(1.0, seen - 2 + min(unseen / 2.0, max((SEEN_ENOUGH - seen) / 3.0, 1.0)))
    scatter = max(start.scatter, 2.0 * SMALLEST_SCALE)
    largest = SPREAD * scatter * (1.0 + float(scipy.stats.t.ppf(0.975, freedom)) ** 2 / freedom) ** 0.5
    scatters = Scatters(
        within=_scatter_nodes(WITHIN * scatter, len(x) - len(groups)) if max(counts) > 1 else np.array([SMALLEST_SCALE]),
        between=_scatter_nodes(largest, len(groups)),
        replicates=max(counts),
    )
    ends = np.concatenate([low[np.isfinite(low)], high[np.isfinite(high)]])
    span = float(np.ptp(ends)) + 2.0 * largest
    levels = np.linspace(ends.min() - largest, ends.max() + largest, min(MOST_LEVELS, math.ceil(span / LEVEL_STEP)))
    known: dict[bytes, Array] = {}
    table = []
    for group in groups:
        order = np.lexsort((high[group], low[group]))
        one, other = low[group][order], high[group][order]
        name = one.tobytes() + other.tobytes()
        if name not in known:
            known[name] = log_likelihood(one, other, levels, scatters).reshape(len(levels), -1)
        table.append(known[name])
    lines = Lines(start, np.unique(x) - start.centre, float(levels[0]), float(levels[1] - levels[0]), np.asarray(table), freedom)
    density = lines.by_scatter(np.array([start.level]), np.array([start.slope]))[0]
    return replace(lines, table=lines.table[:, :, density > density.max() - NEGLIGIBLE])


def _scatter_nodes(largest: float, freedom: int) -> Array:
    """Scatters from the smallest to the largest, near enough for a likelihood with so many degrees of freedom."""
    step = min(0.3, 1.3 / (2.0 * max(freedom, 1)) ** 0.5)
    return np.geomspace(SMALLEST_SCALE, largest, max(2, round(np.log(largest / SMALLEST_SCALE) / step)))


def slope_interval(lines: Lines, *, confidence: float) -> tuple[float, float]:
    """Confidence interval of the slope; an end may be infinite."""
    (lowest, highest), _ = lines.box(confidence)
    levels = spaced(lowest, lines.start.level, highest, FINE)
    weights = _log_widths(levels)

    def marginal(slopes: Array) -> Array:
        grid = np.meshgrid(slopes, levels, indexing="ij")
        return log_sum(lines.log_density(grid[1], grid[0]) + weights)

    steps = np.geomspace(1e-3, 1.0, SEARCHED) * STEEPEST / float(np.ptp(lines.x))
    nodes = lines.start.slope + np.concatenate([-steps[::-1], [0.0], steps])
    return _level_set(marginal, nodes, lines.share(confidence))


def level_interval(lines: Lines, at: float, *, confidence: float) -> tuple[float, float]:
    """Confidence interval of the level of the line at an abscissa."""
    level_range, slope_range = lines.box(confidence)
    slopes = spaced(slope_range[0], lines.start.slope, slope_range[1], FINE)
    weights, place = _log_widths(slopes), at - lines.start.centre

    def marginal(levels: Array) -> Array:
        grid = np.meshgrid(levels, slopes, indexing="ij")
        return log_sum(lines.log_density(grid[0] - grid[1] * place, grid[1]) + weights)

    middle = lines.start.level + lines.start.slope * place
    corners = level_range[:, None] + slope_range * place
    nodes = spaced(min(float(corners.min()), middle - 1.0), middle, max(float(corners.max()), middle + 1.0), 2 * SEARCHED)
    return _level_set(marginal, nodes, lines.share(confidence))


def _level_set(log_marginal: Callable[[Array], Array], nodes: Array, share: float) -> tuple[float, float]:
    """Where a marginal with one hump exceeds exp(-share) of its largest value; infinite beyond the nodes."""
    values = log_marginal(nodes)
    best = int(np.argmax(values))
    near = np.linspace(nodes[max(best - 1, 0)], nodes[min(best + 1, len(nodes) - 1)], REFINED)
    nodes, first = np.unique([*nodes, *near], return_index=True)
    values = np.concatenate([values, log_marginal(near)])[first]
    least = float(values.max()) - share
    inside = np.flatnonzero(values > least)
    ends = []
    for last, outward in ((inside[0], -1), (inside[-1], 1)):
        if not 0 <= last + outward < len(nodes):
            ends.append(outward * np.inf)
            continue
        inner, outer = nodes[last], nodes[last + outward]
        for _ in range(2):
            between = np.linspace(inner, outer, REFINED)
            found = log_marginal(between) - least
            crossed = max(int(np.argmax(found <= 0.0)), 1)
            inner, outer = between[crossed - 1], between[crossed]
        here, there = found[crossed - 1], found[crossed]
        ends.append(float(inner + (outer - inner) * here / (here - there)))
    return float(ends[0]), float(ends[1])
