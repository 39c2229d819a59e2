"""Advection at a speed set by the input: u0 -> u on a space-time grid, a nonlinear operator with exact labels.

    u_t + c(u0) u_x = 0, periodic on [0, 1) x [0, 1],  c(u0) = (1 + tanh(mean of u0)) / 2
    u0 ~ periodic Gaussian process, mean 0, covariance exp(-2 sin^2(pi r) / l^2), l = 0.5

100 sensors on the periodic grid; 10 x 10 outputs, x on the periodic grid and t from 0 to 1 inclusive.

Closed form u(x, t) = u0(x - c t). The speed differs from sample to sample, so one Fourier mode of u0 fills many
dimensions of space-time and ranks are far above those of a fixed speed, although every sample is analytic.

References: MacKay 1998, Introduction to Gaussian processes (the covariance). The task is this suite's own.
"""

import math
from dataclasses import dataclass

import numpy as np

from operators.arrays import Array
from operators.numerics import grf, grids
from operators.tasks.task import Card, Task, constant
from operators.work import TRANSCENDENTAL, Work, elementwise, product, transform


@dataclass(frozen=True)
class AdvectionSpeed(Task):
    """u0 -> u0(x - c(u0) t) on a periodic-in-x space-time grid."""

    length: float = constant(0.5, least=0.05)
    sensor_count: int = constant(100, least=3, most=4096)
    point_count: int = constant(10, least=2, most=4096)
    time_count: int = constant(10, least=2, most=4096)

    @property
    def card(self) -> Card:
        """Equation, law, scheme, truth, stated solver error and references."""
        return Card(
            equation="u_t + c(u0) u_x = 0, c = (1 + tanh(mean u0)) / 2, periodic on [0, 1) x [0, 1]; u0 -> u",
            input_law=f"periodic Gaussian process, mean 0, covariance exp(-2 sin^2(pi r) / {self.length:g}^2)",
            scheme="closed form, exact translation",
            truth="trigonometric interpolation of the sensors, shifted by FFT at the speed of their mean",
            solver_error=0.0,
            references=("MacKay 1998, Introduction to Gaussian processes",),
        )

    def sensors(self) -> Array:
        """Periodic uniform grid (m, 1)."""
        return grids.column("periodic", self.sensor_count)

    def points(self) -> Array:
        """(x, t), x on the periodic grid running fastest, t from 0 to 1."""
        return grids.space_time("periodic", self.point_count, self.time_count)

    def draw(self, generator: np.random.Generator, count: int) -> Array:
        """Draw the Fourier coefficients of u0."""
        return self._field().draw(generator, count)

    def inputs(self, coefficients: Array) -> Array:
        """Values of u0 at the sensors."""
        return self._field().evaluate(coefficients, self.sensors()[:, 0])

    def outputs(self, coefficients: Array) -> Array:
        """Values of u0 at x - c t, by turning the phase of every Fourier mode."""
        spectrum = self._field().fourier(coefficients)
        speed = 0.5 + 0.5 * np.tanh(spectrum[:, 0].real)
        wave = -2j * math.pi * np.arange(spectrum.shape[1])
        shift = speed[:, None] * grids.closed(self.time_count)
        turned = spectrum[:, None, :] * np.exp(wave * shift[:, :, None])
        phase = -wave[:, None] * grids.periodic(self.point_count)
        weight = np.where(np.arange(spectrum.shape[1]) == 0, 1.0, 2.0)
        basis = np.concatenate([weight[:, None] * phase_part for phase_part in (np.exp(phase).real, -np.exp(phase).imag)])
        return (np.concatenate([turned.real, turned.imag], axis=2) @ basis).reshape(len(coefficients), -1)

    def work(self, count: int) -> Work:
        """The inputs; then each mode turned at each time, summed at each point; and the inputs on a grid eight times finer."""
        field, times, fine = self._field(), self.time_count, 8 * self.sensor_count
        modes = len(field.deviations)
        return (
            field.work(count, self.sensor_count)
            + elementwise(count * times * 2 * modes, 3.0 * TRANSCENDENTAL, copies=5.0)
            + elementwise(2 * modes * self.point_count, 3.0 * TRANSCENDENTAL, copies=5.0)
            + product(count * times, 2 * modes, self.point_count)
            + Work(2.0 * count * transform(fine), 3.0 * count * fine)
            + elementwise(count * self.point_count * times, 3.0, copies=1.0)
        )

    def violations(self, inputs: Array, outputs: Array) -> list[str]:
        """The maximum principle."""
        bound = 1.02 * np.abs(grids.refined(inputs, 8)).max(axis=1) + 1e-9
        return [] if np.all(np.abs(outputs).max(axis=1) <= bound) else ["|u| exceeds max |u0|"]

    def _field(self) -> grf.PeriodicField:
        return grf.periodic_squared_exponential(self.length, most=(self.sensor_count - 1) // 2)
