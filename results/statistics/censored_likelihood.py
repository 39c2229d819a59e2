"""Likelihood of independent interval-censored normal observations, and its maximum.

    log-likelihood = sum ln(Phi((high - mu) / s) - Phi((low - mu) / s)),    mu = design . coefficients

In (coefficients / s, 1 / s) it is concave (Burridge 1981, J. R. Stat. Soc. B 43, 41-45), so Newton's method finds its maximum.
Intervals that some mu meets exactly cannot tell how small s is; it is kept between SMALLEST_SCALE and LARGEST_SCALE.
"""

import math

import numpy as np
import scipy

from operators.arrays import Array

SMALLEST_SCALE, LARGEST_SCALE = 0.05, 100.0


def maximise(design: Array, low: Array, high: Array, *, start: Array | None = None) -> tuple[Array, float]:
    """Maximise over (coefficients / s, 1 / s) by Newton's method with step halving; return them and the log-likelihood."""
    theta = start_values(design, low, high) if start is None else start
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


def start_values(design: Array, low: Array, high: Array) -> Array:
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
    log_p = log_interval(z_low, z_high)
    r_low, r_high = (np.exp(-0.5 * z**2 - 0.5 * math.log(2.0 * math.pi) - log_p) for z in (z_low, z_high))
    gradients = r_high[:, None] * u_high - r_low[:, None] * u_low
    z_low, z_high = (np.where(np.isfinite(z), z, 0.0) for z in (z_low, z_high))
    hessian = (u_low.T * (z_low * r_low)) @ u_low - (u_high.T * (z_high * r_high)) @ u_high - gradients.T @ gradients
    return float(log_p.sum()), gradients.sum(axis=0), hessian


def log_interval(low: Array, high: Array) -> Array:
    """ln(Phi(high) - Phi(low)), by the survival function where both ends are positive."""
    flip = low > 0
    low, high = np.where(flip, -high, low), np.where(flip, -low, high)
    upper = scipy.special.log_ndtr(high)
    difference = np.minimum(scipy.special.log_ndtr(low) - upper, -1e-300)
    return np.maximum(upper + np.log(-np.expm1(difference)), -1e6)
