"""The terms of the proofs, read off a trained net: how noise was absorbed, and what that must have cost.

Clean g, noise z, labels y = g + z, predictions h at n labels, <a, b> = mean of a b, V = |z|^2. Exactly

    risk R = V + T2 + T3,   T2 = 2 <z, g - h>,   T3 = |g - h|^2 (clean error)
    absorbed  eps = V - R,  rho = eps / V
    df = sum z_i (h_i - g_i) / sigma^2,  so T2 = -2 sigma^2 df / n; for Gaussian noise E df are the generalised degrees of freedom
                             (Stein 1981, doi:10.1214/aos/1176345632; Ye 1998, doi:10.1080/01621459.1998.10474094)
    cosine = <z, h - g> / (|z| |h - g|)
    nats   = n R(rho) / d and / d_eff, R(rho) the rate of the noise law (`operators.bounds.lemmas.rates`)

Consequences that no fit can escape (`violations` returns those that a set of numbers breaks):
    1  R = V + T2 + T3
    2  eps = 2 sigma^2 df / n - T3, so eps <= 2 sigma^2 df / n
    3  sqrt(T3) in [|sqrt(V) - sqrt(R)|, sqrt(V) + sqrt(R)]: training below the noise level forces clean error, and rho = 1
       forces T3 = V
    4  eps <= V cosine^2

Fresh noise z' drawn after training: T2' = 2 <z', g - h> has mean 0 and standard deviation 2 sigma sqrt(T3 / n).
"""

import math
from dataclasses import dataclass

import numpy as np

from operators.arrays import Array
from operators.bounds.lemmas.rates import Law, Rate, rate
from operators.magnitude import squares_fit

TOLERANCE = 1e-9
RATES: dict[Law, Rate] = {"rademacher": "rademacher", "gaussian": "gaussian", "uniform": "subgaussian"}


@dataclass(frozen=True)
class Audit:
    """The terms, in units of the labels squared where they are energies.

    Attributes:
        n: labels.
        sigma: standard deviation of the noise law.
        risk: R.
        noise_energy: V.
        cross: T2.
        clean_error: T3.
        absorbed: rho.
        degrees_of_freedom: df.
        cosine: cosine of z and h - g; 0 if h = g.
        nats_per_parameter: n R(rho) / d; 0 for rho <= 0, inf for Gaussian noise and rho = 1.
        nats_per_effective_parameter: n R(rho) / d_eff.
    """

    n: int
    sigma: float
    risk: float
    noise_energy: float
    cross: float
    clean_error: float
    absorbed: float
    degrees_of_freedom: float
    cosine: float
    nats_per_parameter: float
    nats_per_effective_parameter: float


@dataclass(frozen=True)
class NoiseModel:
    """The law of the noise and its standard deviation."""

    law: Law
    sigma: float


def audit(clean: Array, noise: Array, prediction: Array, *, model: NoiseModel, d: int, d_eff: int) -> Audit:
    """Audit predictions at all training labels.

    Raises:
        ValueError: shapes that differ, noise that vanishes, or outputs or noise whose squares float64 cannot hold.
    """
    if not clean.shape == noise.shape == prediction.shape:
        raise ValueError(f"expected equal shapes, got {clean.shape}, {noise.shape} and {prediction.shape}")
    if not all(squares_fit(values) for values in (clean, noise, model.sigma)):
        raise ValueError("expected outputs, noise and sigma between 2^-480 and 2^480; scale them and the predictions first")
    energy = float(np.mean(noise**2))
    if energy == 0.0:
        raise ValueError("expected noise, got none; there is nothing to absorb")
    error = prediction - clean
    product, clean_error = float(np.mean(noise * error)), float(np.mean(error**2))
    risk = float(np.mean((clean + noise - prediction) ** 2))
    absorbed = 1.0 - risk / energy
    nats = clean.size * rate(RATES[model.law], absorbed)
    return Audit(
        n=clean.size,
        sigma=model.sigma,
        risk=risk,
        noise_energy=energy,
        cross=-2.0 * product,
        clean_error=clean_error,
        absorbed=absorbed,
        degrees_of_freedom=product * clean.size / model.sigma**2,
        cosine=product / math.sqrt(energy * clean_error) if clean_error > 0.0 else 0.0,
        nats_per_parameter=nats / d,
        nats_per_effective_parameter=nats / d_eff,
    )


def violations(terms: Audit) -> list[str]:
    """Consequences 1 to 4 that these numbers break by more than 1e-9 of V + T3; empty for any real fit."""
    slack = TOLERANCE * (terms.noise_energy + terms.clean_error)
    eps = terms.noise_energy - terms.risk
    explained = 2.0 * terms.sigma**2 * terms.degrees_of_freedom / terms.n
    noise, risk = math.sqrt(terms.noise_energy), math.sqrt(terms.risk)
    checks = {
        "R = V + T2 + T3": abs(terms.risk - terms.noise_energy - terms.cross - terms.clean_error) <= slack,
        "eps = 2 sigma^2 df / n - T3": abs(eps - explained + terms.clean_error) <= slack,
        "T3 >= (sqrt(V) - sqrt(R))^2": (noise - risk) ** 2 <= terms.clean_error + slack,
        "sqrt(T3) <= sqrt(V) + sqrt(R)": terms.clean_error <= (noise + risk) ** 2 + slack,
        "eps <= V cosine^2": eps <= terms.noise_energy * terms.cosine**2 + slack,
    }
    return [statement for statement, holds in checks.items() if not holds]


def fresh_noise_score(fresh: Array, clean: Array, prediction: Array, *, sigma: float) -> float:
    """T2' of noise drawn after training, in its standard deviations; 0 if h = g. Beyond 4: the draw was not fresh."""
    error = clean - prediction
    spread = 2.0 * sigma * math.sqrt(float(np.mean(error**2)) / clean.size)
    return 2.0 * float(np.mean(fresh * error)) / spread if spread > 0.0 else 0.0
