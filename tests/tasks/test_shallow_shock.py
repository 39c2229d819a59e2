"""The entropy solution of Burgers' equation against characteristics, Godunov's scheme and vanishing viscosity."""

import numpy as np
from scipy.optimize import brentq

from operators import TASKS, find_task
from operators.numerics import hopf_lax, pseudo_spectral
from operators.seeds import stream

TASK = TASKS["shallow-shock"]
X = TASK.points()[:, 0]


def test_before_breaking_the_solution_is_constant_along_characteristics() -> None:
    task = find_task("shallow-shock", {"horizon": 0.1})
    coefficients = task.draw(stream("inputs", "smooth"), 4)
    spectra = task.field.fourier(coefficients)
    slopes = pseudo_spectral.values(2j * np.pi * np.arange(50) * spectra, np.arange(1000) / 1000)
    assert 0.1 * np.abs(slopes).max() < 1.0
    for z, u in zip(coefficients, task.outputs(coefficients), strict=True):
        for x, value in zip(X[::17], u[::17], strict=True):
            foot = brentq(lambda y, z=z, x=x: y + 0.1 * task.field.evaluate(z[None], np.array([y]))[0, 0] - x, x - 0.3, x + 0.3)
            assert abs(task.field.evaluate(z[None], np.array([foot]))[0, 0] - value) < 1e-10


def test_a_sine_wave_breaks_into_a_shock_that_stands_still() -> None:
    """u0 = sin(2 pi x): by symmetry the shock is at 1/2; left of it y + t sin(2 pi y) = x has its root in [0, 1/4] at t = 1."""
    u = hopf_lax.solve(np.array([[0.0, -0.5j]]), 33, 1.0)[0]
    for x, value in zip(np.arange(1, 17) / 33, u[1:17], strict=True):
        foot = brentq(lambda y, x=x: y + np.sin(2.0 * np.pi * y) - x, 0.0, 0.25)
        assert abs(value - np.sin(2.0 * np.pi * foot)) < 1e-10
    np.testing.assert_allclose(u[17:], -u[1:17][::-1], atol=1e-12)
    assert u[16] - u[17] > 0.6


def godunov(coefficients: np.ndarray, cells: int) -> np.ndarray:
    """Cell averages (N, cells) at t = 1 by the upwind flux of the exact Riemann problem."""
    edges = np.arange(cells + 1) / cells
    u = np.diff(TASK.field.antiderivative(coefficients, edges), axis=1) * cells
    steps = int(np.ceil(1.2 * np.abs(u).max() * cells))
    for _ in range(steps):
        right = np.roll(u, -1, axis=1)
        flux = 0.5 * np.maximum(np.maximum(u, 0.0) ** 2, np.minimum(right, 0.0) ** 2)
        u = u - cells / steps * (flux - np.roll(flux, 1, axis=1))
    return u


def test_godunovs_scheme_approaches_the_solution_in_the_mean() -> None:
    coefficients = TASK.draw(stream("inputs", "godunov"), 4)
    fine = find_task("shallow-shock", {"point_count": 1800}).outputs(coefficients)
    assert np.abs(np.diff(fine, axis=1)).max() > 0.2, "no shock among them"
    errors = []
    for cells in (50, 150, 450):
        averages = fine.reshape(4, cells, -1)
        middle = 0.5 * (averages + np.roll(fine, -1, axis=1).reshape(4, cells, -1))
        errors.append(np.abs(godunov(coefficients, cells) - middle.mean(axis=2)).mean())
    orders = np.log(np.divide(errors[:-1], errors[1:])) / np.log(3.0)
    assert np.all((orders > 0.7) & (orders < 1.3))


def test_it_is_the_limit_of_vanishing_viscosity() -> None:
    coefficients = TASK.draw(stream("inputs", "viscous"), 6)
    limit = TASK.outputs(coefficients)
    gaps = []
    for viscosity in (8e-3, 4e-3, 2e-3):
        task = find_task("burgers-low-viscosity", {"viscosity": viscosity, "time_count": 11, "modes": 150, "steps": 40})
        last = task.outputs(coefficients)[:, -101:-1]
        gaps.append(np.abs(last - limit).mean())
    assert gaps[0] > 1.5 * gaps[1] > 2.25 * gaps[2]


def test_the_law_is_that_of_burgers_at_low_viscosity() -> None:
    coefficients = TASK.draw(stream("inputs", "law"), 3)
    np.testing.assert_allclose(TASK.inputs(coefficients), TASKS["burgers-low-viscosity"].inputs(coefficients), atol=1e-13)


def test_no_place_of_a_fine_grid_is_lower_than_the_minimum_found() -> None:
    coefficients = TASK.draw(stream("inputs", "minimum"), 3)
    y = np.arange(-20000, 40000) / 20000
    for z, u in zip(coefficients, TASK.outputs(coefficients), strict=True):
        potential = TASK.field.antiderivative(z[None], y)[0]
        for x, value in zip(X[::9], u[::9], strict=True):
            least = (potential + (x - y) ** 2 / 2.0).min()
            found = TASK.field.antiderivative(z[None], np.array([x - value]))[0, 0] + value**2 / 2.0
            assert least - 2e-8 < found <= least + 1e-13


def test_l1_distance_does_not_grow() -> None:
    coefficients = TASK.draw(stream("inputs", "contraction"), 20)
    before, after = (part(coefficients) for part in (TASK.inputs, find_task("shallow-shock", {"point_count": 500}).outputs))
    for i in range(0, 20, 2):
        assert np.abs(after[i] - after[i + 1]).mean() <= np.abs(before[i] - before[i + 1]).mean() * 1.01
