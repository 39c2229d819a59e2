"""Poisson's equation on the unit square: f -> u.

    -Lap u = f on (0, 1)^2, u = 0 on the boundary
    f ~ N(0, tau^(2 (alpha - 1)) (-Lap + tau^2)^-alpha) with Neumann conditions, no constant mode; tau = 3, alpha = 2

Sensors and outputs on the closed uniform 29 x 29 grid; the data of "Elliptic PDE learning is provably data-efficient" (Boulle,
Halikias, Townsend 2023; generator: data/ of the public repository NBoulle/pde-learning). As there, u solves five-point
differences on 421 x 421 nodes, of which every 15th is kept: `side` = 29, `refinement` = 15. Three small things are otherwise:

    cosines j, k < 128 of their 421: the others have 6e-5 of the variance of f
    f is known at the nodes in closed form; there it is drawn on cell centres and interpolated to the nodes by cubic splines
    the sensors are nodes of u; their file has f at the cell centres, 1/842 beside

Scheme: in sine amplitudes the five-point matrix is diagonal (`operators.numerics.five_point`); those of each cosine are computed
once. The solution operator has the eigenvalues (pi^2 (j^2 + k^2))^-1; f is diagonal in cosines, u in neither family, so no
closed form of the output spectrum is known. The sensors see cosines up to 28; the others are aliased, and what they add
to u is what no method can learn from these sensors.

A linear operator: linear regression from sensors to outputs is the line to beat.

References: Boulle, Halikias, Townsend 2023, doi:10.1073/pnas.2303904120, arXiv:2302.12888; data doi:10.5281/zenodo.7701683.
"""

import functools
from dataclasses import dataclass

import numpy as np

from operators.arrays import Array
from operators.numerics import five_point, grf, grids
from operators.tasks.square_input import SquareInput, boundary_violations
from operators.tasks.task import Card, constant
from operators.work import TRANSCENDENTAL, Work, elementwise, product

BATCH = 8
LARGEST = 0.07368  # max u for f = 1


@dataclass(frozen=True)
class Poisson(SquareInput):
    """f -> u at the nodes of a side x side grid; differences on a grid `refinement` times finer."""

    tau: float = constant(3.0, above=0.0)
    alpha: float = constant(2.0, above=1.0)
    side: int = constant(29, least=4, most=257)
    refinement: int = constant(15, least=1, most=64)
    modes: int = constant(128, least=2, most=512)

    @property
    def card(self) -> Card:
        """Equation, law, scheme, truth, stated solver error and references."""
        return Card(
            equation="-Lap u = f on (0, 1)^2, u = 0 on the boundary; f -> u",
            input_law=f"N(0, {self.tau:g}^(2 * {self.alpha - 1:g}) (-Lap + {self.tau:g}^2)^-{self.alpha:g}), Neumann,"
            f" no constant mode, cosines j, k < {self.modes}",
            scheme=f"five-point differences on {self._cells() + 1} x {self._cells() + 1} nodes, diagonal in sines",
            truth="scikit-fem, quadratic elements; the sparse five-point matrix, factorised",
            solver_error=1e-4,
            references=("doi:10.1073/pnas.2303904120", "arXiv:2302.12888", "doi:10.5281/zenodo.7701683"),
            caution="the sensors do not quite determine the outputs: cosines from 29 on are aliased",
        )

    @property
    def field(self) -> grf.NeumannField:
        """The law of f."""
        scale = self.tau ** (2.0 * (self.alpha - 1.0))
        return grf.whittle_matern_square(tau=self.tau, alpha=self.alpha, modes=self.modes, amplitude=scale)

    def inputs(self, coefficients: Array) -> Array:
        """Values of f at the sensors."""
        x = grids.closed(self.side)
        return self.field.evaluate(coefficients, x, x).reshape(len(coefficients), -1)

    def outputs(self, coefficients: Array) -> Array:
        """Values of u at the query points."""
        n, deviations = self._cells(), self.field.deviations
        amplitudes, inverse = _cosine_amplitudes(n, self.modes), 1.0 / five_point.eigenvalues(n)
        sines = five_point.sines(grids.closed(self.side)[1:-1], n)
        u = np.zeros((len(coefficients), self.side, self.side))
        for i in range(0, len(coefficients), BATCH):
            weights = coefficients[i : i + BATCH].reshape(-1, self.modes, self.modes) * deviations
            u[i : i + BATCH, 1:-1, 1:-1] = sines @ (inverse * (amplitudes @ weights @ amplitudes.T)) @ sines.T
        return u.reshape(len(coefficients), -1)

    def work(self, count: int) -> Work:
        """f at the sensors; its sine amplitudes, and the sums of sines; the tables of sines and cosines, once."""
        n, k, side = self._cells(), self.modes, self.side
        batch = product(BATCH * n, k, k) + product(BATCH * n, k, n) + product(BATCH * side, n, n) + product(BATCH * side, n, side)
        tables = elementwise(n * n + n * k + n * side, TRANSCENDENTAL, copies=3.0) + product(n, n, k)
        return (
            self.field.work(count, side, side)
            + tables
            + (batch + elementwise(BATCH * n * n, 4.0, copies=3.0)).times(-(-count // BATCH))
            + elementwise(count * (k * k + side**2), 4.0, copies=4.0)
        )

    def violations(self, inputs: Array, outputs: Array) -> list[str]:
        """Zero boundary values, and |u| <= max |f| / 13.6 with a margin of a quarter for what f has between sensors."""
        broken = boundary_violations(outputs.reshape(-1, self.side, self.side))
        worse = np.abs(outputs).max(axis=1) > 1.25 * LARGEST * np.abs(inputs).max(axis=1)
        return [*broken, f"maximum principle broken for {worse.sum()} functions"] if worse.any() else broken

    def _cells(self) -> int:
        return (self.side - 1) * self.refinement


@functools.lru_cache(maxsize=4)
def _cosine_amplitudes(n: int, modes: int) -> Array:
    """Sine amplitudes (n - 1, modes), on n cells, of c_k cos(pi k x)."""
    k, x = np.arange(modes), np.arange(1, n)[:, None] / n
    amplitudes: Array = five_point.sine_transform(n) @ (np.where(k == 0, 1.0, np.sqrt(2.0)) * np.cos(np.pi * k * x))
    return amplitudes
