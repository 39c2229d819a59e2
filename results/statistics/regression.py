"""Slopes where the responses at one value of a regressor share an error, as those of one amount of data or one net do.

    y = c_block + b x + u_x + e,    u_x ~ N(0, tau^2) common to all y at one x, e ~ N(0, s^2)

The effects of the G distinct x, freed of those of the blocks by least squares over both, follow b x with independent errors if
every block has every x; b and its Student interval, with G - 2 degrees of freedom, are those of a line through the G effects.
They are exact then, whatever tau is; a block with some x missing makes the errors of the effects unequal and is let pass.

Where the blocks are replicates, whose data at one x are part of those at the next, the slopes of the replicates may differ by
more than e makes them: the mean of the R slopes with Student's interval is exact then, if no u is shared. As neither is known,
the interval of `replicated_slope` is the hull of the two: it covers more often than it says where only e scatters.
"""

from collections.abc import Hashable, Sequence

import numpy as np
import scipy

from operators.arrays import Array
from results.statistics.equivalence import CONFIDENCE, Interval, mean_interval
from results.statistics.interval_censored import NotIdentifiable

FEWEST_VALUES = 3


def shared_slope(x: Array, blocks: Sequence[Hashable], y: Array, *, confidence: float = CONFIDENCE) -> Interval:
    """Slope b with its interval.

    Args:
        x: (K,) abscissae.
        blocks: (K,) what else tells responses apart: a replicate, or another regressor.
        y: (K,) responses.
        confidence: level of the interval.

    Raises:
        NotIdentifiable: fewer than 3 distinct x, or blocks so incomplete that effects of x and of blocks cannot be told apart.
    """
    values, number = np.unique(x, return_inverse=True)
    if len(values) < FEWEST_VALUES:
        raise NotIdentifiable(
            f"{len(values)} distinct values, at least {FEWEST_VALUES} needed: responses at one value share an error"
        )
    names = {block: place for place, block in enumerate(dict.fromkeys(blocks))}
    of_value = np.eye(len(values))[number]
    of_block = np.eye(len(names))[[names[block] for block in blocks]][:, 1:]
    design = np.column_stack([of_value, of_block])
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise NotIdentifiable("too few values in common: their effects cannot be told from those of what else differs")
    effects = np.linalg.lstsq(design, y, rcond=None)[0][: len(values)]
    centred = values - values.mean()
    slope = float(centred @ effects / (centred @ centred))
    deviations = effects - effects.mean() - slope * centred
    freedom = len(values) - 2
    error = (float(deviations @ deviations) / freedom / float(centred @ centred)) ** 0.5
    half = float(scipy.stats.t.ppf(0.5 + confidence / 2.0, freedom)) * error
    return Interval(slope, slope - half, slope + half)


def replicated_slope(x: Array, replicates: Sequence[Hashable], y: Array) -> Interval | None:
    """Mean slope of the replicates that have 3 distinct x or more, with the hull of both intervals; None for too few of them.

    Raises:
        NotIdentifiable: as `shared_slope`.
    """
    shared = shared_slope(x, replicates, y)
    of_replicate = [np.flatnonzero([one == other for other in replicates]) for one in dict.fromkeys(replicates)]
    slopes = [float(np.polyfit(x[rows], y[rows], 1)[0]) for rows in of_replicate if len(np.unique(x[rows])) >= FEWEST_VALUES]
    alone = mean_interval(slopes)
    if alone is None:
        return None
    return Interval(alone.value, min(alone.low, shared.low), max(alone.high, shared.high))
