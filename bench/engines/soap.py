"""SOAP: Adam in the eigenbasis of Shampoo's preconditioner (Vyas et al., arXiv 2409.11321), for one matrix W (a, b).

With G the gradient of W, step t = 0, 1, ... is

    L <- beta_2 L + (1 - beta_2) G G^T,   R <- beta_2 R + (1 - beta_2) G^T G
    G' = Q_L^T G Q_R;   M <- beta_1 M + (1 - beta_1) G';   V <- beta_2 V + (1 - beta_2) G'^2
    W <- W - r_t Q_L (M / (1 - beta_1^(t+1)) / sqrt(V / (1 - beta_2^(t+1)) + epsilon)) Q_R^T

beta = (0.9, 0.95). Q_L and Q_R start as the identity. The first refresh makes them the eigenvectors of L and R; every further
one, REFRESH steps later, follows L and R by one step of orthogonal iteration, Q_L <- qr(L Q_L). M is turned into the new basis; V
is kept, as in the paper. What an engine chooses is a `SoapRule`.

The functions of a step take arrays of NumPy or, within a compiled program, of TensorFlow; what they ask beyond + - * / and @ is
an `ArrayLibrary`. Refreshes run in NumPy and LAPACK, in the precision of the averages.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

from operators.arrays import Array

BETA_1, BETA_2 = 0.9, 0.95
REFRESH = 10
SMALLEST = 1e-300

Matrix = Any  # NumPy's or TensorFlow's, float32 or float64
Sides = tuple[Matrix | None, Matrix | None]  # square matrices for the rows and the columns of W, None for an unturned side


@dataclass(frozen=True)
class ArrayLibrary:
    """What a step asks of arrays beyond + - * / and @: A^T B, A B^T, functions of each entry, and the largest entry."""

    inner: Callable[[Matrix, Matrix], Matrix]
    outer: Callable[[Matrix, Matrix], Matrix]
    square: Callable[[Matrix], Matrix]
    sqrt: Callable[[Matrix], Matrix]
    largest: Callable[[Matrix], Any]


NUMPY = ArrayLibrary(lambda a, b: a.T @ b, lambda a, b: a @ b.T, np.square, np.sqrt, np.ndarray.max)


@dataclass(frozen=True)
class SoapRule:
    """What an engine chooses.

    Attributes:
        from_first_gradient: whether refreshes fall within steps 0, REFRESH, ..., after the gradient has entered L and R, as in
            the paper; else they fall before steps REFRESH, 2 REFRESH, ...
        epsilon: added to V.
        relative: whether epsilon counts in units of the largest V.
        longest_side: a longer side keeps the identity, as a side of 1 always does; None for no limit.
    """

    from_first_gradient: bool
    epsilon: float
    relative: bool
    longest_side: int | None = None

    def turns(self, side: int) -> bool:
        """Whether a side of this size has a basis of its own."""
        return side > 1 and (self.longest_side is None or side <= self.longest_side)

    def root(self, second: Matrix, library: ArrayLibrary) -> Matrix:
        """The square root of V + epsilon, for V corrected for its bias."""
        epsilon = self.epsilon * library.largest(second) + SMALLEST if self.relative else self.epsilon
        return library.sqrt(second + epsilon)


def averaged(averages: Sides, gradient: Matrix, library: ArrayLibrary) -> Sides:
    """L and R with one more gradient."""
    left, right = averages
    return (
        None if left is None else _mean(BETA_2, left, library.outer(gradient, gradient)),
        None if right is None else _mean(BETA_2, right, library.inner(gradient, gradient)),
    )


def moments(first: Matrix, second: Matrix, turned: Matrix, library: ArrayLibrary) -> tuple[Matrix, Matrix]:
    """M and V with one more gradient G'."""
    return _mean(BETA_1, first, turned), _mean(BETA_2, second, library.square(turned))


def into_basis(matrix: Matrix, bases: Sides, library: ArrayLibrary) -> Matrix:
    """Q_L^T A Q_R."""
    left, right = bases
    matrix = matrix if left is None else library.inner(left, matrix)
    return matrix if right is None else matrix @ right


def out_of_basis(matrix: Matrix, bases: Sides, library: ArrayLibrary) -> Matrix:
    """Q_L A Q_R^T."""
    left, right = bases
    matrix = matrix if left is None else left @ matrix
    return matrix if right is None else library.outer(matrix, right)


def refreshed(averages: Sides, bases: Sides, *, first: bool) -> Sides:
    """The bases after a refresh."""
    left, right = (
        None if basis is None else _eigenvectors(average) if first else orthonormal(average @ basis)
        for average, basis in zip(averages, bases, strict=True)
    )
    return left, right


def turn(old: Matrix | None, new: Matrix | None) -> Matrix | None:
    """Q_new^T Q_old of one side: M in the new bases is `out_of_basis` of both turns."""
    return None if old is None or new is None else new.T @ old


def orthonormal(matrix: Matrix) -> Matrix:
    """Orthonormal columns that span those of a matrix (a, b), a >= b: the factor Q of Householder's QR decomposition."""
    lapack, single = scipy.linalg.lapack, matrix.dtype == np.float32
    factored, tau, _, _ = (lapack.sgeqrf if single else lapack.dgeqrf)(matrix)
    return (lapack.sorgqr if single else lapack.dorgqr)(factored, tau)[0]


def _eigenvectors(matrix: Matrix) -> Matrix:
    """Eigenvectors of a symmetric matrix, largest eigenvalue first: the order that orthogonal iteration keeps."""
    vectors = np.linalg.eigh(matrix.astype(np.float64, copy=False))[1][:, ::-1]
    return vectors.astype(matrix.dtype, copy=False)


def _mean(beta: float, old: Matrix, new: Matrix) -> Matrix:
    return beta * old + (1.0 - beta) * new


class MatrixSoap:
    """SOAP of one matrix in float64; `update` takes a gradient and returns what is to be added to the matrix."""

    def __init__(self, shape: tuple[int, int], rule: SoapRule) -> None:
        left, right = (np.eye(side) if rule.turns(side) else None for side in shape)
        self._rule, self._step = rule, 0
        self._bases: Sides = (left, right)
        self._averages: Sides = (None if left is None else 0.0 * left, None if right is None else 0.0 * right)
        self._first, self._second = np.zeros(shape), np.zeros(shape)

    def update(self, gradient: Array, rate: float) -> Array:
        """Take in the gradient of one step and return the change of the matrix.

        Raises:
            FloatingPointError: gradients before the first refresh that are not finite.
        """
        rule, due = self._rule, self._step % REFRESH == 0
        if due and self._step and not rule.from_first_gradient:
            self._refresh(first=self._step == REFRESH)
        self._averages = averaged(self._averages, gradient, NUMPY)
        if due and rule.from_first_gradient:
            self._refresh(first=self._step == 0)
        self._step += 1
        turned = into_basis(gradient, self._bases, NUMPY)
        self._first, self._second = moments(self._first, self._second, turned, NUMPY)
        direction = self._first / rule.root(self._second / (1.0 - BETA_2**self._step), NUMPY)
        direction *= -rate / (1.0 - BETA_1**self._step)
        return out_of_basis(direction, self._bases, NUMPY)

    def _refresh(self, *, first: bool) -> None:
        """Refresh the bases and turn M."""
        if first and not all(average is None or np.isfinite(average).all() for average in self._averages):
            raise FloatingPointError("gradients are not finite")
        (old_left, old_right), self._bases = self._bases, refreshed(self._averages, self._bases, first=first)
        left, right = self._bases
        back = turn(right, old_right)  # its transpose is turn(old_right, right) up to rounding, on which the bits of fits rest
        self._first = out_of_basis(self._first, (turn(old_left, left), None if back is None else back.T), NUMPY)
