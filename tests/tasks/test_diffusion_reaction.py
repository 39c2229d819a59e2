"""Advection-diffusion-reaction against closed forms, manufactured solutions and another discretisation."""

import dataclasses

import numpy as np
import pytest
import scipy.sparse as sparse
from scipy.integrate import solve_ivp

from operators import TASKS, find_task
from operators.data.function_cache import BlockCache
from operators.errors import DataInvalid, UserError
from operators.numerics import chebyshev, etdrk, grf, grids
from operators.seeds import stream
from operators.tasks.diffusion_reaction import AdvectionDiffusionReaction

TASK = TASKS["advection-diffusion-reaction"]


def finite_differences(task: AdvectionDiffusionReaction, coefficients: np.ndarray, n: int) -> np.ndarray:
    """Central differences on n intervals and an adaptive implicit Runge-Kutta method of order 5; values at t = 1."""
    x = np.arange(1, n) / n
    source = grf.squared_exponential(task.length).evaluate(coefficients, x)
    one = np.ones(n - 2)
    diffusion = sparse.diags_array([one, -2.0 * np.ones(n - 1), one], offsets=[-1, 0, 1]) * (task.diffusion * n**2)
    advection = sparse.diags_array([-one, one], offsets=[-1, 1]) * (task.velocity * n / 2.0)
    matrix = (diffusion - advection).tocsc()
    final = []
    for f in source:
        solution = solve_ivp(
            lambda _, u, f=f: matrix @ u + task.reaction * u**2 + f,
            (0.0, 1.0),
            np.zeros(n - 1),
            method="Radau",
            jac=lambda _, u: matrix + sparse.diags_array(2.0 * task.reaction * u).tocsc(),
            rtol=1e-9,
            atol=1e-11,
        )
        final.append(solution.y[:, -1])
    return np.array(final)


@pytest.mark.parametrize(
    "constants",
    [{}, {"velocity": 0.5, "diffusion": 0.05, "reaction": -1.0}, {"velocity": -0.2, "diffusion": 0.02, "reaction": 0.3}],
    ids=["registered", "advective", "reactive"],
)
def test_agrees_with_finite_differences_and_an_adaptive_integrator(constants: dict[str, float]) -> None:
    task = find_task(TASK.name, constants | {"point_count": 101, "steps": 2})
    coefficients = task.draw(stream("inputs", "differences"), 2)
    got = task.outputs(coefficients).reshape(2, 100, 101)[:, -1, 1:-1]
    coarse, fine = (finite_differences(task, coefficients, n)[:, n // 100 - 1 :: n // 100] for n in (400, 800))
    expected = (4.0 * fine - coarse) / 3.0
    error = np.linalg.norm(got - expected, axis=1) / np.linalg.norm(expected, axis=1)
    assert error.max() <= TASK.card.solver_error


def test_card_error_bounds_the_change_under_refinement() -> None:
    coefficients = TASK.draw(stream("inputs", "refined"), 64)
    got, best = TASK.outputs(coefficients), dataclasses.replace(TASK, nodes=96, steps=3).outputs(coefficients)
    assert (np.linalg.norm(got - best, axis=1) / np.linalg.norm(best, axis=1)).max() <= TASK.card.solver_error


@pytest.mark.parametrize("mode", [1, 2, 5])
def test_linear_diffusion_has_its_sine_solution_at_all_times(mode: int) -> None:
    """k = v = 0, f = sin(j pi x): u = sin(j pi x) (1 - exp(-D (j pi)^2 t)) / (D (j pi)^2)."""
    task = find_task(TASK.name, {"reaction": 0.0})
    rate = 0.01 * (mode * np.pi) ** 2
    u = task.solve(np.sin(mode * np.pi * chebyshev.nodes(64))[None])[0]
    x, t = np.linspace(0.0, 1.0, 100), np.linspace(0.0, 1.0, 100)
    np.testing.assert_allclose(u, np.outer(-np.expm1(-rate * t) / rate, np.sin(mode * np.pi * x)), atol=1e-11)


def test_steady_manufactured_solution_stays() -> None:
    """u = sin(pi x) exp(x) with v, D, k of order one and f = v u_x - D u_xx - k u^2 does not move."""
    task = find_task(TASK.name, {"velocity": 1.0, "diffusion": 0.3, "reaction": 0.7, "nodes": 32})
    x = chebyshev.nodes(32)
    u = np.sin(np.pi * x) * np.exp(x)
    slope = np.exp(x) * (np.sin(np.pi * x) + np.pi * np.cos(np.pi * x))
    curvature = np.exp(x) * ((1.0 - np.pi**2) * np.sin(np.pi * x) + 2.0 * np.pi * np.cos(np.pi * x))
    frames = task.solve((slope - 0.3 * curvature - 0.7 * u**2)[None], u[None])[0]
    grid = np.linspace(0.0, 1.0, 100)
    np.testing.assert_allclose(frames, np.tile(np.sin(np.pi * grid) * np.exp(grid), (100, 1)), atol=1e-10)


def manufactured_error(steps: int, profile: str) -> float:
    """Error at t = 1 for u = e^{-t} s(x) on [-1, 1], u_t + v u_x = u_xx + u^3 + f(x, t), time as one more unknown."""
    n = 24
    x = 2.0 * chebyshev.nodes(n)[1:-1] - 1.0
    if profile == "parabola":
        v, s, slope, curvature = 1.0, 1.0 - x**2, -2.0 * x, -2.0
    else:
        v, s, slope, curvature = 0.0, np.cos(np.pi * x / 2.0), 0.0, -((np.pi / 2.0) ** 2) * np.cos(np.pi * x / 2.0)
    d = chebyshev.differentiation(n) / 2.0
    matrix = np.zeros((n, n))
    matrix[:-1, :-1] = (d @ d - v * d)[1:-1, 1:-1]

    def nonlinear(w: np.ndarray) -> np.ndarray:
        u, decay = w[:, :-1], np.exp(-w[:, -1:])
        source = decay * (-s + v * slope - curvature) - (decay * s) ** 3
        return np.column_stack([u**3 + source, np.ones(len(w))])

    scheme = etdrk.dense(matrix, 1.0 / steps)
    w = np.append(s, 0.0)[None]
    for _ in range(steps):
        w = scheme.step(w, nonlinear)
    return float(np.abs(w[0, :-1] - np.exp(-1.0) * s).max())


def test_manufactured_solution_of_the_literature_is_reached_with_at_least_the_stiff_order() -> None:
    """u = e^{-t} (1 - x^2), v = 1, reaction u^3: its forcing does not vanish on the boundary, which costs up to one order."""
    errors = [manufactured_error(steps, "parabola") for steps in (10, 20, 40)]
    assert errors[-1] < 1e-7
    assert np.all(np.log2(np.divide(errors[:-1], errors[1:])) > 3.0)


def test_manufactured_solution_with_compatible_forcing_has_order_four() -> None:
    """u = e^{-t} cos(pi x / 2), v = 0, reaction u^3."""
    errors = [manufactured_error(steps, "cosine") for steps in (10, 20, 40)]
    np.testing.assert_allclose(np.log2(np.divide(errors[:-1], errors[1:])), 4.0, atol=0.3)


def test_order_in_time_is_four_and_in_space_spectral() -> None:
    task = find_task(TASK.name, {"reaction": 0.5, "time_count": 3, "diffusion": 0.05})
    coefficients = 0.5 * task.draw(stream("inputs", "order"), 4)
    best = dataclasses.replace(task, steps=256).outputs(coefficients)
    in_time = [np.abs(dataclasses.replace(task, steps=steps).outputs(coefficients) - best).max() for steps in (8, 16, 32)]
    np.testing.assert_allclose(np.log2(np.divide(in_time[:-1], in_time[1:])), 4.0, atol=0.5)
    best = dataclasses.replace(task, nodes=80, steps=16).outputs(coefficients)
    in_space = [
        np.abs(dataclasses.replace(task, nodes=nodes, steps=16).outputs(coefficients) - best).max() for nodes in (12, 20, 28)
    ]
    assert in_space[1] < in_space[0] / 10.0
    assert in_space[2] < in_space[1] / 10.0


def test_initial_and_boundary_values_vanish() -> None:
    u = TASK.outputs(TASK.draw(stream("inputs", "edges"), 8)).reshape(8, 100, 100)
    assert np.all(u[:, 0] == 0.0)
    assert np.all(u[:, :, [0, -1]] == 0.0)


def test_blow_up_is_not_returned_as_data() -> None:
    task = find_task(TASK.name, {"reaction": 20.0})
    with pytest.raises(DataInvalid, match=r"outputs of function .* are not finite"):
        BlockCache(None).block(task, "inputs", replicate=0, number=0)


def test_unresolved_boundary_layers_are_refused() -> None:
    with pytest.raises(UserError, match=r"expected nodes >= 100 .* got 64; raise nodes"):
        find_task(TASK.name, {"velocity": 10.0})
    assert find_task(TASK.name, {"velocity": 10.0, "nodes": 100}).nodes == 100


def test_differentiation_and_interpolation_are_exact_for_polynomials() -> None:
    n, x = 9, np.array([0.0, 0.123, 0.5, 1.0])
    polynomial = np.polynomial.Polynomial(np.arange(1.0, 11.0))
    nodes = chebyshev.nodes(n)
    np.testing.assert_allclose(chebyshev.differentiation(n) @ polynomial(nodes), polynomial.deriv()(nodes), rtol=1e-11)
    np.testing.assert_allclose(chebyshev.interpolation(n, x) @ polynomial(nodes), polynomial(x), rtol=1e-12)
    np.testing.assert_array_equal(grids.closed(1, 0.5), [0.5])
