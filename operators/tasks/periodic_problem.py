"""What linear initial-value problems on a period share: a Gaussian field u0, and u0 -> u(., T) or u0 -> u on a space-time grid.

    u_t = L u, or u_tt = L u from rest, periodic on [0, 1);  u0 ~ N(0, a (-Lap + tau^2)^-alpha), cut at |k| <= floor((m - 1) / 2)

L commutes with translations and L 1 = 0, so that it acts on each Fourier mode alone and the mean over a period is conserved.
"""

from abc import ABC
from dataclasses import dataclass

import numpy as np

from operators.arrays import Array
from operators.numerics import grids
from operators.tasks.periodic_input import PeriodicInput
from operators.tasks.task import constant
from operators.work import Work, elementwise


@dataclass(frozen=True)
class PeriodicProblem(PeriodicInput, ABC):
    """u0 -> u at t = `horizon` (time_count = 1), or for `time_count` times from 0 to `horizon`."""

    horizon: float = constant(1.0, least=0.0)
    amplitude: float = constant(625.0, above=0.0)
    tau: float = constant(5.0, above=0.0)
    alpha: float = constant(2.0, above=0.5)
    sensor_count: int = constant(100, least=3, most=4096)
    point_count: int = constant(100, least=3, most=4096)
    time_count: int = constant(1, least=1, most=4096)

    @property
    def modes(self) -> int:
        """K, the largest wave number of u0."""
        return self.field_modes

    def points(self) -> Array:
        """Periodic uniform grid (P, 1) at t = horizon, or (x, t), t from 0 to the horizon."""
        if self.time_count == 1:
            return super().points()
        return grids.space_time("periodic", self.point_count, self.time_count, self.horizon)

    def inputs_work(self, count: int) -> Work:
        """What drawing, the inputs and the check of the mean take."""
        checked = elementwise(count * (self.sensor_count + self.point_count * self.time_count), 3.0, copies=1.0)
        return self.field.work(count, self.sensor_count) + checked

    def violations(self, inputs: Array, outputs: Array) -> list[str]:
        """The mean over a period is conserved."""
        drift = np.abs(outputs.reshape(len(outputs), -1, self.point_count).mean(axis=2) - inputs.mean(axis=1)[:, None]).max()
        resolved = self.point_count > self.modes
        return [f"mean not conserved (by {drift:.1e})"] if resolved and drift > 1e-10 else []
