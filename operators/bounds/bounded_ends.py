"""Sigmoid ends: whatever its widths and weights, a net spans no more than q scales of its labels.

h = mean + scale (b0 + sum_k b_k t_k), all b_k, t_k in (0, 1), lies in mean + scale (b0, b0 + q). So on any design, grid or not,

    mean (h - y)^2 >= scale^2 min over b0 of mean dist(v, [b0, b0 + q])^2,    v = (y - mean) / scale,

a convex function of b0, which does not increase with q. Deterministic; derived here. It knows nothing of the order of the labels,
and the floor of rank q nothing of signs: both hold.
"""

import math

import numpy as np

from operators.arrays import Array
from operators.bounds.bound import Answer, Bound, at_least_error, at_least_q
from operators.bounds.setting import Setting, known, smallest_q

HALVINGS = 80
OTHER_ENDS = "speaks of sigmoid ends"


def least_error(values: Array, q: int) -> float:
    """Min over b0 of mean dist(v, [b0, b0 + q])^2, rounded towards 0."""
    low, high = float(values.min()), max(float(values.max()) - q, float(values.min()))

    def missed(b0: float) -> tuple[float, float]:
        """The mean of the squares and its derivative."""
        below, above = np.maximum(b0 - values, 0.0), np.maximum(values - b0 - q, 0.0)
        return float(np.mean(below**2 + above**2)), 2.0 * float(np.mean(below - above))

    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if missed(middle)[1] < 0.0 else (low, middle)
    value, slope = missed(low)
    return max(0.0, (value - abs(slope) * (high - low)) * (1.0 - 1e-12))


def least_q(values: Array, allowed: float) -> int:
    """The least q whose error may be at most `allowed`, in the units of the values squared."""
    return int(smallest_q(lambda q: least_error(values, q) <= allowed))


def _least_size(setting: Setting, target: float) -> Answer:
    allowed = target**2 * setting.label_energy / setting.label_scale**2
    q = setting.smallest_q(lambda net: net.ends != "sigmoid" or least_error(known(setting.labels), net.q) <= allowed)
    return at_least_q(q, least=setting.least_q, note="" if setting.size(setting.least_q).ends == "sigmoid" else OTHER_ENDS)


def _best_target(setting: Setting, q: int) -> Answer:
    if setting.size(q).ends != "sigmoid":
        return at_least_error(0.0, note=OTHER_ENDS)
    error = least_error(known(setting.labels), q) * setting.label_scale**2
    return at_least_error(math.sqrt(error / setting.label_energy) if error > 0.0 else 0.0)


BOUND = Bound(
    name="bounded-ends",
    title="training error >= what of the labels lies outside of q scales: sigmoid ends, any design",
    status="certified",
    citation="derived in docs/theory.md",
    hypotheses=("sigmoid ends", "h = mean + scale (b0 + <b(u), t(y)>), one mean and one scale"),
    target="relative",
    probability=None,
    assumptions=frozenset(),
    needs=frozenset({"labels"}),
    least_size=_least_size,
    best_target=_best_target,
)
