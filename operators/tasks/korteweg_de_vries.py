"""Korteweg-de Vries equation on a period: u0 -> u(., T).

    u_t + (u^2 / 2)_x + delta u_xxx = 0, periodic on [0, 1);  u0 ~ N(0, 25^4 (-Lap + 5^2)^-4) without constant mode

delta = 2e-4, T = 1: waves have steepened and begun to break into solitons, whose width is sqrt(12 delta / amplitude). (Zabusky
and Kruskal: delta = 0.022^2 on a period of length 2, which is 6.05e-5 on a period of 1 in their speed and time.)
100 sensors and 100 outputs on the periodic grid.

Scheme: Fourier pseudo-spectral, ETDRK4, order 4 in time; the linear part, of imaginary eigenvalues, is integrated exactly.
The highest modes of u0 oscillate fast and, resolved by no step, keep the error of single functions at some 1e-5.
Breaks when solitons of height A are narrower than a few grid widths of the scheme: modes below about sqrt(A / delta).

Invariants: the mean, the energy mean(u^2), and mean(u^3 / 3 - delta u_x^2). The operator is nonlinear; no spectrum is known.

References: Zabusky and Kruskal 1965, doi:10.1103/PhysRevLett.15.240. Kassam and Trefethen 2005, doi:10.1137/S1064827502410633.
"""

from dataclasses import dataclass

import numpy as np

from operators.arrays import Array
from operators.numerics.pseudo_spectral import Spectrum, wave_numbers
from operators.tasks.periodic_flow import PeriodicFlow
from operators.tasks.task import Card, constant


@dataclass(frozen=True)
class KortewegDeVries(PeriodicFlow):
    """u0 -> u(., horizon)."""

    dispersion: float = constant(2e-4, least=0.0)
    steps: int = constant(400, least=1, most=100000)

    @property
    def card(self) -> Card:
        """Equation, law, scheme, truth, stated solver error and references."""
        return Card(
            equation=f"u_t + (u^2/2)_x + {self.dispersion:g} u_xxx = 0, periodic on [0, 1); u0 -> u(., {self.horizon:g})",
            input_law=self.input_law,
            scheme=self.scheme,
            truth="cnoidal waves; Fourier collocation with an adaptive integrator (SciPy)",
            solver_error=1e-4,
            references=("doi:10.1103/PhysRevLett.15.240", "doi:10.1137/S1064827502410633"),
            caution="the stated error holds for the registered constants; less dispersion needs more modes and steps",
        )

    @property
    def transport(self) -> float:
        """1."""
        return 1.0

    def eigenvalues(self) -> Spectrum:
        """i delta (2 pi k)^3."""
        return np.asarray(1j * self.dispersion * wave_numbers(self.scheme_modes) ** 3, dtype=np.complex128)

    def violations(self, inputs: Array, outputs: Array) -> list[str]:
        """Mean and energy are conserved, where the grids see them."""
        broken = super().violations(inputs, outputs)
        energy, initial = np.mean(outputs**2, axis=1), np.mean(inputs**2, axis=1)
        drift = np.abs(energy / initial - 1.0).max()
        if self.point_count > self.scheme_modes and drift > 1e-3:
            broken.append(f"energy not conserved (by {drift:.1e}); raise modes or steps")
        return broken
