"""Activations in float64 with a proved bound of their error, whatever library of elementary functions NumPy was built with.

With k the integer next to y / ln 2 and r = y - k ln 2, so that |r| < .35,

    e^y = 2^k e^r,    e^r = 1 + r s(r),    s(r) = sum over j < TERMS of r^j / (j + 1)!

ln 2 = HIGH + LOW, where k HIGH is exact: r is wrong by less than u, so e^r by less than 1.1 u of itself. By Horner's rule s is
wrong by less than gamma_{2 TERMS - 2} s(|r|), and u s(|r|) for the rounding of its coefficients and 1e-18 for the terms left out
(u = 2^-53): with TERMS = 14 by less than 40 u of itself, and e^y by less than 64 u of itself. With E = e^(-2|x|), and
E - 1 = y s(y) where k = 0,

    tanh |x|    = (1 - E) / (1 + E)    wrong by less than 32 u + 4 u;  by less than 64 u of itself where k = 0
    sigmoid(x)  = 1 / (1 + e^-|x|), or e^-|x| / (1 + e^-|x|) for x < 0    wrong by less than 16 u + 4 u
    silu(x)     = x sigmoid(x)    wrong by less than 24 u |x|

Only the four operations of IEEE 754, rounding to an integer and scaling by a power of two are relied on. Horner's rule: N. J.
Higham, Accuracy and Stability of Numerical Algorithms (2002), section 5.1.
"""

from math import factorial

import numpy as np

from operators.arrays import Array

UNIT = 2.0**-53
TERMS = 14
INVERSE = 1.4426950408889634  # 1 / ln 2
HIGH, LOW = 0.6931471803691238, 1.9082149292705877e-10  # ln 2 in two parts; HIGH has 32 bits
FARTHEST = 700.0  # e^-700 is no subnormal number, and less than any bound here


def tanh(x: Array) -> tuple[Array, Array]:
    """The hyperbolic tangent of x and a bound of its error, both of the shape of x."""
    shifts, rest = _reduced(-2.0 * np.abs(x))
    less = rest * _series(rest)  # e^rest - 1
    shrunk = np.ldexp(1.0 + less, shifts)
    near = shifts == 0
    size = np.where(near, -less / (2.0 + less), (1.0 - shrunk) / (1.0 + shrunk))
    return np.copysign(size, x), np.where(near, 64.0 * UNIT * size, 40.0 * UNIT)


def sigmoid(x: Array) -> tuple[Array, Array]:
    """1 / (1 + e^-x) and a bound of its error, both of the shape of x."""
    shifts, rest = _reduced(-np.abs(x))
    shrunk = np.ldexp(1.0 + rest * _series(rest), shifts)
    return np.where(x < 0.0, shrunk, 1.0) / (1.0 + shrunk), np.full(x.shape, 24.0 * UNIT)


def silu(x: Array) -> tuple[Array, Array]:
    """x / (1 + e^-x) and a bound of its error, both of the shape of x."""
    share, error = sigmoid(x)
    return x * share, error * np.abs(x)


def _reduced(y: Array) -> tuple[Array, Array]:
    """k and r of y <= 0."""
    kept = np.maximum(y, -FARTHEST)
    shifts = np.rint(kept * INVERSE)
    return shifts.astype(np.int64), (kept - shifts * HIGH) - shifts * LOW


def _series(rest: Array) -> Array:
    """(e^r - 1) / r."""
    found = np.full(rest.shape, 1.0 / factorial(TERMS))
    for j in range(TERMS - 1, 0, -1):
        found = found * rest + 1.0 / factorial(j)
    return found
