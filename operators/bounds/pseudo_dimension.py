"""Pseudo-dimension of ReLU nets in the localised bound: real parameters, no norms, any absorbed fraction.

P = pseudo-dimension <= max{m : ln Pi(m) >= m ln 2}, Pi from `operators.bounds.sign_patterns` with all inputs and points distinct.
Clipping h to [-B, B] cannot raise the risk when |y| <= B, and for n >= P the clipped class has a sup-norm net of size

    N(tau) <= (2 e B n / (tau P))^P

(Anthony and Bartlett 1999, Theorem 12.2, doi:10.1017/CBO9780511624216; constant cited from memory) on the design, which goes
into the localised bound. P is 10 to 16 times d for nets of two weight layers, so this is slightly weaker than counting 32-bit
numbers but assumes nothing about storage. For tanh and sigmoid the known bound on P is of order d^2 k^2: nothing is said.
"""

import math

import scipy

from operators.architectures.deeponet import DeepONet
from operators.bounds.bound import CONFIDENCE, Answer, Bound, at_least_q, at_most_rho
from operators.bounds.lemmas.rates import least_energy, required_nats
from operators.bounds.localised import SHARES, net_radius
from operators.bounds.setting import Setting
from operators.bounds.sign_patterns import log_sign_patterns


def pseudo_dimension(net: DeepONet) -> int:
    """Upper bound on the pseudo-dimension: the largest m with ln Pi(m) >= m ln 2, at least d.

    From m = d on ln Pi(m) - m ln 2 changes sign once: past the plateau where it is 0 it is concave.
    """

    def shattered(m: int) -> bool:
        return log_sign_patterns(net, m, inputs=m, points=m) >= m * math.log(2.0)

    low = net.parameter_count()
    high = 2 * low
    while shattered(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if shattered(middle) else (low, middle)
    return low


def excess(rho: float, setting: Setting, dimension: int) -> float:
    """Negative if absorbing rho is excluded for a class of this pseudo-dimension; decreasing in rho."""
    delta = setting.failure_probability / setting.configurations
    if setting.law != "rademacher":
        delta /= 2.0
    level = setting.sigma * math.sqrt(least_energy(setting.law, setting.n, delta))
    if rho <= 0.0 or level <= 0.0 or setting.n < dimension:
        return math.inf
    rho = min(rho, 1.0)
    ratio = 2.0 * math.e * setting.norms.label * setting.n / dimension
    gaps = []
    for kappa in SHARES:
        kept = (1.0 - kappa) * rho
        tau = level * net_radius(rho, kappa)
        gaps.append(
            dimension * math.log(max(ratio / tau, 1.0)) - required_nats(setting.law, setting.n, kept, failure_probability=delta)
        )
    return min(gaps)


def _least_size(setting: Setting, target: float) -> Answer:

    def allowed(net: DeepONet) -> bool:
        return excess(target, setting, pseudo_dimension(net)) >= 0.0

    return at_least_q(setting.smallest_q(allowed), least=setting.least_q)


def _best_target(setting: Setting, q: int) -> Answer:
    net = setting.size(q)
    dimension = pseudo_dimension(net)

    def at(log_rho: float) -> float:
        return min(excess(math.exp(log_rho), setting, dimension), 1e300)

    low = 0.0
    if at(0.0) >= 0.0:
        return at_most_rho(1.0)
    while at(low) < 0.0:
        low -= 1.0
    return at_most_rho(math.exp(float(scipy.optimize.brentq(at, low, low + 1.0, xtol=1e-12))))


BOUND = Bound(
    name="pseudo-dimension",
    title="P ln(2 e B n / (tau P)) >= n R((1 - kappa) rho) - ln(1/delta), P the pseudo-dimension of a ReLU net",
    status="certified",
    citation="arXiv 1703.02930 and Anthony and Bartlett 1999, Theorem 12.2, in the localised bound; derived in docs/theory.md",
    hypotheses=(
        "ReLU, linear ends or ReLU trunk end, real parameters",
        "labels of absolute value at most B",
        "noise independent, mean zero, of the stated law, drawn once",
    ),
    target="absorb",
    probability=CONFIDENCE,
    assumptions=frozenset({"labels"}),
    needs=frozenset({"relu"}),
    growth="d >= C n",
    least_size=_least_size,
    best_target=_best_target,
)
