"""The rank that noise of any sub-Gaussian law asks for on a grid, by a net of low-rank matrices.

Independent s^2-sub-Gaussian entries Z, N x M, S_p^2 = sum_{k <= p} s_k(Z)^2: with probability >= 1 - delta, by a net of the
matrices of rank p and unit norm of size (9 / eta)^((N + M + 1) p) (Candes and Plan 2011, doi:10.1109/TIT.2011.2111771),

    S_p^2 <= 2 s^2 (p (N + M + 1) ln(9 / eta) + ln(1 / delta)) / (1 - sqrt(2) eta)^2.

2.8 to 5.0 times weaker for Rademacher and uniform noise than `operators.bounds.grid_in_probability`, on square grids of side 100
to 1,000.

Oracle: used by tests only.
"""

import math

import numpy as np

MESHES = tuple(float(eta) for eta in np.linspace(0.01, 0.3, 59))


def necessary_rank(shape: tuple[int, int], fraction: float, *, failure_probability: float) -> float:
    """Least p for absorbing eps = fraction s^2, with probability >= 1 - failure_probability; at least 0."""
    functions, points = shape
    energy = functions * points * max(fraction, 0.0)
    return max(
        max(0.0, energy * (1.0 - math.sqrt(2.0) * eta) ** 2 / 2.0 + math.log(failure_probability))
        / ((functions + points + 1) * math.log(9.0 / eta))
        for eta in MESHES
    )
