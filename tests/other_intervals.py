"""Intervals that the tables do not use, simulated beside those that they do (tests/speed/test_coverage.py).

either sign     E = E_inf + A q^-a with E_inf free to be negative; else as `results.statistics.power_law`
Satterthwaite   the mean slope b of R replicates at G abscissae, crossed effects u of x and slopes of replicates:

                var b = (M_u + M_b - M_e) / (R S),    S = sum (x - mean)^2,

                M_u the mean square of the effects of x about their line (G - 2 degrees of freedom), M_b = S times the
                variance of the replicates' slopes (R - 1), M_e that of what is left ((R - 1)(G - 2)), with the degrees of
                freedom of Satterthwaite 1946 (doi:10.2307/3002019)
"""

import functools
import math

import numpy as np
import scipy

from operators.arrays import Array

EXPONENTS = np.geomspace(0.01, 50.0, 400)
BELOW, ABOVE = 80, 120  # floors tried of either sign


@functools.cache
def _shapes(sizes: tuple[float, ...]) -> tuple[Array, Array]:
    """ln(rho + (q / q_max)^-a), centred, at all a and rho > -1, and its sums of squares."""
    log_q = np.log(np.asarray(sizes) / sizes[-1])
    below = np.geomspace(1e-3, 0.999, BELOW) - 1.0
    shapes = []
    for exponent in EXPONENTS:
        above = np.exp(np.linspace(-7.0, 6.0 - exponent * log_q[0], ABOVE))
        shape = np.log(np.concatenate([below, [0.0], above])[:, None] + np.exp(-exponent * log_q))
        shapes.append(shape - shape.mean(axis=1, keepdims=True))
    found = np.asarray(shapes)
    return found, (found**2).sum(axis=-1)


def exponent_with_a_floor_of_either_sign(q: Array, error: Array, *, confidence: float = 0.95) -> tuple[float, float]:
    """The likelihood-ratio interval of a, 0 or infinite at ends that are not seen."""
    sizes, number, counts = np.unique(q, return_inverse=True, return_counts=True)
    means = np.bincount(number, np.log(error)) / counts
    means -= means.mean()
    shapes, squares = _shapes(tuple(sizes.tolist()))
    left = _least(means, shapes, np.maximum(means @ means - 2.0 * shapes @ means + squares, 0.0))
    freedom = len(sizes) - 3
    most = left.min() * (1.0 + float(scipy.stats.t.ppf(0.5 + confidence / 2.0, freedom)) ** 2 / freedom)
    inside = np.flatnonzero(left <= most)
    return _end(left, most, inside[0], -1, 0.0), _end(left, most, inside[-1], 1, math.inf)


def _least(means: Array, shapes: Array, left: Array) -> Array:
    """The least sum of squares of each row: at a tabulated shape, or between the best one and the two beside it."""
    rows = np.arange(len(left))
    place = np.clip(left.argmin(axis=1), 1, left.shape[1] - 2)
    beside = [place - 1, place, place + 1]
    before, at, after = (left[rows, where] for where in beside)
    bend = before - 2.0 * at + after
    step = np.where(bend > 0.0, np.clip((before - after) / (2.0 * np.where(bend > 0.0, bend, 1.0)), -1.0, 1.0), 0.0)[:, None]
    below, here, above = (shapes[rows, where] for where in beside)
    between = here + step * (above - below) / 2.0 + step**2 * (above - 2.0 * here + below) / 2.0
    least: Array = np.minimum(left.min(axis=1), np.sum((means - between) ** 2, axis=1))
    return least


def _end(left: Array, most: float, last: int, outward: int, beyond: float) -> float:
    """Where the least sums of squares cross `most` next to the last exponent inside."""
    if not 0 <= last + outward < len(left):
        return beyond
    share = (most - left[last]) / (left[last + outward] - left[last])
    return float(EXPONENTS[last] * (EXPONENTS[last + outward] / EXPONENTS[last]) ** share)


def slope_by_satterthwaite(x: Array, y: Array, *, confidence: float = 0.95) -> tuple[float, float]:
    """Interval of the mean slope of (G, R) responses at (G,) abscissae."""
    points, replicates = y.shape
    centred = x - x.mean()
    squared = float(centred @ centred)
    slopes = centred @ y / squared
    means = y.mean(axis=1)
    line = means.mean() + slopes.mean() * centred
    shared = replicates * float(np.sum((means - line) ** 2)) / (points - 2)
    own = squared * float(np.var(slopes, ddof=1))
    rest = y - means[:, None] - (y.mean(axis=0) - y.mean()) - np.outer(centred, slopes - slopes.mean())
    alone = float(np.sum(rest**2)) / ((replicates - 1) * (points - 2))
    total = max(shared + own - alone, shared, own)
    spread = shared**2 / (points - 2) + own**2 / (replicates - 1) + alone**2 / ((replicates - 1) * (points - 2))
    freedom = total**2 / spread
    half = float(scipy.stats.t.ppf(0.5 + confidence / 2.0, freedom)) * (total / (replicates * squared)) ** 0.5
    return float(slopes.mean()) - half, float(slopes.mean()) + half
