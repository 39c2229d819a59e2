"""Bit counting: d stored numbers of b bits realise at most 2^(b d) functions on the design.

With probability >= 1 - delta over the noise, for every parameter setting that any optimiser could return,

    n R(rho) <= b d ln 2 + ln(K / delta)        (b = 32: 22.18 nats a parameter)

R is the rate of the noise law (`operators.bounds.lemmas.rates`), K the number of architectures (and seeds of frozen random
features) in the class of which this is said, fixed before the noise is drawn; how many of them are trained, and how often, does
not matter. K = 1 for one net or one series. Over all nets of given depths L and K with at most d parameters, each of the L + K
hidden widths and q is at most d, so that ln K <= (L + K + 1) ln d. No norm, no smoothness, no optimiser enters. It excludes
something only if n / d > b ln 2 / R(rho), which for b = 32 is 39 (Rademacher) or 19 (Gaussian) at rho = 0.9 and 436 or 421 at
rho = 0.1.

What must hold, each a trap in practice:
  - all that was computed from the noisy labels is counted: an output mean and scale (2 b bits), a basis (M q b bits);
    input scaling, points and split are independent of z; batch statistics count; frozen random weights count in K only;
  - the noise is drawn once: fresh noise in each epoch cannot be absorbed at all;
  - the risk is that of the stored numbers, evaluated in one deterministic pass.
A violation beyond delta is a defect or a leak of labels.

After training the stored precision may be lowered and fewer bits counted: `operators.bounds.lemmas.description_length`.

Without a bound on bits or norms no such statement can hold: ReLU nets memorise n points with about sqrt(n) real parameters of
many bits each (Vardi, Yehudai, Shamir 2022, arXiv 2110.03187).
"""

import math

from operators.architectures.deeponet import DeepONet
from operators.bounds.bound import CONFIDENCE, Answer, Bound, at_least_q, at_most_rho
from operators.bounds.lemmas.rates import Law, required_nats
from operators.bounds.lemmas.rates import absorbable_fraction as absorbable_by_nats
from operators.bounds.setting import FAILURE_PROBABILITY, STORED_BITS, Setting, smallest_q


def absorbable_fraction(
    n: int,
    d: int,
    *,
    law: Law = "rademacher",
    bits: int = STORED_BITS,
    failure_probability: float = FAILURE_PROBABILITY,
    configurations: int = 1,
) -> float:
    """Largest rho that bit counting does not exclude for d parameters and n labels; 1 if it excludes nothing.

    Non-increasing in n; non-decreasing in d, bits, configurations and 1 / failure_probability.
    """
    return absorbable_by_nats(law, n, bits * d * math.log(2.0), failure_probability=failure_probability / configurations)


def necessary_parameters(
    n: int,
    rho: float,
    *,
    law: Law = "rademacher",
    bits: int = STORED_BITS,
    failure_probability: float = FAILURE_PROBABILITY,
    configurations: int = 1,
) -> float:
    """Least d not excluded from absorbing rho: a whole number >= 0, inf for Gaussian noise and rho >= 1."""
    if rho <= 0.0:
        return 0.0
    nats = required_nats(law, n, rho, failure_probability=failure_probability / configurations)
    return max(0.0, math.ceil(nats / (bits * math.log(2.0)))) if math.isfinite(nats) else math.inf


def necessary_parameters_of_class(
    n: int,
    rho: float,
    *,
    sizes: int,
    law: Law = "rademacher",
    bits: int = STORED_BITS,
    failure_probability: float = FAILURE_PROBABILITY,
) -> float:
    """Least d such that not all nets of a class with fewer parameters are excluded from absorbing rho; inf if all are.

    The class holds the nets that this many sizes name (q and widths), each at most d: at most d^sizes architectures have d
    parameters or fewer, whatever was trained. So all of them are excluded where b d ln 2 + sizes ln d + ln(1 / delta) < n R(rho).
    """
    if rho <= 0.0:
        return 0.0
    nats = required_nats(law, n, rho, failure_probability=failure_probability)
    if nats <= 0.0:
        return 0.0
    return smallest_q(lambda d: bits * d * math.log(2.0) + sizes * math.log(d) >= nats)


def _least_size(setting: Setting, target: float) -> Answer:
    needed = necessary_parameters(
        setting.n,
        target,
        law=setting.law,
        bits=setting.bits,
        failure_probability=setting.failure_probability,
        configurations=setting.configurations,
    )

    def allowed(net: DeepONet) -> bool:
        return net.parameter_count() >= needed

    q = setting.smallest_q(allowed) if math.isfinite(needed) else math.inf
    return at_least_q(q, least=setting.least_q, note=f"d >= {needed:g}")


def _best_target(setting: Setting, q: int) -> Answer:
    rho = absorbable_fraction(
        setting.n,
        setting.size(q).parameter_count(),
        law=setting.law,
        bits=setting.bits,
        failure_probability=setting.failure_probability,
        configurations=setting.configurations,
    )
    return at_most_rho(rho)


BOUND = Bound(
    name="bit-counting",
    title="d >= (n R(rho) - ln(K/delta)) / (b ln 2) for any net stored in b-bit numbers",
    status="certified",
    citation="derived in docs/theory.md (counting argument with exact Rademacher and Gaussian rates)",
    hypotheses=(
        "noise independent, mean zero, drawn once and frozen, of the stated law",
        "all numbers computed from noisy labels are among the d parameters",
        "parameters stored in b bits; risk of the stored numbers",
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
