"""Bias-free DeepONets with the activation |.|, their Huber loss and its gradient; and the data they are trained on.

    h(u, y) = <B_L |B_(L-1) ... |B_1 u||, T_L |T_(L-1) ... |T_1 y||>

is positively homogeneous in u and y, which makes its capacity (`operators.bounds.rademacher`) a bound of its complexity.

    u_t + u u_x = u_xx on [-pi, pi] x [0, 1],   u_0 = sum_(k <= 3) c_k sin(k x),   c_k ~ 0.2 N(0, 1),   y = (t, cos x, sin x)

(Gopalani, Karmakar, Kumar, Mukherjee 2024, arXiv 2205.11359.) Solved by the transformation of Cole and Hopf, with a Fourier
series of phi from QUADRATURE points, exact to rounding for such smooth functions:

    u = -2 phi_x / phi,   phi_t = phi_xx,   phi_0 = exp(-(1/2) int u_0).
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from operators.arrays import Array

WAVES = 3
AMPLITUDE = 0.2
SENSORS = 100
QUADRATURE = 64

Matrices = tuple[Array, ...]


def initial_values(coefficients: Array, x: Array) -> Array:
    """u_0 (N, P) at x (P,)."""
    return np.asarray(coefficients @ np.sin(np.arange(1, WAVES + 1)[:, None] * x))


def sensors() -> Array:
    """Equispaced on a period."""
    return -np.pi + 2.0 * np.pi * np.arange(SENSORS) / SENSORS


def solutions(coefficients: Array, x: Array, t: Array) -> Array:
    """u (N, P) at the points (x, t), (N, P) each: the Fourier series of phi, which t damps by exp(-k^2 t)."""
    grid = 2.0 * np.pi * np.arange(QUADRATURE) / QUADRATURE
    waves = np.arange(1, WAVES + 1)
    integral = (coefficients / waves) @ (1.0 - np.cos(waves[:, None] * grid))
    series = np.fft.rfft(np.exp(-0.5 * integral), axis=1) / QUADRATURE
    k = np.arange(series.shape[1])
    weights = np.where(k > 0, 2.0, 1.0) * series
    turned = weights[:, None, :] * np.exp(1j * x[:, :, None] * k - t[:, :, None] * k**2)
    phi, slope = turned.real.sum(axis=2), (1j * k * turned).real.sum(axis=2)
    return np.asarray(-2.0 * slope / phi)


def coordinates(x: Array, t: Array) -> Array:
    """(t, cos x, sin x) of points of any shape."""
    return np.stack([t, np.cos(x), np.sin(x)], axis=-1)


def start(sizes: Sequence[int], random: np.random.Generator) -> Matrices:
    """Normal matrices (fan out, fan in) of variance one over the fan-in."""
    return tuple(random.standard_normal((out, fan)) / np.sqrt(fan) for fan, out in pairwise(sizes))


def layers(matrices: Matrices, x: Array) -> list[Array]:
    """What enters each matrix, and the output, (m, width) each."""
    values = [x]
    for matrix in matrices[:-1]:
        values.append(np.abs(values[-1] @ matrix.T))
    return [*values, values[-1] @ matrices[-1].T]


def back(matrices: Matrices, values: Sequence[Array], outer: Array) -> Matrices:
    """Gradients of sum <outer, output> in the matrices."""
    found = list[Array]()
    for depth in range(len(matrices) - 1, -1, -1):
        found.append(outer.T @ values[depth])
        if depth:
            outer = (outer @ matrices[depth]) * np.sign(values[depth - 1] @ matrices[depth - 1].T)
    return tuple(reversed(found))


def huber(misfit: Array, delta: float) -> Array:
    """m^2 / 2 up to delta, delta (|m| - delta / 2) beyond."""
    size = np.abs(misfit)
    return np.asarray(np.where(size <= delta, 0.5 * misfit**2, delta * (size - 0.5 * delta)))


def loss(branch: Matrices, trunk: Matrices, u: Array, y: Array, labels: Array, *, delta: float) -> tuple[float, Matrices]:
    """Mean Huber loss over pairs (u_i, y_i), and its gradient in the matrices of both nets."""
    left, right = layers(branch, u), layers(trunk, y)
    misfit = np.sum(left[-1] * right[-1], axis=1) - labels
    slope = (np.clip(misfit, -delta, delta) / len(labels))[:, None]
    gradient = (*back(branch, left, slope * right[-1]), *back(trunk, right, slope * left[-1]))
    return float(huber(misfit, delta).mean()), gradient


def trained(
    matrices: Matrices, u: Array, y: Array, labels: Array, batches: Sequence[Array], *, delta: float, rate: float
) -> Matrices:
    """Matrices of both nets, branch first, after a step of Adam on each batch of rows; the rate falls to a tenth by a cosine."""
    mean, square = ([np.zeros_like(matrix) for matrix in matrices] for _ in range(2))
    half = len(matrices) // 2
    for step, rows in enumerate(batches):
        _, gradient = loss(matrices[:half], matrices[half:], u[rows], y[rows], labels[rows], delta=delta)
        now = rate * (0.55 + 0.45 * np.cos(np.pi * step / len(batches)))
        for place, g in enumerate(gradient):
            mean[place] = 0.9 * mean[place] + 0.1 * g
            square[place] = 0.999 * square[place] + 0.001 * g**2
        first, second = 1.0 - 0.9 ** (step + 1), 1.0 - 0.999 ** (step + 1)
        matrices = tuple(
            w - now * (m / first) / (np.sqrt(v / second) + 1e-8) for w, m, v in zip(matrices, mean, square, strict=True)
        )
    return matrices
