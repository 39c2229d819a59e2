"""The localised bound in the setting of the theorem of Mukherjee and Roy: i.i.d. triples, bounded labels, sigma^2 for V.

|y| <= B, so z | x lies in an interval of length 2 B and is B^2-sub-Gaussian, and E z^4 <= 4 B^2 sigma^2. If
n >= 32 B^2 sigma^2 ln(2 / delta) / eps^2, then V >= sigma^2 - eps / 2 but for probability delta / 2 (Bernstein for non-negative
variables), and the localised bound with kappa = 1/2 at eps / 2 gives: some h with parameters in the ball |theta| <= W,
|h_theta - h_theta'| <= J |theta - theta'|, has risk <= sigma^2 - eps with probability >= delta only if

    d ln(1 + 32 W J B / eps) >= n eps / (8 B^2) - ln(2 / delta),

since tau = sqrt(V - eps / 4) - sqrt(V - eps / 2) >= eps / (16 B). Whatever q is: at fixed d, n <= 8 B^2 (d ln(..) + ln(2 /
delta)) / eps. It dominates the paper-shaped inequality, with the same logarithm, wherever B <= 8 C.
"""

import math

import numpy as np

from operators.architectures.deeponet import DeepONet
from operators.bounds.bound import CONFIDENCE, Answer, Bound, at_least_q, at_most_rho
from operators.bounds.paper_shaped import BoundedClass, bounded_class
from operators.bounds.setting import Setting


def least_samples(eps: float, label: float, *, variance: float, failure_probability: float) -> float:
    """The n from which the inequality holds."""
    return 32.0 * label**2 * variance * math.log(2.0 / failure_probability) / eps**2


def excess(eps: float, n: float, functions: BoundedClass, *, variance: float, failure_probability: float) -> float:
    """Negative if risk <= sigma^2 - eps is excluded; inf below `least_samples`."""
    label = functions.label
    if eps <= 0.0 or n < least_samples(eps, label, variance=variance, failure_probability=failure_probability):
        return math.inf
    covering = functions.d * float(np.logaddexp(0.0, math.log(32.0 * label / eps) + functions.log_ball))
    return covering - n * eps / (8.0 * label**2) + math.log(2.0 / failure_probability)


def absorbable_energy(n: float, functions: BoundedClass, *, variance: float, failure_probability: float) -> float:
    """Largest eps <= sigma^2 not excluded."""
    low, high = 0.0, variance
    if excess(high, n, functions, variance=variance, failure_probability=failure_probability) >= 0.0:
        return variance
    for _ in range(200):
        middle = (low + high) / 2.0
        excluded = excess(middle, n, functions, variance=variance, failure_probability=failure_probability) < 0.0
        low, high = (low, middle) if excluded else (middle, high)
    return high


def _delta(setting: Setting) -> float:
    return setting.failure_probability / setting.configurations


def _least_size(setting: Setting, target: float) -> Answer:
    variance = setting.sigma**2

    def allowed(net: DeepONet) -> bool:
        functions = bounded_class(setting, net)
        return excess(target * variance, setting.n, functions, variance=variance, failure_probability=_delta(setting)) >= 0.0

    return at_least_q(setting.smallest_q(allowed), least=setting.least_q)


def _best_target(setting: Setting, q: int) -> Answer:
    variance = setting.sigma**2
    functions = bounded_class(setting, setting.size(q))
    eps = absorbable_energy(setting.n, functions, variance=variance, failure_probability=_delta(setting))
    return at_most_rho(eps / variance)


BOUND = Bound(
    name="localised-iid",
    title="d ln(1 + 32 W J B / eps) >= n eps / (8 B^2) - ln(2/delta), whatever q is",
    status="certified",
    citation="derived in docs/theory.md (localised argument under the assumptions of the paper-shaped inequality)",
    hypotheses=(
        "independent (x_i, y_i), |y| <= B",
        "parameters in a ball fixed before the labels were seen",
        "n >= 32 B^2 sigma^2 ln(2/delta) / eps^2",
    ),
    target="absorb",
    probability=CONFIDENCE,
    assumptions=frozenset({"norms", "labels"}),
    needs=frozenset(),
    growth="d >= C n",
    least_size=_least_size,
    best_target=_best_target,
)
