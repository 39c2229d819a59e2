"""Noise on a grid, in probability: q >= const (eps / sigma^2) N M / (sqrt(N) + sqrt(M))^2, for any parameters and any optimiser.

rank G <= g, offset of rank c: absorbing eps needs N M eps <= S_p(Z)^2 = sum_{k <= p} s_k(Z)^2 with p = q + g + c. S_p is a
norm, convex and 1-Lipschitz in the entries, S_p <= sqrt(p) s_1, hence with probability >= 1 - delta

    S_p <= a sigma sqrt(p) (sqrt(N) + sqrt(M)) + t,
    Gaussian     a = 1               t = sigma sqrt(2 ln(1 / delta))               (Gordon; concentration of Lipschitz functions)
    Rademacher   a = sqrt(pi / 2)    t = 2 sigma sqrt(2 ln(1 / delta))             (convex order; Talagrand)
    uniform      a = sqrt(3 pi / 8)  t = 2 sqrt(3) sigma sqrt(2 ln(1 / delta))

Convex order: a Rademacher or uniform variable X is dominated, in every convex function, by a Gaussian with the same E |X|, whose
standard deviation is a sigma = E |X| sqrt(pi / 2) (the stop-loss transforms agree at 0 and infinity and do not cross), so E of a
norm is at most its Gaussian value. Convex Lipschitz functions of entries in intervals of length l exceed their mean by t with
probability at most exp(-t^2 / (2 l^2)) (Boucheron, Lugosi, Massart 2013, Theorem 6.10). E s_1 <= sigma (sqrt(N) + sqrt(M)) for
Gaussian entries: Davidson and Szarek 2001. Hence

    q >= ((sqrt(N M eps) - t)_+ / (a sigma (sqrt(N) + sqrt(M))))^2 - g - c.

N = M = sqrt(n): q >= (eps / (4 a^2 sigma^2)) sqrt(n) (1 - o(1)). N = n^b, M = n^(1-b): exponent min(b, 1 - b). M fixed: q
saturates.
"""

import math

from operators.bounds.bound import CONFIDENCE, Answer, Bound, at_least_q, at_most_rho
from operators.bounds.lemmas.rates import Law, least_energy
from operators.bounds.lemmas.signal import absorbable_fraction_beyond, necessary_rank_beyond
from operators.bounds.setting import Setting, known

CONVEX_ORDER: dict[Law, float] = {
    "gaussian": 1.0,
    "rademacher": math.sqrt(math.pi / 2.0),
    "uniform": math.sqrt(3.0 * math.pi / 8.0),
}
CONCENTRATION: dict[Law, float] = {"gaussian": 1.0, "rademacher": 2.0, "uniform": 2.0 * math.sqrt(3.0)}


def necessary_rank(law: Law, shape: tuple[int, int], fraction: float, *, failure_probability: float) -> float:
    """Least p = q + g + c for absorbing eps = fraction sigma^2, with probability >= 1 - failure_probability; at least 0."""
    functions, points = shape
    chance = CONCENTRATION[law] * math.sqrt(-2.0 * math.log(failure_probability))
    surplus = math.sqrt(functions * points * max(fraction, 0.0)) - chance
    spread = CONVEX_ORDER[law] * (math.sqrt(functions) + math.sqrt(points))
    return (max(surplus, 0.0) / spread) ** 2


def absorbable_fraction(law: Law, shape: tuple[int, int], rank: float, *, failure_probability: float) -> float:
    """Largest eps / sigma^2 for p = rank: the inverse of `necessary_rank`, not capped."""
    functions, points = shape
    chance = CONCENTRATION[law] * math.sqrt(-2.0 * math.log(failure_probability))
    spread = CONVEX_ORDER[law] * (math.sqrt(functions) + math.sqrt(points))
    return (math.sqrt(rank) * spread + chance) ** 2 / (functions * points)


def _split(setting: Setting) -> tuple[float, float]:
    """A level of V / sigma^2 that is reached, and the failure probability that remains, after what the level costs."""
    delta = setting.failure_probability / setting.configurations
    if setting.law == "rademacher":
        return 1.0, delta
    return least_energy(setting.law, setting.n, delta / 2.0), delta / 2.0


def _least_size(setting: Setting, target: float) -> Answer:
    shape, (level, delta) = known(setting.shape), _split(setting)

    def rank_of(fraction: float) -> float:
        return necessary_rank(setting.law, shape, fraction * level, failure_probability=delta)

    rank = necessary_rank_beyond(setting.signal, target, rank_of, noise_energy=level * setting.sigma**2)
    q = setting.smallest_q(lambda net: net.rank_limit() >= rank - 1e-9)
    return at_least_q(q, least=setting.least_q)


def _best_target(setting: Setting, q: int) -> Answer:
    shape, (level, delta) = known(setting.shape), _split(setting)

    def fraction_of(rank: int) -> float:
        return absorbable_fraction(setting.law, shape, rank, failure_probability=delta) / level if level > 0.0 else 1.0

    rank = setting.size(q).rank_at_most(min(shape))
    rho = absorbable_fraction_beyond(setting.signal, rank, fraction_of, noise_energy=level * setting.sigma**2)
    return at_most_rho(rho)


BOUND = Bound(
    name="grid-in-probability",
    title="q >= ((sqrt(N M eps) - t) / (a sigma (sqrt(N) + sqrt(M))))^2 - rank of the signal: n^(1/2) on a square grid",
    status="certified",
    citation="derived in docs/theory.md; Davidson and Szarek 2001, Boucheron, Lugosi, Massart 2013, Theorem 6.10",
    hypotheses=(
        "grid design, independent Rademacher, uniform or Gaussian noise of equal variance",
        "clean outputs, offset included, within the stated mean squared errors of the stated ranks",
    ),
    target="absorb",
    probability=CONFIDENCE,
    assumptions=frozenset(),
    needs=frozenset({"grid", "signal"}),
    growth="q >= C min(N, M)",
    least_size=_least_size,
    best_target=_best_target,
)
