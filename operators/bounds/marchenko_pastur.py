"""The rank that pure noise asks for on a large grid: the Marchenko-Pastur law.

i.i.d. noise of finite variance on N functions and M points, m = min(N, M), beta = m / max(N, M); the best approximation of rank
alpha m absorbs the fraction rho. As N, M grow (Marchenko and Pastur 1967, doi:10.1070/SM1967v001n04ABEH001994; the law is the
same for all noise laws), with t = 1 + beta + 2 sqrt(beta) cos(phi) the edge of what is kept, phi in [0, pi],

    rho   = (phi - sin(2 phi) / 2) / pi                                                        for every beta
    alpha = [(1 + beta) phi - 2 sqrt(beta) sin phi
             - 2 (1 - beta) atan2((1 - sqrt(beta)) sin(phi / 2), (1 + sqrt(beta)) cos(phi / 2))] / (2 pi beta).

beta = 1: alpha = (phi - sin phi) / pi. Small rho: alpha ~ rho / (1 + sqrt(beta))^2. With a signal of rank g the needed q is
m alpha(rho) to within g on either side (form b of `operators.bounds.lemmas.noisy_singular_values`). Asymptotic: at 400 x 400
two to three digits agree.
"""

import math
from collections.abc import Callable

import scipy

from operators.bounds.bound import Answer, Bound, at_least_q, at_most_rho
from operators.bounds.lemmas.signal import absorbable_fraction_beyond, necessary_rank_beyond
from operators.bounds.setting import Setting, known


def absorbed_fraction_at(phi: float) -> float:
    """Rho of the parameter phi."""
    return (phi - math.sin(2.0 * phi) / 2.0) / math.pi


def rank_fraction_at(phi: float, beta: float) -> float:
    """Alpha of the parameter phi for the aspect ratio beta in (0, 1]."""
    root = math.sqrt(beta)
    turn = math.atan2((1.0 - root) * math.sin(phi / 2.0), (1.0 + root) * math.cos(phi / 2.0))
    return ((1.0 + beta) * phi - 2.0 * root * math.sin(phi) - 2.0 * (1.0 - beta) * turn) / (2.0 * math.pi * beta)


def rank_fraction(rho: float, beta: float) -> float:
    """The fraction of all m ranks that absorbs the fraction rho of the noise.

    Raises:
        ValueError: beta not in (0, 1].
    """
    if not 0.0 < beta <= 1.0:
        raise ValueError(f"expected an aspect ratio in (0, 1], got {beta}")
    rho = min(max(rho, 0.0), 1.0)
    return rank_fraction_at(_solve(absorbed_fraction_at, rho), beta)


def absorbed_fraction(alpha: float, beta: float) -> float:
    """The fraction of the noise that the fraction alpha of all ranks absorbs: the inverse of `rank_fraction`."""
    if not 0.0 < beta <= 1.0:
        raise ValueError(f"expected an aspect ratio in (0, 1], got {beta}")
    alpha = min(max(alpha, 0.0), 1.0)
    return absorbed_fraction_at(_solve(lambda phi: rank_fraction_at(phi, beta), alpha))


def _solve(increasing: Callable[[float], float], value: float) -> float:
    if value <= 0.0:
        return 0.0
    if value >= 1.0:
        return math.pi
    return float(scipy.optimize.brentq(lambda phi: increasing(phi) - value, 0.0, math.pi, xtol=1e-15))


def _aspect(shape: tuple[int, int]) -> tuple[int, float]:
    return min(shape), min(shape) / max(shape)


def _least_size(setting: Setting, target: float) -> Answer:
    smaller, beta = _aspect(known(setting.shape))

    def rank_of(fraction: float) -> float:
        return smaller * rank_fraction(fraction, beta)

    rank = necessary_rank_beyond(setting.signal, target, rank_of, noise_energy=setting.sigma**2)
    q = setting.smallest_q(lambda net: net.rank_limit() >= rank)
    return at_least_q(q, least=setting.least_q)


def _best_target(setting: Setting, q: int) -> Answer:
    shape = known(setting.shape)
    smaller, beta = _aspect(shape)

    def fraction_of(rank: int) -> float:
        return absorbed_fraction(rank / smaller, beta)

    rank = setting.size(q).rank_at_most(min(shape))
    rho = absorbable_fraction_beyond(setting.signal, rank, fraction_of, noise_energy=setting.sigma**2)
    return at_most_rho(rho)


BOUND = Bound(
    name="marchenko-pastur",
    title="q ~ m alpha(rho) - rank of the signal: the exact law for large grids, n^(1/2) on a square grid",
    status="asymptotic",
    citation="Marchenko and Pastur 1967, doi:10.1070/SM1967v001n04ABEH001994; closed form derived in docs/theory.md",
    hypotheses=(
        "grid design, N and M large",
        "i.i.d. noise of finite variance",
        "clean outputs, offset included, near known low rank",
    ),
    target="absorb",
    probability=None,
    assumptions=frozenset(),
    needs=frozenset({"grid", "signal"}),
    growth="q >= C min(N, M)",
    least_size=_least_size,
    best_target=_best_target,
)
