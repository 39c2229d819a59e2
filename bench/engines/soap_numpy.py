"""SOAP: Adam in the eigenbasis of Shampoo's preconditioner (Vyas et al., arXiv 2409.11321), for one float64 matrix.

With G_t the gradient of a matrix W (a, b) and beta the averaging constants, step t is

    L <- beta_2 L + (1 - beta_2) G G^T,   R <- beta_2 R + (1 - beta_2) G^T G
    G' = Q_L^T G Q_R;   M' <- beta_1 M' + (1 - beta_1) G';   V <- beta_2 V + (1 - beta_2) G'^2
    W <- W - lr Q_L (M'/(1 - beta_1^t) / sqrt(V/(1 - beta_2^t) + eps)) Q_R^T

Every `refresh` steps the bases follow the averages by one step of orthogonal iteration, Q_L <- qr(L Q_L), and M' is turned
into the new basis. V is kept as it is, as in the paper. The first bases are those of the first gradient; its own update is made.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

Array = NDArray[np.float64]

BETA_1 = 0.9
BETA_2 = 0.95
REFRESH = 10
TINY = 1e-30


def orthonormal(matrix: Array) -> Array:
    """Orthonormal columns with the span of those of `matrix` (a, b), a >= b, by Householder QR."""
    factored, tau, _, _ = lapack.dgeqrf(matrix)
    return lapack.dorgqr(factored, tau)[0]


class Soap:
    """The state of SOAP for one matrix; `update` returns what is to be added to it."""

    def __init__(self, shape: tuple[int, int]) -> None:
        rows, columns = shape
        self.left, self.right = np.zeros((rows, rows)), np.zeros((columns, columns))
        self.left_basis, self.right_basis = np.eye(rows), np.eye(columns)
        self.momentum, self.second = np.zeros(shape), np.zeros(shape)
        self.step = 0

    def update(self, gradient: Array, learning_rate: float) -> Array:
        """Take in the gradient of one step and return the change of the matrix."""
        self.left *= BETA_2
        self.left += (1.0 - BETA_2) * (gradient @ gradient.T)
        self.right *= BETA_2
        self.right += (1.0 - BETA_2) * (gradient.T @ gradient)
        if self.step % REFRESH == 0:
            self._refresh()
        self.step += 1
        rotated = self.left_basis.T @ gradient @ self.right_basis
        self.momentum *= BETA_1
        self.momentum += (1.0 - BETA_1) * rotated
        self.second *= BETA_2
        self.second += (1.0 - BETA_2) * rotated**2
        scale = self.second / (1.0 - BETA_2**self.step)
        scale += TINY
        np.sqrt(scale, out=scale)
        direction = self.momentum / scale
        direction *= -learning_rate / (1.0 - BETA_1**self.step)
        return self.left_basis @ direction @ self.right_basis.T

    def _refresh(self) -> None:
        """Turn the bases one step of orthogonal iteration towards the eigenvectors (at the first step: all the way)."""
        if self.step == 0:
            self.left_basis, self.right_basis = _eigenbasis(self.left), _eigenbasis(self.right)
            return
        left = orthonormal(self.left @ self.left_basis)
        right = orthonormal(self.right @ self.right_basis)
        self.momentum = (left.T @ self.left_basis) @ self.momentum @ (self.right_basis.T @ right)
        self.left_basis, self.right_basis = left, right


def _eigenbasis(matrix: Array) -> Array:
    """Eigenvectors of a symmetric matrix, largest eigenvalue first."""
    return np.linalg.eigh(matrix)[1][:, ::-1]
