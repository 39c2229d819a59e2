"""Last layers by least squares: gradients against the dense reference, descent, planted ends, all designs and ends."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import scipy
from hypothesis import given
from hypothesis import strategies as st

from bench.cell import Cell, Net, Training
from bench.engines import find_engine
from bench.engines.base import Control
from bench.engines.variable_projection.solved_ends import ends_of, improved_ends
from operators.architectures.deeponet import DeepONet, Ends, deeponet_weights
from operators.architectures.weights import Layer, Weights
from operators.arrays import Array
from operators.data.dataset import Design, build
from operators.data.normalisation import Problem, predict, scaled

DESIGNS: tuple[Design, ...] = ("grid", "scattered", "triples")
ENDS: tuple[Ends, ...] = ("linear", "activated-trunk", "sigmoid")
CASES = [(design, ends) for design in DESIGNS for ends in ENDS]


def net_of(ends: Ends, q: int = 3) -> DeepONet:
    return DeepONet(4, 2, (6,), (5,), q, ends=ends)


def drawn(net: DeepONet, random: np.random.Generator, like: Weights | None = None) -> Weights:
    """Random weights; the hidden layers of others if given."""
    parts = []
    for part, sizes in (("branch", net.branch_sizes()), ("trunk", net.trunk_sizes())):
        layers = [Layer(random.normal(size=pair), random.normal(size=pair[1])) for pair in pairwise(sizes)]
        if like is not None:
            layers[0] = Layer(like[f"{part}_0_kernel"], like[f"{part}_0_bias"])
        parts.append(layers)
    return deeponet_weights(*parts, float(random.normal()))


def problem_of(design: Design, random: np.random.Generator, net: DeepONet, truth: Weights | None, noise: float = 0.0) -> Problem:
    """Labels of a planted net, or noise, at 12 x 9, 12 x 5 or 150 x 1 places."""
    functions, points = {"grid": (12, 9), "scattered": (12, 5), "triples": (150, 1)}[design]
    index = np.arange(9) if design == "grid" else random.integers(0, 9, size=(functions, points))
    inputs, places = random.normal(size=(functions, 4)), random.uniform(-1.0, 1.0, size=(9, 2))
    clean = 0.5 + 2.0 * net.apply_at(truth, inputs, places, index) if truth else np.zeros((functions, points))
    labels = clean + noise * random.normal(size=clean.shape)
    return Problem(design, inputs, places, index, labels, np.asarray(0.5), np.asarray(2.0), 2.0, inputs)


def mse(net: DeepONet, weights: Weights, problem: Problem) -> float:
    return float(np.mean((predict(net, weights, problem) - problem.labels) ** 2))


def dense_gradient(net: DeepONet, weights: Weights, problem: Problem, name: str) -> Array:
    """Central differences of half the sum of squares, in units of the net, in one array of weights."""
    array, found = weights[name], np.zeros(weights[name].shape)
    for place in np.ndindex(array.shape):
        sums = []
        for step in (1e-5, -1e-5):
            moved = array.copy()
            moved[place] += step
            changed = Weights({**weights.named, name: moved})
            sums.append(float(np.sum((predict(net, changed, problem) - problem.labels) ** 2)) / 8.0)
        found[place] = (sums[0] - sums[1]) / 2e-5
    return found


@pytest.mark.parametrize(("design", "ends"), CASES)
def test_gradients_agree_with_differences_of_the_dense_forward_pass(design: Design, ends: Ends) -> None:
    random, net = np.random.default_rng(0), net_of(ends)
    weights, problem = drawn(net, random), problem_of(design, random, net, None, noise=1.0)
    found = ends_of(net, weights, problem)
    at_bias = Weights({**weights.named, "bias": np.asarray([found.bias])})
    assert found.loss == pytest.approx(mse(net, at_bias, problem) * problem.labels.size / 4.0, rel=1e-12)
    for part, gradient in zip(("branch", "trunk"), found.gradients(), strict=True):
        kernel, bias = (dense_gradient(net, at_bias, problem, f"{part}_1_{kind}") for kind in ("kernel", "bias"))
        np.testing.assert_allclose(gradient, np.vstack([kernel, bias]), rtol=1e-5, atol=1e-6)


@given(seed=st.integers(0, 10**6), case=st.sampled_from(CASES), q=st.integers(1, 6))
def test_no_step_raises_the_loss(seed: int, case: tuple[Design, Ends], q: int) -> None:
    random, net = np.random.default_rng(seed), net_of(case[1], q)
    weights, problem = drawn(net, random), problem_of(case[0], random, net, None, noise=1.0)
    ends, losses = ends_of(net, weights, problem), [mse(net, weights, problem) * problem.labels.size / 4.0]
    for _ in range(4):
        losses.append(ends.loss)
        ends.step()
    assert np.all(np.diff(losses) <= 1e-12 * losses[0])
    better = improved_ends(net, weights, problem, steps=4)
    assert mse(net, better, problem) <= mse(net, weights, problem) * (1.0 + 1e-12)
    assert mse(net, better, problem) * problem.labels.size / 4.0 >= ends.loss * (1.0 - 1e-9)


@pytest.mark.parametrize(("design", "ends"), CASES)
def test_a_small_step_is_that_of_the_dense_damped_system(design: Design, ends: Ends) -> None:
    """Weights that saturate no end, and much damping: conjugate gradients end within rounding of the dense solution."""
    random, net = np.random.default_rng(1), net_of(ends, 2)
    weights, problem = drawn(net, random).changed(lambda array: 0.4 * array), problem_of(design, random, net, None, noise=1.0)
    found = ends_of(net, weights, problem)
    found.damping = 3.0
    start = [side.matrix.copy() for side in (found.branch, found.trunk)]
    residual, features = found._residual.ravel(), [side._features for side in (found.branch, found.trunk)]
    columns = np.hstack([_jacobian(found, side) for side in (found.branch, found.trunk)])
    columns -= columns.mean(axis=0)
    layout = found._layout
    metrics = (
        found.branch.metric(layout.mean_gram(trunk=found.trunk.values)),
        found.trunk.metric(layout.mean_gram(branch=found.branch.values)),
    )
    damping = scipy.linalg.block_diag(*(np.kron(h.T @ h, k) for h, k in zip(features, metrics, strict=True)))
    dense = np.linalg.solve(columns.T @ columns + 3.0 * damping, -columns.T @ residual)
    changes = [side.matrix_change(part) for side, part in zip((found.branch, found.trunk), found._change(), strict=True)]
    np.testing.assert_allclose(np.hstack([change.ravel() for change in changes]), dense, atol=1e-5 * np.abs(dense).max())
    assert all(np.array_equal(side.matrix, matrix) for side, matrix in zip((found.branch, found.trunk), start, strict=True))


def _jacobian(ends: Any, side: Any) -> Array:
    """Derivatives of the values at the labels in the entries of one last layer, by central differences."""
    matrix, columns = side.matrix.copy(), []
    for place in np.ndindex(matrix.shape):
        values = []
        for step in (1e-6, -1e-6):
            moved = matrix.copy()
            moved[place] += step
            side.put(moved)
            values.append(ends._layout.values(ends.branch.values, ends.trunk.values).ravel())
        columns.append((values[0] - values[1]) / 2e-6)
    side.put(matrix)
    return np.stack(columns, axis=1)


@pytest.mark.parametrize(("design", "ends"), CASES)
def test_planted_ends_are_recovered_on_the_hidden_layers_of_the_planted_net(design: Design, ends: Ends) -> None:
    random, net = np.random.default_rng(2), net_of(ends, 1)
    truth = drawn(net, random)
    problem = problem_of(design, random, net, truth)
    start = deeponet_weights(*_nudged(net, truth, random), 0.0)
    found = improved_ends(net, start, problem, steps=400)
    assert mse(net, found, problem) < 1e-10 * problem.labels.var() < mse(net, start, problem)


def _nudged(net: DeepONet, truth: Weights, random: np.random.Generator) -> list[list[Layer]]:
    """The hidden layers of a net, and last ones a third of their size away."""
    away = drawn(net, random, like=truth)
    return [
        [
            Layer(truth[f"{part}_0_kernel"], truth[f"{part}_0_bias"]),
            Layer(*(truth[f"{part}_1_{kind}"] + 0.3 * away[f"{part}_1_{kind}"] for kind in ("kernel", "bias"))),
        ]
        for part in ("branch", "trunk")
    ]


def cell(**changes: Any) -> Cell:
    plain = {
        "task": "antiderivative",
        "design": "triples",
        "functions": 256,
        "points": 1,
        "test_functions": 1,
        "architecture": Net(branch_widths=(8,), trunk_widths=(8,), q=4, ends="sigmoid"),
        "training": Training(recipe="soap-ends", steps=200),
    }
    return Cell.model_validate({**plain, **changes})


def test_the_recipe_ends_below_soap_at_the_same_steps_and_says_so() -> None:
    chosen = cell()
    by_soap = chosen.model_copy(update={"training": Training(recipe="soap", steps=200, decay="cosine")})
    problem, engine = scaled(build(chosen.request()), "standard", "unit", "task"), find_engine("native")
    ours, theirs = (engine.train([one], [problem], Control())[0] for one in (chosen, by_soap))
    assert ours.weights is not None
    assert theirs.weights is not None
    assert ours.recipe == f"{theirs.recipe}, solved ends"
    assert ours.steps == theirs.steps == 200
    error = mse(chosen.deeponet(), ours.weights, problem)
    assert error < 0.98 * mse(chosen.deeponet(), theirs.weights, problem)
    assert ours.curve[-1] == (200, pytest.approx(error / problem.unit**2))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"training": Training(recipe="soap-ends", steps=1, batch=8)}, "full batch"),
        ({"training": Training(recipe="soap-ends", steps=1, l2=1e-4)}, "l2"),
        ({"training": Training(recipe="soap-ends", steps=1, output_scaling="pointwise"), "design": "grid"}, "pointwise"),
        ({"architecture": {"name": "mlp", "widths": [8]}}, "'mlp'"),
    ],
)
def test_what_it_cannot_train_is_refused(changes: dict[str, Any], reason: str) -> None:
    assert reason in (find_engine("native").refuses(cell(**changes)) or "")
    assert find_engine("native").refuses(cell()) is None
