"""What equations of Burgers' kind on a period share: a Gaussian field u0 without constant mode, and u0 -> u(., T).

    u_t + c (u^2 / 2)_x = L u, periodic on [0, 1);  u0 ~ N(0, a (-Lap + tau^2)^-alpha), cut at 1 <= |k| <= floor((m - 1) / 2)

L acts on each Fourier mode alone and L 1 = 0, so the mean over a period stays 0. Scheme: `operators.numerics.pseudo_spectral`.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from operators.arrays import Array
from operators.numerics import grids, pseudo_spectral
from operators.numerics.pseudo_spectral import Spectrum, padded, values
from operators.tasks.periodic_input import PeriodicInput
from operators.tasks.task import constant
from operators.work import Work, elementwise


@dataclass(frozen=True)
class PeriodicFlow(PeriodicInput, ABC):
    """u0 -> u(., horizon) on the periodic grid; `modes` and `steps` are those of the scheme."""

    mean_mode: ClassVar[bool] = False
    horizon: float = constant(1.0, least=0.0)
    amplitude: float = constant(390625.0, above=0.0)
    tau: float = constant(5.0, above=0.0)
    alpha: float = constant(4.0, above=0.5)
    sensor_count: int = constant(100, least=3, most=4096)
    point_count: int = constant(100, least=3, most=4096)
    modes: int = constant(64, least=1, most=4096)
    steps: int = constant(200, least=1, most=100000)

    @property
    @abstractmethod
    def transport(self) -> float:
        """The factor c."""

    @abstractmethod
    def eigenvalues(self) -> Array | Spectrum:
        """lambda_0, ..., lambda_K of L for the K modes of the scheme."""

    @property
    def scheme(self) -> str:
        """The scheme in words."""
        return f"Fourier pseudo-spectral, {self.scheme_modes} modes, dealiased; ETDRK4, {self.steps} steps"

    @property
    def scheme_modes(self) -> int:
        """Modes of the scheme: no fewer than u0 has."""
        return max(self.modes, self.field_modes)

    def outputs(self, coefficients: Array) -> Array:
        """Values of u(., horizon) at the query points."""
        return values(self.final_spectrum(self.field.fourier(coefficients)), grids.periodic(self.point_count))

    def final_spectrum(self, initial: Spectrum) -> Spectrum:
        """Fourier coefficients of u at the horizon from those of u0."""
        return pseudo_spectral.advance(
            padded(initial, self.scheme_modes),
            self.eigenvalues(),
            transport=self.transport,
            duration=self.horizon,
            steps=self.steps,
        )

    def work(self, count: int) -> Work:
        """The inputs; the steps and the frame; the checks."""
        return (
            self.field.work(count, self.sensor_count)
            + pseudo_spectral.work(count, self.scheme_modes, points=self.point_count, steps=self.steps, intervals=1)
            + elementwise(count * (self.sensor_count + self.point_count), 6.0)
        )

    def violations(self, inputs: Array, outputs: Array) -> list[str]:
        """The mean over a period stays 0."""
        drift = np.abs(outputs.mean(axis=1)).max()
        seen = self.point_count > self.scheme_modes
        return [f"mean not conserved (by {drift:.1e}); raise modes or steps"] if seen and drift > 1e-9 else []
