"""Adam as Keras computes it (Kingma and Ba, arXiv 1412.6980, section 2, with epsilon outside the bias correction).

    m <- m + (1 - beta_1)(g - m),   v <- v + (1 - beta_2)(g^2 - v),   theta <- theta - alpha_t m / (sqrt(v) + epsilon)
    alpha_t = r_t sqrt(1 - beta_2^(t+1)) / (1 - beta_1^(t+1)),   t = 0, 1, ...

beta = (0.9, 0.999), epsilon = 1e-8. alpha_t is formed in float32, as Keras does.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from bench.cell import Training
from bench.engines.descent.networks.network import Tensor
from bench.engines.learning_rates import learning_rates

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8

State = tuple[Tensor, ...]


@dataclass(frozen=True)
class Adam:
    """Adam on theta, made of matrices of these shapes; the state is (m, v).

    Attributes:
        shapes: (fan in + 1, fan out) of each matrix.
        chunk: no number of steps per call is prescribed.
        fine: the loss need not be resolved far below its first value.
    """

    shapes: tuple[tuple[int, int], ...]
    chunk: ClassVar[int | None] = None
    fine: ClassVar[bool] = False

    def start(self) -> State:
        """Averages m = v = 0."""
        size = sum(a * b for a, b in self.shapes)
        return (tf.zeros(size), tf.zeros(size))

    def coefficients(self, training: Training, steps: int, first: int, *, count: int) -> NDArray[np.float32]:
        """alpha_t of the steps first, ..., first + count - 1: (count, 1)."""
        rates = learning_rates(training, steps, first, count=count).astype(np.float32)
        power = np.arange(first + 1, first + count + 1, dtype=np.float32)
        one = np.float32(1.0)
        return (rates * np.sqrt(one - np.float32(BETA_2) ** power) / (one - np.float32(BETA_1) ** power))[:, None]

    def opened(self, state: State) -> State:
        """The state as the loop carries it."""
        return state

    def closed(self, state: State) -> State:
        """The state as it leaves the program."""
        return state

    def step(self, theta: Tensor, gradient: Tensor, state: State, *, coefficients: Tensor) -> tuple[Tensor, State]:
        """One step."""
        m, v = state
        m = m + (gradient - m) * (1.0 - BETA_1)
        v = v + (tf.square(gradient) - v) * (1.0 - BETA_2)
        return theta - coefficients[0] * m / (tf.sqrt(v) + EPSILON), (m, v)

    def between_chunks(self, state: State, step: int) -> State:
        """Nothing is done between chunks."""
        return state
