"""Floors of a grid data set: no net whose output matrix has rank <= q comes closer to the labels.

On N functions and M common points a DeepONet with output dimension q predicts H = B T^T with rank H <= q, so that with
tail_r(Y) = sum_{k > r} s_k(Y)^2 (Eckart and Young 1936, doi:10.1007/BF02288367)

    mean squared error >= tail_q(Y) / (N M),     attained by the truncated SVD.

What the model adds to B T^T, its offset, decides the variant (divide by N M):

    none            tail_q(Y)
    scalar          a trained scalar bias c: min over c of tail_q(Y - c 1 1^T), see `operators.bounds.lemmas.offset`;
                    at least max{tail_q of Y with rows centred, of Y with columns centred, tail_{q+1}(Y)}
    mean-function   a trained function of the point, the same for all inputs: tail_q of Y with columns centred (for a given
                    low-rank part the best mean is the column mean of the rest; P = I - 1 1^T / N does not raise a rank)
    input-function  a trained function of the input, times the scale s of each point: tail_q of Y (I - s s^T / |s|^2), alike

Features of linear ends. A branch whose end is linear on w features has B = [Phi, 1] A, so that what it makes of the constant
is an offset 1 nu^T, whatever the trunk: w >= r_c, the least rank whose mean-function floor allows the error, for any q,
depth, activation and scale. A trunk whose end is linear on v features likewise leaves nu s^T, mu subtracted, and v >= r_c',
the least rank of the input-function floor. r - 1 <= r_c, r_c' <= r for the scalar rank r. The features without hidden layers
are the inputs.

A mean mu fixed in advance is subtracted first. A pointwise scale s keeps the rank of B T^T and turns the scalar offset c 1 1^T
into c 1 s^T. Separable weights a_i w_j multiply rows by sqrt(a_i) and columns by sqrt(w_j): again no rank is changed and the
offset becomes c sqrt(a) (sqrt(w) s)^T, of rank one. A fixed mask m > 0 is such a scale.

q is the rank the net can reach, `DeepONet.output_rank`: min(q, w_b + 1, w_t + 1) for linear ends on w_b, w_t features
(last hidden widths; m and p without hidden layers).
tail_q(Y) >= scalar >= mean-function >= tail_{q+1}(Y); all non-increasing in q.

Relative errors, with |.| over the points of one function: the global |Y - H| / |Y|; the root mean square over functions of
e_i = |y_i - h_i| / |y_i| (weights 1 / |y_i|^2, attained); and the mean of e_i, for which sqrt(tail / N) is no lower bound
but tail_r / N is, r = q plus one for an offset: the span of rows and offset offers e_i <= 1, and then e_i >= e_i^2.

No floor exists when each function has points of its own: with b = 1 and t(x_i) = y_i, q = 1 interpolates. Nor for a nonlinear
output transform or a trunk that depends on the input function.

Rounding: a computed tail belongs to a matrix within `allowance` of Y, so sqrt(tail) is off by at most `allowance`; the lower
values below subtract it. From a Gram matrix tails below 1e-12 |Y|^2 mean nothing, and `resolved` says so.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from operators.arrays import Array
from operators.bounds.bound import Answer, Bound, at_least_error, at_least_q
from operators.bounds.lemmas.offset import offset_tails
from operators.bounds.lemmas.singular_values import Method, tails
from operators.bounds.setting import Setting
from operators.errors import UserError
from operators.magnitude import HARMLESS, LARGEST_EXPONENT, exponent, row_norms, squares_fit, times_power

Offset = Literal["none", "scalar", "mean-function", "input-function"]
RelativeError = Literal["global", "rms", "mean"]
HARMLESS_WEIGHTS = 60
NO_ENERGY = "needs the mean square of these labels"


@dataclass(frozen=True, eq=False)
class Floors:
    """Bounds on the least mean squared error for each rank q = 0..min(N, M).

    Attributes:
        lower: certified: no model of this rank and offset is closer to the labels.
        upper: attained, or approached as closely as one likes.
        resolved: where rounding takes less than a hundredth.
    """

    lower: Array
    upper: Array
    resolved: NDArray[np.bool_]

    def at(self, q: int) -> float:
        """The certified floor for rank q; 0 beyond min(N, M)."""
        return float(self.lower[q]) if q < len(self.lower) else 0.0

    def least_rank(self, mean_squared_error: float) -> int:
        """The least q whose certified floor does not exceed the error: no smaller q can reach it."""
        return int(np.argmax(self.lower <= mean_squared_error))


@dataclass(frozen=True, eq=False)
class Weighting:
    """Separable weights a_i w_j > 0 of the squared error; floors are weighted means.

    Attributes:
        rows: a, (N,).
        columns: w, (M,).
    """

    rows: Array
    columns: Array


def floors(
    labels: Array,
    offset: Offset = "scalar",
    *,
    mean: Array | float = 0.0,
    scale: Array | float = 1.0,
    weighting: Weighting | None = None,
    method: Method = "svd",
) -> Floors:
    """Floors of mean + scale * (B T^T + offset) against labels (N, M), for all q at once.

    Args:
        labels: Y, (N, M).
        offset: what the model adds to B T^T.
        mean: mu, a scalar or (M,), fixed in advance.
        scale: s > 0, a scalar or (M,).
        weighting: weights of the squared error; equal by default.
        method: `gram` for large matrices without scalar offset.

    Raises:
        UserError: not a finite matrix, weights or scales that are not positive, `gram` with a scalar offset, or labels whose
            mean squares float64 cannot hold.
    """
    rows, columns, scales = _checked(labels, scale, weighting)
    if not squares_fit(labels, mean):
        largest = max(float(np.max(np.abs(values))) for values in (labels, mean))
        raise UserError(
            f"expected labels between 2^-{LARGEST_EXPONENT} and 2^{LARGEST_EXPONENT} (about 1e-144 and 1e144), whose mean squares"
            f" float64 can hold, got a largest entry of {largest:.3g}; divide labels, mean and scale by it, or ask for relative"
            " floors"
        )
    power = exponent(labels, mean)
    labels, mean = times_power(labels, -power), times_power(np.asarray(mean, dtype=np.float64), -power)
    rows, columns = (times_power(weights, -exponent(weights, harmless=HARMLESS_WEIGHTS)) for weights in (rows, columns))
    roots = np.sqrt(rows), np.sqrt(columns)
    weighted = roots[0][:, None] * (labels - mean) * roots[1]
    total, energy = float(rows.sum() * columns.sum()), float(rows @ labels**2 @ columns)
    if offset == "scalar":
        if method == "gram":
            raise UserError(
                "expected the method 'svd' for a scalar offset, got 'gram'; it cannot resolve the search over the offset"
            )
        found = offset_tails(weighted, roots[0], roots[1] * times_power(scales, -exponent(scales)))
    elif offset == "mean-function":
        direction = roots[0] / np.linalg.norm(roots[0])
        found = tails(weighted - np.outer(direction, direction @ weighted), method, energy=energy)
    elif offset == "input-function":
        direction = roots[1] * times_power(scales, -exponent(scales))
        direction = direction / np.linalg.norm(direction)
        found = tails(weighted - np.outer(weighted @ direction, direction), method, energy=energy)
    else:
        found = tails(weighted, method, energy=energy)
    lower, upper = (times_power(values / total, 2 * power) for values in (found.lower, found.upper))
    return Floors(lower, upper, found.resolved)


def _checked(labels: Array, scale: Array | float, weighting: Weighting | None) -> tuple[Array, Array, Array]:
    """Row weights, column weights and scales, as arrays."""
    if labels.ndim != 2 or labels.size == 0 or not np.isfinite(labels).all():
        raise UserError(f"expected a finite matrix of labels, functions by points, got shape {labels.shape}")
    functions, points = labels.shape
    rows = np.ones(functions) if weighting is None else weighting.rows
    columns = np.ones(points) if weighting is None else weighting.columns
    scales = np.broadcast_to(np.asarray(scale, dtype=np.float64), (points,))
    for name, values, length in (
        ("row weights", rows, functions),
        ("column weights", columns, points),
        ("scales", scales, points),
    ):
        if values.shape != (length,) or not np.all((values > 0.0) & np.isfinite(values)):
            raise UserError(f"expected {length} positive {name}, got shape {values.shape} with least value {np.min(values):g}")
    return rows, columns, scales


def floors_of_deeponet(labels: Array, mean: Array | float, scale: Array | float) -> Array:
    """Certified floors, q = 0..min(N, M), of h = mean + scale (<b, t> + b0) with a trained scalar b0, on a grid.

    The class of `operators.data.normalisation.predict`; q is `DeepONet.output_rank`. `mean` and `scale` are scalars or one per
    point.
    """
    return floors(labels, "scalar", mean=mean, scale=scale).lower


def floors_of_features(labels: Array, mean: Array | float, scale: Array | float) -> tuple[Array, Array]:
    """Certified floors by the number of features, 0..min(N, M), of a linear branch end and of a linear trunk end, on a grid.

    Of h = mean + scale (<b, t> + b0) as in `floors_of_deeponet`, for any q.
    """
    return floors(labels, "mean-function").lower, floors(labels, "input-function", mean=mean, scale=scale).lower


def relative_floors(
    labels: Array, error: RelativeError = "global", offset: Offset = "scalar", *, mean: Array | float = 0.0
) -> Floors:
    """Floors of the relative L2 training error, not squared, for q = 0..min(N, M).

    Functions that vanish have no relative error: they count in `global` and are left out of `rms` and `mean`.

    Raises:
        UserError: labels that all vanish, or that differ so much in size that no common scale serves.
    """
    if labels.ndim == 2 and np.isfinite(labels).all():
        power = exponent(labels)
        labels, mean = times_power(labels, -power), times_power(np.asarray(mean, dtype=np.float64), -power)
    if error != "global":
        _require_comparable(labels)
    norms = row_norms(labels)
    kept = norms > 0.0
    if not kept.any():
        raise UserError("expected labels that do not all vanish; relative errors are undefined")
    if error == "global":
        found = floors(labels, offset, mean=mean)
        factor = 1.0 / np.mean(labels**2)
        return Floors(np.sqrt(found.lower * factor), np.sqrt(found.upper * factor), found.resolved)
    weighting = Weighting(1.0 / norms[kept] ** 2, np.ones(labels.shape[1]))
    factor = float(np.sum(weighting.rows)) * labels.shape[1] / np.count_nonzero(kept)
    found = floors(labels[kept], offset, mean=mean, weighting=weighting)
    rms = Floors(np.sqrt(found.lower * factor), np.sqrt(found.upper * factor), found.resolved)
    if error == "rms":
        return rms
    extra = int(offset in ("scalar", "input-function")) + int(
        offset == "mean-function" or bool(np.ptp(mean) > 0.0 or (offset == "none" and np.any(mean)))
    )
    plain = floors(labels[kept], "none", weighting=weighting)
    size = len(rms.lower)
    lower, resolved = np.zeros(size), np.ones(size, dtype=bool)
    if extra < size:
        lower[: size - extra], resolved[: size - extra] = plain.lower[extra:] * factor, plain.resolved[extra:]
    return Floors(lower, rms.upper, resolved)


def _require_comparable(labels: Array) -> None:
    """Raise UserError where the squares of some functions vanish beside those of others."""
    peaks = np.max(np.abs(labels), axis=1, initial=0.0)
    small = np.flatnonzero((peaks > 0.0) & (peaks < peaks.max() * 2.0**-HARMLESS))
    if small.size:
        raise UserError(
            f"expected functions that vanish or are at least 2^-{HARMLESS} (about 1e-120) of the largest, got function"
            f" {small[0]} (counted from 0) of {peaks[small[0]] / peaks.max():.3g}; leave it out, or ask for the global error"
        )


def _least_size(setting: Setting, target: float) -> Answer:
    if setting.label_energy == 0.0:
        return at_least_q(setting.least_q, least=setting.least_q, note=NO_ENERGY)
    rank = setting.least_rank(target**2 * setting.label_energy)
    q = setting.smallest_q(lambda net: net.rank_limit() >= rank)
    return at_least_q(q, least=setting.least_q, note=f"rank >= {rank} with a scalar bias")


def _best_target(setting: Setting, q: int) -> Answer:
    floor = setting.floor(setting.size(q))
    if setting.label_energy == 0.0:
        return at_least_error(0.0, note=NO_ENERGY)
    return at_least_error(float(np.sqrt(floor / setting.label_energy)))


BOUND = Bound(
    name="eckart-young",
    title="training error >= tail_q(labels) on a grid, exactly; here with a trained scalar bias",
    status="certified",
    citation="Eckart and Young 1936, doi:10.1007/BF02288367; variants with offsets derived in docs/theory.md",
    hypotheses=("grid design: all functions share the query points", "h = offset + <b(u), t(y)> with q_eff products"),
    target="relative",
    probability=None,
    assumptions=frozenset(),
    needs=frozenset({"floors"}),
    least_size=_least_size,
    best_target=_best_target,
)
