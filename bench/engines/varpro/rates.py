"""Learning rates as fractions of the peak, one a step; a schedule is a function of the step count alone, so that bits repeat."""

import numpy as np

from operators.task import Array

WARM_UP = 0.02
FIRST_CYCLE = 200
GROWTH = 2


def cosine(steps: int) -> Array:
    """Linear warm-up over the first 2 % of the steps, then half a cosine down to 0."""
    step = np.arange(steps)
    warm = max(1, round(WARM_UP * steps))
    fall = 0.5 * (1.0 + np.cos(np.pi * (step - warm) / max(steps - warm, 1)))
    return np.where(step < warm, (step + 1) / warm, fall)


def cycles(steps: int) -> Array:
    """Cosines of 200, 400, 800, ... steps; the last one ends with the budget, at least half as long as the one before it."""
    lengths: list[int] = []
    length, left = FIRST_CYCLE, steps
    while left >= 1.5 * length:
        lengths.append(length)
        left -= length
        length *= GROWTH
    return np.concatenate([cosine(length) for length in [*lengths, left]])
