"""SOAP in NumPy and float64: Adam in the eigenbasis of Shampoo's preconditioner (Vyas et al., arXiv 2409.11321).

For each matrix W (a, b), with G its gradient, step t = 1, 2, ... is

    L <- b2 L + (1 - b2) G G^T,   R <- b2 R + (1 - b2) G^T G
    G' = Q_L^T G Q_R;   M <- b1 M + (1 - b1) G';   V <- b2 V + (1 - b2) G'^2
    W <- W - rate Q_L [ (M / (1 - b1^t)) / sqrt(V / (1 - b2^t) + eps max V) ] Q_R^T

Q_L and Q_R start as the eigenvectors of the first L and R and follow them every `REFRESH` steps by one orthogonal iteration,
Q_L <- qr(L Q_L); M is turned into the new basis and V is kept, as in the paper. Unlike there, the first gradient is used, and eps
is relative to the largest V: components that are zero up to rounding stay at rest.
"""

import numpy as np
import scipy

from operators.arrays import Array

BETA_1 = 0.9
BETA_2 = 0.95
REFRESH = 10
EPSILON = 1e-20
SMALLEST = 1e-300


class Soap:
    """The state for one matrix; `update` takes a gradient and returns what is to be added to the matrix."""

    def __init__(self, shape: tuple[int, int]) -> None:
        rows, columns = shape
        self._left, self._right = np.zeros((rows, rows)), np.zeros((columns, columns))
        self._left_basis, self._right_basis = np.eye(rows), np.eye(columns)
        self._first, self._second = np.zeros(shape), np.zeros(shape)
        self._step = 0

    def update(self, gradient: Array, rate: float) -> Array:
        """Take in the gradient of one step and return the change of the matrix."""
        self._left *= BETA_2
        self._left += (1.0 - BETA_2) * (gradient @ gradient.T)
        self._right *= BETA_2
        self._right += (1.0 - BETA_2) * (gradient.T @ gradient)
        if self._step % REFRESH == 0:
            self._follow()
        self._step += 1
        turned = self._left_basis.T @ gradient @ self._right_basis
        self._first *= BETA_1
        self._first += (1.0 - BETA_1) * turned
        self._second *= BETA_2
        self._second += (1.0 - BETA_2) * (turned * turned)
        scale = self._second / (1.0 - BETA_2**self._step)
        scale += EPSILON * scale.max() + SMALLEST
        np.sqrt(scale, out=scale)
        direction = self._first / scale
        direction *= -rate / (1.0 - BETA_1**self._step)
        return self._left_basis @ direction @ self._right_basis.T

    def _follow(self) -> None:
        """Turn the bases towards the eigenvectors of L and R: all the way at the first step, else one iteration."""
        if self._step == 0:
            if not np.isfinite(self._left).all():
                raise FloatingPointError("gradients are not finite")
            self._left_basis, self._right_basis = _eigenvectors(self._left), _eigenvectors(self._right)
            return
        left, right = orthonormal(self._left @ self._left_basis), orthonormal(self._right @ self._right_basis)
        self._first = (left.T @ self._left_basis) @ self._first @ (self._right_basis.T @ right)
        self._left_basis, self._right_basis = left, right


def _eigenvectors(matrix: Array) -> Array:
    """Eigenvectors of a symmetric matrix, largest eigenvalue first: the order that orthogonal iteration keeps."""
    return np.linalg.eigh(matrix)[1][:, ::-1]


def orthonormal(matrix: Array) -> Array:
    """Orthonormal columns that span those of `matrix` (a, b), a >= b: the Q of Householder QR."""
    factored, tau, _, _ = scipy.linalg.lapack.dgeqrf(matrix)
    return scipy.linalg.lapack.dorgqr(factored, tau)[0]
