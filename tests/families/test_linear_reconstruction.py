"""What linear reconstruction could do beside a fit without a limit of rank: certified tails of the same data."""

import numpy as np
import pytest

from bench.cell import Cell, Net, Noise, Training
from bench.families.deeponet.evaluation import errors, measure
from bench.families.deeponet.linear_reconstruction import linear_values
from bench.families.deeponet.trial import Trial, open_trial
from bench.families.family import Kept
from operators.architectures import Weights
from operators.data.dataset import BlockCache

SHIFT = {"name": "shift-deeponet", "branch_widths": (4,), "trunk_widths": (3,), "q": 2}


def trial_of(architecture: object = SHIFT, **fields: object) -> Trial:
    sizes = {"functions": 20, "points": 16, "test_functions": 12, "parameters": {"sensor_count": 16, "point_count": 16}}
    cell = Cell(**{"task": "advection-box", "training": Training(steps=1), **sizes, "architecture": architecture, **fields})
    return open_trial(cell, BlockCache(None), Kept())


def weights_of(trial: Trial, size: float = 0.3) -> Weights:
    generator = np.random.default_rng(0)
    return Weights({name: size * generator.standard_normal(shape) for name, shape in trial.net.shapes().items()})


def least_tail(matrix: np.ndarray, rank: int) -> float:
    """The tail over the norm, minimised over a constant offset on a fine grid: an upper estimate of the certified floor."""
    offsets = np.linspace(-3.0, 3.0, 1201)
    tails = [np.sum(np.linalg.svd(matrix - offset, compute_uv=False)[rank:] ** 2) for offset in offsets]
    return float(np.sqrt(min(tails)) / np.linalg.norm(matrix))


def test_the_floors_are_tails_of_labels_and_of_held_out_outputs() -> None:
    trial = trial_of()
    found = linear_values(trial, errors(trial, weights_of(trial)))
    for name, matrix in (("linear_floor", trial.dataset.labels), ("linear_floor_held_out", trial.dataset.test_outputs)):
        assert found[name] == pytest.approx(least_tail(matrix, 2), rel=1e-3)
        assert found[name] <= least_tail(matrix, 2) * (1.0 + 1e-9)  # type: ignore[operator]


def test_the_rank_is_the_least_whose_tail_lies_below_the_error() -> None:
    trial = trial_of()
    measured = errors(trial, weights_of(trial))
    for rank in (0, 3, 7):
        between = 0.5 * (least_tail(trial.dataset.labels, rank) + least_tail(trial.dataset.labels, rank + 1))
        found = linear_values(trial, measured.model_copy(update={"relative": between}))
        assert found["linear_rank"] == rank + 1


def test_a_fit_may_lie_below_them_and_is_measured_all_the_same() -> None:
    trial = trial_of()
    better = errors(trial, weights_of(trial)).model_copy(update={"relative": 1e-3})
    found = linear_values(trial, better)
    assert found["linear_floor"] > 1e-3  # type: ignore[operator]
    assert found["linear_rank"] > 2  # type: ignore[operator]


def test_without_terms_there_is_a_rank_but_no_floor() -> None:
    trial = trial_of({"name": "mlp", "widths": (3,)})
    found = measure(trial, weights_of(trial)).bounds
    assert found.floor is None
    assert set(found.values) == {"linear_rank", "linear_rank_held_out"}


@pytest.mark.parametrize(
    ("architecture", "fields"),
    [
        (Net(branch_widths=(3,), trunk_widths=(3,), q=2), {}),
        ({"name": "pod-deeponet", "q": 2, "nodes": 16}, {}),
        (SHIFT, {"noise": Noise(law="rademacher", sigma=0.1)}),
        (SHIFT, {"design": "scattered"}),
    ],
)
def test_they_are_left_out_where_a_floor_of_the_fit_says_more_or_none_can_be_had(architecture: object, fields: dict) -> None:
    trial = trial_of(architecture, **fields)
    assert linear_values(trial, errors(trial, weights_of(trial))) == {}


def test_the_error_in_l1_is_the_sum_of_distances_over_the_sum_of_values() -> None:
    trial = trial_of({"name": "mlp", "widths": (2,)})
    nothing = {name: np.zeros(shape) for name, shape in trial.net.shapes().items()}
    found = errors(trial, Weights(nothing))
    for value, truth in ((found.relative_l1, trial.dataset.labels), (found.test_relative_l1, trial.dataset.test_outputs)):
        assert value == pytest.approx(np.abs(truth - trial.problem.mean).sum() / np.abs(truth).sum())
