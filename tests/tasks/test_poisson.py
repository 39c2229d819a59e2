"""Poisson's equation on the square against finite elements, a sparse factorisation and the published generator."""

from itertools import pairwise

import numpy as np
import scipy.sparse as sparse
import skfem
from scipy.interpolate import RectBivariateSpline
from scipy.sparse.linalg import splu

from operators import TASKS, find_task
from operators.data.dataset import Request, build
from operators.numerics import five_point
from operators.seeds import stream

TASK = TASKS["poisson"]


def relative(got: np.ndarray, expected: np.ndarray) -> float:
    return float(np.linalg.norm(got - expected) / np.linalg.norm(expected))


def sparse_solve(f: np.ndarray) -> np.ndarray:
    """Five-point differences for node values f (n + 1, n + 1), by a sparse factorisation."""
    n = len(f) - 1
    line = sparse.diags_array([np.full(n - 2, -1.0), np.full(n - 1, 2.0), np.full(n - 2, -1.0)], offsets=[-1, 0, 1])
    identity = sparse.eye_array(n - 1)
    matrix = n**2 * (sparse.kron(line, identity) + sparse.kron(identity, line))
    u = np.zeros_like(f)
    u[1:-1, 1:-1] = splu(matrix.tocsc()).solve(f[1:-1, 1:-1].ravel()).reshape(n - 1, n - 1)
    return u


def test_finite_elements_agree_to_the_error_on_the_card() -> None:
    """Quadratic elements on 56 x 56 squares, for a law cut at 24 modes, which they resolve."""
    task = find_task("poisson", {"modes": 24})
    coefficients = task.draw(stream("inputs", "elements"), 1)
    weights = coefficients[0].reshape(24, 24) * task.field.deviations

    def right(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        k = np.arange(24)[:, None]
        lines = [np.where(k == 0, 1.0, np.sqrt(2.0)) * np.cos(np.pi * k * z.ravel()) for z in (x, y)]
        return np.sum(lines[0] * (weights @ lines[1]), axis=0).reshape(x.shape)

    lines = np.linspace(0.0, 1.0, 57)
    basis = skfem.Basis(skfem.MeshQuad.init_tensor(lines, lines), skfem.ElementQuad2(), intorder=5)
    stiffness = skfem.BilinearForm(lambda u, v, _: u.grad[0] * v.grad[0] + u.grad[1] * v.grad[1])
    load = skfem.LinearForm(lambda v, w: right(*w.x) * v)
    u = skfem.solve(*skfem.condense(stiffness.assemble(basis), load.assemble(basis), D=basis.get_dofs()))
    place = basis.mesh.p * 28
    node = np.rint(place).astype(int)
    kept = np.abs(place - node).max(axis=0) < 1e-9
    expected = np.empty((29, 29))
    expected[node[0, kept], node[1, kept]] = u[basis.nodal_dofs[0]][kept]
    assert relative(task.outputs(coefficients)[0].reshape(29, 29), expected) <= task.card.solver_error


def test_a_sparse_factorisation_gives_the_same_to_rounding() -> None:
    task = find_task("poisson", {"side": 8, "refinement": 5, "modes": 50})
    coefficients = task.draw(stream("inputs", "sparse"), 2)
    x = np.linspace(0.0, 1.0, 36)
    fields = task.field.evaluate(coefficients, x, x)
    expected = [sparse_solve(f)[::5, ::5].ravel() for f in fields]
    np.testing.assert_allclose(task.outputs(coefficients), expected, atol=1e-15)


def test_sine_transforms_solve_what_a_sparse_factorisation_solves() -> None:
    f = stream("inputs", "transform").standard_normal((2, 31, 31))
    for got, right in zip(five_point.solve(f), np.pad(f, ((0, 0), (1, 1), (1, 1))), strict=True):
        np.testing.assert_allclose(got, sparse_solve(right)[1:-1, 1:-1], atol=1e-15)


def test_order_is_two_towards_the_differential_equation() -> None:
    """u = sin(pi x) sin(2 pi y), f = 5 pi^2 u; and differences of tasks that differ in their grid."""
    errors = []
    for n in (8, 16, 32):
        x = np.arange(1, n) / n
        u = np.outer(np.sin(np.pi * x), np.sin(2.0 * np.pi * x))
        errors.append(relative(five_point.solve(5.0 * np.pi**2 * u[None])[0], u))
    np.testing.assert_allclose(np.log2(np.divide(errors[:-1], errors[1:])), 2.0, atol=0.05)
    coefficients = find_task("poisson", {"side": 8, "modes": 16}).draw(stream("inputs", "order"), 3)
    grids = [find_task("poisson", {"side": 8, "modes": 16, "refinement": r}).outputs(coefficients) for r in (4, 8, 16)]
    steps = [relative(coarse, fine) for coarse, fine in pairwise(grids)]
    assert 3.7 < steps[0] / steps[1] < 4.3


def test_published_generator_gives_nearly_the_same_function() -> None:
    """f on cell centres, cubic splines to the nodes, a sparse solve: another path to the same draw, here on 113 nodes."""
    task = find_task("poisson", {"refinement": 4, "modes": 40})
    coefficients = task.draw(stream("inputs", "generator"), 1)
    centres, nodes = (np.arange(113) + 0.5) / 113, np.linspace(0.0, 1.0, 113)
    f = task.field.evaluate(coefficients, centres, centres)[0]
    u = sparse_solve(RectBivariateSpline(centres, centres, f)(nodes, nodes))
    assert relative(task.outputs(coefficients)[0].reshape(29, 29), u[::4, ::4]) < 2e-3


def test_law_is_the_published_one_and_the_modes_left_out_are_few() -> None:
    squares = np.add.outer(np.arange(421) ** 2, np.arange(421) ** 2)
    variances = 9.0 * (np.pi**2 * squares + 9.0) ** -2.0
    variances[0, 0] = 0.0
    np.testing.assert_allclose(TASK.field.deviations**2, variances[:128, :128], rtol=1e-12)
    assert 1.0 - variances[:128, :128].sum() / variances.sum() < 1e-4


def test_spectrum_of_the_solution_operator_is_the_closed_form() -> None:
    spectrum = five_point.solution_spectrum(12)
    np.testing.assert_allclose(1.0 / (np.pi**2 * spectrum), [2, 5, 5, 8, 10, 10, 13, 13, 17, 17, 18, 20])
    n = 40
    unit = np.eye((n - 1) ** 2)[:, :: (n - 1) ** 2 // 60].T.reshape(-1, n - 1, n - 1)
    eigenvalues = np.sort(1.0 / five_point.eigenvalues(n).ravel())[::-1]
    np.testing.assert_allclose(eigenvalues[:12], spectrum, rtol=2e-2)
    images = five_point.solve(unit)
    assert np.abs(images.reshape(len(unit), -1) @ five_point.solve(images).reshape(len(unit), -1).T).max() <= eigenvalues[0] ** 3


def test_rank_floors_are_those_of_the_regenerated_data() -> None:
    """Outside figures for 1,000 functions: .088, .034, .0128, .0046 at q = 8, 16, 32, 64; 320 functions have smaller ones."""
    labels = build(Request(TASK, "grid", 320, 841)).labels
    tails = np.sqrt(np.cumsum(np.linalg.svd(labels, compute_uv=False)[::-1] ** 2)[::-1])
    np.testing.assert_allclose(tails[[8, 16, 32, 64]] / tails[0], [0.088, 0.034, 0.0128, 0.0046], rtol=0.12)
