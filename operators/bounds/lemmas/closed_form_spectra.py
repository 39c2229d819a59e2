"""Output spectra in closed form: eigenvalues of the second-moment operator E[G(a) (x) G(a)], norms averaged over the domain.

All results are decreasing and non-negative, so that tails may be taken (`operators.bounds.population`).

Periodic on [0, 1), input with covariance eigenvalues lam_k on exp(2 pi i k x), k integer, u_t + c u_x = kappa u_xx + r u:
    final time T      lam_k exp(2 A_k T),   A_k = r - kappa (2 pi k)^2; pure advection changes nothing, whatever c and T
    space-time        lam_k (exp(2 A_k T) - 1) / (2 A_k T), norm averaged over [0, T]; 1 for A_k = 0. Modes stay orthogonal in x.
Dirichlet on (0, 1), input eigenvalues mu_k on sqrt(2) sin(k pi x), k >= 1:
    -u'' = a          mu_k / (k pi)^4
    heat, time T      mu_k exp(-2 kappa (k pi)^2 T)
Translates of a profile phi by a uniform shift over its period: |c_k|^2, c_k the Fourier coefficients of phi. Tails:
    box of width w    lam_0 = w^2, lam_k = (sin(pi k w) / (pi k))^2; for generic w tail_q ~ 16 / (pi^4 q)
    one jump J        tail_q ~ J^2 / (pi^2 q)
    inviscid Burgers  u_t + (u^2 / 2)_x = 0, u_0 = -sin(x - xi) on [0, 2 pi): smooth for t < 1, then a shock at rest at x = xi;
                      u = -sin(x0), x0 the largest root of x0 - t sin(x0) = x in [x, pi] for 0 < x < pi, odd about pi.

M equispaced points see the same spectrum exactly if no mode reaches M / 2. Algebraic tails of translates limit linear
reconstruction only.

Oracle: used by tests, and by tasks of your own (docs/extending.md); the tasks of this suite state their spectra themselves.

References: Lanthaler, Mishra, Karniadakis 2022, doi:10.1093/imatrm/tnac001; Lanthaler, Molinaro, Hadorn, Mishra 2023, arXiv
2210.01074.
"""

import math

import numpy as np
from numpy.typing import NDArray

from operators.arrays import Array

BISECTIONS = 60


def decreasing(eigenvalues: Array) -> Array:
    """Sorted, largest first."""
    return np.sort(eigenvalues)[::-1].astype(np.float64, copy=False)


def periodic_wavenumbers(largest: int) -> NDArray[np.int_]:
    """0, 1, -1, ..., K, -K as absolute values: 0, 1, 1, ..., K, K."""
    return np.concatenate([[0], np.repeat(np.arange(1, largest + 1), 2)])


def _growth(wavenumbers: NDArray[np.int_], diffusivity: float, reaction: float) -> Array:
    return np.asarray(reaction - diffusivity * (2.0 * math.pi * wavenumbers) ** 2, dtype=np.float64)


def evolved(
    eigenvalues: Array, wavenumbers: NDArray[np.int_], *, time: float, diffusivity: float = 0.0, reaction: float = 0.0
) -> Array:
    """Spectrum of u(., T) for periodic advection, diffusion and linear reaction."""
    return decreasing(eigenvalues * np.exp(2.0 * _growth(wavenumbers, diffusivity, reaction) * time))


def evolved_in_space_time(
    eigenvalues: Array, wavenumbers: NDArray[np.int_], *, time: float, diffusivity: float = 0.0, reaction: float = 0.0
) -> Array:
    """Spectrum of u on [0, 1) x [0, T], norm averaged over both."""
    exponent = 2.0 * _growth(wavenumbers, diffusivity, reaction) * time
    safe = np.where(exponent == 0.0, 1.0, exponent)
    return decreasing(eigenvalues * np.where(exponent == 0.0, 1.0, np.expm1(safe) / safe))


def poisson(eigenvalues: Array) -> Array:
    """Spectrum of the solution of -u'' = a with u(0) = u(1) = 0; eigenvalues mu_1, mu_2, ... of a in the sine basis."""
    k = np.arange(1, len(eigenvalues) + 1)
    return decreasing(eigenvalues / (math.pi * k) ** 4)


def heat_with_fixed_ends(eigenvalues: Array, *, time: float, diffusivity: float) -> Array:
    """Spectrum of the heat equation at time T with u(0) = u(1) = 0."""
    k = np.arange(1, len(eigenvalues) + 1)
    return decreasing(eigenvalues * np.exp(-2.0 * diffusivity * (math.pi * k) ** 2 * time))


def translates(profile: Array) -> Array:
    """Spectrum of the translates of a profile given at P equispaced points of one period, shifts on the grid equally likely."""
    coefficients = np.fft.fft(profile) / len(profile)
    return decreasing(np.abs(coefficients) ** 2)


def box_translates(width: float, largest: int) -> Array:
    """Spectrum of translates of the indicator of an interval of this width, period 1, modes |k| <= largest.

    Raises:
        ValueError: a width not in (0, 1).
    """
    if not 0.0 < width < 1.0:
        raise ValueError(f"expected a width in (0, 1), got {width}")
    k = np.arange(1, largest + 1)
    waves = (np.sin(math.pi * k * width) / (math.pi * k)) ** 2
    return decreasing(np.concatenate([[width**2], waves, waves]))


def inviscid_burgers_profile(time: float, points: Array) -> Array:
    """u(x, t) for xi = 0 at points in [0, 2 pi): entropy solution by bisection along characteristics, to 1e-15."""
    x = np.minimum(points, 2.0 * math.pi - points)
    low = np.full(x.shape, math.acos(min(1.0, 1.0 / time)) if time > 0.0 else 0.0)
    high = np.full(x.shape, math.pi)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2.0
        right = middle - time * np.sin(middle) >= x
        low, high = np.where(right, low, middle), np.where(right, middle, high)
    return np.where(points <= math.pi, -np.sin(high), np.sin(high))
