"""Linear advection of a smooth Gaussian field: u0 -> u(., T), or u0 -> u on a space-time grid.

    u_t + c u_x = 0, periodic on [0, 1);  u0 ~ N(0, a (-Lap + tau^2)^-alpha), cut at |k| <= floor((m - 1) / 2)

Closed form u(x, t) = u0(x - c t). Translations are unitary and turn the phase of e^{2 pi i k x}, so the second moment
of the output has the eigenvalues of the law of u0 itself, for any c, any T and any set of times; on P > 2 K equispaced
points this is exact.

A linear task whose population floor is known for every q. Nothing breaks the scheme; for alpha near 1/2 the cut at K
shows.

Reference: Lanthaler, Mishra, Karniadakis 2022, doi:10.1093/imatrm/tnac001 (floors of linear reconstructions).
"""

from dataclasses import dataclass

import numpy as np

from operators import grf, grids
from operators.task import Array, Card, Task, constant


@dataclass(frozen=True)
class Advection(Task):
    """u0 -> u0(. - c t) at t = `horizon` (time_count = 1), or for `time_count` times from 0 to `horizon`."""

    speed: float = constant(1.0)
    horizon: float = constant(0.5, least=0.0)
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
            equation=f"u_t + {self.speed:g} u_x = 0, periodic on [0, 1); u0 -> u",
            input_law=f"N(0, {self.amplitude:g} (-Lap + {self.tau:g}^2)^-{self.alpha:g}), |k| <= {self._modes()}",
            scheme="closed form, exact translation",
            truth="trigonometric interpolation of the sensors, shifted by FFT",
            solver_error=0.0,
            references=("doi:10.1093/imatrm/tnac001",),
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
        """Values of u0 at x - c t."""
        x, t = np.meshgrid(grids.periodic(self.point_count), grids.closed(self.time_count, self.horizon))
        return self._field().evaluate(coefficients, (x - self.speed * t).ravel())

    def violations(self, inputs: Array, outputs: Array) -> list[str]:
        """The mean over a period is conserved."""
        drift = np.abs(outputs.reshape(len(outputs), -1, self.point_count).mean(axis=2) - inputs.mean(axis=1)[:, None]).max()
        resolved = self.point_count > self._modes()
        return [f"mean not conserved (by {drift:.1e})"] if resolved and drift > 1e-10 else []

    def output_spectrum(self) -> Array | None:
        """Eigenvalues of the law of u0; None when the grid cannot tell the modes apart (P <= 2 K)."""
        return self._field().spectrum() if self.point_count > 2 * self._modes() else None

    def _modes(self) -> int:
        return (self.sensor_count - 1) // 2

    def _field(self) -> grf.PeriodicField:
        return grf.whittle_matern(amplitude=self.amplitude, tau=self.tau, alpha=self.alpha, modes=self._modes())
