"""Counting sign patterns of ReLU nets: real parameters, no norms, no bits; absorbed fractions above one half.

Warren's theorem in the form of Anthony and Bartlett (1999, Theorem 8.3; doi:10.1017/CBO9780511624216): K >= W polynomials of
degree <= D in W variables have at most 2 (2 e K D / W)^W sign patterns. Applied layer by layer (Bartlett, Harvey, Liaw,
Mehrabian 2019, arXiv 1703.02930), with the inputs of one layer polynomial on each cell of the layers before: on n labels with
n_u distinct inputs and n_y distinct points, the vectors (sign(h(x_i) - c_i))_i of a DeepONet number at most

    Pi(n) <= prod over nets and hidden layers l of 2 (2 e m k_l l / W_l)^{W_l}  *  2 (2 e n D / d)^d,

m = n_u or n_y, k_l the width, W_l the parameters up to layer l, D the number of weight layers of both nets; a factor is
replaced by 2^{m k_l} where m k_l < W_l, and by 2^n where n < d. A trunk that ends in a ReLU has one more such layer.

Rademacher noise +-s: where sign(h - g) is not that of z the error is at least s^2, so risk <= (1 - rho) s^2 leaves at most
(1 - rho) n wrong signs. For rho > 1/2, with H the binary entropy, with probability >= 1 - delta no net absorbs rho unless

    ln Pi(n) >= n (ln 2 - H(1 - rho)) - ln(1 / delta).
"""

import math
from collections.abc import Callable

import scipy

from operators.architectures.deeponet import DeepONet
from operators.bounds.bound import CONFIDENCE, Answer, Bound, at_least_q, at_most_rho
from operators.bounds.setting import Setting, is_piecewise_polynomial


def log_warren(polynomials: float, degree: int, variables: int) -> float:
    """Upper bound on the logarithm of the number of sign patterns; polynomials ln 2 where there are fewer than variables."""
    if polynomials < variables:
        return polynomials * math.log(2.0)
    warren = math.log(2.0) + variables * math.log(2.0 * math.e * polynomials * degree / variables)
    return min(warren, polynomials * math.log(2.0))


def log_sign_patterns(net: DeepONet, n: float, *, inputs: float, points: float) -> float:
    """Upper bound on ln Pi(n) for n_u distinct inputs and n_y distinct points.

    Raises:
        ValueError: not a ReLU net, or sigmoid ends.
    """
    if not is_piecewise_polynomial(net):
        raise ValueError(f"expected ReLU and ends without sigmoid, got {net.activation!r} and {net.ends!r}")
    total = 0.0
    activated = net.ends == "activated-trunk"
    for sizes, distinct, layers in (
        (net.branch_sizes(), inputs, len(net.branch_widths)),
        (net.trunk_sizes(), points, len(net.trunk_widths) + activated),
    ):
        variables = 0
        for layer in range(1, layers + 1):
            variables += (sizes[layer - 1] + 1) * sizes[layer]
            total += log_warren(distinct * sizes[layer], layer, variables)
    degree = len(net.branch_widths) + len(net.trunk_widths) + 2
    return total + log_warren(n, degree, net.parameter_count())


def required_nats(n: float, rho: float, *, failure_probability: float) -> float:
    """N (ln 2 - H(1 - rho)) - ln(1 / delta); -inf for rho <= 1/2, where signs say nothing."""
    if rho <= 0.5:
        return -math.inf
    wrong = 1.0 - min(rho, 1.0)
    entropy = float(scipy.special.entr(wrong) + scipy.special.entr(1.0 - wrong))
    return n * (math.log(2.0) - entropy) + math.log(failure_probability)


def absorbable_fraction(n: float, log_patterns: float, *, failure_probability: float) -> float:
    """Largest rho not excluded for exp(log_patterns) sign patterns; at least 1/2, 1 if nothing is excluded."""

    def surplus(rho: float) -> float:
        return required_nats(n, rho, failure_probability=failure_probability) - log_patterns

    low = math.nextafter(0.5, 1.0)
    if surplus(1.0) <= 0.0:
        return 1.0
    return float(scipy.optimize.brentq(surplus, low, 1.0, xtol=1e-14)) if surplus(low) < 0.0 else 0.5


def distinct(setting: Setting) -> tuple[int, int]:
    """Numbers of distinct inputs and points: (N, M) of a grid, else n and n."""
    return setting.shape if setting.shape is not None else (setting.n, setting.n)


def _allowed(setting: Setting, rho: float) -> Callable[[DeepONet], bool]:
    inputs, points = distinct(setting)
    needed = required_nats(setting.n, rho, failure_probability=setting.failure_probability / setting.configurations)
    return lambda net: log_sign_patterns(net, setting.n, inputs=inputs, points=points) >= needed


def _least_size(setting: Setting, target: float) -> Answer:
    return at_least_q(setting.smallest_q(_allowed(setting, target)), least=setting.least_q)


def _best_target(setting: Setting, q: int) -> Answer:
    net = setting.size(q)
    inputs, points = distinct(setting)
    patterns = log_sign_patterns(net, setting.n, inputs=inputs, points=points)
    delta = setting.failure_probability / setting.configurations
    return at_most_rho(absorbable_fraction(setting.n, patterns, failure_probability=delta))


BOUND = Bound(
    name="sign-patterns",
    title="ln(sign patterns of a ReLU net on the design) >= n (ln 2 - H(1 - rho)) - ln(1/delta) for rho > 1/2",
    status="certified",
    citation="Warren's theorem (Anthony and Bartlett 1999, Theorem 8.3) as in arXiv 1703.02930; derived in docs/theory.md",
    hypotheses=("ReLU, linear ends or ReLU trunk end, real parameters", "Rademacher noise drawn once", "rho > 1/2"),
    target="absorb",
    probability=CONFIDENCE,
    assumptions=frozenset(),
    needs=frozenset({"rademacher", "relu"}),
    growth="d >= C n",
    least_size=_least_size,
    best_target=_best_target,
)
