"""SOAP (`bench.engines.soap`) for the matrices [W; c] of theta, in float32: steps in the program, refreshes between its calls.

XLA's QR on CPU takes several times as long as LAPACK's and compiles anew for each size; so a call is REFRESH steps long, and
NumPy refreshes between two of them.

In the eigenvectors of the first gradient alone, as the paper starts, G' is diagonal up to rounding, and the division by sqrt(V)
makes a full step of every rounding error: the first refresh waits for REFRESH gradients. In float32 rounding makes V of what
should be 0 some 1e-14 of the largest; an epsilon above that would hold back small components, so epsilon only avoids 0 / 0.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from bench.cell import Training
from bench.engines.descent.networks.network import Tensor
from bench.engines.learning_rates import learning_rates, warm_up
from bench.engines.soap import (
    BETA_1,
    BETA_2,
    NUMPY,
    REFRESH,
    ArrayLibrary,
    Sides,
    SoapRule,
    averaged,
    into_basis,
    moments,
    out_of_basis,
    refreshed,
    turn,
)

RULE = SoapRule(from_first_gradient=False, epsilon=1e-30, relative=False, longest_side=512)
TENSORFLOW = ArrayLibrary(
    inner=partial(tf.matmul, transpose_a=True),
    outer=partial(tf.matmul, transpose_b=True),
    square=tf.square,
    sqrt=tf.sqrt,
    largest=tf.reduce_max,
)

State = tuple[Tensor, ...]
Float32 = NDArray[np.float32]


@dataclass(frozen=True)
class Soap:
    """SOAP on matrices of these shapes; the state between calls is (averages, bases, M, V), each one flat vector.

    Averages and bases hold, for each matrix, the square matrices of its turned sides, left before right.

    Attributes:
        shapes: (fan in + 1, fan out) of each matrix.
        chunk: steps between two refreshes, which a call takes.
        fine: SOAP comes near the floor, so the loss must be resolved there.
    """

    shapes: tuple[tuple[int, int], ...]
    chunk: ClassVar[int | None] = REFRESH
    fine: ClassVar[bool] = True

    @property
    def sides(self) -> list[int]:
        """Sizes of the turned sides of all matrices in order."""
        return [side for shape in self.shapes for side in shape if RULE.turns(side)]

    def start(self) -> State:
        """Averages, M and V are zero, the bases the identity."""
        size = sum(a * b for a, b in self.shapes)
        identity = np.concatenate([np.eye(side, dtype=np.float32).ravel() for side in self.sides])
        return (tf.zeros(len(identity)), tf.constant(identity), tf.zeros(size), tf.zeros(size))

    def coefficients(self, training: Training, steps: int, first: int, *, count: int) -> Float32:
        """(count, 2): the rate over the bias correction of M, and the bias correction of V."""
        rates = learning_rates(training, steps, first, count=count) * warm_up(steps, first, count=count)
        power = np.arange(first + 1, first + count + 1, dtype=np.float64)
        return np.stack([rates / (1.0 - BETA_1**power), 1.0 / (1.0 - BETA_2**power)], axis=1).astype(np.float32)

    def opened(self, state: State) -> tuple[tuple[Tensor, ...], ...]:
        """The state as the loop carries it: averages, bases, M and V as matrices."""
        squares = [(side, side) for side in self.sides]
        return tuple(
            _split(flat, shapes) for flat, shapes in zip(state, (squares, squares, self.shapes, self.shapes), strict=True)
        )

    def closed(self, state: tuple[tuple[Tensor, ...], ...]) -> State:
        """The state as it leaves the program."""
        return tuple(_joined(matrices) for matrices in state)

    def step(
        self, theta: Tensor, gradient: Tensor, state: tuple[tuple[Tensor, ...], ...], *, coefficients: Tensor
    ) -> tuple[Tensor, tuple[tuple[Tensor, ...], ...]]:
        """One step."""
        averages, bases = iter(state[0]), iter(state[1])
        new_averages: list[Tensor] = []
        momenta, seconds, changes = [], [], []
        for shape, g, m, v in zip(self.shapes, _split(gradient, self.shapes), state[2], state[3], strict=True):
            sides = _sides(bases, shape)
            new_averages.extend(_turned(averaged(_sides(averages, shape), g, TENSORFLOW)))
            m, v = moments(m, v, into_basis(g, sides, TENSORFLOW), TENSORFLOW)
            direction = coefficients[0] * m / RULE.root(coefficients[1] * v, TENSORFLOW)
            momenta.append(m)
            seconds.append(v)
            changes.append(out_of_basis(direction, sides, TENSORFLOW))
        return theta - _joined(changes), (tuple(new_averages), state[1], tuple(momenta), tuple(seconds))

    def between_chunks(self, state: State, step: int) -> State:
        """Turn the bases, after REFRESH, 2 REFRESH, ... steps; not if the training has diverged."""
        if not np.isfinite(state[0].numpy()).all():
            return state
        squares = [(side, side) for side in self.sides]
        averages, bases = (iter(_pieces(part.numpy(), squares)) for part in state[:2])
        fresh: list[Float32] = []
        momenta: list[Float32] = []
        for shape, m in zip(self.shapes, _pieces(state[2].numpy(), self.shapes), strict=True):
            old = _sides(bases, shape)
            new = refreshed(_sides(averages, shape), old, first=step == REFRESH)
            fresh.extend(_turned(new))
            momenta.append(out_of_basis(m, (turn(old[0], new[0]), turn(old[1], new[1])), NUMPY))
        return (state[0], tf.constant(_flat(fresh)), tf.constant(_flat(momenta)), state[3])


def _sides(matrices: Iterator[Any], shape: tuple[int, int]) -> Sides:
    """The next matrices of the turned sides of a shape."""
    left, right = (next(matrices) if RULE.turns(side) else None for side in shape)
    return left, right


def _turned(sides: Sides) -> list[Any]:
    """The matrices of the turned sides."""
    return [matrix for matrix in sides if matrix is not None]


def _split(flat: Tensor, shapes: Sequence[tuple[int, int]]) -> tuple[Tensor, ...]:
    pieces = tf.split(flat, [a * b for a, b in shapes])
    return tuple(tf.reshape(piece, shape) for piece, shape in zip(pieces, shapes, strict=True))


def _joined(matrices: Sequence[Tensor]) -> Tensor:
    return tf.concat([tf.reshape(matrix, [-1]) for matrix in matrices], axis=0)


def _pieces(flat: Float32, shapes: Sequence[tuple[int, int]]) -> list[Float32]:
    ends = np.cumsum([a * b for a, b in shapes])
    return [piece.reshape(shape) for piece, shape in zip(np.split(flat, ends[:-1]), shapes, strict=True)]


def _flat(matrices: Sequence[Float32]) -> Float32:
    return np.concatenate([matrix.ravel() for matrix in matrices])
