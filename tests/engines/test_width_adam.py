"""Adam with a learning rate per width: Adam itself at the base width, stated factors elsewhere, steps that do not grow."""

import numpy as np
import pytest

from bench.cell import Cell, Net, Training
from bench.engines.initial_weights import initial_weights
from bench.engines.native import RECIPES, NativeEngine
from bench.engines.threads import pinned_tensorflow
from bench.families.deeponet.trial import Trial, open_trial
from bench.families.family import Kept
from operators.architectures.deeponet import DeepONet
from operators.architectures.weights import Weights
from operators.data.dataset import BlockCache

tf = pinned_tensorflow(1)
from bench.engines.descent.optimisers.width_adam import BASE, WidthAdam, started, width_factors  # noqa: E402 - needs TensorFlow


def trial_of(width: int, recipe: str = "adam-width", steps: int = 3) -> Trial:
    cell = Cell(
        task="antiderivative",
        functions=8,
        points=6,
        test_functions=2,
        architecture=Net(branch_widths=(width, width), trunk_widths=(width,), q=3, ends="linear"),
        training=Training(recipe=recipe, steps=steps, learning_rate=1e-3, initialisation="glorot"),
    )
    return open_trial(cell, BlockCache(None), Kept())


def trained(trial: Trial) -> Weights:
    train = RECIPES[trial.cell.training.recipe]
    fit = train(trial.cell, trial.problem, floor=0.0, timeout_seconds=None, report=lambda step: None)
    assert fit.weights is not None
    return fit.weights


def test_at_the_base_width_it_is_adam_bit_by_bit() -> None:
    assert trained(trial_of(BASE)).sha256() == trained(trial_of(BASE, "adam")).sha256()


def test_factors_are_those_of_the_table() -> None:
    net = DeepONet(10, 2, (16, 128), (32,), 3, ends="linear")
    assert width_factors(net) == (1.0, BASE / 16, BASE / 128, 1.0, BASE / 32, 1.0)
    shapes = ((11, 16), (17, 128), (129, 3), (3, 32), (33, 3), (1, 1))
    each = WidthAdam(shapes, width_factors(net)).each()
    assert len(each) == net.parameter_count()
    ends = np.cumsum([np.prod(shape) for shape in net.shapes().values()])
    for name, array in zip(net.shapes(), np.split(each, ends[:-1]), strict=True):
        expected = {"branch_1_kernel": BASE / 16, "branch_2_kernel": BASE / 128, "trunk_1_kernel": BASE / 32}.get(name, 1.0)
        assert set(array.ravel()) == {expected}, name


def test_only_the_last_kernels_start_elsewhere() -> None:
    net = DeepONet(10, 2, (16, 128), (32,), 3, ends="linear")
    weights = Weights({name: np.ones(shape) for name, shape in net.shapes().items()})
    found = started(net, weights)
    changed = {name: float(array.ravel()[0]) for name, array in found.named.items() if not np.array_equal(array, weights[name])}
    assert changed == pytest.approx({"branch_2_kernel": np.sqrt(BASE / 128), "trunk_1_kernel": np.sqrt(BASE / 32)})


def test_one_step_changes_hidden_values_by_as_much_at_any_width() -> None:
    """Adam's first step is +-r in every number: its change of a hidden value is a sum over the fan in, and grows with it."""
    changes, by_adam = [], []
    for width in (BASE, 16 * BASE):
        trial = trial_of(width, steps=1)
        start = initial_weights(trial.cell, inputs=trial.problem.inputs, points=trial.problem.points)
        moved = trained(trial)["branch_1_kernel"] - start["branch_1_kernel"]
        hidden = np.tanh(trial.problem.inputs @ start["branch_0_kernel"] + start["branch_0_bias"])
        changes.append(np.abs(hidden @ moved).mean())
        by_adam.append(np.abs(hidden @ (1e-3 * np.sign(moved))).mean())
    assert 0.4 < changes[1] / changes[0] < 2.5
    assert by_adam[1] > 6.0 * by_adam[0]


def test_other_architectures_are_refused() -> None:
    cell = trial_of(8).cell.model_copy(update={"architecture": Cell.model_validate(
        {"task": "antiderivative", "functions": 8, "points": 6, "architecture": {"name": "mlp"}}
    ).architecture})  # fmt: skip
    assert "expected the architecture 'deeponet' for the recipe 'adam-width'" in (NativeEngine().refuses(cell) or "")
