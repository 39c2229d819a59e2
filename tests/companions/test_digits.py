"""The K-digit barrier: minimisers certified by duality and by another solver, the line by enumeration, the net's gradient."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime, linprog

from bench.families.digits import BITS
from operators.companions import digits
from operators.companions.two_layer import TanhNet

CASES = [(1, 10), (3, 20), (6, 30)]


@pytest.mark.parametrize(("count", "bits"), CASES)
def test_the_figures_are_met(count: int, bits: int) -> None:
    assert round(digits.separation(count, bits) * 10.0**count, 3) == 3.0
    first, second = (digits.matrix(count, bits, j) for j in (0, 1))
    assert np.linalg.norm(first - second, 2) * 2.0**bits == pytest.approx(0.71, abs=0.02)


@pytest.mark.parametrize("j", [0, 1])
@pytest.mark.parametrize(("count", "bits"), CASES)
def test_minimisers_have_no_duality_gap_and_others_have_one(count: int, bits: int, j: int) -> None:
    a, y, z = digits.matrix(count, bits, j), digits.right_side(), digits.minimiser(count, bits, j)
    assert abs(digits.duality_gap(a, y, z)) < 1e-14
    for other in (digits.minimiser(count, bits, 1 - j), 0.9 * z, 0.0 * z):
        assert digits.duality_gap(a, y, other) > 2.0 ** -(bits + 12) * 10.0**-count


@pytest.mark.parametrize("j", [0, 1])
def test_a_linear_program_finds_the_same_minimiser(j: int) -> None:
    """Where the misfit lies along y alone, |A z - y|_2 is an absolute value and the problem a linear program."""
    count, bits = 1, 4
    row = digits.right_side() @ digits.matrix(count, bits, j)
    cost = np.concatenate([np.ones(2 * len(row)), [1.0, 1.0]])
    equality = np.concatenate([row, -row, [1.0, -1.0]])[None]
    found = linprog(cost, A_eq=equality, b_eq=[1.0], method="highs").x
    np.testing.assert_allclose(found[: len(row)] - found[len(row) : -2], digits.minimiser(count, bits, j), atol=1e-9)


@pytest.mark.parametrize("reading", [0, 10, 20])
def test_no_answer_to_what_reads_alike_beats_the_line(reading: int) -> None:
    """Whatever stands for both instances errs by half their distance on average; the middle does not err by more."""
    mean, worst = digits.least_errors(3, BITS, reading)
    alike = [bits for bits in BITS if digits.read_alike(3, bits, reading)]
    assert bool(alike) == bool(reading) == (worst > 0.0)
    errors = np.zeros((len(BITS), 2))
    for place, bits in enumerate(BITS):
        if bits in alike:
            points = [digits.minimiser(3, bits, j) for j in (0, 1)]
            errors[place] = [np.linalg.norm(0.5 * (points[0] + points[1]) - point) for point in points]
    assert errors.mean() == pytest.approx(mean, rel=1e-12)
    assert errors.max() == pytest.approx(worst, rel=1e-12)
    assert all(bits >= reading - 1 for bits in alike)


def test_the_gradient_of_the_net_is_that_of_differences() -> None:
    random = np.random.default_rng(0)
    net, x, y = TanhNet(2, 3, 2), random.normal(size=(7, 2)), random.normal(size=(7, 2))
    theta = net.start(random)
    assert len(theta) == net.count
    numerical = approx_fprime(theta, lambda t: net.loss(t, x, y)[0], 1e-7)
    np.testing.assert_allclose(net.loss(theta, x, y)[1], numerical, atol=1e-6)
    assert net.loss(theta, x, y)[0] == pytest.approx(0.5 * np.mean(np.sum((net.apply(theta, x) - y) ** 2, axis=1)))
    assert net.loss(net.fitted(theta, x, y, iterations=50), x, y)[0] < net.loss(theta, x, y)[0]
