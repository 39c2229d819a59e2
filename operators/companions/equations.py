"""Partial differential equations with closed-form solutions: what physics-informed nets are trained on.

    taylor-green   u_t + u u_x + v u_y + p_x = nu Lap u,  v_t + u v_x + v v_y + p_y = nu Lap v,  u_x + v_y = 0,  nu = 1/1000
                   u = sin x cos y F,  v = -cos x sin y F,  p = (cos 2x + cos 2y) F^2 / 4,  F = e^(-2 nu t)
    hjb            u_t - Lap u + |grad u|^2 = 0,   u = |x|^2 / (1 + 4t) + ln(1 + 4t),   x in R^2
    poisson        -Lap u = 4,   u = x - x^2 + y - y^2

on the unit cube in (x, y, t), or the unit square in (x, y). Labels are values of the solution with noise: of all unknowns at a
grid of 16^3 points, or for `poisson` at the 596 boundary nodes of a grid of 150^2.

A residual is written once, in plain arithmetic, for whatever differentiates: columns are arrays (K,), or tensors (K, 1). Columns
of unlike shapes would broadcast to all pairs, (K, K), whose squares no net can make small; `square_sum` refuses them.
(Andre-Sloan, Mukherjee, Colbrook 2025, arXiv 2507.06967.)
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from operators.arrays import Array

VISCOSITY = 1e-3
SOURCE = 4.0
LABELS_PER_SIDE = 16
BOUNDARY_PER_SIDE = 150

Column = Any  # NumPy's (K,) or a tensor (K, 1)


@dataclass(frozen=True, eq=False)
class Jet:
    """A field and its derivatives at K points, or the slopes of a number in them.

    Attributes:
        values: (outputs, K).
        slopes: (outputs, coordinates, K), time last.
        laplacians: (outputs, K), over x and y.
    """

    values: Sequence[Column]
    slopes: Sequence[Sequence[Column]]
    laplacians: Sequence[Column]


class Equation(ABC):
    """An equation, its solution, and where it is asked for. Concrete equations hold no state.

    Attributes:
        name: key in EQUATIONS.
        unknowns: names of the outputs.
        residual_names: names of the residuals.
        coordinates: 3 for (x, y, t), 2 for (x, y).
        collocation_per_side: points per side of the grid at which residuals are asked for.
    """

    name: ClassVar[str]
    unknowns: ClassVar[tuple[str, ...]] = ("u",)
    residual_names: ClassVar[tuple[str, ...]]
    coordinates: ClassVar[int] = 3
    collocation_per_side: ClassVar[int]

    @abstractmethod
    def solution(self, points: Array) -> Array:
        """The unknowns (K, outputs) at points (K, coordinates)."""

    @abstractmethod
    def residuals(self, jet: Jet) -> tuple[Column, ...]:
        """What the equation leaves, one column for each of `residual_names`."""

    @abstractmethod
    def pulled(self, jet: Jet, slopes: Sequence[Array]) -> Jet:
        """The slopes of a number in the jet, from its slopes in the residuals."""

    def pulled_apart(self, jet: Jet) -> Iterator[Jet]:
        """The slopes of each residual by itself in the jet, in the order of `residual_names`."""
        for place in range(len(self.residual_names)):
            ones = [np.full_like(jet.values[0], float(place == other)) for other in range(len(self.residual_names))]
            yield self.pulled(jet, ones)

    def labelled_points(self) -> Array:
        """Where labels are, (K, coordinates)."""
        return cube(LABELS_PER_SIDE, self.coordinates)

    def collocation_points(self) -> Array:
        """Where residuals are asked for, (K, coordinates)."""
        return cube(self.collocation_per_side, self.coordinates)


class TaylorGreen(Equation):
    """Navier-Stokes on a decaying vortex."""

    name = "taylor-green"
    unknowns = ("u", "v", "p")
    residual_names = ("momentum x", "momentum y", "divergence")
    collocation_per_side = 16

    def solution(self, points: Array) -> Array:
        """Closed form."""
        x, y, t = points.T
        decay = np.exp(-2.0 * VISCOSITY * t)
        pressure = 0.25 * (np.cos(2.0 * x) + np.cos(2.0 * y)) * decay**2
        return np.stack([np.sin(x) * np.cos(y) * decay, -np.cos(x) * np.sin(y) * decay, pressure], axis=1)

    def residuals(self, jet: Jet) -> tuple[Column, ...]:
        """Momentum in x and y, divergence."""
        (u, v, _), (lap_u, lap_v, _) = jet.values, jet.laplacians
        (u_x, u_y, u_t), (v_x, v_y, v_t), (p_x, p_y, _) = jet.slopes
        along_x = u_t + u * u_x + v * u_y + p_x - VISCOSITY * lap_u
        along_y = v_t + u * v_x + v * v_y + p_y - VISCOSITY * lap_v
        return along_x, along_y, u_x + v_y

    def pulled(self, jet: Jet, slopes: Sequence[Array]) -> Jet:
        """By the product rule."""
        a, b, c = slopes
        u, v, _ = jet.values
        (u_x, u_y, _), (v_x, v_y, _), _ = jet.slopes
        nothing = np.zeros_like(a)
        return Jet(
            values=(a * u_x + b * v_x, a * u_y + b * v_y, nothing),
            slopes=((a * u + c, a * v, a), (b * u, b * v + c, b), (a, b, nothing)),
            laplacians=(-VISCOSITY * a, -VISCOSITY * b, nothing),
        )


class HamiltonJacobiBellman(Equation):
    """A Hamilton-Jacobi-Bellman equation in two space dimensions."""

    name = "hjb"
    residual_names = ("equation",)
    collocation_per_side = 20

    def solution(self, points: Array) -> Array:
        """Closed form."""
        x, y, t = points.T
        spread = 1.0 + 4.0 * t
        return np.asarray(((x**2 + y**2) / spread + np.log(spread))[:, None])

    def residuals(self, jet: Jet) -> tuple[Column, ...]:
        """The equation."""
        ((u_x, u_y, u_t),) = jet.slopes
        return (u_t - jet.laplacians[0] + u_x * u_x + u_y * u_y,)

    def pulled(self, jet: Jet, slopes: Sequence[Array]) -> Jet:
        """By the product rule."""
        (a,), ((u_x, u_y, _),) = slopes, jet.slopes
        return Jet(values=(np.zeros_like(a),), slopes=((2.0 * a * u_x, 2.0 * a * u_y, a),), laplacians=(-a,))


class Poisson(Equation):
    """Poisson's equation with a constant source, labelled on the boundary only."""

    name = "poisson"
    residual_names = ("equation",)
    coordinates = 2
    collocation_per_side = 32

    def solution(self, points: Array) -> Array:
        """Closed form."""
        return np.sum(points - points**2, axis=1)[:, None]

    def residuals(self, jet: Jet) -> tuple[Column, ...]:
        """The equation."""
        return (-jet.laplacians[0] - SOURCE,)

    def pulled(self, jet: Jet, slopes: Sequence[Array]) -> Jet:
        """Linear."""
        (a,) = slopes
        nothing = np.zeros_like(a)
        return Jet(values=(nothing,), slopes=((nothing, nothing),), laplacians=(-a,))

    def labelled_points(self) -> Array:
        """The boundary nodes."""
        nodes = cube(BOUNDARY_PER_SIDE, 2)
        return nodes[np.any((nodes == 0.0) | (nodes == 1.0), axis=1)]


EQUATIONS: dict[str, Equation] = {equation.name: equation for equation in (TaylorGreen(), HamiltonJacobiBellman(), Poisson())}


def cube(per_side: int, coordinates: int) -> Array:
    """A grid on the unit cube with its ends, (per_side^coordinates, coordinates)."""
    axes = np.meshgrid(*[np.linspace(0.0, 1.0, per_side)] * coordinates, indexing="ij")
    return np.stack([axis.ravel() for axis in axes], axis=1)


def square_sum(residual: Array, count: int) -> float:
    """The sum of squares of a residual at so many points.

    Raises:
        ValueError: it is not one number for each point.
    """
    if residual.shape != (count,):
        raise ValueError(f"expected residuals of shape ({count},), got {residual.shape}; give columns of one shape")
    return float(np.sum(np.square(residual), dtype=np.float64))
