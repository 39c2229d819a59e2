"""Tails of a large output matrix from its Gram matrix: all m of them, without the matrix in memory.

G = A^T A is accumulated in blocks, then brought to tridiagonal form T = Q^T G Q with Q e_1 chosen, so that one reduction
serves both the matrix and its centred form:

    N >= M   A = Y. Centring the columns subtracts N mu mu^T, mu the column means. With Q e_1 along mu only T_11 changes.
    N < M    A = Y^T. Centring the columns of Y projects out the constant function, (I - P) G (I - P). With Q e_1 along it,
             the first row and column of T go.

Eigenvalues of T by the QL method. Cost: N m^2 for G, (4/3) m^3 for T, half of it bound by memory.

Rounding. Entries of G are inner products summed over b rows in each of B blocks, so G is off by at most
(b + B) (eps / 2) |A|^2 in the Frobenius norm (Higham 2002, section 3.5), three times that after centring; the eigenvalues
belong to a matrix within 64 eps |A|^2 of it (a generous multiple of what LAPACK shows). With eta the sum of these, the sum of
the q largest or smallest eigenvalues is off by at most sqrt(q) eta. Both the m - q smallest and the energy less the q largest
give tail_q; the sharper is used. Tails below 1e-12 |Y|^2 are not resolved.

With a scalar bias only max{tail_r(mean function), tail_{r+1}(none)} <= tail_r(scalar) <= tail_r(none) is known.
"""

import numpy as np
from scipy.linalg import blas, eigh_tridiagonal, lapack

from operators.arrays import Array
from operators.bounds.lemmas.singular_values import EPSILON, Tails, tail_sums
from operators.sizing.output_matrix import BLOCK_ENTRIES, OutputMatrix
from operators.sizing.spectrum import ENERGY_ALLOWANCE, Spectrum, as_tails, ordered

EIGENVALUE_ALLOWANCE = 64 * EPSILON
BLOCK_ROWS = 512


def spectrum_by_gram(outputs: OutputMatrix) -> Spectrum:
    """Tails r = 0..m of the method `gram`; memory 8 m^2 bytes and a few blocks."""
    size = max(1, min(BLOCK_ROWS, BLOCK_ENTRIES // outputs.side))
    gram, means, blocks = _gram(outputs, size)
    diagonal, beside = _tridiagonal(gram, means if outputs.tall else np.ones(outputs.side))
    rounding = (size + blocks) * EPSILON / 2
    values = _eigenvalues(diagonal, beside)
    none = _certified(values, outputs.energy, whole=outputs.energy, eta=rounding + EIGENVALUE_ALLOWANCE)
    if outputs.tall:
        removed = outputs.length * float(means @ means)
        diagonal[0] -= removed
        centred = _eigenvalues(diagonal, beside)
    else:
        removed = float(diagonal[0])
        centred = np.append(_eigenvalues(diagonal[1:], beside[1:]), 0.0)
    eta = 3 * rounding + EIGENVALUE_ALLOWANCE
    mean = _certified(centred, outputs.energy - removed, whole=outputs.energy, eta=eta)
    scalar = Tails(mean.lower, none.upper, none.resolved, 1.0)
    return ordered(none, scalar, mean, squares=values / outputs.energy, method="gram")


def _gram(outputs: OutputMatrix, size: int) -> tuple[Array, Array, int]:
    """Lower triangle of A^T A, the column means of A and the number of blocks."""
    gram = np.zeros((outputs.side, outputs.side), order="F")
    sums, count = np.zeros(outputs.side), 0
    for block in outputs.blocks(size):
        gram = blas.dsyrk(1.0, block.T, beta=1.0, c=gram, lower=1, overwrite_c=1)
        sums, count = sums + block.sum(axis=0), count + 1
    return gram, sums / outputs.length, count


def _tridiagonal(gram: Array, first: Array) -> tuple[Array, Array]:
    """Diagonal and subdiagonal of Q^T G Q with Q e_1 along `first`, any Q if it vanishes.

    Reads the lower half of G and overwrites it.
    """
    length = float(np.linalg.norm(first))
    if length > 0.0:
        normal = first / length
        normal[0] += np.copysign(1.0, normal[0])
        normal /= np.linalg.norm(normal)
        image = blas.dsymv(2.0, gram, normal, lower=1)
        image -= float(normal @ image) * normal
        gram = blas.dsyr2(-1.0, normal, image, a=gram, lower=1, overwrite_a=1)
    work, _ = lapack.dsytrd_lwork(len(gram), lower=1)
    _, diagonal, beside, _, info = lapack.dsytrd(gram, lower=1, lwork=int(work), overwrite_a=1)
    if info:
        raise ValueError(f"expected LAPACK dsytrd to accept its arguments, got info {info}")
    return diagonal, beside


def _eigenvalues(diagonal: Array, beside: Array) -> Array:
    """Eigenvalues of a symmetric tridiagonal matrix, decreasing, negative ones set to 0."""
    values = eigh_tridiagonal(diagonal, beside, eigvals_only=True, lapack_driver="sterf")
    return np.maximum(values[::-1], 0.0)


def _certified(values: Array, energy: float, *, whole: float, eta: float) -> Tails:
    """Tails r = 0..m relative to `whole`, from eigenvalues whose sum is the energy, with their rounding."""
    ranks = np.arange(len(values) + 1)
    smallest = tail_sums(values) / whole
    largest = (energy - np.append(0.0, np.cumsum(values))) / whole
    near, far = np.sqrt(ranks) * eta + eta, np.sqrt(ranks[::-1]) * eta
    lower = np.maximum(smallest - far, largest - near)
    upper = np.minimum(smallest + far, largest + near)
    return as_tails(np.maximum(lower - ENERGY_ALLOWANCE * smallest, 0.0), upper + ENERGY_ALLOWANCE * smallest)
