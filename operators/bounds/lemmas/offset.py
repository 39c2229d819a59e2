"""Low-rank approximation with a free multiple of one rank-one matrix: inf over c of tail_q(A - c a b^T), for all q at once.

This is the floor of a net with a trained scalar bias. Rotate so that a and b become multiples of e_1. Then c makes the entry
(1, 1) free, and with A(t) the rotated matrix whose corner is t,

    F_q = inf_t f_q(t),   f_q(t) = tail_q(A(t)),   A(t) = [[t, w^T], [v, B]].

f_q is not convex, but two charts of the projective line give lower bounds with a quadratically small gap:

 1. f_q(t) - t^2 is concave: f_q(t) = min over projectors P of rank N - q of |P A(t)|_F^2, quadratics in t of curvature
    |P e_1|^2 <= 1. So on [t1, t2]  f_q(t) >= chord of f_q - (t - t1)(t2 - t).
 2. Near t = infinity, in s = 1/t. Let psi_q(s) be the least squared distance, corner aside, of A to matrices of rank <= q with
    corner 1/s; these are [[1/s, w'^T], [v', B' + s v' w'^T]] with rank B' <= q - 1, which makes sense at s = 0:
    psi_q(0) = tail_{q-1}(B). Moving s with v', w', B' kept gives quadratics in s of curvature |v'|^2 |w'|^2, and where
    psi_q <= U both |v' - v| and |w' - w| are at most (U - tail_q(B))^(1/2). So psi_q(s) >= min(U, chord - K (s - s1)(s2 - s)).
    Since inf psi_q = F_q and psi_q(s) >= f_q(1/s), the chord may use values of f_q.

Branch and bound over intervals, small q first; every evaluation (one SVD of a small matrix) serves all q. The bounds

    F_q >= max{tail_q((I - a a^T) A), tail_q(A (I - b b^T)), tail_{q+1}(A)}     (a, b of unit length)

prune: the first because I - a a^T kills the offset and raises no rank, the third because the offset is one more rank.

Large matrices are searched through a projection to KEPT directions on each side, e_1 among them: orthogonal projections raise
neither rank nor residual, so F_q of the projected matrix is a lower bound, and plus the energy projected away an upper bound.
Above LARGEST_SEARCHED only the bounds above are used. The infimum may lie at infinity: for q = 1 the limits of c a b^T + H with
rank H <= 1 include all a y^T + x b^T.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from operators.arrays import Array
from operators.bounds.lemmas.singular_values import Tails, is_resolved, less_rounding, singular_values, tail_sums, triangle
from operators.magnitude import exponent, squares_fit, times_power

KEPT = 128
Indices = NDArray[np.int_]

LARGEST_SEARCHED = 1000
WORK = 1e9
MOST_EVALUATIONS = 600
GAP = 1e-6
NEGLIGIBLE = 1e-20
FARTHEST = 1e10


@dataclass(frozen=True, eq=False)
class _Point:
    """f_q at the corner t for all q: less rounding, and as computed. t = inf is the limit."""

    t: float
    lower: Array
    upper: Array


@dataclass(frozen=True, eq=False)
class _Bordered:
    """A(t) without its corner: first row w, first column v and block B; `energy` is what rounding is relative to."""

    matrix: Array
    energy: float
    row: float
    column: float
    block_tails: Array

    def at(self, t: float) -> _Point:
        changed = self.matrix.copy()
        changed[0, 0] = t
        upper = tail_sums(singular_values(changed) ** 2)
        return _Point(t, less_rounding(upper, self.energy + t * t), upper)

    def limit(self) -> _Point:
        """The limit t = infinity: tail_{q-1}(B); no limit for q = 0."""
        upper = np.concatenate([[np.inf], self.block_tails[:-1]])
        return _Point(np.inf, np.concatenate([[np.inf], less_rounding(self.block_tails[:-1], self.energy)]), upper)

    def scale(self, best: Array) -> Array:
        """The square root of the curvature of chart 2 for each q: (|v| + D)(|w| + D), D^2 = best - tail_q(B)."""
        slack = np.sqrt(np.maximum(best - self.block_tails, 0.0))
        return (self.column + slack) * (self.row + slack)


def offset_tails(
    matrix: Array, left: Array, right: Array, *, ranks: Sequence[int] | None = None, evaluations: int | None = None
) -> Tails:
    """Certified lower and approached upper values of inf_c tail_q(matrix - c left right^T), q = 0..min(N, M).

    Args:
        matrix: (N, M).
        left: (N,), not zero.
        right: (M,), not zero.
        ranks: the q on which to spend the evaluations; all by default.
        evaluations: SVDs to spend; by default as many as take about half a second, none above min(N, M) = LARGEST_SEARCHED.

    Raises:
        ValueError: directions that do not fit the matrix, or a matrix whose squares float64 cannot hold.
    """
    if not squares_fit(matrix):
        raise ValueError("expected a matrix whose largest entry lies between 2^-480 and 2^480; scale it first")
    if left.shape != matrix.shape[:1] or right.shape != matrix.shape[1:] or not (left.any() and right.any()):
        raise ValueError(f"expected nonzero directions of shapes {matrix.shape}, got {left.shape} and {right.shape}")
    if matrix.shape[0] < matrix.shape[1]:
        matrix, left, right = matrix.T, right, left
    unit = float(np.max(np.abs(matrix))) or 1.0
    corner, bordered = _bordered(matrix / unit, left, right)
    count = matrix.shape[1]
    focus = np.arange(1, count) if ranks is None else np.array([q for q in ranks if 1 <= q < count], dtype=int)
    if evaluations is None:
        evaluations = int(min(MOST_EVALUATIONS, WORK / min(count, KEPT) ** 3)) if count <= LARGEST_SEARCHED else 0
    points = [bordered.limit(), bordered.at(0.0), bordered.at(corner)]
    lower, upper = _closed_form(bordered, points), np.min([point.upper for point in points], axis=0)
    if evaluations and focus.size:
        small, lost = (bordered, 0.0) if count <= KEPT else _projected(bordered)
        size = len(small.block_tails)
        found, attained = _search(small, corner, lower[:size], focus=focus[focus < size - 1], evaluations=evaluations)
        lower[:size] = np.maximum(lower[:size], found)
        upper[:size] = np.minimum(upper[:size], attained + lost)
    lower[0], upper[0] = points[1].lower[0], points[1].upper[0]
    resolved = is_resolved(less_rounding(upper, bordered.energy), upper)
    return Tails(np.minimum(lower, upper) * unit**2, upper * unit**2, resolved, bordered.energy * unit**2)


def _bordered(matrix: Array, left: Array, right: Array) -> tuple[float, _Bordered]:
    """Rotate the directions to e_1 and compress the rows below the first to a triangle."""
    rotated = _reflected(_reflected(matrix, left).T, right).T
    corner, first, below = float(rotated[0, 0]), rotated[:1], triangle(rotated[1:])
    return corner, _with_tails(np.vstack([first, below]), float(np.sum(matrix**2)))


def _with_tails(matrix: Array, energy: float) -> _Bordered:
    """Set the corner to zero and take the norms and the tails of the block, padded to all q."""
    matrix[0, 0] = 0.0
    block = np.zeros(matrix.shape[1] + 1)
    if matrix[1:, 1:].size:
        tails = tail_sums(singular_values(matrix[1:, 1:]) ** 2)
        block[: len(tails)] = tails
    norms = float(np.linalg.norm(matrix[0])), float(np.linalg.norm(matrix[:, 0]))
    return _Bordered(matrix, energy, *norms, block)


def _projected(bordered: _Bordered) -> tuple[_Bordered, float]:
    """Keep e_1 and the KEPT leading singular directions on each side; also the energy projected away."""
    left, _, right = np.linalg.svd(bordered.matrix, full_matrices=False)
    bases = []
    for directions in (left[:, :KEPT], right[:KEPT].T):
        first = np.zeros((len(directions), 1))
        first[0] = 1.0
        bases.append(np.linalg.qr(np.hstack([first, directions]))[0])
    small = bases[0].T @ bordered.matrix @ bases[1]
    lost = float(np.sum((bordered.matrix - bases[0] @ small @ bases[1].T) ** 2))
    return _with_tails(small, bordered.energy), lost


def _reflected(matrix: Array, direction: Array) -> Array:
    """Apply the Householder reflection that takes the direction to a multiple of e_1, to the rows."""
    direction = times_power(direction, -exponent(direction))
    normal = direction / np.linalg.norm(direction)
    normal[0] += np.copysign(1.0, normal[0])
    normal /= np.linalg.norm(normal)
    return matrix - 2.0 * np.outer(normal, normal @ matrix)


def _closed_form(bordered: _Bordered, points: list[_Point]) -> Array:
    """Max of the tails without the first row, without the first column, and of one rank more."""
    count = len(bordered.block_tails)
    bounds = [np.append(point.lower[1:], 0.0) for point in points[1:]]
    for part in (bordered.matrix[1:], bordered.matrix[:, 1:]):
        padded = np.zeros(count)
        if part.size:
            tails = less_rounding(tail_sums(singular_values(part) ** 2), bordered.energy)[:count]
            padded[: len(tails)] = tails
        bounds.append(padded)
    return np.max(bounds, axis=0)


def _search(bordered: _Bordered, corner: float, closed: Array, *, focus: Indices, evaluations: int) -> tuple[Array, Array]:
    """Branch and bound: lower and upper values for all q."""
    limit, centre = bordered.limit(), bordered.at(0.0)
    best = np.minimum(limit.upper, centre.upper)
    radius = float(np.sqrt(np.median(bordered.scale(best)[focus]))) if focus.size else 0.0
    if radius == 0.0:
        return closed, best
    finite = {0.0: centre} | {t: bordered.at(t) for t in (-radius, radius, corner)}
    best = np.min([limit.upper, *(point.upper for point in finite.values())], axis=0)
    intervals = list(pairwise([limit, *(finite[t] for t in sorted(finite)), limit]))
    lower = np.array([_interval_bound(bordered, *interval, best=best, closed=closed) for interval in intervals])
    for _ in range(evaluations):
        gaps = best - lower.min(axis=0)
        open_ranks = focus[gaps[focus] > np.maximum(GAP * best[focus], NEGLIGIBLE * bordered.energy)]
        if open_ranks.size == 0:
            break
        worst = int(lower[:, open_ranks[0]].argmin())
        first, last = intervals[worst]
        corner = _middle(first.t, last.t, radius)
        if abs(corner) > FARTHEST * radius:  # rounding of so large a matrix would hide what is sought
            focus = focus[focus != open_ranks[0]]
            continue
        middle = bordered.at(corner)
        best = np.minimum(best, middle.upper)
        intervals[worst : worst + 1] = [(first, middle), (middle, last)]
        halves = [_interval_bound(bordered, *half, best=best, closed=closed) for half in intervals[worst : worst + 2]]
        lower = np.concatenate([lower[:worst], halves, lower[worst + 1 :]])
    return np.minimum(lower.min(axis=0), best), best


def _middle(start: float, end: float, radius: float) -> float:
    """Bisect in t within the radius and across 0, in 1/t beyond; (inf, t) stands for (-inf, t)."""
    inner = np.isfinite(start) and np.isfinite(end) and (max(abs(start), abs(end)) <= radius * 1.001 or start * end <= 0.0)
    return (start + end) / 2.0 if inner else 2.0 / (1.0 / start + 1.0 / end)


def _interval_bound(bordered: _Bordered, first: _Point, last: _Point, *, best: Array, closed: Array) -> Array:
    """Lower bound on min(f_q, best) over an interval of the projective line, for all q."""
    bound = closed
    finite = np.isfinite(first.t) and np.isfinite(last.t)
    if finite:
        bound = np.maximum(bound, _below_chord(first.lower, last.lower, length=last.t - first.t, curvature=np.ones_like(best)))
    if first.t != 0.0 and last.t != 0.0 and (first.t * last.t > 0.0 or not finite):
        length = abs(1.0 / first.t - 1.0 / last.t)
        chart = _below_chord(first.lower, last.lower, length=length, curvature=bordered.scale(best) ** 2)
        bound = np.maximum(bound, np.minimum(chart, best))
    return np.minimum(bound, best)


def _below_chord(start: Array, end: Array, *, length: float, curvature: Array) -> Array:
    """Minimum over x in [0, length] of the chord from start to end, less curvature x (length - x)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = (end - start) / length
        x = np.clip((length - slope / curvature) / 2.0, 0.0, length)
        value = start + slope * x - curvature * x * (length - x)
    return np.where(np.isfinite(value), value, 0.0)
