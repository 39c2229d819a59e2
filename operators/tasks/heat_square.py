"""Heat conduction in an insulated square: u0 -> u(., T).

    u_t = kappa (u_xx + u_yy) on (0, 1)^2, normal derivative 0 on the boundary
    u0 ~ N(0, c (-Lap + tau^2)^-alpha) with Neumann conditions, no constant mode, cosines j, k < s; tau = 3, alpha = 2, and c
    for which the variance is 1 in the mean

Sensors and outputs at the midpoints ((i + 1/2) / s, (j + 1/2) / s) of s x s squares, s = 32: they determine u0.

Closed form: the mode cos(pi j x) cos(pi k y) decays by exp(-kappa pi^2 (j^2 + k^2) T). On the midpoints the cosines are
orthogonal, so the eigenvalues of the second moment of the output are s_jk^2 exp(-2 kappa pi^2 (j^2 + k^2) T), exactly.

The law of the inputs of `darcy`, on another grid, under a linear smoothing operator in two dimensions. Nothing breaks the
scheme; once kappa T is of order 1 nothing is left.

Reference: Evans, Partial Differential Equations, AMS 2010, section 2.3, doi:10.1090/gsm/019.
"""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from operators.arrays import Array
from operators.numerics import grf, grids
from operators.tasks.square_input import SquareInput
from operators.tasks.task import Card, constant
from operators.work import Work, elementwise


@dataclass(frozen=True)
class HeatSquare(SquareInput):
    """u0 -> u(., horizon) at the midpoints of `side` x `side` squares."""

    gaussian: ClassVar[bool] = True
    conductivity: float = constant(0.01, least=0.0)
    horizon: float = constant(1.0, least=0.0)
    tau: float = constant(3.0, above=0.0)
    alpha: float = constant(2.0, above=1.0)
    side: int = constant(32, least=2, most=512)

    @property
    def card(self) -> Card:
        """Equation, law, scheme, truth, stated solver error and references."""
        return Card(
            equation=f"u_t = {self.conductivity:g} (u_xx + u_yy) on (0, 1)^2, insulated; u0 -> u(., {self.horizon:g})",
            input_law=f"N(0, c (-Lap + {self.tau:g}^2)^-{self.alpha:g}), Neumann, no constant mode, mean variance 1,"
            f" cosines j, k < {self.side}",
            scheme="closed form, mode by mode",
            truth="convolution with the heat kernel of the square, by images",
            solver_error=0.0,
            references=("doi:10.1090/gsm/019",),
        )

    def points(self) -> Array:
        """Midpoints (side^2, 2), the second coordinate running fastest."""
        return grids.square_midpoints(self.side)

    def inputs(self, coefficients: Array) -> Array:
        """Values of u0 at the sensors."""
        x = grids.midpoints(self.side)
        return self.field.evaluate(coefficients, x, x).reshape(len(coefficients), -1)

    def outputs(self, coefficients: Array) -> Array:
        """Values of u at the query points: a field with damped modes."""
        x = grids.midpoints(self.side)
        return grf.NeumannField(self._damped()).evaluate(coefficients, x, x).reshape(len(coefficients), -1)

    def work(self, count: int) -> Work:
        """One sum of modes for the inputs and one for the outputs, and a look at each."""
        return self.field.work(count, self.side, self.side).times(2) + elementwise(count * self.side**2, 4.0, copies=4.0)

    def violations(self, inputs: Array, outputs: Array) -> list[str]:
        """The mean stays 0, and |u| does not grow in the mean square."""
        drift = np.abs(outputs.mean(axis=1)).max()
        broken = [f"mean not conserved (by {drift:.1e})"] if drift > 1e-10 else []
        grown = np.mean(outputs**2, axis=1) > (1.0 + 1e-9) * np.mean(inputs**2, axis=1)
        return [*broken, *(["energy grows"] if grown.any() else [])]

    def output_spectrum(self) -> Array:
        """Eigenvalues s_jk^2 exp(-2 kappa pi^2 (j^2 + k^2) T)."""
        return np.sort(self._damped().ravel() ** 2)[::-1]

    def _damped(self) -> Array:
        j = np.arange(self.side)
        rate = self.conductivity * math.pi**2 * (j[:, None] ** 2 + j**2)
        return self.field.deviations * np.exp(-rate * self.horizon)
