"""Shared points, not all pairs observed: sign patterns of low-rank matrices, and floors of fully observed blocks.

N functions, M points, n <= N M observed pairs (any mask). The n values of c + sum_k b_k(u_i) t_k(y_j) are polynomials of degree
2 in W numbers. A matrix of rank <= q is spanned by some q of its rows: for each of the C(N, q) choices W = q (N + M - q) + 1
numbers suffice, the bias included, so with Warren's theorem (`operators.bounds.sign_patterns.log_warren`; W >= n: vacuous)
there are at most C(N, q) 2 (4 e n / W)^W sign patterns. Rademacher noise, rho > 1/2, with probability >= 1 - delta, no net of
this rank, whatever its parameters and norms, absorbs rho unless

    ln C(N, q) + ln 2 + W ln(4 e n / W) >= n (ln 2 - H(1 - rho)) - ln(1 / delta).

Much looser than the exact law of a full grid, but valid for any mask. With a point of its own for every observation
(M = n) W >= n and nothing is said: b = 1, t(y_i) = label interpolates with q = 1, so no rank floor exists at all.
"""

import scipy

from operators.bounds.bound import CONFIDENCE, Answer, Bound, at_least_q, at_most_rho
from operators.bounds.setting import Setting, known
from operators.bounds.sign_patterns import absorbable_fraction, log_warren, required_nats


def log_low_rank_patterns(n: float, shape: tuple[int, int], q: int) -> float:
    """Upper bound on the logarithm of the number of sign patterns on n entries of N x M matrices of rank <= q plus a constant."""
    small, large = sorted(shape)
    q = min(q, small)
    all_rows, chosen, others = scipy.special.gammaln([small + 1, q + 1, small - q + 1])
    return float(all_rows - chosen - others) + log_warren(n, 2, q * (small + large - q) + 1)


def _least_size(setting: Setting, target: float) -> Answer:
    shape = known(setting.shape)
    needed = required_nats(setting.n, target, failure_probability=setting.failure_probability / setting.configurations)
    q = setting.smallest_q(lambda net: log_low_rank_patterns(setting.n, shape, net.rank_at_most(min(shape))) >= needed)
    return at_least_q(q, least=setting.least_q)


def _best_target(setting: Setting, q: int) -> Answer:
    shape = known(setting.shape)
    patterns = log_low_rank_patterns(setting.n, shape, setting.size(q).rank_at_most(min(shape)))
    delta = setting.failure_probability / setting.configurations
    return at_most_rho(absorbable_fraction(setting.n, patterns, failure_probability=delta))


BOUND = Bound(
    name="incomplete-grid",
    title="ln C(N, q) + W ln(4 e n / W) >= n (ln 2 - H(1 - rho)) - ln(1/delta), W = q (N + M - q) + 1, any mask",
    status="certified",
    citation="Warren's theorem (Anthony and Bartlett 1999, Theorem 8.3); derived in docs/theory.md",
    hypotheses=("N functions on M common points, any observed pairs", "Rademacher noise drawn once", "rho > 1/2"),
    target="absorb",
    probability=CONFIDENCE,
    assumptions=frozenset(),
    needs=frozenset({"grid", "rademacher"}),
    growth="q >= C min(N, M)",
    least_size=_least_size,
    best_target=_best_target,
)
