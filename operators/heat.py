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

from operators import grf, grids
from operators.task import Array, Card, Task, constant


@dataclass(frozen=True)
class Heat(Task):
    """u0 -> u at t = `horizon` (time_count = 1), or for `time_count` times from 0 to `horizon`."""

    conductivity: float = constant(0.01, least=0.0)
    horizon: float = constant(1.0, least=0.0)
    amplitude: float = constant(625.0, above=0.0)
    tau: float = constant(5.0, above=0.0)
    alpha: float = constant(2.0, above=0.5)
    sensor_count: int = constant(100, least=3, most=4096)
    point_count: int = constant(100, least=3, most=4096)
    time_count: int = constant(1, least=1, most=4096)

    @property
    def card(self) -> Card:
        """Equation, law, scheme, truth, stated solver error and references."""
        return Card(
            equation=f"u_t = {self.conductivity:g} u_xx, periodic on [0, 1); u0 -> u",
            input_law=f"N(0, {self.amplitude:g} (-Lap + {self.tau:g}^2)^-{self.alpha:g}), |k| <= {self._modes()}",
            scheme="closed form, mode by mode",
            truth="convolution with the periodised heat kernel",
            solver_error=0.0,
            references=("doi:10.1090/gsm/019",),
        )

    def sensors(self) -> Array:
        """Periodic uniform grid (m, 1)."""
        return grids.column("periodic", self.sensor_count)

    def points(self) -> Array:
        """Periodic uniform grid (P, 1) at t = horizon, or (x, t), t from 0 to the horizon."""
        if self.time_count == 1:
            return grids.column("periodic", self.point_count)
        return grids.space_time("periodic", self.point_count, self.time_count, self.horizon)

    def draw(self, generator: np.random.Generator, count: int) -> Array:
        """Draw the Fourier coefficients of u0."""
        return self._field().draw(generator, count)

    def inputs(self, coefficients: Array) -> Array:
        """Values of u0 at the sensors."""
        return self._field().evaluate(coefficients, self.sensors()[:, 0])

    def outputs(self, coefficients: Array) -> Array:
        """Values of u at the query points, one damped field a time."""
        field, x = self._field(), grids.periodic(self.point_count)
        times = grids.closed(self.time_count, self.horizon)
        frames = [grf.PeriodicField(field.deviations * self._decay(t)).evaluate(coefficients, x) for t in times]
        return np.concatenate(frames, axis=1)

    def violations(self, inputs: Array, outputs: Array) -> list[str]:
        """The mean over a period is conserved."""
        drift = np.abs(outputs.reshape(len(outputs), -1, self.point_count).mean(axis=2) - inputs.mean(axis=1)[:, None]).max()
        resolved = self.point_count > self._modes()
        return [f"mean not conserved (by {drift:.1e})"] if resolved and drift > 1e-10 else []

    def output_spectrum(self) -> Array | None:
        """Eigenvalues lambda_k * mean over the times of the squared decay; None when the grid cannot tell the modes apart."""
        if self.point_count <= 2 * self._modes():
            return None
        times = grids.closed(self.time_count, self.horizon)
        damped = self._field().deviations ** 2 * np.mean([self._decay(t) ** 2 for t in times], axis=0)
        return grf.PeriodicField(np.sqrt(damped)).spectrum()

    def _modes(self) -> int:
        return (self.sensor_count - 1) // 2

    def _decay(self, t: float) -> Array:
        return np.exp(-self.conductivity * (2.0 * math.pi * np.arange(self._modes() + 1)) ** 2 * t)

    def _field(self) -> grf.PeriodicField:
        return grf.whittle_matern(amplitude=self.amplitude, tau=self.tau, alpha=self.alpha, modes=self._modes())
