"""SOAP: Adam in the eigenbasis of Shampoo's preconditioner (Vyas et al., arXiv 2409.11321), for each matrix [W; c], in float32.

With G_t the gradient of a matrix (a, b), step t = 0, 1, ... is

    L <- beta_2 L + (1 - beta_2) G G^T,   R <- beta_2 R + (1 - beta_2) G^T G
    G' = Q_L^T G Q_R;   M' <- beta_1 M' + (1 - beta_1) G';   V <- beta_2 V + (1 - beta_2) G'^2
    [W; c] <- [W; c] - r_t Q_L (M' / (1 - beta_1^(t+1)) / sqrt(V / (1 - beta_2^(t+1)) + 1e-30)) Q_R^T

beta = (0.9, 0.95). The bases start as the identity; after REFRESH steps they are the eigenvectors of the averages, and after
every further REFRESH steps they follow them by one step of orthogonal iteration, Q_L <- qr(L Q_L). M' is turned into the new
basis; V is kept, as in the paper. (In the eigenvectors of the first gradient alone, as the paper starts, G' is diagonal up to
rounding, and the division by sqrt(V) makes a full step of every rounding error.) A side longer than LONGEST_SIDE stays unturned.

The refresh runs in LAPACK between two calls of the compiled program: XLA's QR on CPU takes several times as long and
compiles anew for each size.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy
import tensorflow as tf
from numpy.typing import NDArray

from bench.cell import Training
from bench.engines.descent.learning_rates import learning_rates, warm_up
from bench.engines.descent.networks.network import Tensor

BETA_1, BETA_2, TINY = 0.9, 0.95, 1e-30
REFRESH = 10
WARM_UP = 0.02
LONGEST_SIDE = 512

State = tuple[Tensor, ...]
Float32 = NDArray[np.float32]


@dataclass(frozen=True)
class Soap:
    """SOAP on matrices of these shapes; the state between calls is (averages, bases, M', V), each one flat vector.

    Averages and bases hold, for each matrix, the square matrices of its turned sides, left before right.

    Attributes:
        shapes: (fan in + 1, fan out) of each matrix.
        chunk: steps between two refreshes, and so a call.
        fine: SOAP comes near the floor, so the loss must be resolved there.
    """

    shapes: tuple[tuple[int, int], ...]
    chunk: ClassVar[int | None] = REFRESH
    fine: ClassVar[bool] = True

    @property
    def sides(self) -> list[int]:
        """Sizes of the turned sides of all matrices in order."""
        return [side for shape in self.shapes for side in shape if _turned(side)]

    def start(self) -> State:
        """Averages, M' and V are zero, the bases the identity."""
        size = sum(a * b for a, b in self.shapes)
        identity = np.concatenate([np.eye(side, dtype=np.float32).ravel() for side in self.sides])
        return (tf.zeros(len(identity)), tf.constant(identity), tf.zeros(size), tf.zeros(size))

    def coefficients(self, training: Training, steps: int, first: int, *, count: int) -> Float32:
        """(count, 2): the rate over the bias correction of M', and the bias correction of V."""
        rates = learning_rates(training, steps, first, count=count) * warm_up(steps, first, count=count, share=WARM_UP)
        power = np.arange(first + 1, first + count + 1, dtype=np.float64)
        return np.stack([rates / (1.0 - BETA_1**power), 1.0 / (1.0 - BETA_2**power)], axis=1).astype(np.float32)

    def opened(self, state: State) -> tuple[tuple[Tensor, ...], ...]:
        """The state as the loop carries it: averages, bases, M' and V as matrices."""
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
        new_averages, momenta, seconds, changes = [], [], [], []
        for shape, g, m, v in zip(self.shapes, _split(gradient, self.shapes), state[2], state[3], strict=True):
            left, right = (next(bases) if _turned(side) else None for side in shape)
            if left is not None:
                new_averages.append(_mean(next(averages), tf.matmul(g, g, transpose_b=True)))
            if right is not None:
                new_averages.append(_mean(next(averages), tf.matmul(g, g, transpose_a=True)))
            turned = _rotated(g, left, right, back=False)
            m = BETA_1 * m + (1.0 - BETA_1) * turned
            v = _mean(v, tf.square(turned))
            direction = coefficients[0] * m / tf.sqrt(coefficients[1] * v + TINY)
            momenta.append(m)
            seconds.append(v)
            changes.append(_rotated(direction, left, right, back=True))
        return theta - _joined(changes), (tuple(new_averages), state[1], tuple(momenta), tuple(seconds))

    def between_chunks(self, state: State, step: int) -> State:
        """Turn the bases, after REFRESH, 2 REFRESH, ... steps; not if the training has diverged."""
        if not np.isfinite(state[0].numpy()).all():
            return state
        squares = [(side, side) for side in self.sides]
        averages, bases = (iter(_pieces(part.numpy(), squares)) for part in state[:2])
        fresh, turned = [], []
        for shape, m in zip(self.shapes, _pieces(state[2].numpy(), self.shapes), strict=True):
            for axis in (axis for axis in (0, 1) if _turned(shape[axis])):
                basis = next(bases)
                average = next(averages)
                fresh.append(_eigenvectors(average) if step == REFRESH else _orthonormal(average @ basis))
                turn = fresh[-1].T @ basis
                m = np.matmul(turn, m) if axis == 0 else np.matmul(m, turn.T)
            turned.append(m)
        return (state[0], tf.constant(_flat(fresh)), tf.constant(_flat(turned)), state[3])


def _turned(side: int) -> bool:
    """Whether a side has a basis of its own."""
    return 1 < side <= LONGEST_SIDE


def _mean(old: Tensor, new: Tensor) -> Tensor:
    return BETA_2 * old + (1.0 - BETA_2) * new


def _rotated(matrix: Tensor, left: Tensor | None, right: Tensor | None, *, back: bool) -> Tensor:
    """Q_L^T A Q_R, or Q_L A Q_R^T on the way back."""
    if left is not None:
        matrix = tf.matmul(left, matrix, transpose_a=not back)
    return matrix if right is None else tf.matmul(matrix, right, transpose_b=back)


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


def _orthonormal(matrix: Float32) -> Float32:
    """The factor Q of the Householder QR decomposition of a square matrix."""
    factored, tau, _, _ = scipy.linalg.lapack.sgeqrf(matrix)
    return scipy.linalg.lapack.sorgqr(factored, tau)[0]


def _eigenvectors(matrix: Float32) -> Float32:
    """Eigenvectors of a symmetric matrix, largest eigenvalue first, computed in float64."""
    return np.linalg.eigh(matrix.astype(np.float64))[1][:, ::-1].astype(np.float32)
