"""Threshold search: q*(n) of a series by a few trainings at each n, from small n to large.

At one n the largest q that is certified not to reach the target is the first lower end. Every training of a q above it moves an
end: q_high if it reached the target, q_low if none of its restarts did. The next q follows from an estimate of q*,

    without trainings   the power law through the last two n, slope in [0, 1], or q ~ n^(1/2) from one n; at the first n what the
                        parameters need (`operators.bounds.effective_parameters`), a guess and no bound
    with trainings      where the line of margin against ln q through the two nearest trainings crosses 0, slope in SLOPES; the
                        margin is ln(absorbed / rho), or ln(tau / error)

and is the one whose answer would end the search if the estimate is right: a factor sqrt(tolerance) above it, then the least q
within the tolerance of q_high. After PATIENCE trainings between two ends their geometric mean is tried, so a search ends by
bisection whatever the margins say.

A q that missed is no bound: it says what this optimiser found.
"""

import math
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field

from bench.cell import Cell
from bench.threshold_series import Shape, ThresholdSeries
from operators.bounds import effective_parameters

SLOPES = (0.5, 4.0)
USUAL_SLOPE = 1.5
GROWTH = 0.5
PATIENCE = 4


@dataclass
class Located:
    """One threshold as far as it is located: q_low < q* <= q_high of this optimiser.

    Attributes:
        shape: (N, M).
        low: the largest q certified or not found below q_high.
        high: the smallest q that reached the target.
        margins: of each q tried, the best over restarts; >= 0 where the target was reached.
        count: trainings.
        finished: whether the ends met the tolerance.
    """

    shape: Shape
    low: int
    high: int | None = None
    margins: dict[int, float] = field(default_factory=dict)
    count: int = 0
    finished: bool = False

    def estimate(self) -> float | None:
        """Where the margins cross 0; None where nothing was tried."""
        return crossing(self.margins)


def search(series: ThresholdSeries, certified: Callable[[Shape], int], found: list[Located]) -> Generator[Cell, float, None]:
    """Yield cells to train, receive the margin of each; append to `found` one entry per n, which is kept up to date.

    The search of a series ends at the first n where no q up to the largest, or within the budget, reaches the target.

    Args:
        series: what is asked.
        certified: the largest q certified not to reach the target on data of a shape.
        found: where the thresholds go.
    """
    for shape in series.shapes:
        guess = predicted(found, shape) or _by_parameters(series, shape)
        found.append(Located(shape, certified(shape)))
        yield from _locate(series, found[-1], guess)
        if found[-1].high is None:
            return


def _locate(series: ThresholdSeries, threshold: Located, guess: float) -> Generator[Cell, float, None]:
    """Move the ends of one threshold until they meet the tolerance or the budget is out."""
    since = 0
    while not closed(threshold.low, threshold.high, series.tolerance):
        if threshold.high is None and threshold.low >= series.largest_q:
            return
        q = min(_next_q(threshold, guess, series.tolerance, halving=since >= PATIENCE), series.largest_q)
        best = -math.inf
        for restart in range(series.restarts):
            if threshold.count >= series.trainings:
                return
            threshold.count += 1
            best = max(best, (yield series.cell(threshold.shape, q, restart)))
            if best >= 0.0:
                break
        threshold.margins[q] = best
        threshold.low, threshold.high = (threshold.low, q) if best >= 0.0 else (q, threshold.high)
        since += threshold.high is not None
    threshold.finished = True


def closed(low: int, high: int | None, tolerance: float) -> bool:
    """Whether two ends are consecutive, or within the tolerance."""
    return high is not None and (high - low <= 1 or high <= tolerance * low)


def predicted(found: list[Located], shape: Shape) -> float | None:
    """q* at a larger n from the thresholds so far; None if there are none."""
    known = [(math.log(one.shape[0] * one.shape[1]), one.estimate() or one.high) for one in found if one.high is not None]
    if not known:
        return None
    x, (last_x, last) = math.log(shape[0] * shape[1]), known[-1]
    assert last is not None
    slope = GROWTH
    if len(known) > 1:
        before_x, before = known[-2]
        assert before is not None
        slope = min(max(math.log(last / before) / (last_x - before_x), 0.0), 1.0)
    return float(last * math.exp(slope * (x - last_x)))


def crossing(margins: Mapping[int, float]) -> float | None:
    """Where the line through the two trainings nearest to the target, in ln q, crosses margin 0; None without trainings."""
    tried = sorted((q, margin) for q, margin in margins.items() if math.isfinite(margin))
    if not tried:
        return 1.5 * max(margins) if margins else None
    below, above = [one for one in tried if one[1] < 0.0], [one for one in tried if one[1] >= 0.0]
    pair = (below[-1], above[0]) if below and above else tuple(above[:2] if above else below[-2:])
    (q, margin), slope = min(pair, key=lambda one: abs(one[1])), USUAL_SLOPE
    if len(pair) == 2 and pair[0][0] != pair[1][0]:
        slope = (pair[1][1] - pair[0][1]) / math.log(pair[1][0] / pair[0][0])
    return q * math.exp(-margin / min(max(slope, SLOPES[0]), SLOPES[1]))


def _next_q(threshold: Located, guess: float, tolerance: float, *, halving: bool) -> int:
    """The q to try."""
    low, high = threshold.low, threshold.high
    least, most = low + 1, 2 * max(low, *threshold.margins, 0) + 2 if high is None else high - 1
    if not threshold.margins:
        most = max(most, math.ceil(guess * tolerance))
    estimate = threshold.estimate() or guess
    if halving and high is not None:
        wanted = round(math.sqrt(max(low, 1) * high))
    elif high is not None and high <= estimate * tolerance:
        wanted = math.ceil(high / tolerance)
    elif estimate <= low * tolerance:
        wanted = math.floor(low * tolerance)
    else:
        wanted = math.ceil(estimate * math.sqrt(tolerance))
        if high is not None and wanted >= high:
            wanted = math.floor(estimate / math.sqrt(tolerance))
    return min(max(wanted, least), most)


def _by_parameters(series: ThresholdSeries, shape: Shape) -> float:
    """The least q whose effective parameters absorb the target by the heuristic; 1 for clean targets."""
    if series.target.kind != "absorb":
        return 1.0
    needed = effective_parameters.needed_parameters(shape[0] * shape[1], series.target.value)

    def enough(q: int) -> bool:
        return series.cell(shape, q, 0).deeponet().effective_parameter_count() >= needed

    low, high = 0, 1
    while high < series.largest_q and not enough(high):
        low, high = high, min(2 * high, series.largest_q)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return float(high)
