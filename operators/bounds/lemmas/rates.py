"""How fast a fixed function fails to absorb noise: rate functions R(rho) and their inverses.

Noise z_1..z_n independent, mean zero, fixed before anything is fitted; V = |z|^2 / n; a class of N functions fixed before z is
drawn. For a fixed h, P(risk(h) <= (1 - rho) V) <= exp(-n R(rho)), so that

    P(some h of the class absorbs the fraction rho) <= N exp(-n R(rho))

    s^2-sub-Gaussian   R = eps / (2 s^2) for an absorbed energy eps; rho / 2 when s^2 = V
    Rademacher         R = ((1 + r) ln(1 + r) + (1 - r) ln(1 - r)) / 2,  r = sqrt(rho);   R(1) = ln 2
    Gaussian           R = -ln(1 - rho) / 2;   R(1) = infinity

Proofs. Let v = h - g. The event is 2 <z, v> >= rho |z|^2 + |v|^2.
 sub-Gaussian  P <= exp(-(n eps + |v|^2)^2 / (8 s^2 |v|^2)) and (a + b)^2 >= 4 a b.
 Rademacher    Chernoff with 2 lam = atanh(r) / r: ln cosh(2 lam v) - lam v^2 is largest at v = +-r, value -R per sample.
 Gaussian      E exp(lam (2 z v - v^2 - rho z^2)) = (1 + 2 lam rho)^(-1/2) exp(lam v^2 (2 lam / (1 + 2 lam rho) - 1)), which at
               lam = 1 / (2 (1 - rho)) is exp(-R) whatever v. Also P <= exp(-(n - 1) R) / 2: z / |z| is uniform on the sphere
               and its cosine with v must reach sqrt(rho). The smaller of the two is used (the first when rho > 3/4).
 uniform       on [-a, a], s^2 = a^2 / 3 = sigma^2 and E z^4 = 9 sigma^4 / 5: sub-Gaussian with eps = rho V, and
               V >= (1 - w) sigma^2 but for probability exp(-n w^2 / 3.6) (Bernstein for non-negative variables).

R(0) = 0, R'(0) = 1/2, convex, increasing, sub-Gaussian <= Rademacher <= Gaussian. The last two are rate-distortion functions:
random codebooks attain them up to o(n) (Cover and Thomas, Elements of Information Theory, 2nd ed., chapter 10).
"""

import math
from typing import Literal

import scipy

Rate = Literal["subgaussian", "rademacher", "gaussian"]
Law = Literal["rademacher", "uniform", "gaussian"]

LAWS: tuple[Law, ...] = ("rademacher", "uniform", "gaussian")


def rate(kind: Rate, rho: float) -> float:
    """R(rho) in nats per sample, for variance proxy s^2 = V; 0 for rho <= 0 and R(1) for rho >= 1."""
    rho = min(max(rho, 0.0), 1.0)
    if kind == "subgaussian":
        return rho / 2.0
    if kind == "rademacher":
        r = math.sqrt(rho)
        return float(scipy.special.xlog1py(1.0 + r, r) + scipy.special.xlog1py(1.0 - r, -r)) / 2.0
    return -math.log1p(-rho) / 2.0 if rho < 1.0 else math.inf


def inverse_rate(kind: Rate, nats: float) -> float:
    """The rho in [0, 1] with R(rho) = nats; 1 if nats >= R(1)."""
    if nats <= 0.0:
        return 0.0
    if nats >= rate(kind, 1.0):
        return 1.0
    if kind == "subgaussian":
        return 2.0 * nats
    if kind == "gaussian":
        return -math.expm1(-2.0 * nats)
    return float(scipy.optimize.brentq(lambda r: rate("rademacher", r) - nats, 0.0, 1.0, xtol=1e-15, rtol=1e-14))


def required_nats(law: Law, n: int, rho: float, *, failure_probability: float) -> float:
    """Log-size a class needs to absorb the fraction rho of n noise values with at least this probability.

    With probability >= 1 - failure_probability no class of fewer than exp(required_nats) functions, fixed before the noise was
    drawn, holds one that absorbs rho. Negative where the statement is empty.
    """
    _check(n, failure_probability)
    if law == "rademacher":
        return n * rate("rademacher", rho) + math.log(failure_probability)
    if law == "gaussian":
        nats = rate("gaussian", rho)
        return max(n * nats, (n - 1) * nats + math.log(2.0)) + math.log(failure_probability)
    half = failure_probability / 2.0
    return n * rate("subgaussian", rho) * least_energy(law, n, half) + math.log(half)


def absorbable_fraction(law: Law, n: int, nats: float, *, failure_probability: float) -> float:
    """Largest rho that a class of exp(nats) functions is not excluded from absorbing: the inverse of `required_nats`."""
    _check(n, failure_probability)
    surplus = nats - math.log(failure_probability)
    if law == "rademacher":
        return inverse_rate("rademacher", surplus / n)
    if law == "gaussian":
        sphere = inverse_rate("gaussian", (surplus - math.log(2.0)) / (n - 1)) if n > 1 else 1.0
        return min(inverse_rate("gaussian", surplus / n), sphere)
    energy = n * least_energy(law, n, failure_probability / 2.0)
    return inverse_rate("subgaussian", (surplus + math.log(2.0)) / energy) if energy > 0.0 else 1.0


def least_energy(law: Law, n: int, failure_probability: float) -> float:
    """A level that V / sigma^2 undershoots with probability at most failure_probability; 0 if there is none.

    Rademacher: V = sigma^2. Gaussian: the lower tail of chi^2 (Laurent and Massart 2000, doi:10.1214/aos/1015957395, Lemma 1).
    """
    deviation = -math.log(failure_probability) / n
    if law == "rademacher":
        return 1.0
    return max(0.0, 1.0 - (2.0 * math.sqrt(deviation) if law == "gaussian" else math.sqrt(3.6 * deviation)))


def _check(n: int, failure_probability: float) -> None:
    if n < 1 or not 0.0 < failure_probability <= 1.0:
        raise ValueError(f"expected n >= 1 and a failure probability in (0, 1], got {n} and {failure_probability}")
