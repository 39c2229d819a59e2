"""Initial weights of other architectures: streams of their own, unit pre-activations, no shift at first."""

from itertools import combinations

import numpy as np
import pytest

from bench.cell import Cell, Training
from bench.engines.initial_weights import initial_weights
from operators.architectures import Weights
from results.schema.cells import Initialisation

GENERATOR = np.random.default_rng(0)
INPUTS = 3.0 + 7.0 * GENERATOR.standard_normal((400, 40))
POINTS = np.linspace(2.0, 9.0, 64)[:, None]


def draw(name: str, *, law: Initialisation = "scaled", replicate: int = 0, restart: int = 0) -> Weights:
    training = Training(steps=1, initialisation=law)
    numbers = {"functions": 8, "points": 8, "replicate": replicate, "restart": restart}
    cell = Cell(task="advection-box", architecture={"name": name}, training=training, **numbers)
    return initial_weights(cell, inputs=INPUTS, points=POINTS)


@pytest.mark.parametrize("name", ["shift-deeponet", "mlp", "pod-deeponet"])
def test_kernels_differ_between_arrays_replicates_and_restarts_and_come_back(name: str) -> None:
    drawn = [draw(name, replicate=replicate, restart=restart) for replicate in (0, 1) for restart in (0, 1)]
    kernels = [array.ravel()[:60] for weights in drawn for array in weights.arrays() if array.ndim == 2 and array.any()]
    assert len(kernels) >= 8
    assert all(np.abs(a[: len(b)] - b[: len(a)]).max() > 1e-3 for a, b in combinations(kernels, 2))
    assert draw(name).sha256() == drawn[0].sha256()


@pytest.mark.parametrize(
    ("name", "part"), [("shift-deeponet", "branch"), ("shift-deeponet", "shift"), ("pod-deeponet", "branch")]
)
def test_inputs_of_any_scale_meet_unit_pre_activations(name: str, part: str) -> None:
    weights = draw(name)
    before = INPUTS @ weights[f"{part}_0_kernel"] + weights[f"{part}_0_bias"]
    assert np.abs(before.mean(axis=0)).max() < 0.35
    assert 0.7 < before.std() < 1.3


def test_a_shift_deeponet_starts_without_scale_and_shift() -> None:
    weights = draw("shift-deeponet")
    ends = [name for name in weights.named if name.startswith(("scale_2", "shift_2"))]
    assert len(ends) == 4
    assert not any(weights[name].any() for name in ends)


def test_the_law_glorot_leaves_vectors_at_zero() -> None:
    weights = draw("mlp", law="glorot")
    assert not any(array.any() for array in weights.arrays() if array.ndim == 1)
    kernel = weights["joint_0_kernel"]
    assert kernel.std() == pytest.approx(np.sqrt(2.0 / sum(kernel.shape)), rel=0.05)
