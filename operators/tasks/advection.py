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

from operators.arrays import Array
from operators.numerics import grids
from operators.tasks.periodic_problem import PeriodicProblem
from operators.tasks.task import Card, constant
from operators.work import Work


@dataclass(frozen=True)
class Advection(PeriodicProblem):
    """u0 -> u0(. - c t) at t = `horizon` (time_count = 1), or for `time_count` times from 0 to `horizon`."""

    speed: float = constant(1.0)
    horizon: float = constant(0.5, least=0.0)

    @property
    def card(self) -> Card:
        """Equation, law, scheme, truth, stated solver error and references."""
        return Card(
            equation=f"u_t + {self.speed:g} u_x = 0, periodic on [0, 1); u0 -> u",
            input_law=self.input_law,
            scheme="closed form, exact translation",
            truth="trigonometric interpolation of the sensors, shifted by FFT",
            solver_error=0.0,
            references=("doi:10.1093/imatrm/tnac001",),
        )

    def outputs(self, coefficients: Array) -> Array:
        """Values of u0 at x - c t."""
        x, t = np.meshgrid(grids.periodic(self.point_count), grids.closed(self.time_count, self.horizon))
        return self.field.evaluate(coefficients, (x - self.speed * t).ravel())

    def work(self, count: int) -> Work:
        """A sum of modes at every query point."""
        return self.inputs_work(count) + self.field.work(count, self.point_count * self.time_count)

    def output_spectrum(self) -> Array | None:
        """Eigenvalues of the law of u0; None when the grid cannot tell the modes apart (P <= 2 K)."""
        return self.field.spectrum() if self.point_count > 2 * self.modes else None
