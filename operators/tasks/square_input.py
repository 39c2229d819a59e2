"""What tasks with a Gaussian input on the unit square share: its law, one grid for sensors and outputs, and how it is drawn.

g ~ N(0, c (-Lap + tau^2)^-alpha) with Neumann conditions, no constant mode, cosines j, k < s; c for a mean variance of 1

A task of another c or cut has a `field` of its own, one on another grid its own `points`.
"""

from abc import ABC

import numpy as np

from operators.arrays import Array
from operators.numerics import grf, grids
from operators.tasks.task import Task


class SquareInput(Task, ABC):
    """Holds no constants of its own: each task declares those named here, with its defaults and limits."""

    tau: float
    alpha: float
    side: int

    @property
    def field(self) -> grf.NeumannField:
        """The law of g."""
        return grf.whittle_matern_square(tau=self.tau, alpha=self.alpha, modes=self.side)

    def sensors(self) -> Array:
        """The grid of the outputs, too."""
        return self.points()

    def points(self) -> Array:
        """Closed uniform grid (s^2, 2), boundary included, the second coordinate running fastest."""
        return grids.square(self.side)

    def draw(self, generator: np.random.Generator, count: int) -> Array:
        """Draw the cosine coefficients of g."""
        return self.field.draw(generator, count)


def boundary_violations(u: Array) -> list[str]:
    """What breaks u = 0 on the boundary of the square; u of shape (N, s, s)."""
    edges = max(np.abs(u[:, [0, -1]]).max(), np.abs(u[:, :, [0, -1]]).max())
    return [f"boundary values are not 0 (by {edges:.1e})"] if edges != 0.0 else []
