"""What intervals tell of the mean of replicates that share some of their scatter.

r replicates of one abscissa are y_i = mean + e_i, with

    mean ~ N(mu, omega^2),    e ~ N(0, s^2 (I - 1 1^T / r)) independent of it,    low_i < y_i <= high_i known only.

omega^2 is tau^2 + s^2 / r where replicates share a scatter tau (the same amount of data, the same widths of nets, a law that is
not quite a straight line); nothing of that is supposed here: omega is a parameter of its own. The density of y is

    (2 pi r)^(-1/2) / omega exp(-(mean - mu)^2 / (2 omega^2)) (2 pi s^2)^(-(r-1)/2) exp(-sum (y_i - mean)^2 / (2 s^2)),

and sum (y_i - mean)^2 = sum (y_i - c)^2 - r (mean - c)^2 for any c: over the box of the intervals, what is left for the mean is a
convolution of r truncated exponentials of squares, tilted by exp(r (mean - c)^2 / (2 s^2)). It is formed on a lattice.

With fewer replicates at some abscissa (r < R), omega^2 is that of R replicates and the mean of r has omega^2 + s^2 (1/r - 1/R).
"""

import math
from dataclasses import dataclass

import numpy as np

from operators.arrays import Array

STEP = 0.5
FEWEST_IN_INTERVAL, MOST_IN_INTERVAL = 4, 200
REACH = 4.0
NEAR = 8.0
SMALLEST, NEGLIGIBLE, VANISHING = 1e-300, 1e-14, 1e-100
IMPOSSIBLE = -1e6


@dataclass(frozen=True)
class Scatters:
    """The values of the two scatters over which a likelihood is tabulated: s within, omega of the mean of `replicates`."""

    within: Array
    between: Array
    replicates: int

    def of_mean(self, replicates: int) -> Array:
        """(S, W) scatter of the mean of so many replicates."""
        rest = 1.0 / replicates - 1.0 / self.replicates
        return np.sqrt(self.between[None, :] ** 2 + rest * self.within[:, None] ** 2)


def log_likelihood(low: Array, high: Array, levels: Array, scatters: Scatters) -> Array:
    """ln P(low_i < y_i <= high_i for all i | mu), up to a constant, at each mu of `levels`: (L, S, W)."""
    means, weights, scales = _mean_weights(low, high, scatters)
    table = np.empty((len(levels), len(scatters.within), len(scatters.between)))
    squares = (means[None, :] - levels[:, None]) ** 2 / 2.0
    nearest = squares.min(axis=1, keepdims=True)
    omega = scatters.of_mean(len(low))
    for place in range(omega.shape[1]):
        alike = [slice(None)] if len(low) == scatters.replicates else [slice(s, s + 1) for s in range(len(omega))]
        for rows in alike:
            scatter = omega[rows, place][0]
            sums = np.exp((nearest - squares) / scatter**2) @ weights[:, rows]
            table[:, rows, place] = np.log(np.maximum(sums, SMALLEST)) + scales[rows] - nearest / scatter**2 - math.log(scatter)
    if np.all(np.isinf(high)):
        table = np.maximum.accumulate(table, axis=0)
    if np.all(np.isinf(low)):
        table = np.maximum.accumulate(table[::-1], axis=0)[::-1]
    return table


def _mean_weights(low: Array, high: Array, scatters: Scatters) -> tuple[Array, Array, Array]:
    """A lattice of means (J,), weights (J, S) scaled to a largest of 1 for each s, and the logarithms of the scales (S,)."""
    count, within = len(low), scatters.within
    unseen = np.isinf(low).all() or np.isinf(high).all()
    low, high = _closed(low, high, REACH * math.hypot(within.max(), scatters.between.max() if unseen else 0.0))
    finest = STEP * min(within.min(), scatters.between.min()) * (2.0 if unseen else 1.0)
    step = float(np.clip((high - low).min() / FEWEST_IN_INTERVAL, (high - low).max() / MOST_IN_INTERVAL, finest))
    cut = [_cut(one, other, step) for one, other in zip(low, high, strict=True)]
    numbers = sum(first for first, _, _ in cut) + np.arange(sum(len(places) - 1 for _, places, _ in cut) + 1)
    means = (numbers + count / 2.0) * step / count
    logs = np.column_stack([_log_weights(cut, means, float(s)) for s in within])
    scales = np.maximum(logs.max(axis=0), IMPOSSIBLE)
    weights = np.exp(logs - scales)
    kept = np.flatnonzero(weights.max(axis=1) > NEGLIGIBLE)
    return *_thinned(means[kept[0] : kept[-1] + 1], weights[kept[0] : kept[-1] + 1], step), scales


def _thinned(means: Array, weights: Array, step: float) -> tuple[Array, Array]:
    """Neighbouring means taken together until they are about `step` apart."""
    taken = max(1, round(step / (means[1] - means[0]))) if len(means) > 1 else 1
    starts = np.arange(0, len(means), taken)
    counts = np.diff([*starts, len(means)])
    return np.add.reduceat(means, starts) / counts, np.add.reduceat(weights, starts, axis=0)


def _cut(low: float, high: float, step: float) -> tuple[int, Array, Array]:
    """An interval on the lattice of middles (k + 1/2) step: the first k, the places, and the lengths they stand for.

    A piece cut off by an end is shared out between two places so that its middle stays where it is.
    """
    first, last = math.floor(low / step) - 1, math.ceil(high / step) + 1
    edges = np.clip(np.arange(first, last + 1, dtype=np.float64) * step, low, high)
    places = (np.arange(first, last, dtype=np.float64) + 0.5) * step
    lengths = edges[1:] - edges[:-1]
    off = np.where(lengths > 0.0, ((edges[1:] + edges[:-1]) / 2.0 - places) / step, 0.0)
    kept = lengths * (1.0 - np.abs(off))
    kept[:-1] += (lengths * np.maximum(-off, 0.0))[1:]
    kept[1:] += (lengths * np.maximum(off, 0.0))[:-1]
    return first, places, kept


def _log_weights(cut: list[tuple[int, Array, Array]], means: Array, s: float) -> Array:
    """ln of what a scatter s within leaves for each mean, up to a constant; c is within NEAR s of the means it serves."""
    count, span = len(cut), float(np.ptp(means))
    spacing = span / max(1, math.ceil(span / (2.0 * NEAR * s)))
    served = np.clip((means - means[0]) // max(spacing, SMALLEST), 0, None)
    logs = np.full(len(means), -np.inf)
    for number in np.unique(served):
        kept = served == number
        centre = float((means[kept][0] + means[kept][-1]) / 2.0)
        whole, scale = np.ones(1), 0.0
        for _, places, lengths in cut:
            whole = np.convolve(whole, lengths * np.exp(-((places - centre) ** 2) / (2.0 * s**2)))
            if 0.0 < (largest := float(whole.max())) < VANISHING:
                whole, scale = whole / largest, scale + math.log(largest)
        with np.errstate(divide="ignore"):
            logs[kept] = scale + np.log(whole[kept]) + count * (means[kept] - centre) ** 2 / (2.0 * s**2)
    return logs - (count - 1) * math.log(s)


def _closed(low: Array, high: Array, reach: float) -> tuple[Array, Array]:
    """The intervals with their infinite ends put `reach` beyond all finite ones."""
    ends = np.concatenate([low[np.isfinite(low)], high[np.isfinite(high)]])
    return np.where(np.isinf(low), ends.min() - reach, low), np.where(np.isinf(high), ends.max() + reach, high)
