"""Power law with a floor: E(q) = E_inf + A q^(-a), fitted to errors in log space.

Residuals ln E - ln(model) with a soft l1 loss, parameters positive (as exponentials), several starts. The fits with and without
a floor are compared by the corrected Akaike criterion; a floor below a third of the smallest error is an extrapolation and
counts as not identified. The interval of the exponent is profiled with the t^2 / 2 cut of Gaussian residuals.
"""

import math
from dataclasses import dataclass

import numpy as np
import scipy

from operators.arrays import Array
from results.statistics.interval_censored import NotIdentifiable

FEWEST_SIZES = 4
STARTS = tuple((share, exponent) for share in (0.1, 0.5, 0.9) for exponent in (0.5, 1.0, 2.0))
FOLLOWED = 3
SOFT = 0.1
LARGEST_LOG = 5.0
LARGEST_STEPS = 100
LARGEST_DAMPING = 1e10
SHALLOWEST, STEEPEST = 1e-3, 50.0


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
    power = theta[0] - math.exp(min(theta[1], LARGEST_LOG)) * log_q
    return (np.logaddexp(power, theta[2]) if len(theta) == 3 else power) - logs


def _jacobian(theta: Array, log_q: Array) -> Array:
    """Derivatives of the residuals; `share` is that of the power in the model."""
    exponent = math.exp(min(theta[1], LARGEST_LOG))
    share = np.ones_like(log_q)
    if len(theta) == 3:
        share = scipy.special.expit(theta[0] - exponent * log_q - theta[2])
    return np.column_stack([share, -share * exponent * log_q, 1.0 - share][: len(theta)])


def _fit(q: Array, error: Array, *, floor: bool) -> _Best:
    """Best of several starts: the most promising ones are followed."""
    log_q, logs, size = np.log(q), np.log(error), 3 if floor else 2
    first, smallest = math.log(error[np.argmin(q)]), float(error.min())
    starts = [
        np.array([first + exponent * log_q.min(), math.log(exponent), math.log(share * smallest)])[:size]
        for share, exponent in STARTS
    ]
    starts.sort(key=lambda start: float(np.abs(_residuals(start, log_q, logs)).sum()))
    found = [_descend(start, log_q, logs, held=None) for start in starts[: FOLLOWED if floor else 1]]
    return min(found, key=lambda best: best.cost)


def _descend(start: Array, log_q: Array, logs: Array, *, held: float | None) -> _Best:
    """Levenberg-Marquardt descent of the soft l1 cost from one start, with ln a held if given.

    cost = SOFT^2 sum(sqrt(1 + (r / SOFT)^2) - 1); its Gauss-Newton matrix weighs each residual by 1 / sqrt(1 + (r / SOFT)^2).
    """
    free = [i for i in range(len(start)) if i != 1 or held is None]
    theta = start.copy()
    if held is not None:
        theta[1] = held
    residuals, cost = _evaluated(theta, log_q, logs)
    damping = 1e-3
    for _ in range(LARGEST_STEPS):
        jacobian = _jacobian(theta, log_q)[:, free]
        weighted = jacobian / np.sqrt(1.0 + (residuals / SOFT) ** 2)[:, None]
        gradient, matrix = weighted.T @ residuals, weighted.T @ jacobian
        while damping < LARGEST_DAMPING:
            trial = theta.copy()
            trial[free] -= np.linalg.solve(matrix + damping * (np.diag(np.diag(matrix)) + 1e-12 * np.eye(len(free))), gradient)
            new, lower = _evaluated(trial, log_q, logs)
            if lower <= cost:
                break
            damping *= 10.0
        if damping >= LARGEST_DAMPING:
            break
        settled = cost - lower <= 1e-10 * cost
        theta, residuals, cost, damping = trial, new, lower, max(damping / 10.0, 1e-9)
        if settled:
            break
    return _Best(theta, cost)


def _evaluated(theta: Array, log_q: Array, logs: Array) -> tuple[Array, float]:
    residuals = _residuals(theta, log_q, logs)
    return residuals, float(SOFT**2 * np.sum(np.sqrt(1.0 + (residuals / SOFT) ** 2) - 1.0))


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
    quantile = float(scipy.stats.t.ppf(0.5 + confidence / 2.0, freedom))
    limit = max(best.cost, 1e-12) * (1.0 + quantile**2 / freedom)
    log_q, logs, centre = np.log(q), np.log(error), float(best.x[1])
    jacobian = _jacobian(best.x, log_q)
    spread = np.linalg.pinv(jacobian.T @ jacobian)[1, 1] * 2.0 * best.cost / freedom
    step = float(np.clip(1.1 * quantile * math.sqrt(max(spread, 0.0)), 1e-3, 1.0))

    def excess(log_exponent: float) -> float:
        return _descend(best.x, log_q, logs, held=log_exponent).cost - limit

    ends = []
    for direction, last in ((-1.0, math.log(SHALLOWEST)), (1.0, math.log(STEEPEST))):
        inner, outer = centre, centre + direction * step
        while direction * (last - outer) > 0.0 and excess(outer) < 0.0:
            inner, outer = outer, centre + 2.0 * (outer - centre)
        if direction * (last - outer) <= 0.0:
            ends.append(0.0 if direction < 0 else math.inf)
        else:
            ends.append(math.exp(scipy.optimize.brentq(excess, min(inner, outer), max(inner, outer), xtol=1e-4)))
    return ends[0], ends[1]
