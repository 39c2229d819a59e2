"""Theorem E2: with N random functions, directions that the first layer does not see are label noise that must be memorised.

G = L xi linear, xi ~ N(0, I), s_1 >= s_2 >= ... the singular values of L; N independent functions; a class of e^L nats of
settings, fixed before the functions are drawn, first width k. Let D be such that a relative training error tau allows at most N
D of squared error:

    D = tau^2 (sum s^2 + 2 sqrt(x sum s^4 / N) + 2 s_1^2 x / N),  x = ln(1 / delta_2)           (Laurent and Massart 2000)

With probability at least 1 - delta_1 - delta_2 - delta_3 no setting reaches tau unless

    L + ln(K / delta_1) >= N R_k(D),
    R_k(D) = max over t, J of  sum_{k < j <= J} ( e min(1/2, t s_j^2) + (1/2) ln max(1, 2 t s_j^2) ) - t D,
    e = (1 - sqrt(J / N) - sqrt(2 ln(1 / delta_3) / N))_+^2.

t and J are chosen for the spectrum, before any function is drawn.

Proof (derived here). Project the outputs to the first J modes; xi_J are their inputs. Let the net see, besides A u, all of xi
but xi_J: then what it does not see of xi_J is V xi_J with V of rank >= J - k, independent of what it sees, and L V has singular
values mu_j^(1/2) >= s_{j+k}. Along the j-th the label is W + (what is seen), W ~ N(0, mu_j) over functions, and the prediction
a shift c. With b = min(t, 1 / (2 mu)), E exp(-t (W - c)^2 + b W^2) <= max(1, 2 t mu)^(-1/2) for every c: for 2 t mu <= 1 the
exponent is -t c^2 + 2 t c W, else the Gaussian density cancels. For all directions of xi_J at once the sample's second moment
is at least e but for probability delta_3 (least singular value of a Gaussian matrix, Davidson and Szarek 2001), so that sum W^2
>= e N mu. Chernoff; union over settings. QED

    d >= min over k of max( structure(k), least d with b d ln 2 + sizes ln d + ln(1 / delta_1) >= N R_k(D) ).

Sensors are linear in xi, parameters have b bits, and neither inputs nor outputs are scaled by what was computed from the N
functions.
"""

import math

import numpy as np

from operators.arrays import Array
from operators.bounds.bound import CONFIDENCE, Answer, Bound
from operators.bounds.first_layer import necessary_parameters as structure
from operators.bounds.rank_to_parameters import NetClass, class_of
from operators.bounds.setting import STORED_BITS, Setting, known, smallest_q

SLOPES, SMALLEST_MODE = 400, 1e-12


def allowed_energy(spectrum: Array, functions: int, target: float, *, failure_probability: float) -> float:
    """D: mean squared error that a relative error allows, but for this probability over the functions."""
    x = -math.log(failure_probability)
    spread = 2.0 * math.sqrt(x * float(np.sum(spectrum**2)) / functions) + 2.0 * float(spectrum[0]) * x / functions
    return target**2 * (float(spectrum.sum()) + spread)


def memorised_nats(spectrum: Array, functions: int, seen: int, energy: float, *, failure_probability: float) -> float:
    """N R_k(D), at least 0.

    Args:
        spectrum: s_j^2, decreasing.
        functions: N.
        seen: k.
        energy: D.
        failure_probability: delta_3.
    """
    modes = spectrum[spectrum > SMALLEST_MODE * spectrum[0]]
    unseen = modes[seen:]
    if not unseen.size or energy >= float(unseen.sum()):
        return 0.0
    slopes = np.geomspace(0.25 / unseen[0], max(4.0 / unseen[-1], 4.0 * len(modes) / energy), SLOPES)
    products = 2.0 * slopes[:, None] * unseen
    chance = math.sqrt(-2.0 * math.log(failure_probability) / functions)
    counts = seen + 1.0 + np.arange(len(unseen))
    moments = np.maximum(1.0 - np.sqrt(counts / functions) - chance, 0.0) ** 2
    logarithms = np.cumsum(0.5 * np.log(np.maximum(products, 1.0)), axis=1)
    shares = np.cumsum(0.5 * np.minimum(products, 1.0), axis=1)
    rates = moments * shares + logarithms - (slopes * energy)[:, None]
    return max(0.0, functions * float(rates.max()))


def necessary_parameters(
    nets: NetClass,
    spectrum: Array,
    functions: int,
    target: float,
    *,
    rank: int = 1,
    bits: int = STORED_BITS,
    failure_probability: float,
) -> float:
    """Least d not excluded from this relative training error; each of the three deltas is a third of `failure_probability`.

    Args:
        nets: depths and ends.
        spectrum: s_j^2, decreasing, on the design's points.
        functions: N.
        target: tau.
        rank: certified for these labels, if at hand.
        bits: of one parameter.
        failure_probability: of the whole statement.
    """
    delta, spectrum = failure_probability / 3.0, spectrum / spectrum[0]
    energy = allowed_energy(spectrum, functions, target, failure_probability=delta)
    sizes, least = nets.free_sizes(), math.inf
    for seen in range(1, len(spectrum) + 1):
        needed = structure(nets, seen, rank)
        if needed >= least:
            break
        nats = memorised_nats(spectrum, functions, seen, energy, failure_probability=delta) + math.log(delta)
        least = min(least, max(float(needed), _counted(nats, sizes, bits)))
    return least


def _counted(nats: float, sizes: int, bits: int) -> float:
    """The least d whose settings, over all architectures that so many numbers name, are e^nats."""
    return smallest_q(lambda d: bits * d * math.log(2.0) + sizes * math.log(d) >= nats)


def _least_size(setting: Setting, target: float) -> Answer:
    nets, functions = class_of(setting.size(setting.least_q)), known(setting.shape)[0]
    if target <= 0.0:
        return Answer(math.inf, False)
    delta = setting.failure_probability / setting.configurations
    value = necessary_parameters(nets, known(setting.spectrum), functions, target, bits=setting.bits, failure_probability=delta)
    return Answer(value, not value > structure(nets, 1, 1))


BOUND = Bound(
    name="unseen-modes",
    title="d >= min over first widths k of what k costs and of the bits that memorise the modes it does not see, N functions",
    status="certified",
    citation="derived in docs/theory.md (Theorem E2); Laurent and Massart 2000, Davidson and Szarek 2001",
    hypotheses=(
        "a linear operator of a Gaussian input, sensors linear in it, outputs of mean zero on the design's points",
        "parameters stored in b bits; exact arithmetic in the first layer",
        "no scaling computed from the training functions",
        "depths and ends as declared; all widths and q free",
    ),
    target="relative",
    limits="d",
    probability=CONFIDENCE,
    assumptions=frozenset({"spectrum"}),
    needs=frozenset({"grid", "spectrum"}),
    least_size=_least_size,
    best_target=None,
)
