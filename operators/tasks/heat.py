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
from operators.tasks.periodic_multiplier import PeriodicMultiplier
from operators.tasks.task import Card, constant


@dataclass(frozen=True)
class Heat(PeriodicMultiplier):
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

    def factors(self, t: float) -> Array:
        """exp(-kappa (2 pi k)^2 t)."""
        return np.exp(-self.conductivity * (2.0 * math.pi * np.arange(self.modes + 1)) ** 2 * t)
