"""The exponential integrator: phi functions, exactness for constant forcing, order 4."""

import numpy as np
import pytest

from operators.numerics import etdrk


def order(errors: list[float]) -> float:
    return float(np.log2(errors[-2] / errors[-1]))


def test_diagonal_and_dense_coefficients_agree() -> None:
    eigenvalues = -np.array([0.0, 1e-9, 1e-3, 0.3, 1.0, 20.0, 3e3])
    diagonal, dense = etdrk.diagonal(eigenvalues, 0.1), etdrk.dense(np.diag(eigenvalues), 0.1)
    for name in ("full", "half", "q", "f1", "f2", "f3"):
        np.testing.assert_allclose(np.diag(getattr(dense, name)), getattr(diagonal, name), rtol=1e-11, atol=1e-17)


def test_complex_eigenvalues_turn_real_systems_of_two() -> None:
    """v' = (a + i b) v + c is a real system of two, whose coefficients are those of a matrix exponential."""
    a, b = -0.3, 40.0
    scheme, matrix = etdrk.diagonal(np.array([a + 1j * b]), 0.1), etdrk.dense(np.array([[a, -b], [b, a]]), 0.1)
    for name in ("full", "half", "q", "f1", "f2", "f3"):
        ours, (real, imaginary) = getattr(scheme, name)[0], getattr(matrix, name)[0]
        np.testing.assert_allclose([ours.real, ours.imag], [real, imaginary], rtol=1e-10, atol=1e-15)


def test_phi_functions_have_their_limits_at_zero() -> None:
    scheme = etdrk.diagonal(np.zeros(1), 1.0)
    got = [float(getattr(scheme, name)[0]) for name in ("full", "half", "q", "f1", "f2", "f3")]
    assert got == pytest.approx([1.0, 1.0, 0.5, 1.0 / 6.0, 1.0 / 6.0, 1.0 / 6.0], abs=1e-14)


def test_constant_forcing_is_integrated_exactly_however_stiff() -> None:
    eigenvalues = -np.array([1.0, 1e2, 1e5])
    v = etdrk.diagonal(eigenvalues, 0.5).step(np.array([[1.0, 2.0, 3.0]]), lambda w: np.full_like(w, 4.0))
    start = np.array([1.0, 2.0, 3.0])
    expected = np.exp(0.5 * eigenvalues) * start + 4.0 * np.expm1(0.5 * eigenvalues) / eigenvalues
    np.testing.assert_allclose(v[0], expected, rtol=1e-12)


def test_order_is_four_for_a_stiff_logistic_system() -> None:
    """v' = -30 v + w, w' = w (1 - w): w is logistic, and v is compared with a run of 4096 steps."""

    def run(steps: int) -> np.ndarray:
        scheme, v = etdrk.dense(np.array([[-30.0, 1.0], [0.0, 1.0]]), 2.0 / steps), np.array([[1.0, 0.1]])
        for _ in range(steps):
            v = scheme.step(v, lambda u: np.column_stack([np.zeros(len(u)), -(u[:, 1] ** 2)]))
        return v[0]

    assert run(64)[1] == pytest.approx(0.1 * np.exp(2.0) / (1.0 + 0.1 * np.expm1(2.0)), abs=1e-7)
    reference = run(4096)
    errors = [float(np.abs(run(steps) - reference).max()) for steps in (32, 64)]
    assert order(errors) == pytest.approx(4.0, abs=0.2)


def test_advection_diffusion_has_its_closed_form_with_order_four() -> None:
    """u_t + u_x = D u_xx, periodic: u = exp(-4 pi^2 D t) sin(2 pi (x - t)); the advection is treated as the nonlinear part."""
    diffusion, k = 0.1, 2.0 * np.pi * np.arange(3)

    def error(steps: int) -> float:
        scheme = etdrk.diagonal(-diffusion * k**2, 1.0 / steps)
        v = np.array([[0.0, -0.5j, 0.0]])
        for _ in range(steps):
            v = scheme.step(v, lambda w: -1j * k * w)
        exact = -0.5j * np.exp(-(k[1] ** 2) * diffusion - 1j * k[1])
        return float(abs(v[0, 1] - exact) / abs(exact))

    errors = [error(steps) for steps in (50, 100)]
    assert errors[-1] < 1e-5
    assert order(errors) == pytest.approx(4.0, abs=0.2)
