"""How much noise a union of e^L linear spaces absorbs, whatever the clean labels are: the rate Lam(rho; n, D).

Noise z_1..z_n independent, mean zero; spaces X_1, ..., X_K of dimension at most D and clean labels g fixed before z is drawn.
With probability at least 1 - delta no h of any of them has |g + z - h|^2 <= (1 - rho) |z|^2, unless

    ln(K / delta) >= Lam(rho; n, D),     with x = D / n < rho  (0 for x >= rho)

    Gaussian                                    Lam = (n/2) kl(x || rho) = (n/2) (x ln(x/rho) + (1-x) ln((1-x)/(1-rho)))
    s^2-sub-Gaussian, |z|^2 >= level n s^2      Lam = (n/2) (r - x - x ln(r/x)),  r = rho level

The signal costs no dimension. Proof (derived here). P projects onto X, Q = I - P. The least |g + z - h|^2 is |Q(z + g)|^2.

Gaussian, variance 1. P(|Q(z+g)|^2 <= (1-rho)|z|^2) <= E exp(-lam |Q(z+g)|^2 + lam (1-rho) |z|^2). The second term turns N(0, I)
into a wider centred Gaussian times a constant; under it E exp(-lam |Q(z+g)|^2) is largest at g = 0 (Anderson 1955: the function
is symmetric and unimodal). What is left is (1 - 2 lam (1-rho))^(-D/2) (1 + 2 lam rho)^(-(n-D)/2), least at lam = (rho - x) / (2
rho (1 - rho)), where it is exp(-(n/2) kl(x || rho)). D = 0: n R(rho) of `operators.bounds.lemmas.rates`.

Sub-Gaussian, s = 1. The event is |Pz|^2 - 2 <c, z> - |c|^2 >= rho |z|^2, c = Q g. With w standard Gaussian, exp(t |Pz|^2) = E_w
exp((2t)^(1/2) <P w, z>), and P w is orthogonal to c, so E exp(t (|Pz|^2 - 2 <c, z> - |c|^2)) <= E_w exp(t |P w|^2) exp((2 t^2 -
t) |c|^2) <= (1 - 2t)^(-D/2) for t < 1/2; at 1 - 2t = x / r this gives the exponent. QED

Nothing is computed from the incomplete beta function: in float64 its logarithm underflows and would certify what is false.
"""

import math

import scipy

from operators.bounds.lemmas.rates import Law, least_energy


def required_nats(law: Law, n: int, rho: float, dimension: float, *, failure_probability: float) -> float:
    """Log-number of spaces of this dimension without which the fraction rho is absorbed with at most this probability.

    Negative where the statement is empty; inf for Gaussian noise, rho >= 1 and a dimension below n.
    """
    if rho <= 0.0 or dimension >= n:
        return math.log(failure_probability if law in ("gaussian", "rademacher") else failure_probability / 2.0)
    share, rho = dimension / n, min(rho, 1.0)
    if law == "gaussian":
        return n * _gaussian(share, rho) + math.log(failure_probability)
    if law == "rademacher":
        return n * _subgaussian(share, rho) + math.log(failure_probability)
    half = failure_probability / 2.0
    return n * _subgaussian(share, rho * least_energy(law, n, half)) + math.log(half)


def absorbable_fraction(law: Law, n: int, nats: float, dimension: float, *, failure_probability: float) -> float:
    """Largest rho that e^nats spaces of this dimension are not excluded from absorbing: the inverse of `required_nats`."""

    def surplus(rho: float) -> float:
        return required_nats(law, n, rho, dimension, failure_probability=failure_probability) - nats

    low = max(dimension, 0.0) / n
    if low >= 1.0 or surplus(1.0) <= 0.0:
        return 1.0
    if surplus(low) > 0.0:
        return low
    high = 1.0 if math.isfinite(surplus(1.0)) else math.nextafter(1.0, 0.0)
    if surplus(high) <= 0.0:
        return 1.0
    return float(scipy.optimize.brentq(surplus, low, high, xtol=1e-16, rtol=1e-13))


def _gaussian(share: float, rho: float) -> float:
    """kl(x || rho) / 2 for x < rho."""
    if share >= rho:
        return 0.0
    if rho >= 1.0:
        return math.inf
    inside = share * math.log(share / rho) if share > 0.0 else 0.0
    return max(0.0, 0.5 * (inside + (1.0 - share) * (math.log1p(-share) - math.log1p(-rho))))


def _subgaussian(share: float, rho: float) -> float:
    """(r - x - x ln(r / x)) / 2 for x < r."""
    if share >= rho:
        return 0.0
    return max(0.0, 0.5 * (rho - share - (share * math.log(rho / share) if share > 0.0 else 0.0)))
