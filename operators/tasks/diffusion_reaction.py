"""Advection-diffusion-reaction with a source: f -> u, the equation of the experiments of arXiv 2308.06338.

    u_t + v u_x = D u_xx + k u^2 + f(x) on [0, 1] x [0, 1],  u = 0 at t = 0, x = 0 and x = 1
    f ~ Gaussian process, mean 0, covariance exp(-r^2 / (2 l^2)), l = 0.2

Defaults v = 0, D = k = 0.01 are the diffusion-reaction problem of the DeepONet papers: 100 sensors and 100 x 100
outputs on closed uniform grids, t = 0 included (where u = 0). v, D and k are parameters: the constants of the tables of
arXiv 2308.06338 are not known to us.

Scheme: Chebyshev collocation in x on `nodes` intervals, ETDRK4 with dense phi functions in time, `steps` per output
interval; order 4 in time, spectral in space. A source constant in time is integrated exactly, so the jump from u = 0 to
f(0) != 0 at the corner costs nothing in time; its layer of width sqrt(D t) is resolved from the first output time on.
Breaks when the layer D / |v| is thinner than about 10 / nodes^2 (refused), or when k u^2 blows up before t = 1 (k near
1: not finite).

References: Mukherjee and Roy 2023, arXiv:2308.06338. Lu et al. 2021, doi:10.1038/s42256-021-00302-5. Wang, Wang,
Perdikaris 2021, doi:10.1126/sciadv.abi8605. Kassam and Trefethen 2005, doi:10.1137/S1064827502410633.
"""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from operators.arrays import Array
from operators.errors import UserError
from operators.numerics import chebyshev, etdrk, grf, grids
from operators.tasks.task import Card, Task, constant
from operators.work import PRODUCT, Work, elementwise, product


@dataclass(frozen=True)
class AdvectionDiffusionReaction(Task):
    """f -> u(x, t) for a squared-exponential source; `nodes` Chebyshev intervals, `steps` per output interval."""

    gaussian: ClassVar[bool] = True
    velocity: float = constant(0.0)
    diffusion: float = constant(0.01, above=0.0)
    reaction: float = constant(0.01)
    length: float = constant(0.2, least=0.01)
    sensor_count: int = constant(100, least=2, most=4096)
    point_count: int = constant(100, least=2, most=4096)
    time_count: int = constant(100, least=2, most=4096)
    nodes: int = constant(64, least=8, most=512)
    steps: int = constant(1, least=1, most=100000)

    def __post_init__(self) -> None:
        """Check the constants.

        Raises:
            UserError: a constant out of range, or a boundary layer that the nodes cannot resolve.
        """
        super().__post_init__()
        needed = int(np.ceil(np.sqrt(10.0 * abs(self.velocity) / self.diffusion)))
        if self.nodes < needed:
            raise UserError(
                f"expected nodes >= {needed} of task {self.name!r} for velocity / diffusion = "
                f"{self.velocity / self.diffusion:g}, got {self.nodes}; raise nodes"
            )

    @property
    def card(self) -> Card:
        """Equation, law, scheme, truth, stated solver error and references."""
        return Card(
            equation=f"u_t + {self.velocity:g} u_x = {self.diffusion:g} u_xx + {self.reaction:g} u^2 + f(x) on [0, 1]^2,"
            " zero initial and boundary values; f -> u",
            input_law=f"Gaussian process, mean 0, covariance exp(-r^2 / (2 * {self.length:g}^2))",
            scheme=f"Chebyshev collocation, {self.nodes} intervals; ETDRK4, {self.steps} steps per output interval",
            truth="sine series (k = v = 0), finite differences with an adaptive implicit integrator, manufactured solutions",
            solver_error=1e-6,
            references=("arXiv:2308.06338", "doi:10.1038/s42256-021-00302-5", "doi:10.1126/sciadv.abi8605"),
            caution="large k blows up before t = 1; large |v| / D needs more nodes",
        )

    def sensors(self) -> Array:
        """Closed uniform grid (m, 1)."""
        return grids.column("closed", self.sensor_count)

    def points(self) -> Array:
        """(x, t) on the closed uniform grid, x running fastest."""
        return grids.space_time("closed", self.point_count, self.time_count)

    def draw(self, generator: np.random.Generator, count: int) -> Array:
        """Draw the Fourier coefficients of f."""
        return grf.squared_exponential(self.length).draw(generator, count)

    def inputs(self, coefficients: Array) -> Array:
        """Values of f at the sensors."""
        return grf.squared_exponential(self.length).evaluate(coefficients, self.sensors()[:, 0])

    def outputs(self, coefficients: Array) -> Array:
        """Values of u at the query points."""
        source = grf.squared_exponential(self.length).evaluate(coefficients, chebyshev.nodes(self.nodes))
        return self.solve(source).reshape(len(coefficients), -1)

    def solve(self, source: Array, initial: Array | None = None) -> Array:
        """Values (N, T, P) on the output grid, from source and initial values (N, nodes + 1) at the Chebyshev nodes."""
        derivative = chebyshev.differentiation(self.nodes)
        matrix = (self.diffusion * derivative @ derivative - self.velocity * derivative)[1:-1, 1:-1]
        forcing = source[:, 1:-1]
        scheme = etdrk.dense(matrix, 1.0 / (self.time_count - 1) / self.steps)
        u = np.zeros_like(forcing) if initial is None else initial[:, 1:-1]
        frames = [u]
        for _ in range(self.time_count - 1):
            for _ in range(self.steps):
                u = scheme.step(u, lambda w: self.reaction * w * w + forcing)
            frames.append(u)
        to_grid = chebyshev.interpolation(self.nodes, grids.closed(self.point_count))[:, 1:-1]
        return np.stack(frames, axis=1) @ to_grid.T

    def work(self, count: int) -> Work:
        """The field at sensors and nodes; two exponentials of a matrix four times as large; 9 products a step; frames."""
        n, frames = self.nodes - 1, count * self.time_count
        field, total = grf.squared_exponential(self.length), self.steps * (self.time_count - 1)
        return (
            field.work(count, self.sensor_count)
            + field.work(count, self.nodes + 1)
            + Work(2.0 * PRODUCT * (20.0 + self._squarings()) * (4.0 * n) ** 3, 16.0 * (4.0 * n) ** 2)
            + (product(count, n, n).times(9.0) + elementwise(count * n, 30.0, copies=15.0)).times(total)
            + elementwise(frames * n, 2.0)
            + elementwise((n + 2) * self.point_count, 10.0, copies=5.0)
            + product(frames, n, self.point_count)
            + elementwise(frames * self.point_count, 6.0, copies=1.0)
        )

    def violations(self, inputs: Array, outputs: Array) -> list[str]:
        """Zero initial and boundary values; for k = 0 and sensors that resolve f, |u| <= max |f|."""
        u = outputs.reshape(len(outputs), self.time_count, self.point_count)
        edges = max(np.abs(u[:, 0]).max(), np.abs(u[:, :, [0, -1]]).max())
        broken = [f"initial or boundary values are not 0 (by {edges:.1e})"] if edges > 1e-12 else []
        resolved = self.reaction == 0.0 and self.length * self.sensor_count >= 10.0
        if resolved and np.any(np.abs(outputs).max(axis=1) > 1.05 * np.abs(inputs).max(axis=1)):
            broken.append("maximum principle |u| <= t max |f| broken; raise nodes")
        return broken

    def _squarings(self) -> float:
        """At most so often is the matrix of one step halved before its exponential: log2 of h (4 D n^4 + 2 |v| n^2)."""
        norm = 4.0 * self.diffusion * self.nodes**4 + 2.0 * abs(self.velocity) * self.nodes**2
        return math.log2(1.0 + norm / (self.time_count - 1) / self.steps)
