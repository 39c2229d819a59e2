"""Advection of a discontinuous field: u0 -> u(., 1/2) = u0(. - 1/2), u0 = the sign of a Gaussian field.

    u_t + u_x = 0, periodic on [0, 1);  u0 = +1 where w > 0, -1 elsewhere;  w ~ N(0, (-Lap + tau^2)^-d), tau = 3, d = 2, 100 modes

w(x) = sum_{l=1}^{50} sqrt(2) ((2 pi l)^2 + tau^2)^(-d/2) (z_{2l-1} cos(2 pi l x) + z_{2l} sin(2 pi l x)): no constant
mode, as in the public generator of de Hoop et al. Sensors and outputs lie on the closed grid j / 199, j = 0, ..., 199,
as there, so the shift by 1/2 falls between grid points and the sensors do not quite determine the outputs.

What the sensors leave open: between two sensors at distance h whose signs differ, w jumps at a place that is uniform as h -> 0,
so at the fraction t of the way the sign has the conditional mean 1 - 2 t (up to sign) and the variance 4 t (1 - t); where the
signs agree it is known up to a double jump. Signs at distance h differ with probability arccos(r(h)) / pi, r the correlation of
w. So no map of the sensor values has a relative error below

    E^2 = (arccos(r(h)) / pi) mean over the query points of 4 t (1 - t)      as h -> 0.

Closed form: w is evaluated at x and at x - 1/2. Outputs jump, so the mean square floor of a linear reconstruction
decays only like 1/q.

References: Rice 1944 (level crossings), doi:10.1002/j.1538-7305.1944.tb00874.x; de Hoop, Huang, Qian, Stuart 2022,
arXiv:2203.13181; their generator is advection-dc-low/src/adv_model.jl of the public repository Zhengyu-Huang/Operator-Learning.
"""

import math
from dataclasses import dataclass

import numpy as np

from operators.arrays import Array
from operators.numerics import grf, grids
from operators.tasks.task import Card, Task, constant
from operators.work import Work, elementwise


@dataclass(frozen=True)
class AdvectionSign(Task):
    """u0 -> u0(. - shift) for u0 the sign of a Gaussian field without constant mode; values +-1."""

    tau: float = constant(3.0, least=0.0)
    smoothness: float = constant(2.0, above=0.5)
    pairs: int = constant(50, least=1, most=4096)
    shift: float = constant(0.5)
    sensor_count: int = constant(200, least=2, most=4096)
    point_count: int = constant(200, least=2, most=4096)

    @property
    def card(self) -> Card:
        """Equation, law, scheme, truth, stated solver error and references."""
        return Card(
            equation=f"u_t + u_x = 0, periodic on [0, 1); u0 -> u(., {self.shift:g})",
            input_law=f"sign of N(0, (-Lap + {self.tau:g}^2)^-{self.smoothness:g}), {2 * self.pairs} modes, no constant mode",
            scheme="closed form, exact translation",
            truth="the translated sign, evaluated from the Fourier sum mode by mode",
            solver_error=0.0,
            references=("arXiv:2203.13181",),
            caution="the sensors do not determine the outputs; inputs agreeing at all sensors may jump at different places",
        )

    def sensors(self) -> Array:
        """Closed uniform grid (m, 1)."""
        return grids.column("closed", self.sensor_count)

    def points(self) -> Array:
        """Closed uniform grid (P, 1)."""
        return grids.column("closed", self.point_count)

    def draw(self, generator: np.random.Generator, count: int) -> Array:
        """Draw the Fourier coefficients of w."""
        return self._field().draw(generator, count)

    def inputs(self, coefficients: Array) -> Array:
        """Signs of w at the sensors."""
        return _sign(self._field().evaluate(coefficients, self.sensors()[:, 0]))

    def outputs(self, coefficients: Array) -> Array:
        """Signs of w at the translated query points."""
        return _sign(self._field().evaluate(coefficients, self.points()[:, 0] - self.shift))

    def work(self, count: int) -> Work:
        """One sum of modes for the inputs and one for the outputs, their signs, and a look at each."""
        field, values = self._field(), count * (self.sensor_count + self.point_count)
        return field.work(count, self.sensor_count) + field.work(count, self.point_count) + elementwise(values, 6.0)

    def violations(self, inputs: Array, outputs: Array) -> list[str]:
        """All values are +1 or -1."""
        return [] if np.all(np.abs(inputs) == 1.0) and np.all(np.abs(outputs) == 1.0) else ["a value is neither +1 nor -1"]

    def sensor_floor(self) -> float:
        """The asymptotic floor E of the module's docstring."""
        h = 1.0 / (self.sensor_count - 1)
        variances = self._field().deviations ** 2
        k = np.arange(len(variances))
        correlation = np.sum(variances * np.cos(2.0 * math.pi * k * h)) / np.sum(variances)
        t = ((self.points()[:, 0] - self.shift) % 1.0 / h) % 1.0
        return math.sqrt(math.acos(correlation) / math.pi * float(np.mean(4.0 * t * (1.0 - t))))

    def _field(self) -> grf.PeriodicField:
        return grf.whittle_matern(amplitude=1.0, tau=self.tau, alpha=self.smoothness, modes=self.pairs, mean_mode=False)


def _sign(values: Array) -> Array:
    return np.where(values > 0.0, 1.0, -1.0)
