"""What label noise forces on a net that must reach a target, when only noisy outputs Y = G + Z and the level sigma are known.

n = N M, R the target as a mean squared error, V = |Z|^2 / n. A target below V means absorbing rho = 1 - R / V of the noise.
Each certified statement holds with probability >= 1 - delta over the noise, for outputs and targets computed from Y as well:

clean outputs   s_k(G) >= s_k(Y) - s_1(Z) (Weyl), so tail_q(G) >= sum_{k > q} (s_k(Y) - s)_+^2 for s >= s_1(Z), which
                `operators.bounds.grid_in_probability` gives. The least q for which this allows the target is a q that the clean
                outputs demand themselves; at most q_certified less that q is noise. A relative target refers to
                |G| <= sigma t + (|Y|^2 - |Z|^2 + sigma^2 t^2)^(1/2), t^2 = 2 ln(1 / delta).
an estimate     s_k(G) from s_k(Y) by the law of large grids (Benaych-Georges and Nadakuditi 2012,
                doi:10.1016/j.jmva.2012.04.019): with y = s_k(Y) / (sigma sqrt(max(N, M))), beta = min / max, above the edge of
                the noise 2 x^2 = y^2 - 1 - beta + ((y^2 - 1 - beta)^2 - 4 beta)^(1/2), nothing below. Asymptotic.
pure noise      the rank the noise alone asks for: Marchenko-Pastur law, asymptotic; and q + rank G >= p, certified, with p of
                `operators.bounds.grid_in_probability` (delta shared by all p).
parameters      bit counting: for one architecture fixed before the noise was seen, d >= (n R(rho) - ln(1 / delta)) / (b ln 2).
                rho may depend on the data: the largest rho of a class is one random variable, and R is increasing.
"""

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from operators.arrays import Array
from operators.bounds import bit_counting, effective_parameters, grid_in_probability, marchenko_pastur
from operators.bounds.bound import Answer, Bound, Statement, at_least_q
from operators.bounds.lemmas.rates import Law, least_energy
from operators.bounds.setting import FAILURE_PROBABILITY, STORED_BITS
from operators.errors import UserError
from operators.magnitude import exponent
from operators.sizing.spectrum import Spectrum, least_rank

ROUNDING = 1e-11
LARGEST_ABSORBED = 1.0 - 1e-15
LEAST_RELATIVE = 1e-60


@dataclass(frozen=True)
class Noise:
    """Level and law of label noise.

    Attributes:
        sigma: standard deviation, in the units of the outputs.
        low: with `high`, an interval that holds sigma, but for probability failure_probability / 4; both sigma if it is known.
        high: see low.
        law: rademacher, uniform or gaussian; independent and of equal variance at all labels.
        source: where sigma comes from.
        failure_probability: delta.
    """

    sigma: float
    low: float
    high: float
    law: Law
    source: str
    failure_probability: float = FAILURE_PROBABILITY


@dataclass(frozen=True)
class Demand:
    """What is asked of a net.

    Attributes:
        shape: (N, M).
        rms: root mean square of the outputs.
        target: training error |Y - H| / |Y|.
        absolute: whether the user stated it as a root mean square error, so that it holds for the clean outputs as it is.
    """

    shape: tuple[int, int]
    rms: float
    target: float
    absolute: bool = False

    @property
    def n(self) -> int:
        """Number of labels."""
        return self.shape[0] * self.shape[1]

    @property
    def error(self) -> float:
        """The target as a mean squared error."""
        return (self.target * self.rms) ** 2


@dataclass(frozen=True)
class NoiseForces:
    """What the noise forces; see the module.

    Attributes:
        noise: level and law.
        relative: sigma sqrt(n) / |Y|: the noise as a relative error.
        absorbed: the fraction of the noise that the target has a net absorb, at sigma; 0 if the target lies above the noise.
        statements: by name.
    """

    noise: Noise
    relative: float
    absorbed: float
    statements: dict[str, Statement]


def known_noise(sigma: float, law: Law = "gaussian", *, failure_probability: float = FAILURE_PROBABILITY) -> Noise:
    """Noise of a stated level.

    Raises:
        UserError: sigma not positive and finite, or a failure probability not in (0, 1).
    """
    if not (math.isfinite(sigma) and sigma > 0.0):
        raise UserError(
            f"expected a noise level sigma > 0 in the units of the outputs, got {sigma:g}; leave it out for clean outputs"
        )
    if not 0.0 < failure_probability < 1.0:
        raise UserError(
            f"expected a failure probability in (0, 1), got {failure_probability:g}; {FAILURE_PROBABILITY:g} is usual"
        )
    return Noise(sigma, sigma, sigma, law, "given", failure_probability)


def forced_by_noise(spectrum: Spectrum, noise: Noise, *, demand: Demand, q_certified: int) -> NoiseForces:
    """Collect the statements for outputs with this spectrum; q_certified is that of the noisy outputs, without offset.

    Raises:
        UserError: noise larger than the outputs, or so small beside them that float64 cannot hold the ratio of their squares.
    """
    if noise.low > demand.rms:
        raise UserError(
            f"expected noise below the root mean square of the outputs, {demand.rms:.6g}, got sigma = {noise.sigma:.6g};"
            " give the standard deviation in the units of the outputs"
        )
    if noise.low < LEAST_RELATIVE * demand.rms:
        raise UserError(
            f"expected noise of at least {LEAST_RELATIVE:g} of the root mean square of the outputs, {demand.rms:.6g}, got sigma ="
            f" {noise.sigma:.6g}; leave it out"
        )
    stated, relative = noise, noise.sigma / demand.rms
    noise, demand = _scaled(noise, demand, -exponent(demand.rms))
    least = noise.low**2 * least_energy(noise.law, demand.n, noise.failure_probability / 4)
    absorbed = max(0.0, 1.0 - demand.error / noise.sigma**2)
    certain = min(max(0.0, 1.0 - demand.error / least), LARGEST_ABSORBED) if least > 0.0 else 0.0
    statements = {
        **_of_clean(spectrum, noise, demand, least=least, q_certified=q_certified),
        **_of_pure_noise(noise, demand.shape, absorbed=absorbed, excess=max(0.0, least - demand.error)),
        **_of_parameters(noise, demand.n, absorbed=absorbed, certain=certain),
    }
    return NoiseForces(stated, relative, absorbed, statements)


def _scaled(noise: Noise, demand: Demand, power: int) -> tuple[Noise, Demand]:
    """Both in units times 2^power, in which squares are harmless; what the noise forces has no unit."""
    sigma, low, high, rms = (math.ldexp(value, power) for value in (noise.sigma, noise.low, noise.high, demand.rms))
    return replace(noise, sigma=sigma, low=low, high=high), replace(demand, rms=rms)


def _largest_clean(noise: Noise, demand: Demand, *, least: float) -> float:
    """An upper bound of |G|^2 / n."""
    turn = noise.high * math.sqrt(-2.0 * math.log(noise.failure_probability / 4) / demand.n)
    return (turn + math.sqrt(max(demand.rms**2 - least, 0.0) + turn**2)) ** 2


def _of_clean(spectrum: Spectrum, noise: Noise, demand: Demand, *, least: float, q_certified: int) -> dict[str, Statement]:
    shape, energy = demand.shape, demand.n * demand.rms**2
    allowed = demand.error if demand.absolute else demand.target**2 * _largest_clean(noise, demand, least=least)
    values = np.sqrt(np.maximum(spectrum.squares * (1.0 - ROUNDING) - ROUNDING / 10, 0.0) * energy)
    spread = grid_in_probability.absorbable_fraction(noise.law, shape, 1, failure_probability=noise.failure_probability / 4)
    largest = noise.high * math.sqrt(demand.n * spread)
    certain = _least_rank(np.maximum(values - largest, 0.0) ** 2, demand.n * allowed)
    clean = clean_squares(np.sqrt(spectrum.squares * energy), noise.sigma, shape=shape, edge=largest)
    estimate = _least_rank(clean, demand.n * demand.error if demand.absolute else demand.target**2 * float(np.sum(clean)))
    stand_out = f"{np.count_nonzero(clean)} singular values stand out of the noise"
    only_noise = f"q_certified less q_clean_estimate; certified: at most {max(0, q_certified - certain)}"
    certified = at_least_q(certain, note="the clean outputs demand it themselves, by Weyl's inequality")
    return {
        "q_clean": _said(grid_in_probability.BOUND, noise, certified),
        "q_clean_estimate": _said(marchenko_pastur.BOUND, noise, Answer(estimate, False, stand_out)),
        "q_only_noise": _said(marchenko_pastur.BOUND, noise, Answer(max(0, q_certified - estimate), False, only_noise)),
    }


def clean_squares(values: Array, sigma: float, *, shape: tuple[int, int], edge: float) -> Array:
    """Estimated squared singular values of G, decreasing, 0 where those of Y do not exceed the edge."""
    longer, beta = max(shape), min(shape) / max(shape)
    y2 = np.where(values > edge, (values / sigma) ** 2 / longer, np.inf)
    half = (y2 - 1.0 - beta) / 2.0
    with np.errstate(invalid="ignore"):
        x2 = half + np.sqrt(np.maximum(half**2 - beta, 0.0))
    return np.where(values > edge, x2 * sigma**2 * longer, 0.0)


def _least_rank(squares: Array, tail: float) -> int:
    return least_rank(np.concatenate([np.cumsum(squares[::-1])[::-1], [0.0]]), tail)


def _of_pure_noise(noise: Noise, shape: tuple[int, int], *, absorbed: float, excess: float) -> dict[str, Statement]:
    side = min(shape)
    law = side * marchenko_pastur.rank_fraction(absorbed, side / max(shape))
    shared = noise.failure_probability / (4 * side)
    rank = grid_in_probability.necessary_rank(noise.law, shape, excess / noise.high**2, failure_probability=shared)
    beside = "not q alone: q plus the rank of the clean outputs, plus 1 with a bias or mean function"
    alone = at_least_q(law, note="rank at which noise alone would meet the target")
    return {
        "q_pure_noise": _said(marchenko_pastur.BOUND, noise, alone),
        "q_plus_clean_rank": _said(grid_in_probability.BOUND, noise, at_least_q(math.ceil(rank - 1e-9), note=beside)),
    }


def _of_parameters(noise: Noise, n: int, *, absorbed: float, certain: float) -> dict[str, Statement]:
    d = bit_counting.necessary_parameters(n, certain, law=noise.law, failure_probability=noise.failure_probability / 2)
    expected = effective_parameters.needed_parameters(n, absorbed)
    bits = Answer(max(d, 1), not d > 1, f"{STORED_BITS}-bit parameters, one architecture fixed before the noise was seen")
    return {
        "d_bits": _said(bit_counting.BOUND, noise, bits, quantity="d"),
        "d_effective": _said(
            effective_parameters.BOUND,
            noise,
            Answer(max(expected, 1), not expected > 1, "what converged fits needed"),
            quantity="d",
        ),
    }


def _said(bound: Bound, noise: Noise, answer: Answer, *, quantity: Literal["q", "d"] = "q") -> Statement:
    return bound.says(quantity, answer, failure_probability=noise.failure_probability)
