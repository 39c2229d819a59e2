"""Power law with a floor: E(q) = E_inf + A q^(-a), fitted to errors in log space.

Residuals ln E - ln(model) with a soft l1 loss, parameters positive (as exponentials), several starts. The fits with and without
a floor are compared by the corrected Akaike criterion; a floor below a third of the smallest error is an extrapolation and
counts as not identified. The interval of the exponent is profiled with the t^2 / 2 cut of Gaussian residuals.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, least_squares
from scipy.stats import t as student

from results.censored import NotIdentifiable

Array = NDArray[np.float64]
FEWEST_SIZES = 4
STARTS = tuple((share, exponent) for share in (0.1, 0.5, 0.9) for exponent in (0.5, 1.0, 2.0))
SOFT = 0.1
STEEPEST = 50.0


@dataclass(frozen=True)
class PowerLaw:
    """E = floor + amplitude q^-exponent; floor is 0 unless the data identify one.

    Attributes:
        exponent: a.
        low: lower end of its interval.
        high: upper end, possibly infinite.
        amplitude: A.
        floor: E_inf.
        scatter: standard deviation of the log residuals.
        runs: number of errors fitted.
        note: what the data say of a floor.
    """

    exponent: float
    low: float
    high: float
    amplitude: float
    floor: float
    scatter: float
    runs: int
    note: str = ""


def fit_power_law(q: Array, error: Array, *, confidence: float = 0.95) -> PowerLaw:
    """Fit a power law to errors > 0 at sizes q.

    Raises:
        NotIdentifiable: fewer than 4 distinct q, or an error that is not positive.
    """
    q, error = np.asarray(q, dtype=float), np.asarray(error, dtype=float)
    if len(np.unique(q)) < FEWEST_SIZES:
        raise NotIdentifiable(f"{len(np.unique(q))} distinct q, at least {FEWEST_SIZES} needed")
    if np.any(error <= 0.0):
        raise NotIdentifiable("errors of exactly zero")
    plain, floored = _fit(q, error, floor=False), _fit(q, error, floor=True)
    use_floor = _criterion(floored.cost, len(q), 3) < _criterion(plain.cost, len(q), 2)
    note = "no floor seen"
    if use_floor and math.exp(floored.x[2]) < error.min() / 3.0:
        use_floor, note = False, "a floor below a third of the smallest error is not identified"
    best = floored if use_floor else plain
    low, high = _interval(q, error, best, confidence=confidence)
    return PowerLaw(
        exponent=float(math.exp(best.x[1])),
        low=low,
        high=high,
        amplitude=float(math.exp(best.x[0])),
        floor=float(math.exp(best.x[2])) if use_floor else 0.0,
        scatter=math.sqrt(2.0 * best.cost / (len(q) - len(best.x))) if len(q) > len(best.x) else math.nan,
        runs=len(q),
        note="" if use_floor else note,
    )


@dataclass(frozen=True)
class _Best:
    """Parameters (ln A, ln a[, ln E_inf]) and the cost of the soft l1 loss."""

    x: Array
    cost: float


def _residuals(theta: Array, log_q: Array, logs: Array) -> Array:
    power = theta[0] - math.exp(min(theta[1], 5.0)) * log_q
    return (np.logaddexp(power, theta[2]) if len(theta) == 3 else power) - logs


def _fit(q: Array, error: Array, *, floor: bool) -> _Best:
    """Best of several starts."""
    first, smallest = math.log(error[np.argmin(q)]), float(error.min())
    starts = [
        np.array([first + exponent * math.log(q.min()), math.log(exponent), math.log(share * smallest)])[: 3 if floor else 2]
        for share, exponent in (STARTS if floor else STARTS[:1])
    ]
    found = [_descend(start, np.log(q), np.log(error), held=None) for start in starts]
    return min(found, key=lambda best: best.cost)


def _descend(start: Array, log_q: Array, logs: Array, *, held: float | None) -> _Best:
    """Least squares from one start, with ln a held if given."""
    free = [i for i in range(len(start)) if i != 1 or held is None]
    full = start.copy()
    if held is not None:
        full[1] = held

    def residuals(x: Array) -> Array:
        theta = full.copy()
        theta[free] = x
        return _residuals(theta, log_q, logs)

    found = least_squares(residuals, full[free], loss="soft_l1", f_scale=SOFT, max_nfev=100)
    full[free] = found.x
    return _Best(full, float(found.cost))


def _criterion(cost: float, count: int, parameters: int) -> float:
    """Corrected Akaike criterion of a least-squares fit; infinite without degrees of freedom left."""
    k = parameters + 1
    if count - k - 1 <= 0:
        return math.inf
    return count * math.log(max(2.0 * cost / count, 1e-12)) + 2.0 * k * count / (count - k - 1)


def _interval(q: Array, error: Array, best: _Best, *, confidence: float) -> tuple[float, float]:
    """Profile interval of the exponent: cost up to best (1 + t^2 / degrees of freedom)."""
    freedom = len(q) - len(best.x)
    if freedom < 1:
        return 0.0, math.inf
    limit = max(best.cost, 1e-12) * (1.0 + float(student.ppf(0.5 + confidence / 2.0, freedom)) ** 2 / freedom)
    centre, log_q, logs = math.exp(best.x[1]), np.log(q), np.log(error)

    def excess(exponent: float) -> float:
        return _descend(best.x, log_q, logs, held=math.log(exponent)).cost - limit

    ends = []
    for factor, outermost in ((0.8, 1e-3), (1.25, STEEPEST)):
        inner = outer = centre
        while excess(outer) < 0.0 and (outer > outermost if factor < 1 else outer < outermost):
            inner, outer = outer, outer * factor
        if excess(outer) < 0.0:
            ends.append(0.0 if factor < 1 else math.inf)
        else:
            ends.append(float(brentq(excess, min(inner, outer), max(inner, outer), xtol=1e-4)))
    return ends[0], ends[1]
