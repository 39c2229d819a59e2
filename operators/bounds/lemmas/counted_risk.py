"""The least risk on labels with uniform noise of a class of e^nats functions that was fixed before the noise was drawn.

z_1..z_n independent and uniform on [-a, a], a^2 = 3 sigma^2, V = |z|^2 / n realised. With probability >= 1 - delta every function
h of the class has

    linear    risk(h) >= V - 2 sigma^2 (nats + ln(1/delta)) / n
    volume    risk(h) >= (2a)^2 (delta e^-nats / |B|)^(2/n) / n  ~  (6 / (pi e)) sigma^2 exp(-2 (nats + ln(1/delta)) / n)

Proofs, for one h with v = h - g. linear: uniform noise is sigma^2-sub-Gaussian, so 2 <z, v> >= n eta + |v|^2 has probability at
most exp(-(n eta + |v|^2)^2 / (8 sigma^2 |v|^2)) <= exp(-n eta / (2 sigma^2)); V need not be known. volume: |z - v|^2 <= n r has
probability at most |B| (n r)^(n/2) / (2a)^n, |B| the volume of the unit ball in n dimensions; it excludes something however large
the class is. Each is left delta / 2, and the larger one holds.
"""

import math

import scipy

from operators.bounds.setting import FAILURE_PROBABILITY, smallest_q


def linear_share(n: int, nats: float, *, failure_probability: float = FAILURE_PROBABILITY) -> float:
    """The largest eta / sigma^2 that the first statement leaves, not cut at 1: V - risk <= eta."""
    return 2.0 * (nats - math.log(failure_probability)) / n


def least_share(n: int, nats: float, *, failure_probability: float = FAILURE_PROBABILITY) -> float:
    """The least risk / sigma^2 that the second statement leaves."""
    ball = 0.5 * n * math.log(math.pi) - float(scipy.special.gammaln(0.5 * n + 1.0))
    side = 0.5 * math.log(12.0)
    return math.exp(2.0 * (math.log(failure_probability) - nats - ball) / n + 2.0 * side) / n


def least_risk(n: int, nats: float, *, sigma: float, energy: float, failure_probability: float = FAILURE_PROBABILITY) -> float:
    """What no function of the class comes below, given the realised energy V.

    Raises:
        ValueError: no labels, or no noise.
    """
    if n < 1 or sigma <= 0.0:
        raise ValueError(f"expected labels with noise, got {n} with sigma {sigma}")
    linear = linear_share(n, nats, failure_probability=0.5 * failure_probability)
    volume = least_share(n, nats, failure_probability=0.5 * failure_probability)
    return max(energy - sigma**2 * linear, sigma**2 * volume)


def demanded_parameters(n: int, risk: float, *, sigma: float, energy: float, bits: int) -> int:
    """The least d such that nets of d numbers of so many bits are not excluded from this risk."""

    def allowed(d: int) -> bool:
        return least_risk(n, bits * d * math.log(2.0), sigma=sigma, energy=energy) <= risk

    return int(smallest_q(allowed))
