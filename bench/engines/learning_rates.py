"""Learning rates r_t of steps t = 0, 1, ... of a budget of T steps, for every engine.

    constant       r                                   inverse-time   r / (1 + factor t / every)
    cosine         r (1 + cos(pi t / T)) / 2           step           r factor^floor(t / every)

    warm-up        factors (t + 1) / w up to 1 over the first w = max(1, WARM_UP T) steps
    warmed cosine  r (t + 1) / w over the first w steps, then half a cosine from r to 0 over the other T - w
    cycles         warmed cosines of FIRST_CYCLE, GROWTH FIRST_CYCLE, GROWTH^2 FIRST_CYCLE, ... steps; the last one ends with the
                   budget, at least half as long as the one before it

A rate depends on t and T alone, so that bits repeat. The descent loop takes tables, DeepXDE Keras' own objects of the first four
(in float32), and variable projection, which may end early, iterators.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.cell import Training

WARM_UP = 0.02
FIRST_CYCLE = 200
GROWTH = 2

Rates = NDArray[np.float64]


def learning_rates(training: Training, steps: int, first: int, *, count: int) -> Rates:
    """The rates of the steps first, ..., first + count - 1 of a budget of `steps`."""
    t = np.arange(first, first + count, dtype=np.float64)
    if training.decay == "cosine":
        decay = _half_cosine(np.pi * np.minimum(t / max(steps, 1), 1.0))
    elif training.decay == "inverse-time":
        decay = 1.0 / (1.0 + training.decay_rate * t / training.decay_steps)
    elif training.decay == "step":
        decay = training.decay_rate ** np.floor(t / training.decay_steps)
    else:
        decay = np.ones(count)
    return training.learning_rate * decay


def keras_schedule(schedules: Any, training: Training, steps: int) -> Any:
    """The same rates as `schedules` = `tf.keras.optimizers.schedules` computes them: a schedule of the step, or a constant."""
    rate, every, factor = training.learning_rate, training.decay_steps, training.decay_rate
    if training.decay == "cosine":
        return schedules.CosineDecay(rate, max(steps, 1))
    if training.decay == "inverse-time":
        return schedules.InverseTimeDecay(rate, every, factor)
    if training.decay == "step":
        return schedules.ExponentialDecay(rate, every, factor, staircase=True)
    return rate


def warm_up(steps: int, first: int, *, count: int) -> Rates:
    """The factors of the steps first, ..., first + count - 1 of a budget of `steps`."""
    return np.minimum(1.0, (np.arange(first, first + count) + 1.0) / _warm_up_steps(steps))


def warmed_cosine(peak: float, steps: int) -> Iterator[float]:
    """The rates of a budget of `steps`, one after the other."""
    warm = min(_warm_up_steps(steps), steps)
    rise = peak * np.arange(1, warm + 1) / _warm_up_steps(steps)
    fall = peak * _half_cosine(np.pi * np.arange(steps - warm) / max(steps - warm, 1))
    return iter([*rise.tolist(), *fall.tolist()])


def cosine_cycles(peak: float, steps: int) -> Iterator[float]:
    """The rates of a budget of `steps`, one after the other."""
    length, left = FIRST_CYCLE, steps
    while left >= 1.5 * length:
        yield from warmed_cosine(peak, length)
        left -= length
        length *= GROWTH
    yield from warmed_cosine(peak, left)


def _half_cosine(angle: Rates) -> Rates:
    return 0.5 * (1.0 + np.cos(angle))


def _warm_up_steps(steps: int) -> int:
    return max(1, round(WARM_UP * steps))
