"""What tasks with a Gaussian input on a period share: its law, its sensors and points, and how it is drawn.

    u0 ~ N(0, a (-Lap + tau^2)^-alpha) on [0, 1), cut at |k| <= floor((m - 1) / 2), which m sensors determine

Without its constant mode where `mean_mode` says so.
"""

from abc import ABC
from typing import ClassVar

import numpy as np

from operators.arrays import Array
from operators.numerics import grf, grids
from operators.tasks.task import Task


class PeriodicInput(Task, ABC):
    """Holds no constants of its own: each task declares those named here, with its defaults and limits."""

    amplitude: float
    tau: float
    alpha: float
    sensor_count: int
    point_count: int
    mean_mode: ClassVar[bool] = True
    gaussian: ClassVar[bool] = True

    @property
    def input_law(self) -> str:
        """The law of u0 in words."""
        least = "" if self.mean_mode else "1 <= "
        return f"N(0, {self.amplitude:g} (-Lap + {self.tau:g}^2)^-{self.alpha:g}), {least}|k| <= {self.field_modes}"

    @property
    def field_modes(self) -> int:
        """The largest wave number of u0."""
        return (self.sensor_count - 1) // 2

    @property
    def field(self) -> grf.PeriodicField:
        """The law of u0."""
        return grf.whittle_matern(
            amplitude=self.amplitude, tau=self.tau, alpha=self.alpha, modes=self.field_modes, mean_mode=self.mean_mode
        )

    def sensors(self) -> Array:
        """Periodic uniform grid (m, 1)."""
        return grids.column("periodic", self.sensor_count)

    def points(self) -> Array:
        """Periodic uniform grid (P, 1)."""
        return grids.column("periodic", self.point_count)

    def draw(self, generator: np.random.Generator, count: int) -> Array:
        """Draw the Fourier coefficients of u0."""
        return self.field.draw(generator, count)

    def inputs(self, coefficients: Array) -> Array:
        """Values of u0 at the sensors."""
        return self.field.evaluate(coefficients, self.sensors()[:, 0])
