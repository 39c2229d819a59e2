"""Power law with a floor: E(q) = E_inf + A q^(-a), fitted to errors in log space.

The replicates of one q share the widths of their nets and lie on one spectrum, so they share scatter; what is fitted are the G
means of ln E over the replicates of each q,

    mean ln E(q) = ln A' + ln(rho + (q / q_max)^(-a)) + omega Z,    rho = E_inf / (A q_max^-a) >= 0,    Z standard normal,

by least squares. ln A' drops out with the mean over q; for each a the best rho >= 0 is found (a grid, then Gauss and Newton), so
that the profile of a is over E_inf always: which errors have a floor is never decided first. The interval of a is

    residuals(a) <= residuals(best) (1 + t^2 / (G - 3)),    t the quantile of Student's law with G - 3 degrees of freedom,

the likelihood-ratio region with the cut that is exact for linear models (Gallant 1987, Nonlinear Statistical Models, 1.5,
doi:10.1002/9780470316719). An end that the errors do not show is 0 or infinite. Near E_inf = 0, where rho >= 0 is known and
used, it covers somewhat more often than it says (docs/theory.md has the figures). Four means and three parameters leave the
interval 0 to infinity so often that the finite ones left over cover too rarely: G >= 5 is asked for.

Beside it the F test of misfit: deviations of the means from the law against the scatter about the means.
"""

import math
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from operators.arrays import Array
from results.statistics.interval_censored import NotIdentifiable

FEWEST_SIZES = 5
SHALLOWEST, STEEPEST = 1e-2, 50.0
EXPONENTS, REFINED, FLOORS = 120, 25, 48
SMALLEST_FLOOR, BEYOND = -8.0, 6.0
STEPS = 12
LEAST_SCATTER = 1e-5


@dataclass(frozen=True)
class PowerLaw:
    """E = floor + amplitude q^-exponent.

    Attributes:
        exponent: a.
        low: lower end of its interval, possibly 0.
        high: upper end, possibly infinite.
        amplitude: A.
        floor: E_inf, 0 if none is seen.
        scatter: standard deviation of the log residuals.
        runs: number of errors fitted.
        misfit: p-value of the law against a mean for each q; NaN without replicates.
        note: what the data say of a floor.
    """

    exponent: float
    low: float
    high: float
    amplitude: float
    floor: float
    scatter: float
    runs: int
    misfit: float
    note: str


def fit_power_law(q: Array, error: Array, *, confidence: float = 0.95) -> PowerLaw:
    """Fit a power law with a floor to errors > 0 at sizes q; equal q are those of replicates.

    Raises:
        NotIdentifiable: fewer than 5 distinct q, an error that is not positive, or no best exponent, and then with the interval
            there is.
    """
    q, error = np.asarray(q, dtype=float), np.asarray(error, dtype=float)
    sizes, number, counts = np.unique(q, return_inverse=True, return_counts=True)
    if len(sizes) < FEWEST_SIZES:
        raise NotIdentifiable(f"{len(sizes)} distinct q, at least {FEWEST_SIZES} needed")
    if np.any(error <= 0.0):
        raise NotIdentifiable("errors of exactly zero")
    logs = np.log(error)
    means = np.bincount(number, logs) / counts
    profile = _Profile(np.log(sizes / sizes[-1]), means - means.mean())
    best, low, high, without = _interval(profile, confidence=confidence)
    if best in (0.0, math.inf) or (low == 0.0 and math.isinf(high)):
        raise NotIdentifiable(_reason(low, high, confidence=confidence), low=low, high=high)
    _, log_floor = profile.best_floors(np.array([best]))
    shape = np.logaddexp(log_floor, -best * profile.log_q)
    level = float(means.mean() - shape.mean())
    deviations, scatter = means - level - shape, logs - means[number]
    floor = math.exp(level + float(log_floor[0]))
    return PowerLaw(
        exponent=best,
        low=low,
        high=high,
        amplitude=math.exp(level + best * math.log(sizes[-1])),
        floor=floor,
        scatter=math.sqrt(float(np.sum((scatter + deviations[number]) ** 2)) / (len(q) - 3)),
        runs=len(q),
        misfit=_misfit(float(counts @ deviations**2), float(np.sum(scatter**2)), len(sizes), len(q)),
        note="no floor seen" if floor == 0.0 else "a floor is not told from none" if without else "",
    )


@dataclass(frozen=True)
class _Profile:
    """Sums of squares over (a, rho), the level fitted: `log_q` is ln(q / q_max), `means` those of ln E, centred."""

    log_q: Array
    means: Array

    def squares(self, exponents: Array, log_floors: Array) -> Array:
        """Residual sums of squares at pairs of a and ln rho, broadcast."""
        return _squared(self._residuals(self._shape(exponents, log_floors)))

    def _shape(self, exponents: Array, log_floors: Array) -> Array:
        """ln(rho + (q / q_max)^-a)."""
        return _log_sum(log_floors[..., None], -exponents[..., None] * self.log_q)

    def _residuals(self, shape: Array) -> Array:
        """Residuals, centred."""
        level = np.add.reduce(shape, axis=-1, keepdims=True) / len(self.log_q)
        found = np.subtract(self.means, shape)
        return np.add(found, level, out=found)

    def best_floors(self, exponents: Array) -> tuple[Array, Array]:
        """For each a the least sum of squares over rho >= 0, and its ln rho (-inf for none)."""
        grid = np.linspace(SMALLEST_FLOOR, -exponents * self.log_q[0] + BEYOND, FLOORS, axis=-1)
        found = self.squares(exponents[:, None], grid)
        left, place = np.arange(len(exponents)), found.argmin(axis=1)
        least, log_floors = found[left, place], grid[left, place]
        shape = self._shape(exponents, log_floors)
        for _ in range(STEPS):  # of those that a step has lessened: of the others every further step is the same
            share = np.exp(log_floors[left, None] - shape)
            slopes = np.add.reduce(share, axis=-1, keepdims=True) / len(self.log_q) - share
            descent = np.add.reduce(slopes * self._residuals(shape), axis=-1) / np.maximum(_squared(slopes), 1e-300)
            trial = log_floors[left] - np.clip(descent, -1.0, 1.0)
            shape = self._shape(exponents[left], trial)
            now = _squared(self._residuals(shape))
            better = now < least[left]
            left, shape = left[better], shape[better]
            if not len(left):
                break
            least[left], log_floors[left] = now[better], trial[better]
        none = self.squares(exponents, np.full(len(exponents), -np.inf))
        return np.minimum(least, none), np.where(none <= least, -np.inf, log_floors)


def _squared(values: Array) -> Array:
    """Sums of squares along the last axis."""
    return np.asarray(np.add.reduce(values * values, axis=-1))


def _log_sum(one: Array, other: Array) -> Array:
    """ln(e^one + e^other), where not both are -inf: `numpy.logaddexp` on whole vectors of the processor."""
    found = np.subtract(one, other)
    np.exp(np.negative(np.abs(found, out=found), out=found), out=found)
    return np.add(np.log1p(found, out=found), np.maximum(one, other), out=found)


def _interval(profile: _Profile, *, confidence: float) -> tuple[float, float, float, bool]:
    """The best exponent, the ends of its interval, and whether the interval's likelihood is also reached without a floor.

    An exponent or an end beyond what is searched is 0 or infinite.
    """
    nodes = np.linspace(math.log(SHALLOWEST), math.log(STEEPEST), EXPONENTS)
    squares = profile.best_floors(np.exp(nodes))[0]
    for _ in range(2):
        best = int(np.argmin(squares))
        near = np.linspace(nodes[max(best - 1, 0)], nodes[min(best + 1, len(nodes) - 1)], REFINED)
        nodes, first = np.unique([*nodes, *near], return_index=True)
        squares = np.concatenate([squares, profile.best_floors(np.exp(near))[0]])[first]
    best, freedom = int(np.argmin(squares)), len(profile.means) - 3
    t = float(scipy.stats.t.ppf(0.5 + confidence / 2.0, freedom))
    rounding = len(profile.means) * LEAST_SCATTER**2
    most = max(float(squares[best]), rounding) * (1.0 + t**2 / freedom)
    inside = np.flatnonzero(squares <= most)
    ends = {0.0: (inside[0], inside[0] - 1), math.inf: (inside[-1], inside[-1] + 1)}
    shown = {beyond: nodes[[*pair]] for beyond, pair in ends.items() if 0 <= pair[1] < len(nodes)}
    crossed = dict(zip(shown, _crossings(profile, np.asarray(list(shown.values())), most), strict=True)) if shown else {}
    low, high = (crossed.get(beyond, beyond) for beyond in ends)
    without = bool(np.any(profile.squares(np.exp(nodes), np.full(len(nodes), -np.inf)) <= most))
    at_ends = squares[[0, -1]] <= squares[best] + rounding
    exponent = 0.0 if at_ends[0] else math.inf if at_ends[1] else float(np.exp(nodes[best]))
    return exponent, low, high, without


def _crossings(profile: _Profile, brackets: Array, most: float) -> list[float]:
    """Between the two exponents of each bracket (K, 2), given as logarithms, that at which the least sum becomes `most`."""
    rows = np.arange(len(brackets))
    for _ in range(2):
        nodes = np.linspace(brackets[:, 0], brackets[:, 1], REFINED, axis=-1)
        beyond: NDArray[np.bool_] = profile.best_floors(np.exp(nodes.ravel()))[0].reshape(nodes.shape) > most
        last = np.maximum(beyond.argmax(axis=1), 1)
        brackets = np.column_stack([nodes[rows, last - 1], nodes[rows, last]])
    return [math.exp((inner + outer) / 2.0) for inner, outer in brackets.tolist()]


def _misfit(between: float, within: float, sizes: int, runs: int) -> float:
    """P-value of the F test of lack of fit; NaN without replicates."""
    if runs == sizes or within <= 0.0:
        return math.nan
    return float(scipy.stats.f.sf(between / (sizes - 3) / (within / (runs - sizes)), sizes - 3, runs - sizes))


def _reason(low: float, high: float, *, confidence: float) -> str:
    """Why there is no best exponent, and what is known of it."""
    if low == 0.0 and math.isinf(high):
        return "with a floor the errors fit any exponent"
    known = f"at least {low:.2f}" if math.isinf(high) else f"at most {high:.2f}"
    which = "steeper" if math.isinf(high) else "flatter"
    return f"with a floor ever {which} laws fit: the exponent is {known} ({100 * confidence:g} %)"
