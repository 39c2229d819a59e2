"""Trainings that pair every form of the loss of every design with every kind of ends, and each form and kind with minibatches.

Activations, depths from no hidden layer on, decays, l2, output scaling and initialisation take turns. Labels carry noise so that
the loss stays of order one, where the Gram form resolves it.
"""

from typing import Any

import numpy as np

from bench.cell import Cell
from bench.engines.base import Control
from bench.engines.deepxde.engine import DeepXDEEngine
from bench.engines.initial_weights import initial_weights
from bench.engines.native import NativeEngine
from operators.architectures.deeponet import ENDS
from operators.architectures.weights import Weights
from operators.data.dataset import build
from operators.data.normalisation import scaled

FORMS: list[tuple[str, dict[str, Any], int]] = [
    # form, design and sizes, q
    ("direct", {"design": "grid", "functions": 8, "points": 6, "parameters": {"point_count": 6}}, 12),
    ("gram", {"design": "grid", "functions": 24, "points": 10, "parameters": {"point_count": 12}}, 3),
    ("own", {"design": "scattered", "functions": 6, "points": 3, "parameters": {"point_count": 40}}, 4),
    ("table", {"design": "scattered", "functions": 9, "points": 5, "parameters": {"point_count": 8}}, 4),
    ("gathered", {"design": "scattered", "functions": 32, "points": 2, "parameters": {"point_count": 14}}, 2),
    ("own", {"design": "triples", "functions": 12, "points": 1, "parameters": {"point_count": 40}}, 4),
    ("table", {"design": "triples", "functions": 24, "points": 1, "parameters": {"point_count": 5}}, 16),
    ("gathered", {"design": "triples", "functions": 30, "points": 1, "parameters": {"point_count": 9}}, 3),
]
ACTIVATIONS = ("tanh", "relu", "gelu", "silu", "sigmoid")
DECAYS = ("constant", "cosine", "inverse-time", "step")
INITIALISATIONS = ("glorot", "uniform-fan-in", "scaled")


def batched(number: int, kind: int) -> bool:
    """Whether a training takes minibatches."""
    return (number + kind) % 2 == 1


def case(number: int, kind: int) -> tuple[str, Cell]:
    """The training of form `number` with ends `kind`."""
    form, data, q = FORMS[number]
    turn = 3 * number + kind
    settings = {
        "recipe": "adam",
        "steps": 100,
        "batch": data["functions"] * 2 // 3 if batched(number, kind) else None,
        "learning_rate": 2e-3,
        "decay": DECAYS[turn % 4],
        "decay_steps": 30,
        "l2": 1e-3 if turn % 2 else 0.0,
        "output_scaling": "pointwise" if data["design"] == "grid" and turn % 2 else "task",
        "initialisation": INITIALISATIONS[turn // 2 % 3],
    }
    net = {
        "branch_widths": (9, 7)[: (number + kind) % 3],
        "trunk_widths": (6, 8, 5)[: (number + 2 * kind) % 4],
        "q": q,
        "activation": ACTIVATIONS[turn % 5],
        "ends": ENDS[kind],
    }
    parameters = {"sensor_count": 7, **data["parameters"]}
    noise = {"law": "rademacher", "sigma": 1.0}
    rest = {
        "task": "antiderivative",
        "test_functions": 1,
        "parameters": parameters,
        "noise": noise,
        "architecture": net,
        "training": settings,
    }
    return form, Cell.model_validate({**data, **rest})


def numbers(weights: Weights | None) -> np.ndarray:
    assert weights is not None
    return np.concatenate([array.ravel() for array in weights.arrays()])


def require_equal_training(number: int, kind: int) -> None:
    """100 steps of the native engine follow those of the DeepXDE engine within 1e-5 relative."""
    form, cell = case(number, kind)
    problem = scaled(build(cell.request()), "standard", "unit", cell.training.output_scaling)
    fast = NativeEngine().train([cell], [problem], Control())[0]
    reference = DeepXDEEngine().train([cell], [problem], Control())[0]
    assert fast.recipe == f"adam/{form}"
    assert fast.status == reference.status == "done"
    assert [step for step, _ in fast.curve] == [step for step, _ in reference.curve]
    np.testing.assert_allclose([loss for _, loss in fast.curve], [loss for _, loss in reference.curve], rtol=1e-5, atol=0)
    start = numbers(initial_weights(cell, inputs=problem.inputs, points=problem.points))
    ours, theirs = numbers(fast.weights), numbers(reference.weights)
    assert np.linalg.norm(theirs - start) > 0.01 * np.linalg.norm(start)
    assert np.linalg.norm(ours - theirs) <= 1e-5 * np.linalg.norm(theirs)
