"""Wave equation: u0 -> u(., T), or u0 -> u on a space-time grid, from rest.

    u_tt = c^2 u_xx, periodic on [0, 1);  u(., 0) = u0 ~ N(0, a (-Lap + tau^2)^-alpha), |k| <= floor((m - 1) / 2);  u_t(., 0) = 0

Closed form: mode k is multiplied by cos(2 pi k c t), which is d'Alembert's u(x, t) = (u0(x - c t) + u0(x + c t)) / 2. The second
moment of the output is diagonal in the Fourier modes, with the eigenvalues of u0 times the mean of cos^2(2 pi k c t) over the
output times; on P > 2 K equispaced points this is exact.

A linear task without smoothing: at one time ranks and floors are those of advection, reweighted. c = 1, T = 0.3; at 2 c T
an odd multiple of 1 / (2 k) mode k is lost (none at 0.3).

Reference: Evans, Partial Differential Equations, AMS 2010, section 2.4, doi:10.1090/gsm/019.
"""

import math
from dataclasses import dataclass

import numpy as np

from operators.arrays import Array
from operators.tasks.periodic_multiplier import PeriodicMultiplier
from operators.tasks.task import Card, constant


@dataclass(frozen=True)
class Wave(PeriodicMultiplier):
    """u0 -> u at t = `horizon` (time_count = 1), or for `time_count` times from 0 to `horizon`."""

    horizon: float = constant(0.3, least=0.0)
    speed: float = constant(1.0)

    @property
    def card(self) -> Card:
        """Equation, law, scheme, truth, stated solver error and references."""
        return Card(
            equation=f"u_tt = {self.speed:g}^2 u_xx, u_t(., 0) = 0, periodic on [0, 1); u0 -> u",
            input_law=self.input_law,
            scheme="closed form, mode by mode",
            truth="d'Alembert: the mean of the two translates of the trigonometric interpolant of the sensors, by FFT",
            solver_error=0.0,
            references=("doi:10.1090/gsm/019",),
        )

    def factors(self, t: float) -> Array:
        """cos(2 pi k c t)."""
        return np.cos(2.0 * math.pi * np.arange(self.modes + 1) * self.speed * t)
