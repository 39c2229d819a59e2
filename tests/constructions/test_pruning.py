"""Coded nets and their pruning: derivatives against differences, heads against least squares, targets kept."""

from dataclasses import replace

import numpy as np
import pytest

from operators import find_task
from operators.architectures.deeponet import DeepONet
from operators.constructions import pruning
from operators.constructions.coded_net import RIDGE, Fit, Side, solved
from operators.constructions.explicit import explicit_sizes
from operators.constructions.pruning import prunable, pruned
from operators.data.dataset import Request, build
from operators.data.normalisation import Problem, predict, scaled
from operators.diagnostics.floor import floors_of


def sides(rng: np.random.Generator) -> tuple[Side, Side]:
    def side(count: int, kept: int, first: int, units: int) -> Side:
        basis = np.hstack([rng.standard_normal((count, kept)), np.ones((count, 1))])
        slopes = 2.0 * rng.standard_normal((first, units))
        return Side(basis, 0.4 * rng.standard_normal((kept + 1, first)), slopes, rng.standard_normal(units))

    return side(12, 4, 2, 5), side(10, 1, 1, 4)


def test_steps_are_along_the_gradient_of_what_is_minimised() -> None:
    rng = np.random.default_rng(0)
    both, target = sides(rng), rng.standard_normal((12, 10))
    fit = solved(target, *both, 0.2, 3)
    for number, (side, (_, gradient)) in enumerate(zip(both, pruning._steps(fit), strict=True)):
        for place in range(side.size):
            step = np.zeros(side.size)
            step[place] = 1e-6
            moved = [
                solved(target, *(one.moved(sign * step) if k == number else one for k, one in enumerate(both)), 0.2, 3).value
                for sign in (1.0, -1.0)
            ]
            assert (moved[0] - moved[1]) / 2e-6 == pytest.approx(-2.0 * gradient[place], rel=1e-5, abs=1e-6)


def test_heads_are_the_best_of_their_rank_with_the_ridge() -> None:
    rng = np.random.default_rng(1)
    branch, trunk = sides(rng)
    fit = solved(rng.standard_normal((12, 10)), branch, trunk, 0.0, 2)
    middle = fit.branch_head @ fit.trunk_head.T

    def value(change: np.ndarray) -> float:
        padded = np.zeros((fit.rest.shape[0], fit.rest.shape[1]))
        padded += branch.bordered() @ (middle + change) @ trunk.bordered().T
        whole = fit.rest + branch.bordered() @ middle @ trunk.bordered().T
        return float(np.sum((whole - padded) ** 2))

    assert value(np.zeros_like(middle)) == pytest.approx(fit.value)
    for _ in range(50):
        left, right = 1e-3 * rng.standard_normal(fit.branch_head.shape), 1e-3 * rng.standard_normal(fit.trunk_head.shape)
        change = (fit.branch_head + left) @ (fit.trunk_head + right).T - middle
        assert value(change) >= fit.value * (1.0 - 1e-12)
    assert fit.value >= fit.error
    assert RIDGE > 0.0


@pytest.fixture(scope="module")
def noisy() -> Problem:
    request = Request(find_task("antiderivative"), functions=14, points=12, noise_law="rademacher", sigma=0.3)
    return scaled(build(request), "standard", "unit", "task")


@pytest.mark.parametrize(("activation", "ends"), [("tanh", "activated-trunk"), ("tanh", "linear"), ("silu", "activated-trunk")])
def test_a_pruned_net_is_smaller_than_the_explicit_one_and_keeps_the_target(noisy: Problem, activation, ends) -> None:
    floors = floors_of(noisy)
    assert floors is not None
    allowed = float(floors[3]) * 1.3
    like = DeepONet(noisy.inputs.shape[1], 1, (3, 3), (3, 3), 1, activation, ends)
    found = pruned(like, noisy, 4, allowed, cpu_seconds=0.4)
    assert found is not None
    explicit = explicit_sizes(like, 14, 12, 4)
    assert (found.net.activation, found.net.ends, found.net.q) == (activation, ends, 4)
    assert found.net.parameter_count() < explicit.parameter_count()
    assert np.mean((noisy.labels - predict(found.net, found.weights, noisy)) ** 2) <= allowed


def test_a_target_below_the_floor_is_not_found(noisy: Problem) -> None:
    floors = floors_of(noisy)
    assert floors is not None
    like = DeepONet(noisy.inputs.shape[1], 1, (3, 3), (3, 3), 1)
    assert pruned(like, noisy, 3, float(floors[3]) * 0.99, cpu_seconds=0.1) is None


def test_other_nets_and_designs_are_refused(noisy: Problem) -> None:
    like = DeepONet(noisy.inputs.shape[1], 1, (3, 3), (3, 3), 1)
    assert prunable(like)
    for other in (replace(like, branch_widths=(3,)), replace(like, activation="relu"), replace(like, ends="sigmoid")):
        assert not prunable(other)
        with pytest.raises(ValueError, match="two hidden layers"):
            pruned(other, noisy, 2, 1.0, cpu_seconds=0.1)


def test_a_short_path_through_points_on_a_line_is_the_line() -> None:
    rng = np.random.default_rng(2)
    order = rng.permutation(15)
    values = np.outer(order.astype(float), [1.0, -2.0])
    codes = pruning._along_a_path(values)
    assert np.corrcoef(codes, order)[0, 1] ** 2 == pytest.approx(1.0, abs=1e-12)


def test_the_bias_moves_where_it_lowers_the_error() -> None:
    rng = np.random.default_rng(3)
    both = sides(rng)
    target = rng.standard_normal((12, 10)) + 5.0
    fit: Fit = solved(target, *both, 0.0, 1)
    step = pruning._bias_step(fit)
    assert solved(target, *both, 0.1 * step, 1).value < fit.value
