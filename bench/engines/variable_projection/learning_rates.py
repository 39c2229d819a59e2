"""Learning rates, one a step; a schedule is a function of the step count alone, so that bits repeat."""

import math
from collections.abc import Iterator

WARM_UP = 0.02
FIRST_CYCLE = 200
GROWTH = 2


def cosine(peak: float, steps: int) -> Iterator[float]:
    """Linear warm-up over the first 2 % of the steps, then half a cosine from the peak down to 0."""
    warm = max(1, round(WARM_UP * steps))
    for step in range(steps):
        if step < warm:
            yield peak * (step + 1) / warm
        else:
            yield peak * 0.5 * (1.0 + math.cos(math.pi * (step - warm) / (steps - warm)))


def cycles(peak: float, steps: int) -> Iterator[float]:
    """Cosines of 200, 400, 800, ... steps; the last one ends with the budget, at least half as long as the one before it."""
    length, left = FIRST_CYCLE, steps
    while left >= 1.5 * length:
        yield from cosine(peak, length)
        left -= length
        length *= GROWTH
    yield from cosine(peak, left)
