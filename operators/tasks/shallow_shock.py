"""Inviscid Burgers equation soon after breaking: u0 -> u(., T), the entropy solution.

    u_t + (u^2 / 2)_x = 0, periodic on [0, 1);  u0 ~ N(0, 25^4 (-Lap + 5^2)^-4) without constant mode, T = 1

The law of `burgers-low-viscosity`, whose vanishing viscosity limit this is. u0 breaks at 1 / max(-u0'), about 0.3 to 1 here, so
at T = 1 most functions carry one shallow shock, and few two. 100 sensors determine u0; 100 outputs on the periodic grid.

Closed form: the formula of Hopf and Lax (`operators.numerics.hopf_lax`), minimised exactly, so that shocks stand where they
are and no scheme smears them. The operator is nonlinear and contracts in L1; its outputs jump, so linear reconstructions of
rank q are off by about q^-1/2 in L2. No spectrum is known.
Breaks nowhere; a point next to a shock has either of two values, far apart, for inputs that no sensor tells apart.

References: Evans, Partial Differential Equations, AMS 2010, section 3.4.2, doi:10.1090/gsm/019. Lanthaler, Molinaro, Hadorn,
Mishra 2022, arXiv:2210.01074 (reconstruction of shocks).
"""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from operators.arrays import Array
from operators.numerics import grids, hopf_lax
from operators.tasks.periodic_input import PeriodicInput
from operators.tasks.task import Card, constant
from operators.work import Work, elementwise, transform


@dataclass(frozen=True)
class ShallowShock(PeriodicInput):
    """u0 -> u(., horizon) on the periodic grid."""

    mean_mode: ClassVar[bool] = False
    horizon: float = constant(1.0, above=0.0)
    amplitude: float = constant(390625.0, above=0.0)
    tau: float = constant(5.0, above=0.0)
    alpha: float = constant(4.0, above=1.5)
    sensor_count: int = constant(100, least=3, most=4096)
    point_count: int = constant(100, least=2, most=4096)

    @property
    def card(self) -> Card:
        """Equation, law, scheme, truth, stated solver error and references."""
        return Card(
            equation=f"u_t + (u^2/2)_x = 0, periodic on [0, 1), entropy solution; u0 -> u(., {self.horizon:g})",
            input_law=self.input_law,
            scheme="closed form, the minimum of Hopf and Lax",
            truth="characteristics before breaking; Godunov's scheme under refinement; Cole-Hopf at vanishing viscosity",
            solver_error=0.0,
            references=("doi:10.1090/gsm/019", "arXiv:2210.01074"),
            caution="beside a shock the sensors hardly tell on which side a point lies",
        )

    def outputs(self, coefficients: Array) -> Array:
        """Values of u at the query points."""
        return hopf_lax.solve(self.field.fourier(coefficients), self.point_count, self.horizon)

    def work(self, count: int) -> Work:
        """The inputs; the minimisation, with |u0| at most 6 standard deviations; the inputs on a grid eight times finer."""
        reach = 6.0 * self.horizon * math.sqrt(self.field.spectrum().sum())
        return (
            self.field.work(count, self.sensor_count)
            + hopf_lax.work(count, self.field_modes, points=self.point_count, reach=reach)
            + Work(2.0 * count * transform(8 * self.sensor_count), 24.0 * count * self.sensor_count)
            + elementwise(count * self.point_count, 6.0, copies=4.0)
        )

    def violations(self, inputs: Array, outputs: Array) -> list[str]:
        """The maximum principle, and Oleinik's condition u(x + h) - u(x) <= h / t."""
        bound = 1.02 * np.abs(grids.refined(inputs, 8)).max(axis=1) + 1e-9
        broken = [] if np.all(np.abs(outputs).max(axis=1) <= bound) else ["|u| exceeds max |u0|"]
        rise = (np.roll(outputs, -1, axis=1) - outputs).max() * self.point_count * self.horizon
        return broken if rise <= 1.0 + 1e-9 else [*broken, f"entropy condition broken: u rises {rise:.3g} times as fast as 1 / t"]
