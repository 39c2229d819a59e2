"""The localised bound: keep the quadratic term, and neither the range of h nor a second power of eps is lost.

Design and clean values g fixed; noise z independent, mean zero; the class H fixed before z. Lemma: for one fixed h,
P(risk(h) <= (1 - rho) V) <= exp(-n R(rho)), R from `operators.bounds.lemmas.rates`. Net step: |h - h'|_n <= tau and
risk(h) <= V - eps give risk(h') <= (sqrt(V - eps) + tau)^2 by the triangle inequality alone, so a net of radius

    tau = sqrt(V) t,   t = sqrt(1 - (1 - kappa) rho) - sqrt(1 - rho)

holds a point that absorbs (1 - kappa) rho. Hence, with probability >= 1 - delta, some h of H absorbs rho only if

    ln N(sqrt(V) t) >= n R((1 - kappa) rho) - ln(1 / delta)     for every kappa in (0, 1).

No q on the right: at a fixed number of parameters raising q does not help the bound, except through logarithms. Widths = q gives
q >= const sqrt(n / log n), fixed hidden widths q >= const n / log n.

ln N from `operators.bounds.lemmas.covering`: shapes and norms fixed before z. For Gaussian and uniform noise V is random; the
radius uses a level that V undershoots with probability at most delta / 2.

The value is unchanged when z, h, g and the head radii are scaled together. It improves on the n^(1/4) shape by elementary means;
whether the published proof localises was not compared.
"""

import math

import numpy as np
import scipy

from operators.architectures.deeponet import DeepONet
from operators.bounds.bound import CONFIDENCE, Answer, Bound, at_least_q, at_most_rho
from operators.bounds.lemmas.covering import Block, blocks, log_covering_number
from operators.bounds.lemmas.rates import least_energy, required_nats
from operators.bounds.setting import Setting

SHARES = tuple(float(share) for share in np.linspace(0.02, 0.98, 49))


def excess(rho: float, setting: Setting, parts: tuple[Block, ...]) -> float:
    """Negative if absorbing rho is excluded: the least over kappa of ln N less the nats required. Decreasing in rho."""
    delta = setting.failure_probability / setting.configurations
    if setting.law != "rademacher":
        delta /= 2.0
    level = setting.sigma * math.sqrt(least_energy(setting.law, setting.n, delta))
    if rho <= 0.0 or level <= 0.0:
        return math.inf
    return min(_excess_at(min(rho, 1.0), kappa, setting, parts=parts, level=level, delta=delta) for kappa in SHARES)


def _excess_at(rho: float, kappa: float, setting: Setting, *, parts: tuple[Block, ...], level: float, delta: float) -> float:
    kept = (1.0 - kappa) * rho
    tau = level * net_radius(rho, kappa)
    return log_covering_number(parts, tau) - required_nats(setting.law, setting.n, kept, failure_probability=delta)


def net_radius(rho: float, kappa: float) -> float:
    """T = sqrt(1 - (1 - kappa) rho) - sqrt(1 - rho), without the difference, which vanishes for small rho."""
    return kappa * rho / (math.sqrt(1.0 - (1.0 - kappa) * rho) + math.sqrt(1.0 - rho))


def absorbable_fraction(setting: Setting, parts: tuple[Block, ...]) -> float:
    """Largest rho not excluded for a class with this cover; 1 if it excludes nothing."""

    def at(log_rho: float) -> float:
        return min(excess(math.exp(log_rho), setting, parts), 1e300)

    if at(0.0) >= 0.0:
        return 1.0
    low = 0.0
    while at(low) < 0.0:
        low -= 1.0
    return math.exp(float(scipy.optimize.brentq(at, low, low + 1.0, xtol=1e-12)))


def _least_size(setting: Setting, target: float) -> Answer:
    def allowed(net: DeepONet) -> bool:
        return excess(target, setting, blocks(net, setting.norms)) >= 0.0

    return at_least_q(setting.smallest_q(allowed), least=setting.least_q)


def _best_target(setting: Setting, q: int) -> Answer:
    rho = absorbable_fraction(setting, blocks(setting.size(q), setting.norms))
    return at_most_rho(rho)


BOUND = Bound(
    name="localised",
    title="ln N(tau) >= n R((1 - kappa) rho) - ln(1/delta): n^(1/2) for widths = q, linear in n at fixed widths",
    status="certified",
    citation="derived in docs/theory.md (localised argument with exact rates; covering numbers from shapes and norms)",
    hypotheses=(
        "design and clean values fixed; noise independent, mean zero, of the stated law, drawn once",
        "every layer in a Frobenius ball of a radius fixed before the labels were seen",
        "inputs and points of bounded norm",
    ),
    target="absorb",
    probability=CONFIDENCE,
    assumptions=frozenset({"norms"}),
    needs=frozenset(),
    growth="d >= C n",
    least_size=_least_size,
    best_target=_best_target,
)
