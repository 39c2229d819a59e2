"""Theorem H': noise on a grid, whatever the clean outputs are, against nets of rank q with features named by bits.

Once the features are fixed, a net's outputs less a fixed matrix are U M V^T with U (N, a), V (M, b) orthonormal, rank M <= p, p
= q + 1 with b0:

    a = w + 1 under a linear branch end, w its last hidden width, after L = b ln 2 times the numbers before it; or a = N, L = 0
    b = v + 1 under a linear trunk end likewise; or b = M, L = 0

So one side may take any values at all, and costs no bits: v + 1 named trunk features leave N (v + 1) dimensions. With
probability >= 1 - delta no setting of the weights absorbs rho, unless L + ln(K / delta) >= Lam(rho; n, a b), the linear space
of all M (`operators.bounds.lemmas.linear_spaces`, any law), and for Gaussian noise, with s0 = min(sqrt(p) (sqrt(a) + sqrt(b)),
sqrt(a b)),

    L + ln(K / delta) >= max over 0 < lam < 1 / (2 (1-rho)) of
        (n/2) ln(1 + 2 lam rho) - lam s0^2 / (1 - 2 lam (1-rho)) + (1/2) ln((1 - 2 lam (1-rho)) / (1 + 2 lam rho)).

a = N, b = M, L = 0 is a law of the grid in which the rank of the signal does not appear; any lam gives a valid bound. The
stronger of the two, and of the blocks, is fixed for each net before the noise is drawn.

Lemma. Z (a, b) of independent N(0, s^2), G fixed: tail_q(Z + G) is stochastically at least tail_q(Z). The squared singular
values l_1 > ... of Z have density prod_{i<j} (l_i - l_j) prod l_i^c e^(-l_i / 2 s^2) on the ordered cone, a sublattice on which
its logarithm is supermodular (d^2 ln(l_i - l_j) / dl_i dl_j > 0): they are associated (Fortuin, Kasteleyn, Ginibre 1971;
compare Perlman and Olkin 1980). The likelihood ratio of Z + G given l is an average over orthogonal matrices, changes of sign
among them, hence of products of cosh(w_i sqrt(l_i)), increasing in each l_i; tail_q is increasing. QED

Proof of H' (derived here), variance 1. The least |z + g - h|^2 is tail_p of the block of z + g plus the energy off the block.
As in `operators.bounds.lemmas.linear_spaces`: Chernoff; the term lam (1-rho) |z|^2 widens the Gaussian; under it the lemma and
Anderson's inequality give g = 0. Back to N(0, I): E exp(-lam rho |Z|^2 + lam S^2), S^2 the p largest squares of the block; the
first term narrows the Gaussian, with mu = lam / (1 + 2 lam rho) there remains (1 + 2 lam rho)^(-n/2) E exp(mu S^2). S is
1-Lipschitz, E S <= s0 (Davidson and Szarek 2001), so E exp(mu S^2) = E_w E exp(sqrt(2 mu) w S) <= (1 - 2 mu)^(-1/2) exp(mu s0^2
/ (1 - 2 mu)). QED
"""

import math
from collections.abc import Iterator
from itertools import pairwise

import scipy

from operators.architectures.deeponet import DeepONet
from operators.bounds.bound import CONFIDENCE, Answer, Bound, at_least_q, at_most_rho
from operators.bounds.lemmas import linear_spaces
from operators.bounds.lemmas.rates import Law
from operators.bounds.setting import Setting, known

NEAR_ONE = 1.0 - 1e-9


def required_nats(law: Law, n: int, rho: float, rank: int, block: tuple[float, float], *, failure_probability: float) -> float:
    """ln of the number of blocks (a, b) without which rank `rank` absorbs rho with at most this probability; negative: empty."""
    of_space = linear_spaces.required_nats(law, n, rho, block[0] * block[1], failure_probability=failure_probability)
    if law != "gaussian":
        return of_space
    return max(of_space, _of_rank(n, rho, rank, block) + math.log(failure_probability))


def _of_rank(n: int, rho: float, rank: int, block: tuple[float, float]) -> float:
    """The maximum over lam; 0 where it says nothing."""
    rho = min(rho, NEAR_ONE)
    a, b = block
    square = min(rank * (math.sqrt(a) + math.sqrt(b)) ** 2, a * b)  # s0^2
    if n * rho <= square or rho <= 0.0:
        return 0.0
    odds, cost = rho / (1.0 - rho), square / (2.0 * (1.0 - rho))
    half = n * odds / 2.0
    middle = 2.0 * half + cost * odds
    u = 2.0 * (half - cost) / (middle + math.sqrt(middle**2 - 4.0 * half * (half - cost)))  # 2 lam (1 - rho)
    u = min(u, NEAR_ONE)
    nats = n / 2.0 * math.log1p(u * odds) - u * cost / (1.0 - u) + 0.5 * (math.log1p(-u) - math.log1p(u * odds))
    return max(nats, 0.0)


def blocks(net: DeepONet, shape: tuple[int, int]) -> Iterator[tuple[int, tuple[int, int], int]]:
    """(p, (a, b), numbers counted in bits) for each way of naming features."""
    functions, points = shape
    rank = net.rank_at_most(min(shape)) + 1
    rows, columns = [(functions, 0)], [(points, 0)]
    if net.ends in ("linear", "activated-trunk"):
        sizes = net.branch_sizes()
        rows.append((min(sizes[-2] + 1, functions), _before(sizes)))
    if net.ends == "linear":
        sizes = net.trunk_sizes()
        columns.append((min(sizes[-2] + 1, points), _before(sizes)))
    for a, of_branch in rows:
        for b, of_trunk in columns:
            yield min(rank, a, b), (a, b), of_branch + of_trunk


def _before(sizes: tuple[int, ...]) -> int:
    """Numbers of all layers but the last."""
    return sum((fan_in + 1) * fan_out for fan_in, fan_out in pairwise(sizes[:-1]))


def absorbable_fraction(
    law: Law, n: int, nats: float, rank: int, block: tuple[float, float], *, failure_probability: float
) -> float:
    """Largest rho that e^nats blocks are not excluded from absorbing at this rank: the inverse of `required_nats`."""

    def surplus(rho: float) -> float:
        return required_nats(law, n, rho, rank, block, failure_probability=failure_probability) - nats

    high = math.nextafter(1.0, 0.0)
    if surplus(high) <= 0.0:
        return 1.0
    return float(scipy.optimize.brentq(surplus, 0.0, high, xtol=1e-16, rtol=1e-13))


def _least_size(setting: Setting, target: float) -> Answer:
    shape, delta = known(setting.shape), setting.failure_probability / setting.configurations

    def allowed(net: DeepONet) -> bool:
        return all(
            counted * setting.bits * math.log(2.0)
            >= required_nats(setting.law, setting.n, target, rank, block, failure_probability=delta)
            for rank, block, counted in blocks(net, shape)
        )

    return at_least_q(setting.smallest_q(allowed), least=setting.least_q)


def _best_target(setting: Setting, q: int) -> Answer:
    shape, delta = known(setting.shape), setting.failure_probability / setting.configurations
    note = "" if setting.law == "gaussian" else "other than Gaussian noise needs a linear end"
    return at_most_rho(
        min(
            absorbable_fraction(
                setting.law, setting.n, counted * setting.bits * math.log(2.0), rank, block, failure_probability=delta
            )
            for rank, block, counted in blocks(setting.size(q), shape)
        ),
        note=note,
    )


BOUND = Bound(
    name="rank-block",
    title="on a grid, whatever the clean outputs: bits of the features against dimensions and largest singular values of blocks",
    status="certified",
    citation="derived in docs/theory.md (Theorem H'); Davidson, Szarek 2001; Perlman, Olkin 1980",
    hypotheses=(
        "grid design, independent noise of the stated law, drawn once and frozen",
        "all numbers before a linear head that is left free stored in b bits",
        "a class of K architectures, fixed before the noise is drawn",
    ),
    target="absorb",
    probability=CONFIDENCE,
    assumptions=frozenset(),
    needs=frozenset({"grid"}),
    growth="q >= C min(N, M)",
    least_size=_least_size,
    best_target=_best_target,
)
