"""Gaussian fields: covariances in closed form, and derivatives and integrals of the same function."""

import numpy as np
import pytest
from scipy.integrate import quad

from operators.numerics import grf, grids


def covariance(field: grf.PeriodicField, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """E f(x) f(y), exactly: f is linear in its i.i.d. standard normal coefficients."""
    unit = np.eye(field.coefficients)
    return field.evaluate(unit, x).T @ field.evaluate(unit, y)


@pytest.mark.parametrize("length", [0.05, 0.2, 0.7])
def test_squared_exponential_has_its_covariance_on_the_unit_interval(length: float) -> None:
    x = np.linspace(0.0, 1.0, 41)
    expected = np.exp(-((x[:, None] - x) ** 2) / (2.0 * length**2))
    np.testing.assert_allclose(covariance(grf.squared_exponential(length), x, x), expected, rtol=0.0, atol=2e-13)


@pytest.mark.parametrize("length", [0.3, 0.5, 1.0])
def test_periodic_squared_exponential_has_its_covariance(length: float) -> None:
    x = np.linspace(0.0, 1.0, 41)
    expected = np.exp(-2.0 * np.sin(np.pi * (x[:, None] - x)) ** 2 / length**2)
    field = grf.periodic_squared_exponential(length, most=100)
    np.testing.assert_allclose(covariance(field, x, x), expected, rtol=0.0, atol=2e-13)


def test_whittle_matern_of_order_one_is_the_periodic_green_function() -> None:
    """(-d^2 + tau^2) c = delta on the circle has c(r) = cosh(tau (1/2 - r)) / (2 tau sinh(tau / 2)) on [0, 1]."""
    tau, modes = 3.0, 20_000
    r = np.linspace(0.0, 1.0, 21)
    field = grf.whittle_matern(amplitude=1.0, tau=tau, alpha=1.0, modes=modes)
    k = np.arange(1, modes + 1)
    got = field.deviations[0] ** 2 + 2.0 * np.cos(2.0 * np.pi * r[:, None] * k) @ field.deviations[1:] ** 2
    expected = np.cosh(tau * (0.5 - r)) / (2.0 * tau * np.sinh(tau / 2.0))
    np.testing.assert_allclose(got, expected, rtol=0.0, atol=2.0 / (4.0 * np.pi**2 * modes))


def test_whittle_matern_has_the_law_of_the_burgers_task() -> None:
    field = grf.whittle_matern(amplitude=625.0, tau=5.0, alpha=2.0, modes=63)
    k = np.repeat(np.arange(64), [1] + 63 * [2])
    np.testing.assert_allclose(field.spectrum(), 625.0 / ((2.0 * np.pi * k) ** 2 + 25.0) ** 2, rtol=1e-13)
    assert field.spectrum()[0] == pytest.approx(1.0)


def test_constant_mode_can_be_left_out() -> None:
    field = grf.whittle_matern(amplitude=1.0, tau=3.0, alpha=2.0, modes=50, mean_mode=False)
    z = field.draw(np.random.default_rng(0), 20)
    np.testing.assert_allclose(field.evaluate(z, grids.periodic(128)).mean(axis=1), 0.0, atol=1e-15)


def test_sampled_variance_agrees_with_the_spectrum() -> None:
    field = grf.squared_exponential(0.2)
    values = field.evaluate(field.draw(np.random.default_rng(0), 4000), np.array([0.3]))
    assert np.var(values) == pytest.approx(1.0, abs=4.0 * np.sqrt(2.0 / 4000))
    assert field.spectrum().sum() == pytest.approx(1.0, abs=1e-13)


def test_fourier_coefficients_rebuild_the_function() -> None:
    field = grf.whittle_matern(amplitude=625.0, tau=5.0, alpha=2.0, modes=20)
    z = field.draw(np.random.default_rng(1), 3)
    x, k = np.linspace(0.0, 1.0, 17), np.arange(1, 21)
    coefficients = field.fourier(z)
    rebuilt = coefficients[:, :1].real + 2.0 * (coefficients[:, 1:] @ np.exp(2j * np.pi * k[:, None] * x)).real
    np.testing.assert_allclose(rebuilt, field.evaluate(z, x), atol=1e-13)


def test_antiderivative_is_the_integral_of_the_same_function() -> None:
    field = grf.squared_exponential(0.2)
    z = field.draw(np.random.default_rng(2), 1)
    for x in (0.0, 0.31, 1.0):
        integral, _ = quad(lambda s: field.evaluate(z, np.array([s]))[0, 0], 0.0, x, epsabs=1e-13)
        assert field.antiderivative(z, np.array([x]))[0, 0] == pytest.approx(integral, abs=1e-12)


def test_neumann_field_is_its_cosine_sum_with_unit_mean_variance_and_no_constant() -> None:
    field = grf.whittle_matern_square(tau=3.0, alpha=2.0, modes=6)
    x, y = np.array([0.1, 0.77]), np.array([0.0, 0.4, 0.9])
    z = field.draw(np.random.default_rng(3), 2)
    expected = np.zeros((2, 2, 3))
    for j in range(6):
        for k in range(6):
            scale = (np.sqrt(2.0) if j else 1.0) * (np.sqrt(2.0) if k else 1.0) * field.deviations[j, k]
            mode = np.outer(np.cos(np.pi * j * x), np.cos(np.pi * k * y))
            expected += scale * z[:, 6 * j + k][:, None, None] * mode
    np.testing.assert_allclose(field.evaluate(z, x, y), expected, atol=1e-14)
    assert field.deviations[0, 0] == 0.0
    assert np.sum(field.deviations**2) == pytest.approx(1.0)
    ratio = field.deviations[1, 2] / field.deviations[3, 0]
    assert ratio == pytest.approx((9.0 * np.pi**2 + 9.0) / (5.0 * np.pi**2 + 9.0))


def test_trigonometric_interpolation_reproduces_a_band_limited_function() -> None:
    field = grf.whittle_matern(amplitude=1.0, tau=3.0, alpha=1.0, modes=7)
    z = field.draw(np.random.default_rng(4), 2)
    for count in (15, 16):
        fine = grids.refined(field.evaluate(z, grids.periodic(count)), 3)
        np.testing.assert_allclose(fine, field.evaluate(z, grids.periodic(3 * count)), atol=1e-14)
