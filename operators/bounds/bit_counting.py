"""Bit counting: d stored numbers of b bits realise at most 2^(b d) functions on the design.

With probability >= 1 - delta over the noise, for every parameter setting that any optimiser could return,

    n R(rho) <= b d ln 2 + ln(K / delta)        (b = 32: 22.18 nats a parameter)

R is the rate of the noise law (`operators.bounds.lemmas.rates`), K the number of architectures (and seeds of frozen random
features) in the class of which this is said, fixed before the noise is drawn; how many of them are trained, and how often, does
not matter. K = 1 for one net or one series. Over all nets of given depths L and K with at most d parameters, each of the L + K
hidden widths and q is at most d, so that ln K <= (L + K + 1) ln d. No norm, no smoothness, no optimiser enters. It excludes
something only if n / d > b ln 2 / R(rho), which for b = 32 is 39 (Rademacher) or 19 (Gaussian) at rho = 0.9 and 436 or 421 at
rho = 0.1.

What crosses a layer may be counted in place of what is before it: on N distinct inputs a net is determined by the N w values of
a layer, of EVALUATED_BITS bits each in the one evaluation that counts, and the numbers of all later layers; so a first layer of
N < m + 1 inputs takes 64 N w_1 bits at most, not b (m + 1) w_1. The least over all layers of both nets is counted
(`described_bits`).

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
from itertools import pairwise

from operators.architectures.deeponet import DeepONet
from operators.bounds.bound import CONFIDENCE, Answer, Bound, at_least_q, at_most_rho
from operators.bounds.lemmas.rates import Law, required_nats
from operators.bounds.lemmas.rates import absorbable_fraction as absorbable_by_nats
from operators.bounds.setting import FAILURE_PROBABILITY, STORED_BITS, Setting, smallest_q

EVALUATED_BITS = 64


def described_bits(net: DeepONet, shape: tuple[int, int], bits: int) -> int:
    """Bits that tell the outputs of a net on N inputs and M points: over layers, the least of values there and numbers beyond."""
    return (
        sum(
            min(
                bits * sum((fan_in + 1) * fan_out for fan_in, fan_out in pairwise(sizes[cut:]))
                + (EVALUATED_BITS * count * sizes[cut] if cut else 0)
                for cut in range(len(sizes))
            )
            for sizes, count in ((net.branch_sizes(), shape[0]), (net.trunk_sizes(), shape[1]))
        )
        + bits
    )


def spared_bits(sensors: int, coordinates: int, shape: tuple[int, int], bits: int) -> int:
    """Bits by which every net is described in less than `bits` a number: the first unit of each net, counted by its values."""
    return sum(
        max(bits * (size + 1) - EVALUATED_BITS * count, 0) for size, count in zip((sensors, coordinates), shape, strict=True)
    )


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
    spared: int = 0,
    failure_probability: float = FAILURE_PROBABILITY,
) -> float:
    """Least d such that not all nets of a class with fewer parameters are excluded from absorbing rho; inf if all are.

    The class holds the nets that this many sizes name (q and widths), each at most d: at most d^sizes architectures have d
    parameters or fewer, whatever was trained. So all of them are excluded where (b d - spared) ln 2 + sizes ln d + ln(1 /
    delta) < n R(rho); `spared` is what `spared_bits` gives for the data.
    """
    if rho <= 0.0:
        return 0.0
    nats = required_nats(law, n, rho, failure_probability=failure_probability)
    if nats <= 0.0:
        return 0.0
    return smallest_q(lambda d: (bits * d - spared) * math.log(2.0) + sizes * math.log(d) >= nats)


def _bits(setting: Setting, net: DeepONet) -> int:
    """Bits of a net, by values where the inputs and points are known to be common."""
    if setting.shape is None:
        return setting.bits * net.parameter_count()
    return min(setting.bits * net.parameter_count(), described_bits(net, setting.shape, setting.bits))


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
        return _bits(setting, net) >= needed * setting.bits

    q = setting.smallest_q(allowed) if math.isfinite(needed) else math.inf
    return at_least_q(q, least=setting.least_q, note=f"d >= {needed:g}")


def _best_target(setting: Setting, q: int) -> Answer:
    delta = setting.failure_probability / setting.configurations
    nats = _bits(setting, setting.size(q)) * math.log(2.0)
    rho = absorbable_by_nats(setting.law, setting.n, nats, failure_probability=delta)
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
