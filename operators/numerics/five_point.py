"""-Lap u = f on the unit square, u = 0 on the boundary, by five-point differences of spacing 1 / n: solved exactly by sines.

    u_{a+1,b} + u_{a-1,b} + u_{a,b+1} + u_{a,b-1} - 4 u_{a,b} = -f_{a,b} / n^2,   0 < a, b < n

sin(pi j a / n) sin(pi k b / n), 0 < j, k < n, are the eigenvectors, with eigenvalues 4 n^2 (sin^2(pi j / 2n) + sin^2(pi k / 2n)),
which tend to pi^2 (j^2 + k^2). So two fast sine transforms solve (order n^2 log n); order 2 in 1 / n.

Reference: Golub and Van Loan, Matrix Computations, 4th ed. 2013, section 4.8.4.
"""

import math

import numpy as np
import scipy

from operators.arrays import Array


def eigenvalues(n: int) -> Array:
    """Of the matrix, at (j, k): (n - 1, n - 1)."""
    one = 4.0 * n * n * np.sin(math.pi * np.arange(1, n) / (2.0 * n)) ** 2
    return one[:, None] + one


def solve(f: Array) -> Array:
    """Solve for interior values f (N, n - 1, n - 1): u of the same shape."""
    amplitudes = scipy.fft.dstn(f, type=1, axes=(1, 2)) / eigenvalues(f.shape[1] + 1)
    u: Array = scipy.fft.idstn(amplitudes, type=1, axes=(1, 2))
    return u


def solution_spectrum(count: int) -> Array:
    """The largest eigenvalues (pi^2 (j^2 + k^2))^-1 of f -> u for the differential equation, decreasing."""
    j = np.arange(1, count + 1)
    squares = np.sort((j[:, None] ** 2 + j**2).ravel())[:count]
    return 1.0 / (math.pi**2 * squares)


def sine_transform(n: int) -> Array:
    """The matrix (n - 1, n - 1) from interior values of a line to sine amplitudes: 2 / n sin(pi j a / n)."""
    j = np.arange(1, n)
    return 2.0 / n * np.sin(math.pi * np.outer(j, j) / n)


def sines(x: Array, n: int) -> Array:
    """Values (len(x), n - 1) of sin(pi j x), 0 < j < n."""
    return np.sin(math.pi * np.outer(x, np.arange(1, n)))
