"""Factors in (0, 1): planted ones are found again, and a net with sigmoid ends takes them on, untrained."""

import numpy as np
import pytest

from bench.cell import Cell, Net
from bench.question import Question
from bench.search.constructed import constructed_witness
from bench.search.lower_ends import lower_ends
from operators.architectures.deeponet import DeepONet
from operators.constructions.free_factors import free_factors, sigmoid_net
from operators.data.dataset import BlockCache
from operators.data.normalisation import Problem, predict
from results.records.manifest import Target
from results.witnesses.verification import verify


def planted(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.asarray(rng.uniform(0.1, 0.9, (9, 2)) @ rng.uniform(0.1, 0.9, (2, 7)) - 0.4)


@pytest.mark.parametrize("seed", range(3))
def test_planted_factors_are_found_to_a_thousandth_and_a_wider_range_is_not(seed: int) -> None:
    target = planted(seed)
    assert free_factors(target, 2).error <= 1e-6 * np.var(target)
    wide = 8.0 * (target - target.mean()) / np.ptp(target)
    assert free_factors(wide, 2).error >= 1e-2 * np.var(wide)


def test_a_rank_one_matrix_of_both_signs_needs_two_factors() -> None:
    matrix = np.outer([1.0, 2.0], [1.0, -1.0, 0.0]) / 8.0
    assert free_factors(matrix, 1).error >= 0.598 / 10.0 * np.mean(matrix**2) * 0.999
    assert free_factors(matrix, 2).error <= 1e-4 * np.mean(matrix**2)


@pytest.mark.parametrize("activation", ["tanh", "relu", "silu"])
def test_the_net_has_the_values_of_the_factors(activation: str) -> None:
    rng, target = np.random.default_rng(0), planted(0)
    problem = Problem(
        design="grid",
        inputs=rng.standard_normal((9, 5)),
        points=rng.standard_normal((7, 2)),
        index=np.arange(7),
        labels=0.3 + 1.7 * target,
        mean=np.asarray(0.3),
        scale=np.asarray(1.7),
        unit=1.0,
        test_inputs=np.zeros((1, 5)),
    )
    net, weights = sigmoid_net(DeepONet(5, 2, (4, 4), (4,), 1, activation, "sigmoid"), problem, 2)
    net.check(weights)
    assert (net.branch_widths, net.trunk_widths, net.q) == ((1, 8), (6,), 2)
    error = np.mean((predict(net, weights, problem) - problem.labels) ** 2)
    assert error == pytest.approx(1.7**2 * free_factors((problem.labels - 0.3) / 1.7, 2).error, rel=1e-6, abs=1e-16)
    with pytest.raises(ValueError, match="expected sigmoid ends"):
        sigmoid_net(DeepONet(5, 2, (4, 4), (4,), 1, "tanh", "linear"), problem, 2)


def test_a_question_about_sigmoid_ends_gets_a_witness_that_is_called_trained() -> None:
    cell = Cell(task="heat", functions=12, points=12, architecture=Net(branch_widths=(8, 8), trunk_widths=(8, 8), ends="sigmoid"))
    asked, cache = Question(cell, Target(kind="relative", value=0.2)), BlockCache(None)
    bracket = lower_ends(asked, cache)
    witness = constructed_witness(asked, bracket.q_lower, cache)
    assert witness is not None
    assert verify(witness).passed
    assert witness.header.origin.made == "trained"
    assert witness.header.net().ends == "sigmoid"
    assert witness.header.architecture.q >= bracket.q_lower
