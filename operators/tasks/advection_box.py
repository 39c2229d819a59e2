"""Advection of a box: u0 -> u(., 1/2) = u0(. - c / 2).

    u_t + c u_x = 0, periodic on [0, 1);  u0 = h on [b - w/2, b + w/2] modulo 1, 0 elsewhere
    height h ~ U[1, 2], width w ~ U[0.3, 0.6], centre b ~ U[0.3, 0.7], c = 1

40 sensors and 40 outputs on the closed grid j / 39 (Lu et al. 2022, case I; their public data are 40 x 40 in
space-time: time_count = 40, horizon = 1). Closed form.

A three-parameter family with jumps: a linear reconstruction needs q of order 1 / error^2 in L2, a nonlinear one does
not. The sensors locate the edges only to their spacing, so they do not quite determine the output: at the fraction t of the way
between two sensors at distance s an edge between them leaves the variance h^2 t (1 - t), its place being uniform as s -> 0. A box
has two edges and mean square h^2 w, so no map of the sensor values has a relative error below

    E^2 = 2 s mean over the query points of t (1 - t) / E[w]      as s -> 0.

References: Lu et al. 2022, doi:10.1016/j.cma.2022.114778. Lanthaler, Molinaro, Hadorn, Mishra 2022, arXiv:2210.01074.
"""

import math
from dataclasses import dataclass

import numpy as np

from operators.arrays import Array
from operators.numerics import grids
from operators.tasks.task import Card, Task, constant
from operators.work import TRANSCENDENTAL, Work, elementwise

LOW = np.array([1.0, 0.3, 0.3])
HIGH = np.array([2.0, 0.6, 0.7])


@dataclass(frozen=True)
class AdvectionBox(Task):
    """Box -> translated box at t = `horizon` (time_count = 1) or for `time_count` times from 0 to `horizon`."""

    speed: float = constant(1.0)
    horizon: float = constant(0.5, least=0.0)
    sensor_count: int = constant(40, least=8, most=4096)
    point_count: int = constant(40, least=2, most=4096)
    time_count: int = constant(1, least=1, most=4096)

    @property
    def card(self) -> Card:
        """Equation, law, scheme, truth, stated solver error and references."""
        return Card(
            equation=f"u_t + {self.speed:g} u_x = 0, periodic on [0, 1); u0 -> u",
            input_law="box of height U[1, 2], width U[0.3, 0.6], centre U[0.3, 0.7]",
            scheme="closed form, exact translation",
            truth="membership of each point in the translated interval, modulo 1",
            solver_error=0.0,
            references=("doi:10.1016/j.cma.2022.114778", "arXiv:2210.01074"),
            caution="the sensors locate the edges only to their spacing",
        )

    def sensors(self) -> Array:
        """Closed uniform grid (m, 1)."""
        return grids.column("closed", self.sensor_count)

    def points(self) -> Array:
        """Closed uniform grid (P, 1) at t = horizon, or (x, t), t from 0 to the horizon."""
        if self.time_count == 1:
            return grids.column("closed", self.point_count)
        return grids.space_time("closed", self.point_count, self.time_count, self.horizon)

    def draw(self, generator: np.random.Generator, count: int) -> Array:
        """Draw height, width and centre: (count, 3)."""
        return LOW + (HIGH - LOW) * generator.random((count, 3))

    def inputs(self, coefficients: Array) -> Array:
        """Values of u0 at the sensors."""
        return _box(coefficients, self.sensors()[:, 0])

    def outputs(self, coefficients: Array) -> Array:
        """Values of u0 at x - c t."""
        return _box(coefficients, self._feet())

    def work(self, count: int) -> Work:
        """A distance on the circle for each value, and a look at it."""
        values = count * (self.sensor_count + self.point_count * self.time_count)
        return elementwise(values, 2.0 * TRANSCENDENTAL, copies=5.0)

    def sensor_floor(self) -> float:
        """The asymptotic floor E of the module's docstring."""
        cells = self.sensor_count - 1
        t = (self._feet() % 1.0 * cells) % 1.0
        return math.sqrt(2.0 / cells * float(np.mean(t * (1.0 - t))) / float(0.5 * (LOW[1] + HIGH[1])))

    def _feet(self) -> Array:
        """Where the characteristics through the query points start."""
        x, t = np.meshgrid(grids.closed(self.point_count), grids.closed(self.time_count, self.horizon))
        return np.asarray(x - self.speed * t, dtype=np.float64).ravel()

    def violations(self, inputs: Array, outputs: Array) -> list[str]:
        """Outputs take the values 0 and h only."""
        height = inputs.max(axis=1, keepdims=True)
        return [] if np.all((outputs == 0.0) | (outputs == height)) else ["a value is neither 0 nor the height of its box"]


def _box(coefficients: Array, x: Array) -> Array:
    """Values (N, P): the height where the distance to the centre on the circle is at most half the width."""
    height, width, centre = coefficients.T[:, :, None]
    return np.where(np.abs((x - centre + 0.5) % 1.0 - 0.5) <= width / 2.0, height, 0.0)
