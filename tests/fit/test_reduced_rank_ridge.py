"""Heads against direct least squares: ridge in closed form, Eckart and Young, errors by evaluation."""

import numpy as np
import pytest

from bench.fit.reduced_rank_ridge import CONSTANT_WEIGHT, solved, trunk_basis
from operators.arrays import Array


@pytest.fixture(scope="module")
def features() -> tuple[Array, ...]:
    """Features of 40 training and 9 validation functions and of 25 points, labels of both."""
    generator = np.random.default_rng(3)
    branch, others = (np.hstack([generator.standard_normal((n, 6)) * 10.0 ** np.arange(-2, 4), np.ones((n, 1))]) for n in (40, 9))
    trunk = np.hstack([generator.standard_normal((25, 5)), np.ones((25, 1))])
    return branch, others, trunk, generator.standard_normal((40, 25)), generator.standard_normal((9, 25))


@pytest.mark.parametrize("penalty", [0.0, 1e-3, 0.5])
@pytest.mark.parametrize("offset", [0.0, -1.7])
def test_errors_are_those_of_the_heads_for_every_rank(features: tuple[Array, ...], penalty: float, offset: float) -> None:
    branch, others, trunk, labels, held_out = features
    basis = trunk_basis(trunk, labels, held_out, offset=offset)
    (found,) = solved(branch, basis, [penalty], validation=others)
    for q in range(len(found.training)):
        heads = found.heads(q)
        for rows, values, errors in ((branch, labels, found.training), (others, held_out, found.validation)):
            residual = (rows @ heads[0]) @ (trunk @ heads[1]).T + offset - values
            assert errors[q] == pytest.approx(np.vdot(residual, residual), rel=1e-9)


def test_without_penalty_the_error_is_what_rank_leaves_of_the_labels_in_the_spans(features: tuple[Array, ...]) -> None:
    branch, _, trunk, labels, _ = features
    (found,) = solved(branch, trunk_basis(trunk, labels))
    left, right = np.linalg.qr(branch)[0], np.linalg.qr(trunk)[0]
    values = np.linalg.svd(left.T @ labels @ right, compute_uv=False)
    expected = np.vdot(labels, labels) - np.concatenate([[0.0], np.cumsum(values**2)])
    np.testing.assert_allclose(found.training, expected[: len(found.training)], rtol=1e-9)
    assert found.heads(9)[0].shape == (7, 9)


@pytest.mark.parametrize("alike", [False, True])
def test_full_rank_is_ridge_regression_on_scaled_features(features: tuple[Array, ...], alike: bool) -> None:
    branch, _, trunk, labels, _ = features
    (found,) = solved(branch, trunk_basis(trunk, labels), [0.02], alike=alike)
    squares = np.mean(branch**2, axis=0)
    scale = np.sqrt(np.full(7, squares[:-1].mean()) if alike else squares)
    scale[-1] = 1.0 / CONSTANT_WEIGHT
    rows, basis = branch / scale, np.linalg.qr(trunk)[0]
    weights = np.linalg.solve(rows.T @ rows + 0.02 * 40 * np.eye(7), rows.T @ (labels @ basis))
    heads = found.heads(6)
    np.testing.assert_allclose(branch @ heads[0] @ (trunk @ heads[1]).T, rows @ weights @ basis.T, atol=1e-7)


def test_units_of_features_do_not_matter(features: tuple[Array, ...]) -> None:
    branch, _, trunk, labels, _ = features
    factors = np.array([1e-3, 1e4, 1.0, 7.0, 1e2, 1e-5, 1.0])
    basis = trunk_basis(trunk, labels)
    first, second = (next(solved(rows, basis, [0.1])).training for rows in (branch, branch * factors))
    np.testing.assert_allclose(first, second, rtol=1e-9)
