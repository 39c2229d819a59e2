"""Darcy flow against scikit-fem, closed forms, symmetries and the maximum principle; and the solvers it is built of."""

import dataclasses
import functools

import numpy as np
import pytest
import scipy.sparse as sparse
import skfem
from scipy.sparse.linalg import spsolve

from operators import TASKS, find_task
from operators.errors import UserError
from operators.numerics import conjugate_gradients, finite_volumes, subdomain
from operators.numerics.substructuring import Skeleton
from operators.seeds import stream

DARCY = TASKS["darcy"]
LOGNORMAL = TASKS["darcy-lognormal"]
SYMMETRIC = "MMD_AT_PLUS_A"
"""The order of elimination for matrices whose pattern is symmetric: less fill than the default."""


def relative(got: np.ndarray, expected: np.ndarray) -> float:
    return float(np.linalg.norm(got - expected) / np.linalg.norm(expected))


def finite_elements(lines: np.ndarray, coefficient: object, side: int) -> np.ndarray:
    """Quadratic finite elements on the tensor grid of these lines; values at the side x side nodes."""
    basis = skfem.Basis(skfem.MeshQuad.init_tensor(lines, lines), skfem.ElementQuad2(), intorder=4)
    stiffness = skfem.BilinearForm(lambda u, v, w: coefficient(*w.x) * (u.grad[0] * v.grad[0] + u.grad[1] * v.grad[1]))
    load = skfem.LinearForm(lambda v, _: 1.0 * v)
    system = skfem.condense(stiffness.assemble(basis), load.assemble(basis), D=basis.get_dofs())
    u = skfem.solve(*system, solver=skfem.solver_direct_scipy(permc_spec=SYMMETRIC))
    place = basis.mesh.p * (side - 1)
    node = np.rint(place).astype(int)
    on_grid = np.abs(place - node).max(axis=0) < 1e-9
    values = np.empty((side, side))
    values[node[0, on_grid], node[1, on_grid]] = u[basis.nodal_dofs[0]][on_grid]
    return values


def graded_to_jumps(side: int, offsets: list[float]) -> np.ndarray:
    """Grid lines at the nodes and, within each half cell, at these fractions of its width from the line where a jumps."""
    jumps = (np.arange(side - 1) + 0.5) / (side - 1)
    steps = np.concatenate([-np.array(offsets), [0.0], offsets]) / (2.0 * (side - 1))
    return np.unique(np.round((jumps[:, None] + steps).ravel(), 12))


def five_point(a: np.ndarray, refinement: int) -> np.ndarray:
    """Finite volumes with harmonic means, a constant on the control volumes of the nodes; one sparse solve."""
    side = len(a)
    n = (side - 1) * refinement
    nearest = (np.arange(n + 1) + refinement // 2) // refinement
    a = a[np.ix_(nearest, nearest)]
    east = 2.0 / (1.0 / a[:-1, 1:-1] + 1.0 / a[1:, 1:-1])
    north = 2.0 / (1.0 / a[1:-1, :-1] + 1.0 / a[1:-1, 1:])
    centre = east[:-1] + east[1:] + north[:, :-1] + north[:, 1:]
    coupling = np.hstack([north[:, 1:-1], np.zeros((n - 1, 1))]).ravel()[:-1]
    matrix = sparse.diags_array([centre.ravel(), -coupling, -east[1:-1].ravel()], offsets=[0, 1, n - 1])
    matrix = matrix + sparse.triu(matrix, 1).T
    u = np.zeros((n + 1, n + 1))
    u[1:-1, 1:-1] = spsolve(matrix.tocsc(), np.full((n - 1) ** 2, 1.0 / n**2), permc_spec=SYMMETRIC).reshape(n - 1, n - 1)
    return u[::refinement, ::refinement]


def poisson_series(side: int) -> np.ndarray:
    """-Lap u = 1: u = sum over odd j, k of 16 sin(j pi x) sin(k pi y) / (pi^4 j k (j^2 + k^2)), one sum in closed form."""
    x, j = np.linspace(0.0, 1.0, side), np.arange(1, 400, 2)
    y = x[:, None] - 0.5
    profile = 1.0 - (np.exp(j * np.pi * (y - 0.5)) + np.exp(-j * np.pi * (y + 0.5))) / (1.0 + np.exp(-j * np.pi))
    return (4.0 / (np.pi * j) ** 3 * np.sin(np.pi * np.outer(x, j))) @ profile.T


@pytest.mark.parametrize(("side", "offsets", "functions"), [(15, [0.03, 0.2, 1.0], 2), (29, [0.04, 0.25, 1.0], 1)])
def test_two_valued_agrees_with_scikit_fem_to_the_error_on_the_card(side: int, offsets: list[float], functions: int) -> None:
    task = find_task("darcy", {"side": side})
    coefficients = task.draw(stream("inputs", "darcy"), functions)
    for a, u in zip(task.inputs(coefficients), task.outputs(coefficients), strict=True):
        table = a.reshape(side, side)

        def coefficient(x: np.ndarray, y: np.ndarray, table: np.ndarray = table) -> np.ndarray:
            return table[np.rint(x * (side - 1)).astype(int), np.rint(y * (side - 1)).astype(int)]

        expected = finite_elements(graded_to_jumps(side, offsets), coefficient, side)
        assert relative(u.reshape(side, side), expected) <= task.card.solver_error


def test_checkerboard_the_most_singular_coefficient_agrees_with_scikit_fem() -> None:
    side = 8
    i = np.arange(side)
    high = (i[:, None] + i) % 2 == 0
    u = Skeleton(side - 1, 3.0, 12.0, 4, 32).solve(high[..., None], tolerance=1e-9)[..., 0]
    table = np.where(high, 12.0, 3.0)
    lines = graded_to_jumps(side, [1e-4, 1e-3, 0.01, 0.06, 0.25, 1.0])
    expected = finite_elements(lines, lambda x, y: table[np.rint(x * 7).astype(int), np.rint(y * 7).astype(int)], side)
    assert relative(u, expected) < 1e-3


def test_finite_volumes_approach_the_two_valued_solution_under_refinement_and_are_far_from_it_unrefined() -> None:
    coefficients = DARCY.draw(stream("inputs", "refined"), 1)
    a, u = (part(coefficients)[0].reshape(29, 29) for part in (DARCY.inputs, DARCY.outputs))
    gaps = [relative(five_point(a, refinement), u) for refinement in (1, 3, 9)]
    assert 5e-3 < gaps[0] < 3e-2
    orders = np.log(np.divide(gaps[:-1], gaps[1:])) / np.log(3.0)
    assert np.all((orders > 1.0) & (orders < 2.0))


def test_error_falls_with_the_degree_of_the_traces() -> None:
    coefficients = DARCY.draw(stream("inputs", "degree"), 2)
    best = dataclasses.replace(DARCY, degree=5).outputs(coefficients)
    errors = [relative(dataclasses.replace(DARCY, degree=degree).outputs(coefficients), best) for degree in (1, 2, 3)]
    assert errors[1] < errors[0] / 10.0
    assert errors[2] < errors[1] / 2.0


def test_error_falls_with_the_refinement_of_the_cells() -> None:
    coefficients = DARCY.draw(stream("inputs", "cells"), 2)
    best = dataclasses.replace(DARCY, refinement=48).outputs(coefficients)
    errors = [relative(dataclasses.replace(DARCY, refinement=r).outputs(coefficients), best) for r in (4, 8, 16)]
    assert errors[1] < errors[0] / 2.5
    assert errors[2] < errors[1] / 2.5


@pytest.mark.parametrize("side", [5, 6, 29])
def test_constant_coefficient_gives_the_poisson_series(side: int) -> None:
    high = np.zeros((side, side, 1), dtype=bool)
    u = Skeleton(side - 1, 2.0, 2.0, 3, 16).solve(high, tolerance=1e-10)[..., 0]
    assert relative(2.0 * u, poisson_series(side)) < 2e-5 * (28 / (side - 1)) ** 2


def test_solution_scales_with_the_coefficient() -> None:
    coefficients = DARCY.draw(stream("inputs", "scale"), 3)
    halved = find_task("darcy", {"high": 6.0, "low": 1.5})
    np.testing.assert_allclose(halved.outputs(coefficients), 2.0 * DARCY.outputs(coefficients), rtol=1e-6, atol=1e-12)


def test_solution_has_the_symmetries_of_the_square() -> None:
    high = stream("inputs", "symmetry").random((8, 8, 1)) < 0.5
    solve = functools.partial(Skeleton(7, 3.0, 12.0, 2, 8).solve, tolerance=1e-11)
    u = solve(high)
    np.testing.assert_allclose(solve(high[::-1]), u[::-1], atol=1e-12)
    np.testing.assert_allclose(solve(high[:, ::-1]), u[:, ::-1], atol=1e-12)
    np.testing.assert_allclose(solve(high.transpose(1, 0, 2)), u.transpose(1, 0, 2), atol=1e-12)


def test_maximum_principle_and_the_published_size_of_the_solution() -> None:
    """For 12/3 the largest value of u is about .0115-.0148 (tasks of the literature); 0.0737 / a bounds it from both sides."""
    u = DARCY.outputs(DARCY.draw(stream("inputs", "maximum"), 64))
    assert u.min() == 0.0
    largest = u.max(axis=1)
    assert 0.0115 - 0.003 < np.median(largest) < 0.0148
    assert np.all((largest > 0.0736 / 12.0) & (largest < 0.0737 / 3.0))


def test_inputs_take_two_values_each_about_half_of_the_time() -> None:
    a = DARCY.inputs(DARCY.draw(stream("inputs", "values"), 200))
    assert set(np.unique(a)) == {3.0, 12.0}
    assert np.mean(a == 12.0) == pytest.approx(0.5, abs=0.05)


def test_high_below_low_is_refused() -> None:
    with pytest.raises(UserError, match="expected high >= low"):
        find_task("darcy", {"high": 1.0})


def test_schur_complement_reproduces_linear_functions_and_constants() -> None:
    """On one cell with a = 1 the energy of u = x is 1 and constants have none; the loads of a cell add up to its area."""
    degree = 3
    matrix, load = subdomain.schur((1.0, 1.0, 1.0, 1.0), degree, 8)
    lobatto = 0.25 * (1.0 + np.polynomial.legendre.Legendre.basis(degree).deriv().roots())
    pairs = len(lobatto)
    one = np.concatenate([np.ones(4)] + 4 * [[1.0], np.full(pairs, np.sqrt(2.0)), np.zeros(pairs)])
    along = np.concatenate([[0.5], np.full(pairs, np.sqrt(0.5)), np.sqrt(0.5) * (2.0 * lobatto - 1.0)])
    x = np.concatenate([[0.0, 1.0, 0.0, 1.0], along, along, np.zeros(1 + 2 * pairs), one[4 : 5 + 2 * pairs]])
    np.testing.assert_allclose(matrix @ one, 0.0, atol=1e-11)
    assert x @ matrix @ x == pytest.approx(1.0, abs=1e-11)
    assert load @ one == pytest.approx(1.0, abs=1e-12)


def lognormal_coefficient(z: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Evaluate a = exp(g) at scattered points, by the cosine sum."""
    j = np.arange(29)
    deviations = 1.0 / (np.pi**2 * (j[:, None] ** 2 + j**2) + 9.0)
    deviations[0, 0] = 0.0
    scale = np.where(j == 0, 1.0, np.sqrt(2.0))
    weights = z.reshape(29, 29) * deviations / np.linalg.norm(deviations) * scale[:, None] * scale
    cosines = [np.cos(np.pi * j[:, None] * points.ravel()) for points in (x, y)]
    return np.exp(np.sum(cosines[0] * (weights @ cosines[1]), axis=0)).reshape(x.shape)


def test_lognormal_agrees_with_scikit_fem_to_the_error_on_the_card() -> None:
    coefficients = LOGNORMAL.draw(stream("inputs", "lognormal"), 1)
    for z, u in zip(coefficients, LOGNORMAL.outputs(coefficients), strict=True):
        expected = finite_elements(np.linspace(0.0, 1.0, 57), functools.partial(lognormal_coefficient, z), 29)
        assert relative(u.reshape(29, 29), expected) <= LOGNORMAL.card.solver_error


def test_lognormal_worst_error_of_a_block_is_within_the_card_and_the_order_is_four() -> None:
    coefficients = LOGNORMAL.draw(stream("inputs", "order"), 24)
    coarse, fine = (LOGNORMAL.finite_volumes(coefficients, refinement) for refinement in (2, 6))
    best = (9.0 * fine - coarse) / 8.0
    error = np.linalg.norm(LOGNORMAL.outputs(coefficients) - best, axis=1) / np.linalg.norm(best, axis=1)
    assert error.max() <= LOGNORMAL.card.solver_error
    unrefined, halved = (relative(LOGNORMAL.finite_volumes(coefficients, refinement), best) for refinement in (1, 2))
    assert np.log2(unrefined / halved) == pytest.approx(2.0, abs=0.1)
    finest = (9.0 * LOGNORMAL.finite_volumes(coefficients[:4], 12) - LOGNORMAL.finite_volumes(coefficients[:4], 4)) / 8.0
    assert np.log2(relative(LOGNORMAL.outputs(coefficients[:4]), finest) / relative(best[:4], finest)) == pytest.approx(
        4.0, abs=0.6
    )


def test_extrapolation_removes_the_leading_error_for_the_poisson_equation() -> None:
    """sigma = 0: a = 1 whatever g; the leading error is 1e-3 on the sensor grid."""
    u = find_task("darcy-lognormal", {"deviation": 0.0}).outputs(np.zeros((1, 29**2)))
    assert relative(u.reshape(29, 29), poisson_series(29)) < 1.2e-6


def test_finite_volumes_have_order_two_on_a_manufactured_solution() -> None:
    """u = sin(pi x) sin(2 pi y), a = exp(x - y / 2)."""

    def error(n: int) -> float:
        node, middle = np.arange(1, n) / n, (np.arange(n) + 0.5) / n
        x, y = node[:, None], node
        u = np.sin(np.pi * x) * np.sin(2.0 * np.pi * y)
        slope_x = np.pi * np.cos(np.pi * x) * np.sin(2.0 * np.pi * y)
        slope_y = 2.0 * np.pi * np.sin(np.pi * x) * np.cos(2.0 * np.pi * y)
        a = np.exp(x - y / 2.0)
        right = a * (5.0 * np.pi**2 * u - slope_x + 0.5 * slope_y)
        faces = (np.exp(middle[:, None] - y / 2.0), np.exp(x - middle / 2.0), a)
        got = finite_volumes.solve(*(face[..., None] for face in faces), right=right[..., None], tolerance=1e-12)
        return relative(got[1:-1, 1:-1, 0], u)

    errors = [error(n) for n in (16, 32, 64)]
    np.testing.assert_allclose(np.log2(np.divide(errors[:-1], errors[1:])), 2.0, atol=0.05)


def test_conjugate_gradients_solve_every_system_of_the_batch_or_say_that_they_do_not() -> None:
    generator = stream("inputs", "systems")
    root = generator.standard_normal((5, 12, 12))
    systems = root @ root.transpose(0, 2, 1) + np.eye(12)
    right = generator.standard_normal((12, 5))

    def matrix(v: np.ndarray) -> np.ndarray:
        return np.einsum("nij,jn->in", systems, v)

    identity = np.positive
    x = conjugate_gradients.solve(matrix, right, precondition=identity, tolerance=1e-12, iterations=60)
    np.testing.assert_allclose(x.T, np.linalg.solve(systems, right.T[..., None])[..., 0], atol=1e-9)
    with pytest.raises(ValueError, match="convergence"):
        conjugate_gradients.solve(matrix, right, precondition=identity, tolerance=1e-12, iterations=3)
