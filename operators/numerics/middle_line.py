"""Poisson's equation on the unit square, seen from its middle line: a load on y = 1/2 to u on y = 1/2, an operator on a line.

    -Lap u = f(x) delta(y - 1/2), u = 0 on the boundary:   u(x, 1/2) = int g(x, s) f(s) ds,
    g(x, s) = sum_j tanh(j pi / 2) / (2 j pi) 2 sin(j pi x) sin(j pi s)

for w'' = (j pi)^2 w - delta(y - 1/2), w(0) = w(1) = 0, has w(1/2) = tanh(j pi / 2) / (2 j pi). g is singular like
-log |x - s| / (2 pi): the blocks of its matrix beside the diagonal have full rank and singular values that fall geometrically.

Reference: Evans, Partial Differential Equations, AMS 2010, section 2.2.4, doi:10.1090/gsm/019.
"""

import numpy as np

from operators.arrays import Array


def greens_function(n: int) -> Array:
    """The matrix (n, n) at the midpoints of n equal intervals, of n sines, with the weight 1 / n of the quadrature."""
    x, j = (np.arange(n) + 0.5) / n, np.arange(1, n + 1)
    sines = np.sqrt(2.0) * np.sin(np.pi * np.outer(x, j))
    return np.asarray((sines * (np.tanh(j * np.pi / 2.0) / (2.0 * j * np.pi))) @ sines.T / n)
