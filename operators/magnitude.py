"""Scale first, square then: sums of squares of numbers whose squares float64 cannot hold.

Scaling by 2^k is exact in float64 as long as nothing leaves its range, and what is homogeneous of degree 2 is multiplied by 4^k.
Where the largest entry lies in [2^-400, 2^400] squares are harmless and nothing is scaled: results there are the same bit for
bit. Entries 2^-500 of the largest lose their squares, which is 2^-1000 of the largest square: below all rounding.
"""

import numpy as np

from operators.arrays import Array

HARMLESS = 400
LARGEST_EXPONENT = 480


def exponent(*arrays: Array | float, harmless: int = HARMLESS) -> int:
    """K such that the largest absolute value times 2^-k lies in [1/2, 1); 0 if it lies in 2^+-harmless, or all is 0."""
    peak = max(float(np.max(np.abs(array), initial=0.0)) for array in arrays)
    found = int(np.frexp(peak)[1])
    return 0 if peak == 0.0 or abs(found) <= harmless else found


def times_power(values: Array, power: int) -> Array:
    """Values times 2^power; the same array for 0."""
    return values if power == 0 else np.asarray(np.ldexp(values, power), dtype=np.float64)


def squares_fit(*arrays: Array | float) -> bool:
    """Whether the mean of the squares, and 1e-18 of it, is a normal number of float64: the largest entry is in 2^+-480, or 0."""
    return abs(exponent(*arrays)) <= LARGEST_EXPONENT


def row_norms(matrix: Array) -> Array:
    """Euclidean norms of the rows, each row scaled for itself where need be."""
    peaks = np.max(np.abs(matrix), axis=1, initial=0.0)
    powers = np.frexp(peaks)[1]
    powers = np.where((peaks > 0.0) & (np.abs(powers) > HARMLESS), powers, 0)
    if not powers.any():
        return np.asarray(np.linalg.norm(matrix, axis=1), dtype=np.float64)
    return np.asarray(np.ldexp(np.linalg.norm(np.ldexp(matrix, -powers[:, None]), axis=1), powers), dtype=np.float64)


def root_mean_square(values: Array) -> float:
    """Root of the mean of the squares."""
    power = exponent(values)
    return float(np.ldexp(np.sqrt(np.mean(times_power(values, -power) ** 2)), power))
