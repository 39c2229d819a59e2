"""The reference engine: the stated loss, by the stated optimiser, on our weights and our batches, the same bits each time."""

import math
import os
import subprocess
import sys
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from repository import REPOSITORY

from bench.cell import Cell, Net, Training
from bench.engines import find_engine
from bench.engines.base import Control, Fit
from bench.engines.deepxde.engine import DeepXDEEngine
from bench.engines.deepxde.examples import served
from bench.engines.initial_weights import initial_weights
from bench.engines.minibatches import batches
from bench.engines.monitor import CHECK_EVERY, Monitor, learning_curve_steps
from operators.architectures.weights import Layer, Weights, layers_of
from operators.data.dataset import build
from operators.data.normalisation import Problem, predict, scaled
from operators.errors import UserError

pytestmark = pytest.mark.system

ENGINE = DeepXDEEngine()


def cell(
    *, design: str = "grid", architecture: dict[str, Any] | None = None, replicate: int = 0, restart: int = 0, **training: Any
) -> Cell:
    widths = {"branch_widths": (6,), "trunk_widths": (4,), "q": 5}
    return Cell(
        task="antiderivative",
        parameters={"sensor_count": 7, "point_count": 9},
        design=design,
        functions=6,
        points=1 if design == "triples" else 4,
        test_functions=2,
        architecture=Net(**{**widths, **(architecture or {})}),
        training=Training(
            **{
                "engine": "deepxde",
                "recipe": "adam",
                "steps": 6,
                "learning_rate": 1e-2,
                "initialisation": "uniform-fan-in",
                **training,
            }
        ),
        replicate=replicate,
        restart=restart,
    )


def problem(cell: Cell) -> Problem:
    chosen = cell.training
    return scaled(build(cell.request()), chosen.input_scaling, chosen.coordinate_scaling, chosen.output_scaling)


def train(*cells: Cell, control: Control | None = None) -> list[Fit]:
    return ENGINE.train(cells, [problem(one) for one in cells], control or Control())


@cache
def _fit(text: str) -> Fit:
    return train(Cell.model_validate_json(text))[0]


def fitted(cell: Cell) -> Fit:
    """The fit of a cell trained alone, once for all tests."""
    return _fit(cell.model_dump_json())


def weights_of(fit: Fit) -> Weights:
    assert fit.weights is not None
    return fit.weights


# An independent engine: float64, gradients by complex steps, Adam written out.


def flat(weights: Weights) -> np.ndarray:
    return np.concatenate([array.ravel() for array in weights.arrays()])


def like(weights: Weights, theta: np.ndarray) -> Weights:
    arrays = np.split(theta, np.cumsum([array.size for array in weights.arrays()])[:-1])
    pairs = zip(weights.named.items(), arrays, strict=True)
    return Weights({name: values.reshape(array.shape) for (name, array), values in pairs})


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-x))


HIDDEN = {"tanh": np.tanh, "sigmoid": sigmoid, "silu": lambda x: x * sigmoid(x), "relu": lambda x: x * (x.real > 0)}


def forward(layers: tuple[Layer, ...], values: np.ndarray, activation: str, end: str) -> np.ndarray:
    for layer in layers[:-1]:
        values = HIDDEN[activation](values @ layer.kernel + layer.bias)
    values = values @ layers[-1].kernel + layers[-1].bias
    return HIDDEN[end](values) if end else values


def loss(cell: Cell, problem: Problem, weights: Weights, functions: np.ndarray) -> complex:
    """Mean of ((h - label) / unit)^2 over the labels of these functions, also for complex weights."""
    hidden = cell.architecture.activation
    ends = {"linear": ("", ""), "activated-trunk": ("", hidden), "sigmoid": ("sigmoid", "sigmoid")}[cell.architecture.ends]
    branch = forward(layers_of(weights, "branch"), problem.inputs[functions], hidden, ends[0])
    trunk = forward(layers_of(weights, "trunk"), problem.points, hidden, ends[1])
    index = np.broadcast_to(problem.index, problem.labels.shape)[functions]
    value = problem.mean + problem.scale * ((branch[:, None, :] * trunk[index]).sum(axis=2) + weights["bias"][0])
    return np.mean(((value - problem.labels[functions]) / problem.unit) ** 2)


def rate(training: Training, steps: int, step: int) -> float:
    """The learning rate of this step, as `bench.cell.Training` documents it."""
    factor = {
        "constant": 1.0,
        "cosine": 0.5 * (1.0 + math.cos(math.pi * step / steps)),
        "inverse-time": 1.0 / (1.0 + training.decay_rate * step / training.decay_steps),
        "step": training.decay_rate ** (step // training.decay_steps),
    }[training.decay]
    return training.learning_rate * factor


def adam(cell: Cell, problem: Problem) -> np.ndarray:
    """The weights after the cell's steps of Adam (Kingma and Ba, section 2, efficient form)."""
    start = initial_weights(cell, inputs=problem.inputs, points=problem.points)
    everything = np.arange(cell.functions)
    stream = None if cell.batch == cell.functions else batches(cell, 1)
    theta = flat(start).astype(np.float32).astype(float)
    first, second = np.zeros_like(theta), np.zeros_like(theta)
    for step in range(cell.steps):
        functions = everything if stream is None else next(stream)[0]
        gradient = np.empty_like(theta)
        for index in range(theta.size):
            moved = theta.astype(complex)
            moved[index] += 1e-30j
            gradient[index] = loss(cell, problem, like(start, moved), functions).imag / 1e-30
        gradient += cell.training.l2 * theta
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        alpha = rate(cell.training, cell.steps, step) * math.sqrt(1 - 0.999 ** (step + 1)) / (1 - 0.9 ** (step + 1))
        theta = theta - alpha * first / (np.sqrt(second) + 1e-8)
    return theta


BATCHED: dict[str, Any] = {"batch": 4, "output_scaling": "pointwise", "input_scaling": "pca", "coordinate_scaling": "raw"}


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"architecture": {"ends": "linear"}, "decay": "cosine"},
        {"architecture": {"ends": "sigmoid"}, "decay": "inverse-time", "decay_steps": 2, "decay_rate": 3.0},
        {"decay": "step", "decay_steps": 2, "decay_rate": 0.25, "l2": 0.3},
        BATCHED,
        {"design": "scattered", "batch": 4},
        {"design": "scattered", "l2": 0.1, "architecture": {"ends": "linear"}},
        {"design": "triples", "batch": 4, "architecture": {"activation": "silu"}},
        {
            "initialisation": "scaled",
            "architecture": {"branch_widths": (3, 5), "trunk_widths": (6, 4, 3), "activation": "sigmoid"},
        },
    ],
    ids=str,
)
def test_weights_follow_an_independent_adam_on_the_stated_loss(settings: dict[str, Any]) -> None:
    chosen = cell(**settings)
    data = problem(chosen)
    expected = adam(chosen, data)
    moved = np.abs(expected - flat(initial_weights(chosen, inputs=data.inputs, points=data.points))).max()
    assert moved > 5e-3
    np.testing.assert_allclose(flat(weights_of(fitted(chosen))), expected, atol=2e-3 * moved)


@pytest.mark.parametrize("activation", ["relu", "gelu"])  # the others are in the test above
def test_every_activation_means_the_same_to_deepxde_and_to_numpy(activation: str) -> None:
    chosen = cell(steps=0, architecture={"activation": activation})
    data, fit = problem(chosen), fitted(chosen)
    expected = np.mean(((predict(chosen.deeponet(), weights_of(fit), data) - data.labels) / data.unit) ** 2)
    assert fit.curve == ((0, pytest.approx(expected, rel=1e-5)),)


def test_zero_steps_return_the_initial_weights_rounded_to_float32() -> None:
    chosen = cell(steps=0, architecture={"activation": "relu"})
    fit = fitted(chosen)
    np.testing.assert_array_equal(flat(weights_of(fit)), flat(initial_weights(chosen)).astype(np.float32))
    assert (fit.status, fit.steps) == ("done", 0)


def test_weights_are_float64_arrays_of_float32_values() -> None:
    for array in weights_of(fitted(cell())).arrays():
        assert array.dtype == np.float64
        np.testing.assert_array_equal(array, array.astype(np.float32))


def test_the_scalar_bias_is_trained() -> None:
    """Adam's first step moves every parameter with a gradient by the learning rate."""
    bias = weights_of(fitted(cell(steps=1)))["bias"][0]
    assert abs(bias) == pytest.approx(1e-2, rel=1e-3)


@pytest.mark.parametrize("design", ["grid", "scattered", "triples"])
def test_the_loss_sees_the_batches_of_the_stream(design: str) -> None:
    """With a vanishing learning rate the learning curve is the loss of the initial weights on batch after batch."""
    chosen = cell(design=design, batch=4, steps=20, learning_rate=1e-30)
    data = problem(chosen)
    fit = fitted(chosen)
    seen = dict(fit.curve)
    stream = batches(chosen, 1)
    expected = [loss(chosen, data, weights_of(fit), next(stream)[0]) for _ in range(21)]
    assert len(seen) > 10
    for step, value in seen.items():
        assert value == pytest.approx(expected[step], rel=1e-5)


@pytest.mark.parametrize("design", ["grid", "scattered", "triples"])
def test_examples_pair_each_input_and_point_with_its_own_label(design: str) -> None:
    """Planted: input i is i everywhere, point k is k, the label of (i, k) is 100 i + k."""
    chosen = cell(design=design, batch=4)
    generator = np.random.default_rng(0)
    index = generator.permutation(9)[:4] if design == "grid" else generator.integers(9, size=(6, chosen.points))
    planted = Problem(
        design=design,
        inputs=np.repeat(np.arange(6.0)[:, None], 7, axis=1),
        points=np.arange(9.0)[:, None],
        index=index,
        labels=100.0 * np.arange(6)[:, None] + np.broadcast_to(index, (6, chosen.points)),
        mean=np.asarray(0.0),
        scale=np.asarray(1.0),
        unit=1.0,
        test_inputs=np.zeros((1, 7)),
    )
    examples, stream = served(chosen, planted), batches(chosen, 1)
    for _ in range(10):
        (inputs, points), targets = next(examples)
        functions = next(stream)[0]
        if design == "grid":
            np.testing.assert_array_equal(targets, 100.0 * inputs[:, :1] + points[:, 0])
            np.testing.assert_array_equal(inputs[:, 0], functions)
        else:
            np.testing.assert_array_equal(targets, 100.0 * inputs[:, :1] + points)
            np.testing.assert_array_equal(inputs[:, 0], np.repeat(functions, chosen.points))


@pytest.fixture(scope="module")
def together() -> list[Fit]:
    """A restart, the cell itself and a replicate, trained as one group."""
    return train(cell(restart=1), cell(), cell(replicate=1))


def test_kernels_of_all_replicates_and_restarts_differ_pairwise_after_training(together: list[Fit]) -> None:
    kernels = [array for fit in together for name, array in weights_of(fit).named.items() if name.endswith("_kernel")]
    assert len(kernels) == 12
    for a, b in combinations(kernels, 2):
        assert a.shape != b.shape or not np.isclose(a, b, rtol=0.0, atol=1e-6).any()


def test_a_fit_does_not_depend_on_its_group_or_its_place_in_it(together: list[Fit]) -> None:
    """In the middle; first and last in a group of two is the test below, which trains the same cells alone."""
    assert weights_of(together[1]).sha256() == weights_of(fitted(cell())).sha256()


def determinism_cells() -> tuple[Cell, Cell]:
    return cell(steps=30, batch=4, architecture={"branch_widths": (64, 64), "trunk_widths": (64, 64)}), cell(
        design="scattered", batch=4
    )


FOLDERS = (REPOSITORY, REPOSITORY / "tests", REPOSITORY / "tests" / "engines")
PROGRAM = """
import os, sys
sys.path[:0] = sys.argv[1:4]
import bench.engines.deepxde.engine
assert "tensorflow" not in sys.modules and "deepxde" not in sys.modules
import numpy as np
np.random.seed(int(os.environ["GLOBAL_SEED"]))
from test_deepxde import determinism_cells, train
fits = train(*determinism_cells())
with open(sys.argv[4], "w") as handle:
    handle.write(" ".join(fit.weights.sha256() for fit in fits))
"""


def test_same_cell_same_bits_in_another_process_at_two_threads_silently_and_without_files(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("DDE", "TF_", "OMP", "XDG"))}
    environment |= {"HOME": str(tmp_path), "OMP_NUM_THREADS": "2", "TF_NUM_INTRAOP_THREADS": "2", "GLOBAL_SEED": "7"}
    command = [sys.executable, "-c", PROGRAM, *map(str, FOLDERS), str(tmp_path / "hashes")]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == done.stderr == ""
    assert not (tmp_path / ".deepxde").exists()
    here = [weights_of(fitted(one)).sha256() for one in determinism_cells()]
    assert (tmp_path / "hashes").read_text() == " ".join(here)


def test_a_diverging_training_stops_early_and_is_called_diverged() -> None:
    fit = train(cell(steps=5000, learning_rate=1e3, architecture={"ends": "linear", "activation": "relu"}))[0]
    assert fit.status == "diverged"
    assert fit.steps <= CHECK_EVERY
    step, last = fit.curve[-1]
    assert step == fit.steps
    assert not last <= 1e6 * fit.curve[0][1]
    assert "training loss" in fit.message


def test_a_loss_that_is_not_finite_ends_the_training_within_one_check() -> None:
    fit = train(cell(steps=5000, learning_rate=1e30, architecture={"ends": "linear", "activation": "relu"}))[0]
    assert (fit.status, fit.weights) == ("diverged", None)
    assert fit.steps <= CHECK_EVERY
    assert not math.isfinite(fit.curve[-1][1])


def test_a_training_out_of_time_returns_what_it_has() -> None:
    fit = train(cell(steps=5000), control=Control(timeout_seconds=1e-9))[0]
    assert (fit.status, fit.steps) == ("timeout", 1)
    assert fit.weights is not None
    assert "5000" in fit.message


def test_progress_is_reported_and_the_curve_has_its_first_and_last_step() -> None:
    reports: list[tuple[int, int]] = []
    fits = train(cell(steps=250), cell(steps=3), control=Control(report=lambda done, step: reports.append((done, step))))
    assert [step for step, _ in fits[0].curve] == list(learning_curve_steps(250))
    assert [step for step, _ in fits[1].curve] == [0, 1, 2, 3]
    assert {(0, 100), (0, 200), (0, 250), (1, 3)} <= set(reports)
    assert fits[0].curve[-1][1] < 0.2 * fits[0].curve[0][1]
    assert fits[0].cpu_seconds > 0.0


def test_epochs_and_steps_are_the_same_budget() -> None:
    by_epochs, by_steps = fitted(cell(**BATCHED, steps=None, epochs=4)), fitted(cell(**BATCHED))
    assert by_epochs.steps == by_steps.steps == 6
    assert weights_of(by_epochs).sha256() == weights_of(by_steps).sha256()


@pytest.mark.parametrize("steps", [0, 1, 7, 100, 12_345, 1_000_000])
def test_learning_curve_is_log_spaced_from_first_to_last_step(steps: int) -> None:
    kept = learning_curve_steps(steps)
    assert (kept[0], kept[-1]) == (0, steps)
    assert list(kept) == sorted(set(kept))
    assert len(kept) <= 52
    ratios = [b / a for a, b in pairwise(kept) if a > 100]
    assert all(ratio < 1.5 for ratio in ratios)


def test_monitor_looks_at_least_every_hundred_steps() -> None:
    monitor = Monitor(steps=100_000)
    looked = [step for step in range(100_001) if monitor.due(step)]
    assert max(b - a for a, b in pairwise(looked)) <= CHECK_EVERY


@pytest.mark.parametrize(
    ("losses", "status"),
    [([1.0, 9e5], "done"), ([1.0, 2e6], "diverged"), ([1.0, math.nan], "diverged"), ([math.inf], "diverged")],
)
def test_monitor_calls_a_loss_diverged_by_the_stated_rule(losses: list[float], status: str) -> None:
    monitor = Monitor(steps=10)
    for step, value in enumerate(losses):
        monitor.record(step, value)
    assert (monitor.status, monitor.stopped) == (status, status != "done")


def test_parameter_count_is_the_number_of_entries_of_the_variables_deepxde_trains() -> None:
    from bench.engines.deepxde.engine import build_net, load_deepxde

    dde, tf = load_deepxde(1)
    for net in ({}, {"branch_widths": (3,), "trunk_widths": (4, 1, 7), "q": 2}, {"branch_widths": (1, 2, 9), "q": 11}):
        chosen = cell(architecture=net)
        built = build_net(dde, tf, chosen, problem(chosen))
        assert chosen.deeponet().parameter_count() == sum(int(np.prod(v.shape)) for v in [*built.trainable_variables, *built.b])


def test_unknown_engines_and_recipes_are_refused_in_one_sentence() -> None:
    assert find_engine("deepxde").name == "deepxde"
    with pytest.raises(UserError, match=r"expected an engine among .*got 'jax'"):
        find_engine("jax")
    assert ENGINE.refuses(cell()) is None
    assert "recipe" in (ENGINE.refuses(cell(recipe="lbfgs")) or "")


def test_repeated_inputs_beyond_memory_are_refused_unless_batched() -> None:
    reference = Training(engine="deepxde", recipe="adam", steps=1)
    big = Cell(task="antiderivative", design="scattered", functions=100_000, points=100, training=reference)
    assert "smaller batch" in (ENGINE.refuses(big) or "")
    assert ENGINE.refuses(big.model_copy(update={"training": reference.model_copy(update={"batch": 100})})) is None
