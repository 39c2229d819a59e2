"""Theorem H: heads cost dimensions, features cost bits.

Once all other numbers of a net are fixed, its predictions on the design lie in a linear space: with a linear branch end that of
the branch head and b0, D = q (w + 1) + 1; with two linear ends that of the head matrix, D = (w + 1)(v + 1), b0 included; with
the trunk head free D = q (v + 1) + 1; w and v are features, m and p without hidden layers. The other numbers, of b bits each,
name at most e^L such spaces, so that with probability >= 1 - delta, whatever the clean labels are,

    L + ln(K / delta) >= Lam(rho; n, D)                        (`operators.bounds.lemmas.linear_spaces`)

for every setting of the weights, those of the free head being any real numbers of any size. At D / n = 0.06, rho = 1/2 a head's
number costs 1.4 nats instead of 22.18. D = 0, L = b d ln 2 is bit counting, with its own rate. Which of these ways of counting
is used is fixed for each net before the noise is drawn (the strongest at the fraction asked about), so that their maximum costs
nothing more.

"Head exact given the computed features": a float evaluation of the head moves a prediction by rounding only.

Over a class of nets whose output matrix must have rank r, rank and noise add: D >= r (w + 1) + 1 with the least last width w that
this rank allows, and what H asks for comes on top of it (`necessary_parameters_of_class`).
"""

import math
from collections.abc import Iterator

from operators.architectures.deeponet import DeepONet
from operators.bounds import bit_counting
from operators.bounds.bound import CONFIDENCE, Answer, Bound, at_least_q, at_most_rho
from operators.bounds.lemmas.linear_spaces import absorbable_fraction, required_nats
from operators.bounds.lemmas.rates import Law
from operators.bounds.setting import FAILURE_PROBABILITY, Setting, smallest_q


def free_heads(net: DeepONet) -> Iterator[tuple[int, int]]:
    """(D, numbers that are counted in bits) for each way of leaving heads free; b0 always belongs to the space."""
    d, w, v = net.parameter_count(), net.branch_features() + 1, net.trunk_features() + 1
    if net.ends in ("linear", "activated-trunk"):
        yield net.q * w + 1, d - net.q * w - 1
    if net.ends == "linear":
        yield net.q * v + 1, d - net.q * v - 1
        yield w * v, d - net.q * (w + v) - 1


def _delta(setting: Setting) -> float:
    return setting.failure_probability / setting.configurations


def _excluded(setting: Setting, net: DeepONet, rho: float) -> bool:
    """Whether some way of counting excludes this net from absorbing rho."""
    return any(
        counted * setting.bits * math.log(2.0)
        < required_nats(setting.law, setting.n, rho, dimension, failure_probability=_delta(setting))
        for dimension, counted in free_heads(net)
    )


def necessary_parameters_of_class(
    n: int,
    rho: float,
    *,
    head: int,
    sizes: int,
    law: Law = "rademacher",
    bits: int,
    failure_probability: float = FAILURE_PROBABILITY,
) -> float:
    """Least d such that not all nets of a class with fewer parameters are excluded, branch heads having `head` numbers or more.

    At d parameters the nets with the least head are hardest to exclude: one number more in the head takes away b ln 2 nats of
    counting and lowers Lam by less, which is checked; at most d^sizes architectures have d parameters or fewer. inf if all are
    excluded.

    Args:
        n: labels.
        rho: fraction to absorb.
        head: least q (w + 1) of a net of the class that reaches the certified rank.
        sizes: how many numbers name a net of the class.
        law: of the noise.
        bits: of one parameter.
        failure_probability: delta.
    """
    dimension = head + 1
    needed = required_nats(law, n, rho, dimension, failure_probability=failure_probability)
    beyond = required_nats(law, n, rho, dimension + 1, failure_probability=failure_probability)
    if needed <= 0.0 or not needed - beyond <= bits * math.log(2.0):
        return float(dimension)
    return smallest_q(lambda d: d >= dimension and bits * (d - dimension) * math.log(2.0) + sizes * math.log(d) >= needed)


def _least_size(setting: Setting, target: float) -> Answer:
    counted = bit_counting.BOUND.necessary(setting, target)
    q = setting.smallest_q(lambda net: not _excluded(setting, net, target)) if target > 0.0 else setting.least_q
    return at_least_q(max(q, counted.value), least=setting.least_q)


def _best_target(setting: Setting, q: int) -> Answer:
    net = setting.size(q)
    rho = [
        absorbable_fraction(
            setting.law, setting.n, counted * setting.bits * math.log(2.0), dimension, failure_probability=_delta(setting)
        )
        for dimension, counted in free_heads(net)
    ]
    return at_most_rho(min([bit_counting.BOUND.attainable(setting, q).value, *rho]))


BOUND = Bound(
    name="linear-heads",
    title="bits of the features + ln(K/delta) >= (n/2) kl(D/n || rho), D the dimensions of the linear heads",
    status="certified",
    citation="derived in docs/theory.md (Theorem H: Chernoff with Anderson 1955, doi:10.1090/S0002-9939-1955-0069229-1)",
    hypotheses=(
        "noise independent, drawn once and frozen, of the stated law",
        "all numbers but those of free linear heads stored in b bits",
        "a class of K architectures, fixed before the noise is drawn",
    ),
    target="absorb",
    probability=CONFIDENCE,
    assumptions=frozenset(),
    needs=frozenset(),
    growth="d >= C n",
    least_size=_least_size,
    best_target=_best_target,
)
