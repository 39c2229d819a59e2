"""Antiderivative: u -> v, v(x) = int_0^x u(s) ds on [0, 1].

    input   u ~ Gaussian process on [0, 1], mean 0, covariance exp(-|x - x'|^2 / (2 l^2)), l = 0.2
    points  m = 100 sensors and 100 outputs, both at j / 99, j = 0, ..., 99
    scheme  closed form: u is a finite Fourier sum (`operators.numerics.grf`), integrated term by term

The simplest linear task of the DeepONet literature; the spectrum decays faster than any power, so floors below about
1e-13 of the variance are rounding. The DeepONet papers draw the same process by a Cholesky factor of the covariance
matrix.

Reference: Lu, Jin, Pang, Zhang, Karniadakis 2021, doi:10.1038/s42256-021-00302-5.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from operators.arrays import Array
from operators.numerics import grf, grids
from operators.tasks.task import Card, Task, constant
from operators.work import Work


@dataclass(frozen=True)
class Antiderivative(Task):
    """u -> int_0^x u for a squared-exponential process of this length."""

    gaussian: ClassVar[bool] = True
    length: float = constant(0.2, least=0.01)
    sensor_count: int = constant(100, least=2, most=4096)
    point_count: int = constant(100, least=2, most=4096)

    @property
    def card(self) -> Card:
        """Equation, law, scheme, truth, stated solver error and references."""
        return Card(
            equation="v' = u, v(0) = 0 on [0, 1]; u -> v",
            input_law=f"Gaussian process, mean 0, covariance exp(-r^2 / (2 * {self.length:g}^2))",
            scheme="closed form, term by term",
            truth="adaptive quadrature of the sampled process (SciPy)",
            solver_error=0.0,
            references=("doi:10.1038/s42256-021-00302-5",),
        )

    def sensors(self) -> Array:
        """Closed uniform grid (m, 1)."""
        return grids.column("closed", self.sensor_count)

    def points(self) -> Array:
        """Closed uniform grid (P, 1)."""
        return grids.column("closed", self.point_count)

    def draw(self, generator: np.random.Generator, count: int) -> Array:
        """Draw the Fourier coefficients of u."""
        return grf.squared_exponential(self.length).draw(generator, count)

    def inputs(self, coefficients: Array) -> Array:
        """Values of u at the sensors."""
        return grf.squared_exponential(self.length).evaluate(coefficients, self.sensors()[:, 0])

    def outputs(self, coefficients: Array) -> Array:
        """Values of the antiderivative at the query points."""
        return grf.squared_exponential(self.length).antiderivative(coefficients, self.points()[:, 0])

    def output_spectrum(self) -> Array:
        """Squared singular values of the map from coefficients to outputs, over the count of points."""
        coefficients = np.eye(grf.squared_exponential(self.length).coefficients)
        return np.asarray(np.linalg.svd(self.outputs(coefficients), compute_uv=False) ** 2 / self.point_count)

    def work(self, count: int) -> Work:
        """One sum of modes for the inputs and one for the outputs."""
        field = grf.squared_exponential(self.length)
        return field.work(count, self.sensor_count) + field.work(count, self.point_count)

    def violations(self, inputs: Array, outputs: Array) -> list[str]:
        """The initial value v(0) = 0."""
        return ["v(0) is not 0"] if np.any(outputs[:, 0] != 0.0) else []
