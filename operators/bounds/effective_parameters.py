"""A figure for planning: about one effective parameter per unit of absorbed fraction times n. A heuristic, not a bound.

A linear model with d parameters absorbs rho ~ Beta(d / 2, (n - d) / 2) of Gaussian noise, E rho = d / n. A DeepONet with linear
ends has d_eff = d - q (w_b + w_t + 2) + q_eff (w_b + w_t + 2 - q_eff) parameters after the redundancy of its heads
(`DeepONet.effective_parameter_count`). Plan with

    rho ~ min(1, 1.2 d_eff / n).

So q*(n) grows with exponent 1 at fixed widths until q_eff saturates, 1/2 for widths = q, and not at all at fixed d.
Optimistic: docs/theory.md, section 3, says what the study `smoke` reached.
"""

import math

from operators.bounds.bound import Answer, Bound, at_least_q, at_most_rho
from operators.bounds.setting import Setting

FACTOR = 1.2


def absorbed_fraction(n: int, effective_parameters: int) -> float:
    """The fraction a converged net is expected to absorb."""
    return min(1.0, FACTOR * effective_parameters / n)


def needed_parameters(n: int, rho: float) -> int:
    """The d_eff expected to be needed for rho."""
    return math.ceil(max(rho, 0.0) * n / FACTOR)


def _least_size(setting: Setting, target: float) -> Answer:
    needed = needed_parameters(setting.n, target)
    q = setting.smallest_q(lambda net: net.effective_parameter_count() >= needed)
    return at_least_q(q, least=setting.least_q, note=f"d_eff ~ {needed}")


def _best_target(setting: Setting, q: int) -> Answer:
    return at_most_rho(absorbed_fraction(setting.n, setting.size(q).effective_parameter_count()))


BOUND = Bound(
    name="effective-parameters",
    title="rho ~ 1.2 d_eff / n (planning heuristic)",
    status="heuristic",
    citation="exact law d / n for linear models; what runs reach: docs/theory.md",
    hypotheses=("trained to convergence", "tanh, one hidden layer a net, linear ends"),
    target="absorb",
    probability=None,
    assumptions=frozenset(),
    needs=frozenset(),
    growth="d >= C n",
    least_size=_least_size,
    best_target=_best_target,
)
