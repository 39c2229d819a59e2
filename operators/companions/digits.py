"""The K-digit barrier: minimisers that every method must tell apart, and inputs that no finite reading tells apart.

    minimise  |z|_1 + |A z - y|_2,   A = D [a_1 a_2 0; 0 0 a I_20],   y = D e_1,   D an orthogonal DCT,
    a = sqrt(2) 10^K / 3,   a_j = a + 2^-(n+1) for one j of {1, 2}, the other is a.

Lasso of square-root type. Where a > 1 the minimiser is e_j / a_j: v = -D e_1 / a_j has |v| <= 1 and |A^T v|_inf <= 1, so the
objective is at least -<v, y> = 1 / a_j, its value there. The minimisers for j = 1, 2 are sqrt(2) / a_j = 3 x 10^-K apart (less a
relative 2^-n), the matrices 2^-(n+1/2): a method that reads both alike errs by 1.5 x 10^-K on one of them, whatever it does.
(Colbrook, Antun, Hansen 2022, doi:10.1073/pnas.2107151119, Table 1.)
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from operators.arrays import Array

FREE = 20
"""Further columns, which the minimiser does not use."""


def entry(digits: int) -> float:
    """a for K digits."""
    return float(np.sqrt(2.0) * 10.0**digits / 3.0)


def raised(digits: int, bits: int) -> float:
    """The entry a_j = a + 2^-(n+1)."""
    return entry(digits) + 2.0 ** -(bits + 1)


def matrix(digits: int, bits: int, j: int) -> Array:
    """A, (21, 22), for j = 0 or 1."""
    from scipy.fft import dct

    plain = np.zeros((1 + FREE, 2 + FREE))
    plain[0, :2] = entry(digits)
    plain[0, j] = raised(digits, bits)
    plain[1:, 2:] = entry(digits) * np.eye(FREE)
    turned: Array = dct(plain, axis=0, norm="ortho")
    return turned


def right_side() -> Array:
    """y = D e_1, (21,)."""
    from scipy.fft import dct

    turned: Array = dct(np.eye(1 + FREE)[0], norm="ortho")
    return turned


def minimiser(digits: int, bits: int, j: int) -> Array:
    """e_j / a_j, (22,)."""
    return np.eye(2 + FREE)[j] / raised(digits, bits)


def duality_gap(a: Array, y: Array, z: Array) -> float:
    """Objective at z less its value at the dual point along y that is feasible: 0 proves that z minimises."""
    dual = -y / max(np.abs(a.T @ y).max(), np.linalg.norm(y))
    return float(np.abs(z).sum() + np.linalg.norm(a @ z - y) + dual @ y)


def separation(digits: int, bits: int) -> float:
    """Distance of the minimisers for j = 0 and 1."""
    return float(np.linalg.norm(minimiser(digits, bits, 0) - minimiser(digits, bits, 1)))


def read(values: Array, bits: int) -> Array:
    """The nearest multiples of 2^-bits; 0 bits stand for the numbers as they are."""
    return np.rint(values * 2.0**bits) / 2.0**bits if bits else values


def entries(digits: int, bits: NDArray[np.int64], j: NDArray[np.int64]) -> Array:
    """(a_1, a_2) of instances, (m, 2)."""
    pairs = np.full((len(bits), 2), entry(digits))
    pairs[np.arange(len(bits)), j] += 2.0 ** -(bits + 1.0)
    return pairs


def read_alike(digits: int, bits: int, reading: int) -> bool:
    """Whether the instances j = 0 and 1 read the same."""
    first, second = (read(entries(digits, np.array([bits]), np.array([j])), reading) for j in (0, 1))
    return bool(np.array_equal(first, second))


def least_errors(digits: int, bits: Sequence[int], reading: int) -> tuple[float, float]:
    """Least mean and least worst error, over j and these n, of whatever only sees what is read.

    Of two instances that read the same, at distance s, it errs by s / 2 on one, and by s / 2 on average.
    """
    halves = np.array([0.5 * separation(digits, n) if read_alike(digits, n, reading) else 0.0 for n in bits])
    return float(halves.mean()), float(halves.max())
