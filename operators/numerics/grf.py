"""Gaussian random fields as finite sums of sines and cosines, known everywhere in closed form.

    periodic, one dimension, period L
        f(x) = s_0 z_0 + sqrt(2) sum_{k=1}^K s_k (z_{2k-1} cos(2 pi k x / L) + z_{2k} sin(2 pi k x / L)),   z i.i.d. N(0, 1)
        eigenvalues s_0^2 and s_k^2 (twice each) of the covariance operator on L^2(0, L), norm averaged over the period
    Neumann, unit square
        g(x, y) = sum_{j, k < n} s_jk c_j c_k z_jk cos(pi j x) cos(pi k y),   c_0 = 1, c_j = sqrt(2)

Laws:
    Whittle-Matern: N(0, a (-Lap + tau^2 I)^-alpha).
        s_k^2 = a ((2 pi k)^2 + tau^2)^-alpha on the circle; on the square, with Neumann conditions, pi^2 (j^2 + k^2) takes
        the place of (2 pi k)^2. Samples have fewer than alpha - dimension / 2 derivatives in L^2.
    Squared exponential: covariance exp(-r^2 / (2 l^2)) on [0, 1], made periodic with L = 1 + 8 l.
        s_k^2 = (l sqrt(2 pi) / L) exp(-(2 pi k l / L)^2 / 2), exactly, by Poisson summation. On [0, 1] the covariance differs
        from the one asked for by less than 2 exp(-32) = 3e-14.
    Periodic squared exponential: covariance exp(-2 sin^2(pi r) / l^2) on the circle.
        s_k^2 = e^{-1/l^2} I_k(1/l^2), I_k the modified Bessel function (Jacobi-Anger).

A K so small that the law is visibly cut off breaks the name of the law, never the formulas.

References: Lord, Powell, Shardlow, An Introduction to Computational Stochastic PDEs, Cambridge 2014, sections 6.4 and
7.4, doi:10.1017/CBO9781139017329.
"""

import math
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from operators.arrays import Array
from operators.work import TRANSCENDENTAL, Work, elementwise, product


@dataclass(frozen=True, eq=False)
class PeriodicField:
    """A law of periodic functions: standard deviations s_0, ..., s_K of its Fourier modes and its period L."""

    deviations: Array
    period: float = 1.0

    @property
    def coefficients(self) -> int:
        """2 K + 1, the count of standard normal numbers that determine a function."""
        return 2 * len(self.deviations) - 1

    def draw(self, generator: np.random.Generator, count: int) -> Array:
        """Draw the coefficients z of `count` functions: (count, 2K + 1)."""
        return generator.standard_normal((count, self.coefficients))

    def evaluate(self, z: Array, x: Array) -> Array:
        """Values f(x_j): (N, P) for z (N, 2K + 1) and x (P,)."""
        return z @ (self._scales()[:, None] * self._modes(x))

    def antiderivative(self, z: Array, x: Array) -> Array:
        """Values of the integral of f from 0 to x_j: (N, P)."""
        omega = self._frequencies()[1:, None]
        primitive = np.empty((self.coefficients, len(x)))
        primitive[0] = x
        primitive[1::2] = np.sin(omega * x) / omega
        primitive[2::2] = (1.0 - np.cos(omega * x)) / omega
        return z @ (self._scales()[:, None] * primitive)

    def fourier(self, z: Array) -> NDArray[np.complex128]:
        """Complex Fourier coefficients c_0, ..., c_K with f = sum_{|k| <= K} c_k exp(2 pi i k x / L): (N, K + 1)."""
        scaled = z * self._scales()
        coefficients = np.empty((len(z), len(self.deviations)), dtype=np.complex128)
        coefficients[:, 0] = scaled[:, 0]
        coefficients[:, 1:] = 0.5 * (scaled[:, 1::2] - 1j * scaled[:, 2::2])
        return coefficients

    def work(self, count: int, points: int) -> Work:
        """What drawing `count` functions and evaluating them at so many points takes."""
        k = self.coefficients
        return (
            elementwise(count * k, TRANSCENDENTAL)
            + elementwise(k * points, TRANSCENDENTAL + 4.0, copies=3.0)
            + product(count, k, points)
        )

    def spectrum(self) -> Array:
        """Eigenvalues of the covariance, decreasing; their sum is the variance of f(x)."""
        deviations: Array = np.concatenate([self.deviations[:1], np.repeat(self.deviations[1:], 2)])
        return np.sort(deviations * deviations)[::-1]

    def _frequencies(self) -> Array:
        return np.arange(len(self.deviations), dtype=np.float64) * (2.0 * math.pi / self.period)

    def _scales(self) -> Array:
        return np.concatenate([self.deviations[:1], math.sqrt(2.0) * np.repeat(self.deviations[1:], 2)])

    def _modes(self, x: Array) -> Array:
        omega = self._frequencies()[1:, None]
        modes = np.ones((self.coefficients, len(x)))
        modes[1::2] = np.cos(omega * x)
        modes[2::2] = np.sin(omega * x)
        return modes


def whittle_matern(*, amplitude: float, tau: float, alpha: float, modes: int, mean_mode: bool = True) -> PeriodicField:
    """N(0, amplitude (-Lap + tau^2)^-alpha) on the circle of length 1, frequencies |k| <= modes, k = 0 left out on request."""
    k = np.arange(modes + 1)
    deviations = np.sqrt(amplitude) * ((2.0 * math.pi * k) ** 2 + tau**2) ** (-alpha / 2.0)
    if not mean_mode:
        deviations[0] = 0.0
    return PeriodicField(deviations)


def squared_exponential(length: float) -> PeriodicField:
    """Covariance exp(-r^2 / (2 length^2)) on [0, 1]; modes below 1e-20 of the largest variance are left out."""
    period = 1.0 + 8.0 * length
    step = 2.0 * math.pi * length / period
    k = np.arange(math.ceil(math.sqrt(2.0 * 20.0 * math.log(10.0)) / step) + 1)
    return PeriodicField(np.sqrt(length * math.sqrt(2.0 * math.pi) / period * np.exp(-((step * k) ** 2) / 2.0)), period)


def periodic_squared_exponential(length: float, *, most: int) -> PeriodicField:
    """Covariance exp(-2 sin^2(pi r) / length^2) on the circle, k <= most, without modes below 1e-20 of the largest."""
    variances = scipy.special.ive(np.arange(most + 1), length**-2.0)
    return PeriodicField(np.sqrt(variances[variances >= 1e-20 * variances[0]]))


@dataclass(frozen=True, eq=False)
class NeumannField:
    """A law of functions on the unit square with zero normal derivative: standard deviations s_jk, (n, n)."""

    deviations: Array

    @property
    def coefficients(self) -> int:
        """n^2."""
        return self.deviations.size

    def draw(self, generator: np.random.Generator, count: int) -> Array:
        """Draw the coefficients z of `count` functions: (count, n^2)."""
        return generator.standard_normal((count, self.coefficients))

    def evaluate(self, z: Array, x: Array, y: Array) -> Array:
        """Values g(x_i, y_j) on a product grid: (N, X, Y)."""
        weights = z.reshape(-1, *self.deviations.shape) * self.deviations
        return self._modes(x).T @ weights @ self._modes(y)

    def work(self, count: int, x: int, y: int) -> Work:
        """What drawing `count` functions and evaluating them on a grid of x times y points takes."""
        n = len(self.deviations)
        return (
            elementwise(count * n * n, TRANSCENDENTAL)
            + elementwise(n * (x + y), TRANSCENDENTAL + 4.0, copies=3.0)
            + product(count * x, n, n)
            + product(count * x, n, y)
        )

    def _modes(self, x: Array) -> Array:
        j = np.arange(len(self.deviations))[:, None]
        return np.where(j == 0, 1.0, math.sqrt(2.0)) * np.cos(math.pi * j * x)


def whittle_matern_square(*, tau: float, alpha: float, modes: int, amplitude: float | None = None) -> NeumannField:
    """N(0, amplitude (-Lap + tau^2)^-alpha) on the unit square, Neumann, zero mean mode, j and k < modes.

    The amplitude None stands for the one that makes the mean variance 1.
    """
    j = np.arange(modes)
    deviations = np.asarray((math.pi**2 * (j[:, None] ** 2 + j**2) + tau**2) ** (-alpha / 2.0), dtype=np.float64)
    deviations[0, 0] = 0.0
    if amplitude is not None:
        return NeumannField(np.sqrt(amplitude) * deviations)
    return NeumannField(deviations / np.sqrt(np.sum(deviations**2)))
