"""What a signal of nearly low rank leaves to be absorbed on a grid.

Labels Y = G + Z on N functions and M points, |.| the root mean square over entries, V = |Z|^2. Let G_g have rank g (offset
included) with |G - G_g|^2 <= e, and let H be a model of rank r. The distance to the matrices of rank p = r + g is 1-Lipschitz and
does not change by H - G_g, so

    dist_p(Z) <= dist_p(Z + (G - G_g)) + sqrt(e) <= |Y - H| + sqrt(e).

A model that absorbs rho, |Y - H|^2 <= (1 - rho) V, therefore needs rank p to absorb of the noise alone the fraction

    rho_g = 1 - (sqrt(1 - rho) + sqrt(e / V))^2        (0 if negative; rho if the rank of G is g)

and if rank p absorbs at most a of the noise alone, then rho <= 1 - (sqrt(1 - a) - sqrt(e / V))_+^2. Each g gives a bound, fixed
by G alone, before z is drawn; the best one counts. Both expressions are monotone in V: a level that V exceeds may stand for it.
"""

import math
from collections.abc import Callable, Sequence

from operators.arrays import Array
from operators.bounds.lemmas.singular_values import singular_values, tail_sums
from operators.magnitude import squares_fit

SIGNAL_RANKS = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
ROUNDING = 1e-14
Signal = Sequence[tuple[int, float]]


def signal_tails(clean: Array) -> dict[int, float]:
    """Mean square of the clean outputs (N, M) beyond each rank g of SIGNAL_RANKS below min(N, M), rounding included.

    Raises:
        ValueError: outputs whose squares float64 cannot hold.
    """
    if not squares_fit(clean):
        raise ValueError("expected outputs whose largest entry lies between 2^-480 and 2^480; scale them first")
    tails = tail_sums(singular_values(clean) ** 2) / clean.size
    return {g: float(tails[g] + ROUNDING * tails[0]) for g in SIGNAL_RANKS if g < min(clean.shape)}


def fraction_beyond(rho: float, remainder: float) -> float:
    """rho_g for remainder = e / V; at least 0."""
    return max(0.0, 1.0 - min(math.sqrt(max(1.0 - rho, 0.0)) + math.sqrt(remainder), 1.0) ** 2)


def fraction_with(absorbed: float, remainder: float) -> float:
    """The largest rho if the noise alone gives up at most `absorbed`: the inverse of `fraction_beyond`."""
    return 1.0 - max(0.0, math.sqrt(max(1.0 - absorbed, 0.0)) - math.sqrt(remainder)) ** 2


def necessary_rank_beyond(signal: Signal, rho: float, rank_of: Callable[[float], float], *, noise_energy: float) -> float:
    """The least rank r of a model, at least 0: the best over g of rank_of(rho_g) - g.

    Args:
        signal: pairs (g, e).
        rho: what is to be absorbed.
        rank_of: the rank that absorbs a fraction of the noise alone.
        noise_energy: V, or a level it exceeds.
    """
    return max(0.0, *(rank_of(fraction_beyond(rho, _relative(e, noise_energy))) - g for g, e in signal))


def absorbable_fraction_beyond(signal: Signal, rank: int, fraction_of: Callable[[int], float], *, noise_energy: float) -> float:
    """The largest rho of a model of rank r, the best over g; fraction_of(p) is what rank p absorbs of the noise alone."""
    return min(fraction_with(min(fraction_of(rank + g), 1.0), _relative(e, noise_energy)) for g, e in signal)


def _relative(remainder: float, noise_energy: float) -> float:
    """E / V; infinite for a level of 0, unless nothing remains."""
    return remainder / noise_energy if noise_energy > 0.0 else math.inf if remainder > 0.0 else 0.0
