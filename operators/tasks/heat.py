"""Linear heat equation: u0 -> u(., T), or u0 -> u on a space-time grid.

    u_t = kappa u_xx, periodic on [0, 1);  u0 ~ N(0, a (-Lap + tau^2)^-alpha), cut at |k| <= floor((m - 1) / 2)

Closed form: mode k decays by exp(-A t), A = kappa (2 pi k)^2, so the second moment of the output is diagonal in the
Fourier modes, with the eigenvalues of u0 times the mean of exp(-2 A t) over the output times; as these fill [0, T] the
mean tends to (1 - e^{-2 A T}) / (2 A T). Exact on P > 2 K equispaced points.

A linear smoothing task: floors fall faster than exponentially in q at t = T. Once kappa T is of order 1 only the mean
of u0 is left.

Reference: Evans, Partial Differential Equations, AMS 2010, section 2.3, doi:10.1090/gsm/019.
"""

import math
from dataclasses import dataclass

import numpy as np

from operators.arrays import Array
from operators.numerics import grf, grids
from operators.tasks.periodic_problem import PeriodicProblem
from operators.tasks.task import Card, constant
from operators.work import Work, elementwise


@dataclass(frozen=True)
class Heat(PeriodicProblem):
    """u0 -> u at t = `horizon` (time_count = 1), or for `time_count` times from 0 to `horizon`."""

    conductivity: float = constant(0.01, least=0.0)

    @property
    def card(self) -> Card:
        """Equation, law, scheme, truth, stated solver error and references."""
        return Card(
            equation=f"u_t = {self.conductivity:g} u_xx, periodic on [0, 1); u0 -> u",
            input_law=self.input_law,
            scheme="closed form, mode by mode",
            truth="convolution with the periodised heat kernel",
            solver_error=0.0,
            references=("doi:10.1090/gsm/019",),
        )

    def outputs(self, coefficients: Array) -> Array:
        """Values of u at the query points, one damped field per time."""
        deviations, x = self.field.deviations, grids.periodic(self.point_count)
        times = grids.closed(self.time_count, self.horizon)
        frames = [grf.PeriodicField(deviations * self._decay(t)).evaluate(coefficients, x) for t in times]
        return np.concatenate(frames, axis=1)

    def work(self, count: int) -> Work:
        """A sum of modes for each time; all frames are held, and joined."""
        frames = elementwise(count * self.point_count * self.time_count, 2.0)
        return self.inputs_work(count) + self.field.work(count, self.point_count).times(self.time_count) + frames

    def output_spectrum(self) -> Array | None:
        """Eigenvalues lambda_k * mean over the times of the squared decay; None when the grid cannot tell the modes apart."""
        if self.point_count <= 2 * self.modes:
            return None
        times = grids.closed(self.time_count, self.horizon)
        damped = self.field.deviations**2 * np.mean([self._decay(t) ** 2 for t in times], axis=0)
        return grf.PeriodicField(np.sqrt(damped)).spectrum()

    def _decay(self, t: float) -> Array:
        return np.exp(-self.conductivity * (2.0 * math.pi * np.arange(self.modes + 1)) ** 2 * t)
