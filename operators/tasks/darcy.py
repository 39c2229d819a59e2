"""Darcy flow: a -> u on the unit square.

    -div(a grad u) = 1 on (0, 1)^2, u = 0 on the boundary
    g ~ N(0, (-Lap + tau^2)^-alpha) with Neumann conditions, no constant mode, cosines j, k < s; tau = 3, alpha = 2

    darcy            a = 12 where g >= 0, else 3, at each of the s x s sensors, and constant on their control volumes
                     (squares of side 1 / (s - 1) around them): the sensors determine a, and u solves for this very a
    darcy-lognormal  a = exp(sigma g), g scaled to mean variance 1: smooth, and determined by the sensors

s = 29: sensors and outputs on the closed uniform 29 x 29 grid, boundary included (u = 0 there).

Schemes: for two values, the skeleton method (`operators.numerics.substructuring`), of degree 2. Five-point finite volumes would
be off by about 1e-2 on the 29 x 29 grid and 3e-3 on 85 x 85, because u behaves like a fractional power of the distance from the
corners of a. Lognormal: five-point finite volumes (`operators.numerics.finite_volumes`) on the sensor grid and one three times
finer, extrapolated, order 4. The errors on the cards are relative L2 errors of single functions against the solution of the
differential equation.
Breaks: the errors are stated for contrast 12/3 and sigma = 1; both grow with the contrast.

The published data take a on a 421 x 421 grid and stride it down, so there the sensors do not determine a; here they do.

References: Li et al. 2021, arXiv:2010.08895. Lu et al. 2022, doi:10.1016/j.cma.2022.114778.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from operators.arrays import Array
from operators.errors import UserError
from operators.numerics import finite_volumes, grids
from operators.numerics.substructuring import Skeleton
from operators.tasks.square_input import SquareInput, boundary_violations
from operators.tasks.task import Card, constant
from operators.work import TRANSCENDENTAL, Work, elementwise

BATCH = 8
TOLERANCE, SMOOTH_TOLERANCE = 1e-6, 1e-7
SMOOTH_ITERATIONS = 40  # of conjugate gradients where deviation <= 1, tau <= 3 and alpha >= 2: 13 on any grid


@dataclass(frozen=True)
class Darcy(SquareInput):
    """Two-valued a -> u; `degree` and `refinement` are those of the skeleton method."""

    high: float = constant(12.0, above=0.0)
    low: float = constant(3.0, above=0.0)
    tau: float = constant(3.0, above=0.0)
    alpha: float = constant(2.0, above=1.0)
    side: int = constant(29, least=4, most=513)
    degree: int = constant(2, least=1, most=8)
    refinement: int = constant(16, least=2, most=64)

    def __post_init__(self) -> None:
        """Check the constants.

        Raises:
            UserError: a constant out of range, or high below low.
        """
        super().__post_init__()
        if self.high < self.low:
            raise UserError(f"expected high >= low for task {self.name!r}, got high = {self.high:g} and low = {self.low:g}")

    @property
    def card(self) -> Card:
        """Equation, law, scheme, truth, stated solver error and references."""
        return Card(
            equation="-div(a grad u) = 1 on (0, 1)^2, u = 0 on the boundary; a -> u",
            input_law=f"a = {self.high:g} where g >= 0, else {self.low:g},"
            f" constant on the control volumes of {self.side} x {self.side} nodes;"
            f" g ~ N(0, (-Lap + {self.tau:g}^2)^-{self.alpha:g}), Neumann, no constant mode",
            scheme=f"energy minimised over traces of degree {self.degree} on the edges of the dual cells; conjugate gradients",
            truth="scikit-fem, quadratic elements on grids graded to the jumps of a; finite volumes under refinement",
            solver_error=1e-4,
            references=("arXiv:2010.08895", "doi:10.1016/j.cma.2022.114778", "doi:10.1007/b137868"),
            caution="the stated error holds for the contrast 12/3",
        )

    def inputs(self, coefficients: Array) -> Array:
        """Values of a at the sensors."""
        return np.where(self._is_high(coefficients), self.high, self.low).reshape(len(coefficients), -1)

    def outputs(self, coefficients: Array) -> Array:
        """Values of u at the query points."""
        skeleton = self._skeleton()
        high = self._is_high(coefficients).transpose(1, 2, 0)
        parts = [skeleton.solve(high[..., i : i + BATCH], tolerance=TOLERANCE) for i in range(0, len(coefficients), BATCH)]
        return np.concatenate([part.reshape(-1, part.shape[-1]).T for part in parts])

    def work(self, count: int) -> Work:
        """g twice, the local problems and the preconditioner, and a solve per BATCH functions."""
        side, skeleton = self.side, self._skeleton()
        return (
            self.field.work(count, side, side).times(2)
            + skeleton.preparation()
            + skeleton.work(BATCH, tolerance=TOLERANCE).times(-(-count // BATCH))
            + elementwise(count * side**2, 8.0, copies=4.0)
        )

    def violations(self, inputs: Array, outputs: Array) -> list[str]:
        """Zero boundary values, 0 <= u, and u at most the solution for a = low everywhere."""
        return _violations(outputs, self.side, highest=0.0737 / self.low)

    def _skeleton(self) -> Skeleton:
        return Skeleton(self.side - 1, self.low, self.high, self.degree, self.refinement)

    def _is_high(self, coefficients: Array) -> NDArray[np.bool_]:
        x = grids.closed(self.side)
        return self.field.evaluate(coefficients, x, x) >= 0.0


@dataclass(frozen=True)
class DarcyLognormal(SquareInput):
    """a = exp(sigma g) -> u; the grids are `refinement` and 3 `refinement` times finer than the sensors."""

    deviation: float = constant(1.0, least=0.0)
    tau: float = constant(3.0, above=0.0)
    alpha: float = constant(2.0, above=1.0)
    side: int = constant(29, least=4, most=513)
    refinement: int = constant(1, least=1, most=64)

    @property
    def card(self) -> Card:
        """Equation, law, scheme, truth, stated solver error and references."""
        return Card(
            equation="-div(a grad u) = 1 on (0, 1)^2, u = 0 on the boundary; a -> u",
            input_law=f"a = exp({self.deviation:g} g), g ~ N(0, c (-Lap + {self.tau:g}^2)^-{self.alpha:g}), Neumann,"
            f" mean variance 1, cosines j, k < {self.side}",
            scheme=f"five-point finite volumes on {self.refinement} and {3 * self.refinement} times finer grids, extrapolated",
            truth="scikit-fem, quadratic elements",
            solver_error=1e-4,
            references=("arXiv:2010.08895", "doi:10.1016/S1570-8659(00)07005-8"),
            caution="the stated error holds for deviations up to 1",
        )

    def inputs(self, coefficients: Array) -> Array:
        """Values of a at the sensors."""
        x = grids.closed(self.side)
        return np.exp(self.deviation * self.field.evaluate(coefficients, x, x)).reshape(len(coefficients), -1)

    def outputs(self, coefficients: Array) -> Array:
        """Values of u at the query points."""
        parts = []
        for i in range(0, len(coefficients), BATCH):
            batch = coefficients[i : i + BATCH]
            coarse, fine = (self.finite_volumes(batch, r) for r in (self.refinement, 3 * self.refinement))
            parts.append((9.0 * fine - coarse) / 8.0)
        return np.concatenate(parts)

    def finite_volumes(self, coefficients: Array, refinement: int) -> Array:
        """Values (N, s^2) of u at the sensors from the grid `refinement` times finer."""
        n = (self.side - 1) * refinement
        node, middle = np.arange(1, n) / n, (np.arange(n) + 0.5) / n

        def coefficient(x: Array, y: Array) -> Array:
            return np.exp(self.deviation * self.field.evaluate(coefficients, x, y)).transpose(1, 2, 0)

        u = finite_volumes.solve(
            coefficient(middle, node), coefficient(node, middle), coefficient(node, node), tolerance=SMOOTH_TOLERANCE
        )
        return u[::refinement, ::refinement].reshape(-1, len(coefficients)).T

    def work(self, count: int) -> Work:
        """g at the sensors, and on three grids for the coarse and the fine solve of BATCH functions each."""
        side, batches = self.side, -(-count // BATCH)
        smooth = self.deviation <= 1.0 and self.tau <= 3.0 and self.alpha >= 2.0
        total = self.field.work(count, side, side) + elementwise(count * side**2, TRANSCENDENTAL + 8.0, copies=4.0)
        for refinement in (self.refinement, 3 * self.refinement):
            n = (side - 1) * refinement
            grids = self.field.work(BATCH, n, n) + elementwise(BATCH * n * n, TRANSCENDENTAL)
            solve = finite_volumes.work(n, BATCH, SMOOTH_ITERATIONS if smooth else finite_volumes.ITERATIONS)
            total += (Work(3.0 * grids.operations, 3.0 * grids.numbers) + solve).times(batches)
        return total

    def violations(self, inputs: Array, outputs: Array) -> list[str]:
        """Zero boundary values and 0 <= u."""
        return _violations(outputs, self.side, highest=np.inf)


def _violations(outputs: Array, side: int, *, highest: float) -> list[str]:
    u = outputs.reshape(-1, side, side)
    broken = boundary_violations(u)
    if u.min() < 0.0:
        broken.append(f"maximum principle u >= 0 broken (by {-u.min():.1e})")
    if u.max() > highest:
        broken.append(f"u exceeds {highest:g}, the largest value for the lowest coefficient (by {u.max() - highest:.1e})")
    return broken
