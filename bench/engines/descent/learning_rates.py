"""Learning rates r_t of steps t = 0, 1, ..., as in Keras' schedules, over a budget of T steps.

constant       r                                   inverse-time   r / (1 + factor t / every)
cosine         r (1 + cos(pi t / T)) / 2           step           r factor^floor(t / every)
"""

import numpy as np
from numpy.typing import NDArray

from bench.cell import Training


def learning_rates(training: Training, steps: int, first: int, *, count: int) -> NDArray[np.float64]:
    """The rates of the steps first, ..., first + count - 1 of a budget of `steps`."""
    t = np.arange(first, first + count, dtype=np.float64)
    if training.decay == "cosine":
        decay = 0.5 * (1.0 + np.cos(np.pi * np.minimum(t / max(steps, 1), 1.0)))
    elif training.decay == "inverse-time":
        decay = 1.0 / (1.0 + training.decay_rate * t / training.decay_steps)
    elif training.decay == "step":
        decay = training.decay_rate ** np.floor(t / training.decay_steps)
    else:
        decay = np.ones(count)
    return training.learning_rate * decay


def warm_up(steps: int, first: int, *, count: int, share: float) -> NDArray[np.float64]:
    """Factors that rise linearly to 1 over the first `share` of the budget."""
    length = max(1, round(share * steps))
    return np.minimum(1.0, (np.arange(first, first + count) + 1.0) / length)
