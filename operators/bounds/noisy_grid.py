"""Noise on a grid, deterministically: what the singular values of this very noise leave room for.

Y = G + Z on N functions and M points, V = |Z|_F^2 / (N M). A model of rank r and offset absorbs rho only if its floor against Y
is at most (1 - rho) V; the least such r is the exact minimal rank over all predictors of that kind. What is left when only the
singular values of G and Z are known: `operators.bounds.lemmas.noisy_singular_values`.
"""

from operators.bounds.bound import Answer, Bound, at_least_q, at_most_rho
from operators.bounds.setting import Setting


def _least_size(setting: Setting, target: float) -> Answer:
    rank = setting.least_rank((1.0 - target) * setting.noise_energy)
    q = setting.smallest_q(lambda net: net.rank_limit() >= rank)
    return at_least_q(q, least=setting.least_q, note=f"rank >= {rank} with a scalar bias")


def _best_target(setting: Setting, q: int) -> Answer:
    return at_most_rho(1.0 - setting.floor(setting.size(q)) / setting.noise_energy)


BOUND = Bound(
    name="noisy-grid",
    title="exact: q is at least the least rank whose floor against these noisy labels is (1 - rho) V",
    status="certified",
    citation="derived in docs/theory.md from Eckart and Young 1936",
    hypotheses=("grid design, these labels", "h = scalar bias + <b(u), t(y)> with q_eff products"),
    target="absorb",
    probability=None,
    assumptions=frozenset(),
    needs=frozenset({"floors", "noise"}),
    least_size=_least_size,
    best_target=_best_target,
)
