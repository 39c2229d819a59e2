"""Residual dynamic mode decomposition: which eigenvalues of a finite section of a Koopman operator can be believed.

(K g)(x) = g(F(x)). With a dictionary psi_1, ..., psi_q at nodes x_i of weights w_i, and at their images,

    G = Psi_X* W Psi_X,   A = Psi_X* W Psi_Y,   L = Psi_Y* W Psi_Y,
    res(lambda, g)^2 = g* (L - lambda A* - conj(lambda) A + |lambda|^2 G) g / g* G g = |K g - lambda g|^2 / |g|^2,

up to quadrature; EDMD's eigenvalues are those of G^+ A, and one of large residual is spurious. All is computed in orthonormal
coordinates: W^(1/2) Psi_X V = Q with Q* Q = 1, W^(1/2) Psi_Y V = M, so that res = |M g - lambda Q g| / |g|, its minimum over g is
the least singular value of M - lambda Q, and no condition number is squared. (Colbrook, Townsend 2024, doi:10.1002/cpa.22125.)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from operators.arrays import Array

Complex = NDArray[np.complex128]
TRUNCATION = 1e-10


@dataclass(frozen=True, eq=False)
class Snapshots:
    """A dictionary in orthonormal coordinates.

    Attributes:
        here: Q in an orthonormal frame of the columns of Q and M, (2 r, r) or fewer rows.
        moved: M in the same frame.
        gram_defect: |G - 1| of the dictionary as it was given, in the spectral norm.
    """

    here: Complex
    moved: Complex
    gram_defect: float

    @property
    def rank(self) -> int:
        """Dimension of the span."""
        return self.here.shape[1]

    def edmd(self) -> tuple[Complex, Array]:
        """EDMD's eigenvalues and their residuals."""
        values, vectors = np.linalg.eig(self.here.conj().T @ self.moved)
        misfit = self.moved @ vectors - self.here @ (vectors * values)
        return values, np.linalg.norm(misfit, axis=0) / np.linalg.norm(vectors, axis=0)

    def least_residual(self, z: complex) -> float:
        """min over g of res(z, g): z lies in the pseudospectrum of every level above it."""
        return float(np.linalg.svd(self.moved - z * self.here, compute_uv=False)[-1])

    def invariance_defect(self) -> float:
        """Root mean square, over an orthonormal basis g_k of the span, of the part of K g_k that leaves the span."""
        leaves = self.moved - self.here @ (self.here.conj().T @ self.moved)
        return float(np.linalg.norm(leaves) / np.sqrt(self.rank))


def snapshots(psi_x: NDArray, psi_y: NDArray, weights: Array) -> Snapshots:
    """Bring a dictionary at nodes and images, (m, q) each, into orthonormal coordinates.

    Directions below TRUNCATION of the largest are dropped.
    """
    root = np.sqrt(weights)[:, None]
    left, singular, right = np.linalg.svd(root * psi_x, full_matrices=False)
    kept = singular > TRUNCATION * singular[0]
    moved = (root * psi_y) @ (right[kept].conj().T / singular[kept])
    _, triangle = np.linalg.qr(np.concatenate([left[:, kept], moved], axis=1))
    rank = int(kept.sum())
    defect = float(np.abs(singular**2 - 1.0).max())
    return Snapshots(triangle[:, :rank].astype(complex), triangle[:, rank:].astype(complex), defect)
