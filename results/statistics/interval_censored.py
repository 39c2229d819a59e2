"""Interval-censored regression: y = a + beta x + s Z with Z standard normal, where only low < y <= high is known.

    log-likelihood = sum ln(Phi((high - mu) / s) - Phi((low - mu) / s)),    mu = a + beta x

In (a / s, beta / s, 1 / s) it is concave (Burridge 1981, J. R. Stat. Soc. B 43, 41-45), so Newton's method finds its
maximum, and the profile likelihood of beta has one hump. The confidence interval of beta is where the profile lies within
t^2 / 2 of the maximum, t the quantile of Student's law with K - 2 degrees of freedom for K intervals.

A slope is refused, with the reason, when the data do not support one. Intervals that a straight line meets exactly cannot tell
how small s is; the likelihood then runs to s = 0, where the interval for beta is only the set of slopes of those lines and covers
beta too rarely (q and n on grids of ratio 2, beta = 1, scatter 0.15: 0.76 of the time in the worst place between two q). So a
scatter of at least SMALLEST_SCALE, a tenth, is assumed; coverage is then nominal (`tests/speed/test_coverage.py`).
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy

from operators.arrays import Array

SMALLEST_SCALE, LARGEST_SCALE = 0.1, 100.0
FEWEST_POINTS = FEWEST_VALUES = 3
FEWEST_RUNS = 4
STEEPEST = 20.0


class NotIdentifiable(ValueError):
    """The data do not support the estimate; the message is the reason."""


@dataclass(frozen=True)
class Slope:
    """A fitted slope with its profile-likelihood interval (an end may be infinite), intercept and scatter s."""

    value: float
    low: float
    high: float
    intercept: float
    scatter: float
    runs: int


def fit_slope(x: Array, low: Array, high: Array, *, confidence: float = 0.95) -> Slope:
    """Fit beta by maximum likelihood.

    Args:
        x: (K,) abscissae.
        low: (K,) lower ends, -inf if y is only known to be at most `high`.
        high: (K,) upper ends, inf if y is only known to exceed `low`.
        confidence: level of the interval.

    Raises:
        NotIdentifiable: fewer than 3 distinct x, 3 distinct upper ends of bounded intervals, or 4 intervals.
        ValueError: arrays of different lengths, or an empty interval.
    """
    x, low, high = (np.asarray(values, dtype=float) for values in (x, low, high))
    if not x.shape == low.shape == high.shape or x.ndim != 1 or np.any(low >= high):
        raise ValueError("expected x, low and high of one length with low < high everywhere")
    informative = np.isfinite(low) | np.isfinite(high)
    x, low, high = x[informative], low[informative], high[informative]
    _require(x, low, high)
    centre = float(np.mean(x))
    design = np.column_stack([np.ones_like(x), x - centre])
    (a, b, precision), best = _maximise(design, low, high, start=_start(design, low, high))
    slope = float(b / precision)
    allowed = best - float(scipy.stats.t.ppf(0.5 + confidence / 2.0, len(x) - 2)) ** 2 / 2.0

    start = np.array([a, precision])

    def drop(beta: float) -> float:
        shift = beta * (x - centre)
        return _maximise(design[:, :1], low - shift, high - shift, start=start)[1] - allowed

    return Slope(
        value=slope,
        low=_end(drop, slope, -1.0),
        high=_end(drop, slope, 1.0),
        intercept=float(a / precision) - slope * centre,
        scatter=float(1.0 / precision),
        runs=len(x),
    )


def log_ends(lower: Iterable[Any], upper: Iterable[Any]) -> tuple[Array, Array]:
    """Logarithms of the ends of intervals; where an end is missing, -inf below and inf above."""
    low, high = (np.asarray([np.nan if pd.isna(end) else end for end in ends], dtype=float) for ends in (lower, upper))
    return np.where(np.isnan(low), -np.inf, np.log(low)), np.where(np.isnan(high), np.inf, np.log(high))


def fit_band(x: Array, low: Array, high: Array, *, at: Array, confidence: float = 0.95) -> tuple[Array, Array]:
    """Pointwise profile-likelihood interval of the fitted line mu at the abscissae `at`: lower and upper ends.

    Raises:
        NotIdentifiable: as `fit_slope`.
    """
    x, low, high = (np.asarray(values, dtype=float) for values in (x, low, high))
    informative = np.isfinite(low) | np.isfinite(high)
    x, low, high = x[informative], low[informative], high[informative]
    _require(x, low, high)
    ends = []
    for position in np.asarray(at, dtype=float):
        design = np.column_stack([np.ones_like(x), x - position])
        (a, b, precision), best = _maximise(design, low, high, start=_start(design, low, high))
        allowed = best - float(scipy.stats.t.ppf(0.5 + confidence / 2.0, len(x) - 2)) ** 2 / 2.0
        start = np.array([b, precision])

        def drop(mu: float, design: Array = design, start: Array = start, allowed: float = allowed) -> float:
            return _maximise(design[:, 1:], low - mu, high - mu, start=start)[1] - allowed

        ends.append((_end(drop, float(a / precision), -1.0), _end(drop, float(a / precision), 1.0)))
    found = np.asarray(ends, dtype=float).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def _require(x: Array, low: Array, high: Array) -> None:
    bounded = np.isfinite(low) & np.isfinite(high)
    if not bounded.any():
        side = "below" if len(x) and np.isfinite(high).all() else "above" if len(x) and np.isfinite(low).all() else "one side of"
        raise NotIdentifiable(f"every threshold lies {side} the sizes tried" if len(x) else "no run tells where a threshold lies")
    if len(np.unique(x)) < FEWEST_POINTS:
        raise NotIdentifiable(f"{len(np.unique(x))} distinct n, at least {FEWEST_POINTS} needed")
    values = len(np.unique(high[bounded]))
    if values < FEWEST_VALUES:
        raise NotIdentifiable(f"{values} distinct thresholds seen, at least {FEWEST_VALUES} needed")
    if len(x) < FEWEST_RUNS:
        raise NotIdentifiable(f"{len(x)} thresholds, at least {FEWEST_RUNS} needed")


def _end(drop: Callable[[float], float], slope: float, direction: float) -> float:
    """Where the profile falls below the allowed level, going out from the maximum; infinite beyond STEEPEST."""
    step = 0.05
    while drop(slope + direction * step) > 0.0:
        step *= 2.0
        if step > STEEPEST:
            return direction * math.inf
    inner, outer = slope + direction * step * (0.5 if step > 0.05 else 0.0), slope + direction * step
    return float(scipy.optimize.brentq(drop, min(inner, outer), max(inner, outer), xtol=1e-4))


def _maximise(design: Array, low: Array, high: Array, *, start: Array) -> tuple[Array, float]:
    """Maximise over (coefficients / s, 1 / s) by Newton's method with step halving; return them and the log-likelihood."""
    theta = start
    value, gradient, hessian = _likelihood(theta, design, low, high)
    for _ in range(100):
        free = np.ones(len(theta), dtype=bool)
        free[-1] = 1.0 / LARGEST_SCALE < theta[-1] < 1.0 / SMALLEST_SCALE or (theta[-1] > 1.0) != (gradient[-1] > 0)
        curvature = hessian[np.ix_(free, free)] - 1e-10 * np.eye(int(free.sum()))
        step = np.zeros_like(theta)
        step[free] = np.linalg.solve(curvature, -gradient[free])
        gain = float(gradient @ step)
        if gain < 1e-10:
            break
        size = 1.0
        while True:
            trial = theta + size * step
            trial[-1] = np.clip(trial[-1], 1.0 / LARGEST_SCALE, 1.0 / SMALLEST_SCALE)
            new = _likelihood(trial, design, low, high)
            if new[0] >= value or size < 1e-9:
                break
            size /= 2.0
        if size < 1e-9:
            break
        theta, (value, gradient, hessian) = trial, new
    return theta, value


def _start(design: Array, low: Array, high: Array) -> Array:
    """Least squares on the middles of the intervals."""
    middle = np.where(np.isfinite(low), np.where(np.isfinite(high), (low + high) / 2.0, low + 0.5), high - 0.5)
    coefficients = np.linalg.lstsq(design, middle, rcond=None)[0]
    scale = max(float(np.std(middle - design @ coefficients)), 0.2)
    return np.append(coefficients, 1.0) / scale


def _likelihood(theta: Array, design: Array, low: Array, high: Array) -> tuple[float, Array, Array]:
    """Log-likelihood with gradient and Hessian in (coefficients / s, 1 / s)."""
    ends = []
    for end in (low, high):
        known = np.isfinite(end)
        finite = np.where(known, end, 0.0)
        z = np.where(known, theta[-1] * finite - design @ theta[:-1], end)
        ends.append((z, np.column_stack([-design, finite]) * known[:, None], known))
    (z_low, u_low, _), (z_high, u_high, _) = ends
    log_p = _log_interval(z_low, z_high)
    r_low, r_high = (np.exp(-0.5 * z**2 - 0.5 * math.log(2.0 * math.pi) - log_p) for z in (z_low, z_high))
    gradients = r_high[:, None] * u_high - r_low[:, None] * u_low
    z_low, z_high = (np.where(np.isfinite(z), z, 0.0) for z in (z_low, z_high))
    hessian = (u_low.T * (z_low * r_low)) @ u_low - (u_high.T * (z_high * r_high)) @ u_high - gradients.T @ gradients
    return float(log_p.sum()), gradients.sum(axis=0), hessian


def _log_interval(low: Array, high: Array) -> Array:
    """ln(Phi(high) - Phi(low)), by the survival function where both ends are positive."""
    flip = low > 0
    low, high = np.where(flip, -high, low), np.where(flip, -low, high)
    upper = scipy.special.log_ndtr(high)
    difference = np.minimum(scipy.special.log_ndtr(low) - upper, -1e-300)
    return np.maximum(upper + np.log(-np.expm1(difference)), -1e6)
