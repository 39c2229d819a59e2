"""Kuramoto-Sivashinsky equation at short time: u0 -> u(., T).

    u_t + (u^2 / 2)_y + u_yy + u_yyyy = 0, periodic on [0, l), y = l x;  u0 ~ N(0, a (-Lap_x + tau^2)^-alpha), no constant mode

l = 32, T = 5; tau = 20 puts the energy of u0 near the most unstable wave number 1 / sqrt(2), a = 4e10 (alpha = 4) gives it about
the size of the attractor. Modes below l / (2 pi) grow, at most by exp(T / 4), all others decay; T is short beside the
Lyapunov time of some ten units, so that errors of u0 are amplified a few times and the operator can be learnt from finite data.
100 sensors and 100 outputs on the periodic grid.

Scheme: Fourier pseudo-spectral, ETDRK4, order 4 in time.
Breaks at long times: every error then grows like exp(t / 10) until nothing of u(., T) is determined by the sensors.

The mean is conserved, the energy is not. The operator is nonlinear; no spectrum is known.

References: Kuramoto and Tsuzuki 1976, doi:10.1143/PTP.55.356. Sivashinsky 1977, doi:10.1016/0094-5765(77)90096-0. Kassam and
Trefethen 2005, doi:10.1137/S1064827502410633. Edson, Bunder, Mattner, Roberts 2019, doi:10.1017/S1446181119000105 (Lyapunov
exponents).
"""

from dataclasses import dataclass

from operators.arrays import Array
from operators.numerics.pseudo_spectral import wave_numbers
from operators.tasks.periodic_flow import PeriodicFlow
from operators.tasks.task import Card, constant


@dataclass(frozen=True)
class KuramotoSivashinsky(PeriodicFlow):
    """u0 -> u(., horizon) on a period of this length, mapped to 1."""

    length: float = constant(32.0, above=0.0)
    horizon: float = constant(5.0, least=0.0)
    amplitude: float = constant(4e10, above=0.0)
    tau: float = constant(20.0, above=0.0)

    @property
    def card(self) -> Card:
        """Equation, law, scheme, truth, stated solver error and references."""
        return Card(
            equation=f"u_t + (u^2/2)_y + u_yy + u_yyyy = 0, periodic on [0, {self.length:g}), y = {self.length:g} x;"
            f" u0 -> u(., {self.horizon:g})",
            input_law=self.input_law,
            scheme=self.scheme,
            truth="linear growth at small amplitude; Fourier collocation with an adaptive integrator (SciPy)",
            solver_error=1e-5,
            references=("doi:10.1143/PTP.55.356", "doi:10.1016/0094-5765(77)90096-0", "doi:10.1137/S1064827502410633"),
            caution="the stated error holds for the registered constants; it grows exponentially with the horizon",
        )

    @property
    def transport(self) -> float:
        """1 / l, since u_y = u_x / l."""
        return 1.0 / self.length

    def eigenvalues(self) -> Array:
        """p^2 - p^4 with p = 2 pi k / l."""
        p = wave_numbers(self.scheme_modes) / self.length
        return p**2 - p**4
