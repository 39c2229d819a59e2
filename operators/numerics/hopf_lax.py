"""The entropy solution of u_t + (u^2 / 2)_x = 0, periodic on [0, 1), of mean 0, by the formula of Hopf and Lax.

    u(x, t) = (x - y) / t,   y = argmin g,   g(y) = U0(y) + (x - y)^2 / (2 t),   U0' = u0 = sum_{|k| <= K} c_k e^{2 pi i k x}

A minimiser lies within t max |u0| of x and on its characteristic, y + t u0(y) = x. Two steps, exact to rounding, or nearly so
where a shock is just forming (t u0' = -1, where the root is double):

    the least g on a grid of G points, and the least of its other local minima there
    Newton's iteration, kept in a bracket, for the root beside the least; beside both where values that differ by less than
    M / G^2, M = max |u0'| + 1 / t >= |g''|, leave open which of the two minima is the lower

References: Evans, Partial Differential Equations, AMS 2010, section 3.4.2 (Lax-Oleinik), doi:10.1090/gsm/019. Hopf 1950,
doi:10.1002/cpa.3160030302. Lax 1957, doi:10.1002/cpa.3160100406.
"""

import math

import numpy as np
from numpy.typing import NDArray

from operators.arrays import Array
from operators.numerics.pseudo_spectral import Spectrum, padded, wave_numbers
from operators.work import TRANSCENDENTAL, Work, elementwise, transform

GRID = 512
ITERATIONS = 60
CONVERGED = 1e-11


def solve(spectrum: Spectrum, count: int, t: float) -> Array:
    """Values (N, count) of u(., t) on the periodic grid, from the Fourier coefficients c_0 = 0, ..., c_K of u0, (N, K + 1)."""
    rows = [_solve(coefficients, count, t) for coefficients in spectrum]
    return np.array(rows).reshape(len(spectrum), count)


def work(count: int, modes: int, *, points: int, reach: float) -> Work:
    """What `solve` takes if minimisers lie within `reach` of x: the values on the grid, and Newton's iteration."""
    size = grid_size(points)
    search = 16.0 * points * (2.0 * reach * size + 6.0)
    newton = 24.0 * TRANSCENDENTAL * points * modes
    function = Work(search + newton + 3.0 * transform(size), 8.0 * points * (2.0 * reach * size + 6.0 + modes))
    return function.times(count) + elementwise(count * points, 2.0)


def grid_size(count: int) -> int:
    """G: a multiple of `count`, at least GRID and 2 count."""
    return count * math.ceil(max(GRID, 2 * count) / count)


def _solve(coefficients: Spectrum, count: int, t: float) -> Array:
    """One function."""
    x = np.arange(count) / count
    first, second, near = _grid_minima(coefficients, count, t)
    y = _root(coefficients, x, t, near=first)
    tied = np.nonzero(near)[0]
    if len(tied):
        other = _root(coefficients, x[tied], t, near=second[tied])
        potential = _potential(coefficients)
        values = [_at(potential, place) + (x[tied] - place) ** 2 / (2.0 * t) for place in (y[tied], other)]
        y[tied] = np.where(values[1] < values[0], other, y[tied])
    u: Array = (x - y) / t
    return u


def _grid_minima(coefficients: Spectrum, count: int, t: float) -> tuple[Array, Array, NDArray[np.bool_]]:
    """On the grid, the place of the least and of the next local minimum of g, and whether they are too near to tell: (count,)."""
    size, wave = grid_size(count), wave_numbers(len(coefficients) - 1)
    parts = np.stack([coefficients, 1j * wave * coefficients, _potential(coefficients)])
    speed, slope, potential = np.fft.irfft(padded(parts, size // 2), n=size, axis=1) * size
    reach = math.ceil(t * np.abs(speed).max() * size) + 2
    offsets = np.arange(-reach, reach + 1)
    places = np.arange(count)[:, None] * (size // count) + offsets
    g = potential[places % size] + (offsets / size) ** 2 / (2.0 * t)
    inner = g[:, 1:-1]
    values = np.where((inner <= g[:, :-2]) & (inner < g[:, 2:]), inner, np.inf)
    rows = np.arange(count)
    best = values.argmin(axis=1)
    least = values[rows, best]
    values[rows, best] = np.inf
    next_best = values.argmin(axis=1)
    near = values[rows, next_best] - least <= (np.abs(slope).max() + 1.0 / t) / size**2
    return (best + places[:, 1]) / size, (next_best + places[:, 1]) / size, near


def _potential(coefficients: Spectrum) -> Spectrum:
    """Coefficients of the antiderivative of mean 0."""
    found = np.zeros_like(coefficients)
    found[1:] = coefficients[1:] / (1j * wave_numbers(len(coefficients) - 1)[1:])
    return found


def _at(coefficients: Spectrum, y: Array) -> Array:
    """Values of the Fourier sum of mean 0 at places y (P,)."""
    values: Array = 2.0 * (np.exp(2j * math.pi * y[:, None] * np.arange(1, len(coefficients))) @ coefficients[1:]).real
    return values


def _root(coefficients: Spectrum, x: Array, t: float, *, near: Array) -> Array:
    """The root y of y + t u0(y) = x beside a local minimum of g on the grid, at most one grid width away."""
    both = np.column_stack([coefficients, 1j * wave_numbers(len(coefficients) - 1) * coefficients])
    y, low, high = near.copy(), near - 2.0 / GRID, near + 2.0 / GRID
    active = np.arange(len(y))
    for _ in range(ITERATIONS):
        here = y[active]
        speed, slope = _at(both, here).T
        residual = here + t * speed - x[active]
        low[active] = np.where(residual < 0.0, here, low[active])
        high[active] = np.where(residual > 0.0, here, high[active])
        with np.errstate(divide="ignore", invalid="ignore"):
            step = here - residual / (1.0 + t * slope)
        inside = (step >= low[active]) & (step <= high[active])
        y[active] = np.where(inside, step, 0.5 * (low[active] + high[active]))
        active = active[np.abs(y[active] - here) > CONVERGED]
        if not len(active):
            break
    return y
