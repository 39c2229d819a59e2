"""Viscous Burgers equation: u0 -> u(., 1), or u0 -> u on a space-time grid.

    u_t + (u^2 / 2)_x = nu u_xx,  periodic on [0, 1),  u(., 0) = u0 ~ N(0, a (-Lap + tau^2)^-alpha), cut at |k| <= K

K = floor((m - 1) / 2), so the m equispaced sensors determine u0. Two standard settings, both with tau = 5:

    burgers                a = 25^2, alpha = 2, nu = 0.1; 128 sensors, 128 outputs at t = 1 (Li et al. 2021; Lu et al. 2022).
                           The law is taken at its word and keeps its constant mode, of variance 1: a sample drifts with its mean.
    burgers-low-viscosity  a = 25^4, alpha = 4, nu = 0.01, constant mode left out as in the public generator; 101 x 101 outputs on
                           [0, 1]^2, x = 1 and t = 0 included (Wang et al. 2021). 100 sensors: the 101st, x = 1, repeats x = 0.

Scheme: Fourier pseudo-spectral, |k| <= `modes`, products on 3 (modes + 1) points (exact, no aliasing); ETDRK4, order 4
in time. The error on the card bounds the relative L2 error of single functions, measured against the Cole-Hopf
solution.
Breaks for viscosities below about max |u0| / modes: unresolved shocks oscillate, and `violations` reports a broken
maximum principle.

References: Li et al. 2021, arXiv:2010.08895. Wang, Wang, Perdikaris 2021, doi:10.1126/sciadv.abi8605. Lu et al. 2022,
doi:10.1016/j.cma.2022.114778. Kassam and Trefethen 2005, doi:10.1137/S1064827502410633.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from operators.arrays import Array
from operators.numerics import grf, grids, pseudo_spectral
from operators.numerics.pseudo_spectral import Spectrum, padded, values, wave_numbers
from operators.tasks.task import Card, Task, constant
from operators.work import Work, elementwise, transform


def advance(spectrum: Spectrum, *, viscosity: float, duration: float, steps: int) -> Spectrum:
    """Advance Fourier coefficients c_0, ..., c_K of u, (N, K + 1), by `duration` in `steps` equal steps."""
    diffusion = -viscosity * wave_numbers(spectrum.shape[1] - 1) ** 2
    return pseudo_spectral.advance(spectrum, diffusion, transport=1.0, duration=duration, steps=steps)


@dataclass(frozen=True)
class Burgers(Task):
    """u0 -> u(., 1) on the periodic grid (time_count = 1), or u on a closed space-time grid of [0, 1]^2 (time_count > 1).

    `steps` are counted per output interval; `mean_mode` is 1 to keep the constant mode of the law, 0 to leave it out.
    """

    gaussian: ClassVar[bool] = True
    viscosity: float = constant(0.1, above=0.0)
    amplitude: float = constant(625.0, above=0.0)
    tau: float = constant(5.0, above=0.0)
    alpha: float = constant(2.0, above=0.5)
    mean_mode: int = constant(1, least=0, most=1)
    sensor_count: int = constant(128, least=3, most=4096)
    point_count: int = constant(128, least=2, most=4096)
    time_count: int = constant(1, least=1, most=4096)
    modes: int = constant(63, least=1, most=4096)
    steps: int = constant(200, least=1, most=100000)

    @property
    def card(self) -> Card:
        """Equation, law, scheme, truth, stated solver error and references."""
        mean = "" if self.mean_mode else ", constant mode left out"
        return Card(
            equation=f"u_t + (u^2/2)_x = {self.viscosity:g} u_xx, periodic on [0, 1); u0 -> u",
            input_law=f"N(0, {self.amplitude:g} (-Lap + {self.tau:g}^2)^-{self.alpha:g}), |k| <= {self._field_modes()}{mean}",
            scheme=f"Fourier pseudo-spectral, {self._modes()} modes, dealiased; ETDRK4, {self.steps} steps per output interval",
            truth="Cole-Hopf",
            solver_error=1e-6,
            references=("arXiv:2010.08895", "doi:10.1126/sciadv.abi8605", "doi:10.1137/S1064827502410633"),
            caution="the stated error holds for the registered constants; check lower viscosities against more modes and steps",
        )

    def sensors(self) -> Array:
        """Periodic uniform grid (m, 1)."""
        return grids.column("periodic", self.sensor_count)

    def points(self) -> Array:
        """Periodic uniform grid (P, 1) at t = 1, or (x, t) on the closed grid of the unit square."""
        if self.time_count == 1:
            return grids.column("periodic", self.point_count)
        return grids.space_time("closed", self.point_count, self.time_count)

    def draw(self, generator: np.random.Generator, count: int) -> Array:
        """Draw the Fourier coefficients of u0."""
        return self._field().draw(generator, count)

    def inputs(self, coefficients: Array) -> Array:
        """Values of u0 at the sensors."""
        return self._field().evaluate(coefficients, self.sensors()[:, 0])

    def outputs(self, coefficients: Array) -> Array:
        """Values of u at the query points."""
        spectrum = padded(self._field().fourier(coefficients), self._modes())
        if self.time_count == 1:
            spectrum = advance(spectrum, viscosity=self.viscosity, duration=1.0, steps=self.steps)
            return values(spectrum, grids.periodic(self.point_count))
        x, interval = grids.closed(self.point_count), 1.0 / (self.time_count - 1)
        frames = [values(spectrum, x)]
        for _ in range(self.time_count - 1):
            spectrum = advance(spectrum, viscosity=self.viscosity, duration=interval, steps=self.steps)
            frames.append(values(spectrum, x))
        return np.concatenate(frames, axis=1)

    def work(self, count: int) -> Work:
        """The inputs; the steps and the frames; the checks."""
        intervals, values = max(self.time_count - 1, 1), count * self.point_count * self.time_count
        return (
            self._field().work(count, self.sensor_count)
            + pseudo_spectral.work(count, self._modes(), points=self.point_count, steps=self.steps, intervals=intervals)
            + elementwise(values, 6.0)
            + Work(2.0 * count * transform(8 * self.sensor_count), 24.0 * count * self.sensor_count)
        )

    def violations(self, inputs: Array, outputs: Array) -> list[str]:
        """The maximum principle and, where the grid sees it, the conserved mean."""
        broken = []
        initial = grids.refined(inputs, 8)
        margin = 0.02 * np.abs(initial).max(axis=1) + 1e-9
        worse = (outputs.max(axis=1) > initial.max(axis=1) + margin) | (outputs.min(axis=1) < initial.min(axis=1) - margin)
        if worse.any():
            broken.append(f"maximum principle broken for {worse.sum()} of {len(worse)} functions; raise modes or steps")
        last = outputs[:, -self.point_count :]
        last = last if self.time_count == 1 else last[:, :-1]
        drift = np.abs(last.mean(axis=1) - inputs.mean(axis=1)).max()
        if last.shape[1] > self._modes() and drift > 1e-9:
            broken.append(f"mean not conserved (by {drift:.1e}); raise modes or steps")
        return broken

    def _modes(self) -> int:
        """Modes of the scheme: no fewer than u0 has."""
        return max(self.modes, self._field_modes())

    def _field_modes(self) -> int:
        return (self.sensor_count - 1) // 2

    def _field(self) -> grf.PeriodicField:
        return grf.whittle_matern(
            amplitude=self.amplitude,
            tau=self.tau,
            alpha=self.alpha,
            modes=self._field_modes(),
            mean_mode=bool(self.mean_mode),
        )
