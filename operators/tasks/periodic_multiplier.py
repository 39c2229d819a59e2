"""Linear initial-value problems on a period that multiply each Fourier mode by a real factor of its own.

    u(., t) = sum_k m_k(t) c_k e^{2 pi i k x},   u0 = sum_k c_k e^{2 pi i k x},   m_0 = 1,  m_{-k} = m_k

The second moment of the output is diagonal in the Fourier modes, with the eigenvalues of u0 times the mean of m_k(t)^2 over
the output times; on P > 2 K equispaced points this is exact.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from operators.arrays import Array
from operators.numerics import grf, grids
from operators.tasks.periodic_problem import PeriodicProblem
from operators.work import Work, elementwise


@dataclass(frozen=True)
class PeriodicMultiplier(PeriodicProblem, ABC):
    """u0 -> u at t = `horizon` (time_count = 1), or for `time_count` times from 0 to `horizon`."""

    @abstractmethod
    def factors(self, t: float) -> Array:
        """m_0(t), ..., m_K(t)."""

    def outputs(self, coefficients: Array) -> Array:
        """Values of u at the query points, one field per time."""
        deviations, x = self.field.deviations, grids.periodic(self.point_count)
        times = grids.closed(self.time_count, self.horizon)
        frames = [grf.PeriodicField(deviations * self.factors(t)).evaluate(coefficients, x) for t in times]
        return np.concatenate(frames, axis=1)

    def work(self, count: int) -> Work:
        """A sum of modes for each time; all frames are held, and joined."""
        frames = elementwise(count * self.point_count * self.time_count, 2.0)
        return self.inputs_work(count) + self.field.work(count, self.point_count).times(self.time_count) + frames

    def output_spectrum(self) -> Array | None:
        """Eigenvalues lambda_k * mean over the times of m_k(t)^2; None when the grid cannot tell the modes apart."""
        if self.point_count <= 2 * self.modes:
            return None
        times = grids.closed(self.time_count, self.horizon)
        kept = self.field.deviations**2 * np.mean([self.factors(t) ** 2 for t in times], axis=0)
        return grf.PeriodicField(np.sqrt(kept)).spectrum()
