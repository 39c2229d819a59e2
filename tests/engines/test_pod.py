"""Training POD-DeepONet: the modes are those of the labels, the miss falls to nothing, and what it cannot train it refuses."""

import numpy as np
import pytest

from bench.cell import Cell, Net, Training
from bench.engines.native import refuses_variable_projection, variable_projection
from bench.families.deeponet.trial import open_trial
from bench.families.family import Kept
from operators.architectures.pod_deeponet import PODDeepONet
from operators.data.dataset import BlockCache


def cell(task: str = "heat", *, q: int = 4, steps: int = 800, **fields: object) -> Cell:
    sizes = {"functions": 60, "points": 40, "test_functions": 2, "parameters": {"point_count": 40}}
    net = {"name": "pod-deeponet", "q": q, "nodes": 40, "branch_widths": (24, 24)}
    return Cell(**{"task": task, **sizes, "architecture": net, "training": Training(steps=steps), **fields})


@pytest.mark.parametrize(("task", "q"), [("heat", 4), ("advection-box", 6)])
def test_the_training_error_falls_to_what_the_modes_leave(task: str, q: int) -> None:
    asked = cell(task, q=q)
    trial = open_trial(asked, BlockCache(None), Kept())
    labels = trial.problem.labels
    singular = np.linalg.svd(labels - labels.mean(axis=0), compute_uv=False)
    tail = float(np.sum(singular[q:] ** 2)) / labels.size
    fit = variable_projection(asked, trial.problem, floor=0.0, timeout_seconds=None, report=lambda step: None)
    assert fit.weights is not None
    net = asked.net()
    assert isinstance(net, PODDeepONet)
    values = net.apply_at(fit.weights, trial.problem.inputs, trial.problem.points, trial.problem.index)
    mse = float(np.mean((trial.problem.mean + trial.problem.scale * values - labels) ** 2))
    assert tail * (1.0 - 1e-9) <= mse <= 1.01 * tail
    assert trial.floor is not None
    assert not trial.floor.excludes(mse)
    assert trial.floor.value <= tail


def test_without_steps_the_head_is_solved_on_the_features_that_there_are() -> None:
    errors = []
    for steps in (0, 300):
        asked = cell(steps=steps)
        trial = open_trial(asked, BlockCache(None), Kept())
        fit = variable_projection(asked, trial.problem, floor=0.0, timeout_seconds=None, report=lambda step: None)
        errors.append(fit.curve[-1][1])
        assert (fit.status, fit.steps <= steps) == ("done", True)
    assert errors[1] < errors[0] < 1.0


def test_more_modes_than_functions_are_left_without_coefficients() -> None:
    asked = cell(q=30, steps=5, functions=6)
    trial = open_trial(asked, BlockCache(None), Kept())
    fit = variable_projection(asked, trial.problem, floor=0.0, timeout_seconds=None, report=lambda step: None)
    assert fit.weights is not None
    assert fit.weights.finite()
    assert not fit.weights["basis"][:, 6:].any()


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"design": "scattered"}, "expected a grid for the architecture 'pod-deeponet'"),
        ({"architecture": {"name": "pod-deeponet", "nodes": 39}}, "expected query points on the 39 nodes"),
        ({"architecture": {"name": "mlp"}}, "expected the architecture 'deeponet'"),
        ({"architecture": Net()}, None),
        ({}, None),
    ],
)
def test_what_it_cannot_train_it_refuses_in_a_sentence(fields: dict[str, object], reason: str | None) -> None:
    refusal = refuses_variable_projection(cell(**fields))
    assert refusal is None if reason is None else reason in (refusal or "")
