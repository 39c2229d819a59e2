"""Maps, and dictionaries of observables at their nodes: what `operators.companions.koopman` is asked of.

gauss      F(x) = exp(-2 x^2) - 1 - e^-2 on [-1, 0], Gauss-Legendre nodes
rotation   theta -> theta + sqrt(2) on the circle, equispaced nodes
pendulum   theta'' = -sin(theta) for dt = 1/2, on [-pi, pi] x [-2, 2], equispaced in theta and Gauss-Legendre in theta'
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

from operators.arrays import Array

ANGLE = 2.0**0.5
STEP, SUBSTEPS = 0.5, 20
FASTEST = 2.0


@dataclass(frozen=True, eq=False)
class Nodes:
    """Quadrature of a map: points (m, dimension), their images, and weights that sum to the measure."""

    here: Array
    moved: Array
    weights: Array


def gauss_map(count: int) -> Nodes:
    """The Gauss map at so many nodes."""
    x, w = legendre.leggauss(count)
    here = 0.5 * (x - 1.0)
    return Nodes(here[:, None], (np.exp(-2.0 * here**2) - 1.0 - np.exp(-2.0))[:, None], 0.5 * w)


def rotation(count: int) -> Nodes:
    """The rotation at so many nodes, of total weight 1."""
    here = 2.0 * np.pi * np.arange(count) / count
    return Nodes(here[:, None], here[:, None] + ANGLE, np.full(count, 1.0 / count))


def pendulum(count: int) -> Nodes:
    """The pendulum at count^2 nodes, of total weight 1; classical Runge-Kutta steps."""
    angles = -np.pi + 2.0 * np.pi * np.arange(count) / count
    speeds, w = legendre.leggauss(count)
    here = np.stack(np.meshgrid(angles, FASTEST * speeds, indexing="ij"), axis=-1).reshape(-1, 2)
    moved, h = here, STEP / SUBSTEPS
    for _ in range(SUBSTEPS):
        moved = _runge_kutta(moved, h)
    return Nodes(here, moved, np.tile(0.5 * w / count, count))


def _runge_kutta(state: Array, h: float) -> Array:
    def slope(s: Array) -> Array:
        return np.stack([s[:, 1], -np.sin(s[:, 0])], axis=1)

    k1 = slope(state)
    k2 = slope(state + 0.5 * h * k1)
    k3 = slope(state + 0.5 * h * k2)
    k4 = slope(state + h * k3)
    return state + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)


MAPS: dict[str, Callable[[int], Nodes]] = {"gauss": gauss_map, "rotation": rotation, "pendulum": pendulum}


def legendre_functions(x: Array, q: int) -> Array:
    """Legendre polynomials of degree below q, orthonormal on [-1, 0]."""
    return np.asarray(legendre.legvander(2.0 * x[:, 0] + 1.0, q - 1) * np.sqrt(2.0 * np.arange(q) + 1.0))


def fourier_functions(x: Array, q: int) -> NDArray[np.complex128]:
    """e^(ik theta) for k = 0, 1, -1, 2, ...; of a pendulum times Legendre polynomials of the speed, by total degree."""
    waves = sorted(range(-q, q + 1), key=lambda k: (abs(k), -k))
    if x.shape[1] == 1:
        return np.exp(1j * x[:, :1] * np.array(waves[:q]))
    pairs = sorted(
        ((k, degree) for k in waves for degree in range(q)), key=lambda pair: (abs(pair[0]) + pair[1], pair[1], -pair[0])
    )
    speeds = legendre.legvander(x[:, 1] / FASTEST, q - 1) * np.sqrt(2.0 * np.arange(q) + 1.0)
    return np.stack([np.exp(1j * k * x[:, 0]) * speeds[:, degree] for k, degree in pairs[:q]], axis=1)


def tanh_functions(x: Array, q: int, scale: float, random: np.random.Generator) -> Array:
    """tanh of random affine functions of (cos theta, sin theta) and, of a pendulum, the speed."""
    inputs = np.concatenate([np.cos(x[:, :1]), np.sin(x[:, :1]), x[:, 1:]], axis=1)
    slopes, offsets = random.standard_normal((inputs.shape[1], q)), random.standard_normal(q)
    return np.tanh(scale * (inputs @ slopes + offsets))


def real_fourier(count: int, q: int) -> Array:
    """1, sqrt(2) cos(2 pi x), sqrt(2) sin(2 pi x), ... at count equispaced points of a period, (count, q)."""
    x = np.arange(count) / count
    columns = [np.ones(count)]
    for k in range(1, q // 2 + 1):
        columns += [np.sqrt(2.0) * np.cos(2.0 * np.pi * k * x), np.sqrt(2.0) * np.sin(2.0 * np.pi * k * x)]
    return np.stack(columns[:q], axis=1)


def pod_modes(states: Array, q: int) -> Array:
    """The first q principal directions of states (N, P), uncentred: (P, q)."""
    return np.asarray(np.linalg.svd(states, full_matrices=False)[2][:q].T)


def functionals(states: Array, modes: Array) -> Array:
    """The observables u -> mean of t_k u, (N, q), of states (N, P) and modes (P, q)."""
    return states @ modes / states.shape[1]


def share_above(residuals: Sequence[float] | Array, level: float) -> float:
    """Share of the residuals above a level."""
    return float(np.mean(np.asarray(residuals) > level))
