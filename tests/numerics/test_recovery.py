"""Recovery of solution operators from products: the randomised SVD within its law, and peeling at its exponential rate."""

import numpy as np
import pytest

from operators.numerics import five_point
from operators.numerics.middle_line import greens_function
from operators.numerics.peeling import off_diagonal_singular_values, peel
from operators.numerics.randomised_svd import expected_error, recover
from operators.seeds import stream

SIDE = 24


def poisson(columns: np.ndarray) -> np.ndarray:
    """The solution operator of five-point differences, which is its own adjoint."""
    fields = columns.T.reshape(-1, SIDE - 1, SIDE - 1)
    return five_point.solve(fields).reshape(len(fields), -1).T


SPECTRUM = np.sort(1.0 / five_point.eigenvalues(SIDE).ravel())[::-1]
WHOLE = poisson(np.eye((SIDE - 1) ** 2))


@pytest.mark.parametrize(("k", "p"), [(4, 2), (10, 5), (40, 10)])
def test_mean_square_error_of_the_randomised_svd_is_within_its_law(k: int, p: int) -> None:
    squares = []
    for draw in range(30):
        inputs = stream("inputs", "recovery", str(draw)).standard_normal(((SIDE - 1) ** 2, k + p))
        basis, rows = recover(poisson, poisson, inputs)
        squares.append(np.sum((WHOLE - basis @ rows) ** 2))
    law, best = expected_error(SPECTRUM, k, p) ** 2, np.sum(SPECTRUM[k + p :] ** 2)
    assert best < np.mean(squares)
    assert np.mean(squares) + 3.0 * np.std(squares) / np.sqrt(30) <= law


def test_the_law_is_sharp_to_a_factor_where_the_spectrum_is_flat() -> None:
    """F = I of size n: |F - Q Q^T F|^2 = n - k - p whatever Q, and the law says (1 + k / (p - 1)) (n - k)."""
    basis, rows = recover(lambda v: v, lambda v: v, stream("inputs", "flat").standard_normal((60, 12)))
    assert np.sum((np.eye(60) - basis @ rows) ** 2) == pytest.approx(48.0)
    assert expected_error(np.ones(60), 10, 2) ** 2 == pytest.approx(11.0 * 50.0)
    with pytest.raises(ValueError, match="oversampling of at least 2"):
        expected_error(SPECTRUM, 10, 1)


def test_a_map_of_rank_k_is_recovered_exactly() -> None:
    left, right = (stream("inputs", name).standard_normal((50, 6)) for name in ("left", "right"))
    exact = left @ right.T
    basis, rows = recover(lambda v: exact @ v, lambda v: exact.T @ v, stream("inputs", "six").standard_normal((50, 6)))
    np.testing.assert_allclose(basis @ rows, exact, atol=1e-11)


def test_greens_function_of_an_interval_is_peeled_exactly_at_rank_one() -> None:
    """-u'' = f, u(0) = u(1) = 0: min(x, s) (1 - max(x, s)) has off-diagonal blocks of rank 1; 4 log2(n / m) + m products."""
    x = (np.arange(256) + 0.5) / 256
    green = np.minimum(x[:, None], x) * (1.0 - np.maximum(x[:, None], x))
    peeled = peel(lambda v: green @ v, lambda v: green.T @ v, 256, 1, 8, stream("inputs", "interval"))
    np.testing.assert_allclose(peeled.matrix, green, atol=1e-9)
    assert peeled.products == 4 * 5 + 8


def test_a_matrix_that_is_not_symmetric_is_peeled_with_its_adjoint() -> None:
    """Upwind advection-diffusion on a line: rank 1 above and below the diagonal."""
    n = 64
    matrix = np.linalg.inv(np.diag(np.full(n, 3.0)) - 2.0 * np.eye(n, k=-1) - 0.5 * np.eye(n, k=1))
    peeled = peel(lambda v: matrix @ v, lambda v: matrix.T @ v, n, 1, 4, stream("inputs", "upwind"))
    np.testing.assert_allclose(peeled.matrix, matrix, atol=1e-10)


def test_middle_line_sees_what_five_point_differences_give_on_it() -> None:
    """A load on the middle row, n f per node, against smooth f; order 1, as u has a kink there."""
    gaps = []
    for n in (32, 64, 128):
        x = np.arange(1, n) / n
        load = np.zeros((1, n - 1, n - 1))
        load[0, :, n // 2 - 1] = n * x * (1.0 - x) ** 2
        seen = five_point.solve(load)[0, :, n // 2 - 1]
        middles = (np.arange(n) + 0.5) / n
        expected = greens_function(n) @ (middles * (1.0 - middles) ** 2)
        gaps.append(np.abs(np.interp(middles, x, seen) - expected)[2:-2].max() / expected.max())
    assert gaps[0] < 0.01
    assert gaps[0] > 1.7 * gaps[1] > 2.9 * gaps[2]


def test_error_of_peeling_falls_exponentially_with_the_rank_as_the_singular_values_of_the_blocks_do() -> None:
    """The kernel is singular like log |x - s|: blocks that touch, at every level."""
    matrix, ranks = greens_function(256), np.arange(2, 13, 2)
    values = off_diagonal_singular_values(matrix, 16)
    errors = []
    for rank in ranks:
        found = [
            peel(lambda v: matrix @ v, lambda v: matrix.T @ v, 256, rank, 16, stream("inputs", "line", str(draw))).matrix
            for draw in range(3)
        ]
        errors.append(np.exp(np.mean([np.log(np.linalg.norm(matrix - one, 2)) for one in found])))
    rate, of_blocks = (np.polyfit(ranks, np.log(one), 1)[0] for one in (errors, values[ranks]))
    assert rate == pytest.approx(of_blocks, rel=0.2)
    assert rate < -0.8
    residuals = np.log(errors) - np.polyval(np.polyfit(ranks, np.log(errors), 1), ranks)
    assert np.abs(residuals).max() < 1.5
    assert np.all(np.array(errors) >= values[ranks])


def test_sizes_that_cannot_be_halved_are_refused() -> None:
    for n, rank, leaf in ((48, 2, 8), (64, 9, 8), (64, 0, 8), (60, 2, 8)):
        with pytest.raises(ValueError, match="expected n = leaf"):
            peel(lambda v: v, lambda v: v, n, rank, leaf, stream("inputs", "refused"))
