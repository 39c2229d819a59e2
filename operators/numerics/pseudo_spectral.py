"""Fourier pseudo-spectral solution of u_t + c (u^2 / 2)_x = L u, periodic on [0, 1), L diagonal in the Fourier modes.

    u = sum_{|k| <= K} v_k e^{2 pi i k x},   v_k' = lambda_k v_k - (c / 2) 2 pi i k (u^2)_k

Products are formed on 3 (K + 1) points, where they are exact (no aliasing); ETDRK4 (`operators.numerics.etdrk`), order 4 in time.
The mean v_0 is conserved when lambda_0 = 0. Real lambda: diffusion or growth; imaginary lambda: dispersion.

Burgers: lambda = -nu (2 pi k)^2. Korteweg and de Vries: lambda = i delta (2 pi k)^3. Kuramoto and Sivashinsky, on a period of
length l mapped to 1: c = 1 / l, lambda = (2 pi k / l)^2 - (2 pi k / l)^4.

Reference: Kassam and Trefethen 2005, doi:10.1137/S1064827502410633.
"""

import math

import numpy as np
import scipy
from numpy.typing import NDArray

from operators.arrays import Array
from operators.numerics import etdrk
from operators.work import TRANSCENDENTAL, Work, elementwise, product, transform

Spectrum = NDArray[np.complex128]


def wave_numbers(modes: int) -> Array:
    """2 pi k, k = 0, ..., modes."""
    return 2.0 * math.pi * np.arange(modes + 1, dtype=np.float64)


def advance(spectrum: Spectrum, eigenvalues: Array | Spectrum, *, transport: float, duration: float, steps: int) -> Spectrum:
    """Advance Fourier coefficients v_0, ..., v_K of u, (N, K + 1), by `duration` in `steps` equal steps.

    Args:
        spectrum: the coefficients.
        eigenvalues: lambda_0, ..., lambda_K of L.
        transport: the factor c of (u^2 / 2)_x.
        duration: time to advance by.
        steps: number of steps.
    """
    modes = spectrum.shape[1] - 1
    size = 3 * (modes + 1)
    derivative = transport * (-0.5j * wave_numbers(modes) * size)

    def nonlinear(v: Spectrum) -> Spectrum:
        values = scipy.fft.irfft(v, n=size, axis=1)
        return derivative * scipy.fft.rfft(values * values, axis=1)[:, : modes + 1]

    scheme = etdrk.diagonal(eigenvalues, duration / steps)
    for _ in range(steps):
        spectrum = scheme.step(spectrum, nonlinear)
    return spectrum


def padded(spectrum: Spectrum, modes: int) -> Spectrum:
    """The coefficients of the same functions with zeros up to k = modes: (N, modes + 1)."""
    wider = np.zeros((len(spectrum), modes + 1), dtype=np.complex128)
    wider[:, : spectrum.shape[1]] = spectrum
    return wider


def values(spectrum: Spectrum, x: Array) -> Array:
    """Values (N, P) of the Fourier sum at x (P,)."""
    phase = 2.0 * math.pi * np.arange(1, spectrum.shape[1])[:, None] * x
    basis = np.concatenate([np.ones((1, len(x))), 2.0 * np.cos(phase), -2.0 * np.sin(phase)])
    return np.concatenate([spectrum.real, spectrum.imag[:, 1:]], axis=1) @ basis


def work(count: int, modes: int, *, points: int, steps: int, intervals: int) -> Work:
    """What `count` functions take: each step 4 nonlinear terms of two transforms and some 25 products of spectra; frames."""
    size = modes + 1
    step = 8.0 * transform(3 * size) + 8.0 * 3 * size + 25.0 * 4 * size
    coefficients = elementwise(64.0 * size, 12.0 * TRANSCENDENTAL, copies=8.0).times(intervals)
    frame = elementwise(2.0 * size * points, 2.0 * TRANSCENDENTAL) + product(count, 2 * size, points)
    return coefficients + Work(count * step * steps * intervals, count * 40.0 * size) + frame.times(intervals + 1)
