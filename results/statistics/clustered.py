"""Least squares where observations of one cluster may share an error.

    y = X beta + e,    e independent between the C clusters, anything within

beta by least squares, or, where columns of X depend on y, by as many instruments Z that do not: Z'X beta = Z'y. Covariance
(Z'X)^-1 (sum_c Z_c' e_c e_c' Z_c) (X'Z)^-1, Z = X without instruments, times C / (C - 1) (K - 1) / (K - p) for K observations
and p coefficients (CR1: Liang and Zeger 1986, doi:10.1093/biomet/73.1.13; Cameron and Miller 2015, doi:10.3368/jhr.50.2.317).
Intervals are Student's with C - p degrees of freedom, which is on the wide side of usual practice.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from operators.arrays import Array
from results.statistics.equivalence import CONFIDENCE, Interval
from results.statistics.interval_censored import NotIdentifiable


@dataclass(frozen=True, eq=False)
class Fit:
    """Coefficients with their intervals, and how many observations and clusters they rest on."""

    coefficients: tuple[Interval, ...]
    scatter: float
    observations: int
    clusters: int


def clustered_fit(
    design: Array, y: Array, clusters: Sequence[Hashable], *, instruments: Array | None = None, confidence: float = CONFIDENCE
) -> Fit:
    """Fit beta.

    Args:
        design: X (K, p).
        y: (K,).
        clusters: (K,) to which each observation belongs.
        instruments: Z (K, p); X by default.
        confidence: level of the intervals.

    Raises:
        NotIdentifiable: columns that depend on one another, or no more clusters than coefficients.
    """
    names = {name: place for place, name in enumerate(dict.fromkeys(clusters))}
    count, width = design.shape
    if len(names) <= width:
        raise NotIdentifiable(f"{len(names)} data sets, more than {width} needed for {width} coefficients")
    given = design if instruments is None else instruments
    unit = [part / np.maximum(np.linalg.norm(part, axis=0), 1e-300) for part in (given, design)]
    if np.linalg.matrix_rank(unit[0].T @ unit[1]) < width:
        raise NotIdentifiable("the settings tried do not tell the coefficients apart")
    inverse = np.linalg.inv(given.T @ design)
    beta = inverse @ (given.T @ y)
    residual = y - design @ beta
    scores = np.zeros((len(names), width))
    np.add.at(scores, [names[name] for name in clusters], given * residual[:, None])
    factor = len(names) / (len(names) - 1) * (count - 1) / (count - width)
    errors = np.sqrt(np.diag(inverse @ (scores.T @ scores) @ inverse.T) * factor)
    half = float(scipy.stats.t.ppf(0.5 + confidence / 2.0, len(names) - width)) * errors
    found = tuple(Interval(float(b), float(b - h), float(b + h)) for b, h in zip(beta, half, strict=True))
    return Fit(found, float(np.sqrt(residual @ residual / (count - width))), count, len(names))


def equal_slopes(x: Array, groups: Sequence[Hashable], y: Array) -> float:
    """P-value that all groups, each with a level of its own, have one slope, by the F test; NaN if there is nothing to test."""
    names = {name: place for place, name in enumerate(dict.fromkeys(groups))}
    member = np.eye(len(names))[[names[name] for name in groups]]
    apart = np.hstack([member, member * x[:, None]])
    freedom = len(y) - apart.shape[1]
    if len(names) < 2 or freedom < 1 or np.linalg.matrix_rank(apart) < apart.shape[1]:
        return float("nan")
    together = np.column_stack([member, x])
    left, right = (float(np.sum((y - part @ np.linalg.lstsq(part, y, rcond=None)[0]) ** 2)) for part in (together, apart))
    if right <= 1e-24 * max(left, 1e-300):
        return float("nan") if left <= 1e-24 else 0.0
    return float(scipy.stats.f.sf((left - right) / (len(names) - 1) / (right / freedom), len(names) - 1, freedom))
