"""Rate functions: their shape, their inverses, and that no fixed function absorbs noise faster than they allow."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp
from scipy.stats import beta, binom, chi2, ncx2

from operators.bounds.lemmas.rates import LAWS, absorbable_fraction, inverse_rate, least_energy, rate, required_nats

FRACTIONS = st.floats(0.0, 1.0)
KINDS = ("subgaussian", "rademacher", "gaussian")


@given(FRACTIONS)
def test_rates_are_ordered(rho: float) -> None:
    values = [rate(kind, rho) for kind in KINDS]
    assert values[0] <= values[1] * (1.0 + 1e-7) + 1e-15
    assert values[1] <= values[2] * (1.0 + 1e-7) + 1e-15


@pytest.mark.parametrize("kind", KINDS)
def test_rates_start_at_zero_with_slope_one_half_and_are_convex_and_increasing(kind) -> None:
    assert rate(kind, 0.0) == rate(kind, -3.0) == 0.0
    assert rate(kind, 1e-6) / 1e-6 == pytest.approx(0.5, abs=1e-6)
    values = np.array([rate(kind, rho) for rho in np.linspace(0.0, 0.999, 400)])
    assert np.all(np.diff(values) > 0.0)
    assert np.all(np.diff(values, 2) > -1e-14)
    assert rate(kind, 1.0) == pytest.approx({"subgaussian": 0.5, "rademacher": math.log(2.0), "gaussian": math.inf}[kind])


def test_rademacher_rate_has_the_known_expansion() -> None:
    assert rate("rademacher", 0.01) == pytest.approx(0.01 / 2.0 + 0.01**2 / 12.0, rel=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@given(rho=st.floats(1e-6, 0.999))
def test_inverse_rate_inverts(kind, rho: float) -> None:
    assert inverse_rate(kind, rate(kind, rho)) == pytest.approx(rho, rel=1e-7)
    assert inverse_rate(kind, 1e9) == 1.0


@given(st.floats(0.01, 0.99), st.floats(-3.0, 3.0))
def test_chernoff_multiplier_of_the_rademacher_proof_gives_the_rate(rho: float, v: float) -> None:
    r = math.sqrt(rho)
    multiplier = math.atanh(r) / r / 2.0
    exponent = -multiplier * (rho + v**2) + float(logsumexp([2.0 * multiplier * v, -2.0 * multiplier * v]) - math.log(2.0))
    assert exponent <= -rate("rademacher", rho) + 1e-12
    at_r = -2.0 * multiplier * rho + math.log(math.cosh(2.0 * multiplier * r))
    assert at_r == pytest.approx(-rate("rademacher", rho), rel=1e-9)


@pytest.mark.parametrize("n", [20, 100, 400])
@pytest.mark.parametrize("rho", [0.05, 0.2, 0.5, 0.9])
def test_rademacher_rate_against_the_exact_binomial(n: int, rho: float) -> None:
    """h = v everywhere absorbs rho of +-1 noise with an exactly known probability; the best v comes close to the rate."""
    r = math.sqrt(rho)

    def log_tail(v: float) -> float:  # sum (z - v)^2 <= (1 - rho) n  <=>  sum z >= n (rho + v^2) / (2 v)
        heads = math.ceil((n * (rho + v**2) / (2.0 * v) + n) / 2.0 - 1e-9)
        return float(binom.logsf(heads - 1, n, 0.5))

    best = max(log_tail(v) for v in np.linspace(0.5 * r, min(1.5 * r, 1.0), 200))
    assert best <= -n * rate("rademacher", rho)
    assert best >= -1.25 * n * rate("rademacher", rho) - 3.0


@pytest.mark.parametrize("n", [5, 50, 200])
@pytest.mark.parametrize("rho", [0.01, 0.1, 0.5, 0.8, 0.99])
def test_gaussian_rate_against_the_exact_cap_of_the_sphere_and_exact_fixed_shifts(n: int, rho: float) -> None:
    """The best scale of one direction: half a beta tail. A fixed shift v: a non-central chi-square probability."""
    nats = rate("gaussian", rho)
    cap = math.log(0.5) + float(beta.logsf(rho, 0.5, (n - 1) / 2.0))
    assert cap <= -((n - 1) * nats + math.log(2.0)) + 1e-9
    v = math.sqrt(rho) * np.geomspace(
        0.1, 10.0, 400
    )  # |z - v|^2 <= (1 - rho) |z|^2  <=>  |z - v / rho|^2 <= n v^2 (1 - rho) / rho^2
    with np.errstate(under="ignore"):
        fixed = float(np.log(ncx2.cdf(n * v**2 * (1.0 - rho) / rho**2, n, n * v**2 / rho**2).max()))
    assert fixed <= -max(n * nats, (n - 1) * nats + math.log(2.0)) + 1e-9
    assert required_nats("gaussian", n, rho, failure_probability=1.0) <= -fixed + 1e-9


def test_gaussian_multiplier_works_for_every_shift() -> None:
    rho = 0.8
    multiplier = 0.5 / (1.0 - rho)
    for v in np.linspace(-4.0, 4.0, 81):  # ln E exp(l (2 z v - v^2 - rho z^2)) in closed form
        spread = 1.0 + 2.0 * multiplier * rho
        exponent = -0.5 * math.log(spread) + multiplier * v**2 * (2.0 * multiplier / spread - 1.0)
        assert exponent == pytest.approx(-rate("gaussian", rho), abs=1e-12)


@pytest.mark.parametrize("law", ["rademacher", "uniform", "gaussian"])
def test_random_codebooks_absorb_no_more_than_the_bound_and_come_close(law) -> None:
    """512 random vectors of the best length, 400 noise draws, n = 24: at most 5 % exceed the bound for 95 %."""
    rng = np.random.default_rng(7)
    n, size, draws = 24, 512, 400
    bound = absorbable_fraction(law, n, math.log(size), failure_probability=0.05)
    target = min(bound, 0.9)
    codebook = np.sqrt(target) * np.sign(rng.standard_normal((size, n)))
    codebook = codebook if law == "rademacher" else np.sqrt(target) * rng.standard_normal((size, n))
    reached = []
    for _ in range(draws):
        z = {
            "rademacher": np.sign(rng.standard_normal(n)),
            "uniform": rng.uniform(-math.sqrt(3.0), math.sqrt(3.0), n),
            "gaussian": rng.standard_normal(n),
        }[law]
        reached.append(1.0 - np.min(np.sum((z - codebook) ** 2, axis=1)) / np.sum(z**2))
    assert np.quantile(reached, 0.95) <= bound
    if law != "uniform":
        assert np.quantile(reached, 0.95) >= 0.5 * bound


@pytest.mark.parametrize("law", LAWS)
@given(n=st.integers(2, 10**9), nats=st.floats(0.1, 1e6), delta=st.floats(1e-6, 1.0))
def test_absorbable_fraction_inverts_required_nats(law, n: int, nats: float, delta: float) -> None:
    rho = absorbable_fraction(law, n, nats, failure_probability=delta)
    assert 0.0 <= rho <= 1.0
    if 0.0 < rho < 0.999:
        assert required_nats(law, n, rho, failure_probability=delta) == pytest.approx(nats, rel=1e-6, abs=1e-6)
    elif rho == 1.0:
        assert required_nats(law, n, 0.999999, failure_probability=delta) <= nats + 1e-6 * n


def test_least_energy_holds_for_the_exact_chi_square_and_for_uniform_draws() -> None:
    for n in (10, 100, 1000):
        for delta in (0.2, 0.05, 0.001):
            assert chi2.cdf(n * least_energy("gaussian", n, delta), n) <= delta
    root = math.sqrt(3.0)
    fourth = quad(lambda z: z**4 / (2.0 * root), -root, root)[0]  # P(V <= (1 - w) sigma^2) <= exp(-n w^2 / (2 E z^4))
    assert least_energy("uniform", 200, 0.05) == pytest.approx(1.0 - math.sqrt(2.0 * fourth * math.log(20.0) / 200.0))
    rng = np.random.default_rng(0)
    energies = np.mean(rng.uniform(-math.sqrt(3.0), math.sqrt(3.0), (4000, 200)) ** 2, axis=1)
    assert np.mean(energies <= least_energy("uniform", 200, 0.05)) <= 0.05
    assert least_energy("rademacher", 3, 0.01) == 1.0


@pytest.mark.parametrize("law", ["rademacher", "uniform"])
def test_variance_is_a_sub_gaussian_proxy(law) -> None:
    t = np.linspace(-20.0, 20.0, 4001)
    with np.errstate(invalid="ignore"):
        root = math.sqrt(3.0)
        moment = np.cosh(t) if law == "rademacher" else np.where(t == 0.0, 1.0, np.sinh(root * t) / (root * t))
    assert np.all(np.log(moment) <= t**2 / 2.0 + 1e-12)


def test_sub_gaussian_lemma_at_its_worst_shift() -> None:
    """(n eps + |v|^2)^2 / (8 s^2 |v|^2) is least, n eps / (2 s^2), at |v|^2 = n eps."""
    n, eps, s = 50, 0.3, 0.7
    worst = minimize_scalar(lambda w: (n * eps + w) ** 2 / (8.0 * s**2 * w), bounds=(1e-3, 1e3), method="bounded")
    assert worst.fun == pytest.approx(n * eps / (2.0 * s**2), rel=1e-9)


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="failure probability"):
        required_nats("gaussian", 10, 0.1, failure_probability=0.0)
    with pytest.raises(ValueError, match="n >= 1"):
        absorbable_fraction("gaussian", 0, 1.0, failure_probability=0.1)
