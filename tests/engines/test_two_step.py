"""Two-step training: the trunk's subspace, the branch's targets, the sum of both misses, and where the trunk is the limit."""

import numpy as np
import pytest

from bench.cell import Cell, Net, Training
from bench.engines.native import RECIPES, refuses_two_steps
from bench.engines.variable_projection.two_step import _best_trunk
from bench.families.deeponet.trial import Trial, open_trial
from bench.families.family import Kept
from operators.architectures.deeponet import Ends
from operators.arrays import Array
from operators.data.dataset import BlockCache
from operators.data.normalisation import predict

WIDE = Net(branch_widths=(32, 32), trunk_widths=(32, 32), q=4, ends="linear")


def trial_of(net: Net = WIDE, *, steps: int = 1200, recipe: str = "two-step", **fields: object) -> Trial:
    sizes = {"functions": 60, "points": 50, "test_functions": 2}
    training = Training(recipe=recipe, steps=steps)
    cell = Cell(**{"task": "advection-speed", **sizes, "architecture": net, "training": training, **fields})
    return open_trial(cell, BlockCache(None), Kept())


def error_of(trial: Trial) -> float:
    fit = RECIPES[trial.cell.training.recipe](
        trial.cell, trial.problem, floor=0.0, timeout_seconds=None, report=lambda step: None
    )
    assert fit.weights is not None
    assert (fit.status, fit.steps <= trial.cell.steps) == ("done", True)
    return float(np.mean((predict(trial.net, fit.weights, trial.problem) - trial.problem.labels) ** 2))


def test_the_trunk_is_orthonormal_and_no_head_on_its_features_does_better() -> None:
    generator = np.random.default_rng(0)
    features, matrix = generator.standard_normal((30, 6)), generator.standard_normal((20, 30))
    head, values, left = _best_trunk(features, matrix, 3)
    np.testing.assert_allclose(values.T @ values, np.eye(3), atol=1e-8)
    np.testing.assert_allclose(features @ head, values, atol=1e-10)

    def missed(other: Array) -> float:
        basis = np.linalg.qr(features @ other)[0]
        return float(np.sum((matrix.T - basis @ (basis.T @ matrix.T)) ** 2))

    assert left == pytest.approx(missed(head))
    for _ in range(50):
        assert missed(head + 0.1 * generator.standard_normal(head.shape)) >= left - 1e-9


@pytest.mark.parametrize("ends", ["linear", "activated-trunk"])
def test_wide_nets_come_near_the_floor_of_their_rank(ends: Ends) -> None:
    trial = trial_of(WIDE.model_copy(update={"ends": ends}))
    assert trial.floor is not None
    assert trial.floor.value * (1.0 - 1e-6) <= error_of(trial) <= 1.05 * trial.floor.value


def test_a_narrow_trunk_is_a_limit_that_the_branch_cannot_mend() -> None:
    """Together, variable projection gets below what the trunk alone leaves."""
    narrow = Net(branch_widths=(24, 24), trunk_widths=(4, 4), q=4, ends="linear")
    apart, together = (error_of(trial_of(narrow, recipe=recipe, steps=1500)) for recipe in ("two-step", "variable-projection"))
    floor = trial_of(narrow).floor
    assert floor is not None
    assert floor.value <= together <= apart * 1.02


def test_it_gives_the_same_bits_twice() -> None:
    trial = trial_of(steps=40)
    assert error_of(trial) == error_of(trial)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, None),
        ({"design": "scattered"}, "on a grid for the recipe 'two-step'"),
        ({"net": {"name": "mlp"}}, "expected the architecture 'deeponet'"),
        ({"net": WIDE.model_copy(update={"ends": "sigmoid"})}, "for the recipe 'two-step', got 'sigmoid'"),
    ],
)
def test_what_it_cannot_train_it_refuses_in_a_sentence(fields: dict[str, object], reason: str | None) -> None:
    refusal = refuses_two_steps(trial_of(**fields).cell)  # type: ignore[arg-type]
    assert refusal is None if reason is None else reason in (refusal or "")
