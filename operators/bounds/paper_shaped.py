"""The inequality in the shape of the theorem of Mukherjee and Roy: Hoeffding's inequality and an eps-net in parameter space.

Independent (x_i, y_i), |y| <= B, g = E[y | x], sigma^2 = E (y - g)^2. Class {h_theta : |theta|_2 <= W, theta in R^d}, |h| <= C
(C = q when both nets end in a sigmoid), |h_theta - h_theta'| <= J |theta - theta'|_2. If some h has risk <= sigma^2 - eps with
probability >= delta, then for every split a1 + a3 + a4 + at = 1 of positive numbers

    delta <= exp(-n a1^2 eps^2 / (8 B^4)) + exp(-n a3^2 eps^2 / (32 B^4))
             + exp(d ln(1 + 8 W J B / (at eps)) - n a4^2 eps^2 / (32 B^2 C^2)).

Proof. risk(h) = V + 2 <z, g> - 2 <z, h> + |g - h|^2 and the last term is >= 0, so the event forces V <= sigma^2 - a1 eps, or
2 <z, g> <= -a3 eps, or 2 <z, h> >= (a4 + at) eps. Hoeffding on each; a net of radius at eps / (4 B J) has at most
(1 + 8 W J B / (at eps))^d points and moves 2 <z, h> by at most at eps.

Here a1 and a3 make the first two terms delta / 3 each and at is the best of a fixed grid.

Consequences: at fixed d, q >= const sqrt(n) eps; with d <= c q^2 (all widths = q), q >= const (n eps^2)^(1/4) up to logarithms.
Vacuous at every n that a benchmark can run: the quadratic term thrown away above is what `operators.bounds.localised` keeps.

The shape is that of arXiv 2308.06338, whose exponent of n differs between versions (v1 1/2, a mirror copy 1/6, v3 and TMLR
1/4). Its own constants are not reproduced: only the inequality above, which is proved above, is computed.
"""

import math
from dataclasses import dataclass

import numpy as np
import scipy

from operators.architectures.deeponet import DeepONet
from operators.bounds.bound import CONFIDENCE, Answer, Bound, at_least_q, at_most_rho
from operators.bounds.lemmas.covering import blocks, log_ball, prediction_bound
from operators.bounds.setting import Setting

NET_SHARES = tuple(float(share) for share in np.geomspace(1e-6, 0.5, 40))


@dataclass(frozen=True)
class BoundedClass:
    """A class of bounded functions with parameters in a ball, and the bound of its labels.

    Attributes:
        d: parameters.
        log_ball: ln(W J).
        label: B.
        prediction: C.
    """

    d: int
    log_ball: float
    label: float
    prediction: float


def log_terms(
    eps: float, n: float, split: tuple[float, float, float, float], *, functions: BoundedClass
) -> tuple[float, float, float]:
    """Logarithms of the three terms of the inequality for a split (a1, a3, a4, at)."""
    energy, clean, product, net = split
    label = functions.label
    slope = product * eps / (label * functions.prediction)  # may be so large that only its product with itself is inf
    covering = functions.d * float(np.logaddexp(0.0, math.log(8.0 * label / (net * eps)) + functions.log_ball))
    return (
        -n * (energy * eps) ** 2 / (8.0 * label**4),
        -n * (clean * eps) ** 2 / (32.0 * label**4),
        covering - n * slope * slope / 32.0 if math.isfinite(covering) else math.inf,
    )


def excess(eps: float, n: float, functions: BoundedClass, *, failure_probability: float) -> float:
    """Negative if risk <= sigma^2 - eps is excluded: the logarithm of the third term over delta / 3; inf if n is too small."""
    third = failure_probability / 3.0
    energy = functions.label**2 * math.sqrt(-8.0 * math.log(third) / n) / eps
    rest = 1.0 - 3.0 * energy
    if rest <= 0.0:
        return math.inf
    splits = ((energy, 2.0 * energy, rest * (1.0 - share), rest * share) for share in NET_SHARES)
    return min(log_terms(eps, n, split, functions=functions)[2] for split in splits) - math.log(third)


def absorbable_energy(n: float, functions: BoundedClass, *, failure_probability: float) -> float:
    """Largest eps <= B^2 not excluded (sigma^2 <= B^2 always)."""

    def at(log_eps: float) -> float:
        return min(excess(math.exp(log_eps), n, functions, failure_probability=failure_probability), 1e300)

    high = 2.0 * math.log(functions.label)
    if at(high) >= 0.0:
        return functions.label**2
    low = high
    while at(low) < 0.0:
        low -= 1.0
    return math.exp(float(scipy.optimize.brentq(at, low, low + 1.0, xtol=1e-12)))


def bounded_class(setting: Setting, net: DeepONet) -> BoundedClass:
    """The class of a net under the setting's norms."""
    parts = blocks(net, setting.norms)
    return BoundedClass(net.parameter_count(), log_ball(parts), setting.norms.label, prediction_bound(net, setting.norms))


def _least_size(setting: Setting, target: float) -> Answer:
    delta = setting.failure_probability / setting.configurations
    eps = target * setting.sigma**2

    def allowed(net: DeepONet) -> bool:
        return eps <= 0.0 or excess(eps, setting.n, bounded_class(setting, net), failure_probability=delta) >= 0.0

    return at_least_q(setting.smallest_q(allowed), least=setting.least_q)


def _best_target(setting: Setting, q: int) -> Answer:
    delta = setting.failure_probability / setting.configurations
    eps = absorbable_energy(setting.n, bounded_class(setting, setting.size(q)), failure_probability=delta)
    return at_most_rho(eps / setting.sigma**2)


BOUND = Bound(
    name="paper-shaped",
    title="d ln(W J B / eps) >= const n eps^2 / (B C)^2, C = q: the q^2 d >= n shape, n^(1/4) for widths = q",
    status="certified",
    citation="shape of Mukherjee and Roy, arXiv 2308.06338 (v3, TMLR); inequality and constants proved in docs/theory.md",
    hypotheses=(
        "independent (x_i, y_i), |y| <= B, fixed before training",
        "parameters in balls fixed before the labels were seen",
        "no scalar bias where both ends are sigmoids (|h| <= q)",
    ),
    target="absorb",
    probability=CONFIDENCE,
    assumptions=frozenset({"norms", "labels"}),
    needs=frozenset(),
    growth="q^2 d >= C n",
    remark="vacuous at any n that can be run",
    least_size=_least_size,
    best_target=_best_target,
)
