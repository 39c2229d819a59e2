"""The native engine: what it promises beyond parity with the reference engine (see tests/contracts/test_every_network.py)."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from repository import REPOSITORY

from bench.cell import Cell, Training
from bench.engines.base import Control, Fit
from bench.engines.descent import loop
from bench.engines.descent.loop import descend
from bench.engines.descent.loss_forms import Shape, loss_form, operands
from bench.engines.descent.program_cache import keep_compiled_programs
from bench.engines.initial_weights import initial_weights
from bench.engines.native import NativeEngine
from bench.engines.threads import pinned_tensorflow
from operators.architectures.deeponet import DeepONet
from operators.architectures.weights import Weights
from operators.bounds.eckart_young import floors_of_deeponet
from operators.data.dataset import build
from operators.data.normalisation import Problem, predict, scaled

SMALL: dict[str, Any] = {
    "task": "antiderivative",
    "parameters": {"sensor_count": 9, "point_count": 12},
    "functions": 14,
    "points": 10,
    "test_functions": 1,
}


FORMS = {
    "direct": {
        "design": "grid",
        "functions": 9,
        "points": 7,
        "architecture": {"branch_widths": [8], "trunk_widths": [5, 6, 7], "q": 12},
    },
    "gram": {"design": "grid", "functions": 14, "points": 10, "architecture": {"q": 3}},
    "own": {"design": "scattered", "functions": 5, "points": 2, "architecture": {"q": 3}},
    "table": {"design": "scattered", "functions": 9, "points": 6, "architecture": {"q": 3}},
    "gathered": {"design": "triples", "functions": 30, "points": 1, "architecture": {"q": 3}},
}
TINY: dict[str, Any] = {"branch_widths": [], "trunk_widths": [], "q": 1, "ends": "linear"}


def small(*, architecture: dict[str, Any] | None = None, **settings: Any) -> Cell:
    """A cell that trains in milliseconds; settings named in Training go there."""
    training = {name: settings.pop(name) for name in list(settings) if name in Training.model_fields}
    return Cell.model_validate(
        {
            **SMALL,
            **settings,
            "architecture": {"branch_widths": [8, 8], "trunk_widths": [8, 8], "q": 3, **(architecture or {})},
            "training": {"engine": "native", "recipe": "adam", "steps": 60, "learning_rate": 1e-3, **training},
        }
    )


def problem_of(cell: Cell) -> Problem:
    training = cell.training
    return scaled(build(cell.request()), training.input_scaling, training.coordinate_scaling, training.output_scaling)


def train(*cells: Cell, control: Control | None = None) -> list[Fit]:
    return NativeEngine().train(cells, [problem_of(cell) for cell in cells], control or Control())


def hashes(fits: list[Fit]) -> list[str]:
    return [fit.weights.sha256() for fit in fits if fit.weights is not None]


def loss_in_float64(cell: Cell, problem: Problem, weights: Weights) -> float:
    return float(np.mean((predict(cell.deeponet(), weights, problem) - problem.labels) ** 2)) / problem.unit**2


@pytest.mark.parametrize(
    ("recipe", "others"),
    [("adam", [FORMS["direct"], {"replicate": 1, "batch": 4}]), ("soap", [{"architecture": TINY, "batch": 4}])],
    ids=["adam", "soap"],
)
def test_a_fit_has_the_same_bits_whatever_else_is_in_its_group(recipe: str, others: list[dict[str, Any]]) -> None:
    """Another replicate has the same program, the others have their own."""
    cells = [small(recipe=recipe, **settings) for settings in ({"replicate": 0}, {"replicate": 1}, *others)]
    together, alone = hashes(train(*cells)), [hashes(train(cell))[0] for cell in cells]
    assert together == alone
    assert hashes(train(*cells[::-1])) == alone[::-1]
    assert len(set(alone)) == len(cells)


@pytest.mark.system
def test_programs_on_disk_are_found_by_another_process_in_any_order_and_give_the_same_bits(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; sys.path[:0] = ['tests', 'tests/engines']\n"
        "from bench.engines.descent.program_cache import keep_compiled_programs\n"
        "keep_compiled_programs(Path(sys.argv[1]))\n"
        "from test_native import TINY, hashes, small, train\n"
        "print(*hashes(train(*(small(functions=int(n), architecture=TINY) for n in sys.argv[2:]))))\n"
        "assert 'tensorflow' in sys.modules and 'keras' not in sys.modules\n"
    )

    environment = {name: value for name, value in os.environ.items() if name != "TF_XLA_FLAGS"}

    def run(*functions: int) -> tuple[list[str], set[Path]]:
        command = [sys.executable, "-c", program, str(tmp_path), *map(str, functions)]
        done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=True)
        return done.stdout.split(), set(tmp_path.rglob("*.pb"))

    fresh, programs = run(9, 11)
    assert len(programs) == 2
    assert run(11, 9) == (fresh[::-1], programs)
    assert fresh == hashes(train(small(functions=9, architecture=TINY), small(functions=11, architecture=TINY)))


def test_a_folder_for_programs_that_the_environment_names_is_kept_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    named = f"--tf_xla_auto_jit=0 --tf_xla_persistent_cache_directory={tmp_path / 'own'}"
    monkeypatch.setenv("TF_XLA_FLAGS", named)
    keep_compiled_programs(tmp_path / "other")
    assert os.environ["TF_XLA_FLAGS"] == named
    assert not list(tmp_path.iterdir())
    monkeypatch.setenv("TF_XLA_FLAGS", "--tf_xla_auto_jit=0")
    keep_compiled_programs(tmp_path / "other")
    assert os.environ["TF_XLA_FLAGS"].startswith(f"--tf_xla_auto_jit=0 --tf_xla_persistent_cache_directory={tmp_path / 'other'}")


def test_programs_on_disk_that_cannot_be_read_are_thrown_away_and_compiled_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tf = pinned_tensorflow(1)
    from bench.engines.descent import program

    expected = hashes(train(small()))
    monkeypatch.setenv("TF_XLA_FLAGS", f"--tf_xla_auto_jit=0 --tf_xla_persistent_cache_directory={tmp_path}")
    (tmp_path / "torn.pb").write_bytes(b"")
    intact = program.compiled

    def torn(setting: Any, arguments: Any) -> Any:
        if setting.attempt == 0:
            raise tf.errors.OutOfRangeError(None, None, "Read less bytes than requested")
        return intact(setting, arguments)

    monkeypatch.setattr(program, "compiled", torn)
    assert hashes(train(small())) == expected
    assert not list(tmp_path.iterdir())
    with pytest.raises(tf.errors.OutOfRangeError):
        train(small())


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_the_loss_is_the_mean_squared_error_of_the_net_on_all_labels(form: str) -> None:
    cell = small(**FORMS[form], learning_rate=3e-3, noise={"law": "rademacher", "sigma": 0.5})
    problem = problem_of(cell)
    fit = train(cell)[0]
    assert fit.recipe == f"adam/{form}"
    assert fit.weights is not None
    start = initial_weights(cell, inputs=problem.inputs, points=problem.points)
    assert fit.curve[0] == (0, pytest.approx(loss_in_float64(cell, problem, start), rel=2e-6))
    assert fit.curve[-1] == (60, pytest.approx(loss_in_float64(cell, problem, fit.weights), rel=2e-5))  # of misses of .04
    assert fit.curve[-1][1] < 0.9 * fit.curve[0][1]


@pytest.mark.parametrize("form", FORMS)
def test_a_program_that_was_let_go_is_compiled_again_and_gives_the_same_bits(form: str) -> None:
    """Letting go of all programs stands for what the cache does with the least recently used one when it is full."""
    from bench.engines.descent import program

    assert program._traced.cache_info().maxsize == program.PROGRAMS_KEPT
    cell, other = small(**FORMS[form]), small(architecture=TINY, steps=1)
    first = hashes(train(cell))
    program._traced.cache_clear()
    train(other)
    assert hashes(train(cell)) == first
    assert program._traced.cache_info().misses == 2


def test_returned_weights_are_float32_numbers_in_float64_of_the_declared_shape() -> None:
    cell = small(**FORMS["direct"])
    fit = train(cell)[0]
    assert fit.weights is not None
    cell.deeponet().check(fit.weights)
    for array in fit.weights.arrays():
        assert array.dtype == np.float64
        np.testing.assert_array_equal(array, array.astype(np.float32))


@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=3), st.lists(st.integers(1, 5), min_size=1, max_size=3), st.integers(1, 4)
)
def test_theta_and_weights_are_the_same_numbers(branch: list[int], trunk: list[int], q: int) -> None:
    pinned_tensorflow(1)
    from bench.engines.descent.networks.network import flattened, unflattened

    net = DeepONet(3, 2, tuple(branch), tuple(trunk), q)
    theta = np.arange(net.parameter_count(), dtype=np.float32)
    weights = unflattened(net, theta)
    net.check(weights)
    np.testing.assert_array_equal(flattened(weights), theta)


@pytest.mark.parametrize("settings", [{"batch": 4}, {"recipe": "soap", "learning_rate": 1e-2, "batch": 14}], ids=["adam", "soap"])
def test_a_longer_budget_begins_with_the_steps_of_a_shorter_one(settings: dict[str, Any]) -> None:
    if settings.get("recipe") == "soap":  # its warm-up is one step for every budget below 75 steps
        short, long = (train(small(steps=steps, **settings))[0] for steps in (23, 70))
    else:
        short, long = (train(small(steps=steps, **settings))[0] for steps in (60, 900))
    common = dict(long.curve).keys() & dict(short.curve).keys()
    assert len(common) > 10
    assert [dict(long.curve)[step] for step in sorted(common)] == [dict(short.curve)[step] for step in sorted(common)]


@pytest.mark.parametrize("batch", [None, 4])
def test_the_number_of_steps_per_call_has_no_effect(batch: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    cell = small(steps=100, batch=batch)
    whole = train(cell)[0]
    monkeypatch.setattr(loop, "LONGEST_CHUNK", 50)
    halves = train(cell)[0]
    assert halves.curve == whole.curve
    assert hashes([halves]) == hashes([whole])


def test_no_steps_return_the_initial_weights() -> None:
    cell = small(steps=0)
    fit, problem = train(cell)[0], problem_of(cell)
    assert fit.weights is not None
    for got, drawn in zip(
        fit.weights.arrays(), initial_weights(cell, inputs=problem.inputs, points=problem.points).arrays(), strict=True
    ):
        np.testing.assert_array_equal(got, drawn.astype(np.float32))
    assert (fit.status, fit.steps, len(fit.curve)) == ("done", 0, 1)


def test_divergence_stops_within_one_call_and_is_recorded() -> None:
    cell = small(steps=5000, learning_rate=1e12)
    fit = train(cell)[0]
    assert fit.status == "diverged"
    assert fit.steps == 400
    assert fit.curve[0][0] == 0
    last = fit.curve[-1][1]
    assert not np.isfinite(last) or last > 1e6 * fit.curve[0][1]
    assert str(fit.curve[-1][0]) in fit.message
    assert fit.weights is None or fit.weights.finite()


def test_soap_that_overflows_is_recorded_as_diverged() -> None:
    fit = train(small(recipe="soap", steps=400, learning_rate=1e25))[0]
    assert fit.status == "diverged"
    assert fit.steps <= 110


def test_timeout_keeps_the_weights_reached() -> None:
    cell = small(steps=5000)
    fit = train(cell, control=Control(timeout_seconds=0.0))[0]
    assert (fit.status, fit.steps) == ("timeout", 400)
    assert fit.weights is not None
    assert fit.curve[-1] == (400, pytest.approx(loss_in_float64(cell, problem_of(cell), fit.weights), rel=1e-3))


def test_progress_is_reported_for_each_cell_after_each_call() -> None:
    seen: list[tuple[int, int]] = []
    train(small(steps=500), small(steps=60), control=Control(report=lambda done, step: seen.append((done, step))))
    assert seen == [(0, 400), (0, 500), (1, 60)]


def test_a_descent_stops_at_the_training_error_it_is_told() -> None:
    cell = small(steps=20000, learning_rate=3e-3, recipe="soap")
    problem = problem_of(cell)
    target = 0.05 * problem.unit**2
    fit = descend(cell, problem, target=target)
    assert fit.weights is not None
    assert fit.status == "done"
    assert fit.steps < 5000
    assert loss_in_float64(cell, problem, fit.weights) * problem.unit**2 <= target
    assert fit.curve[-1][0] == fit.steps


def test_a_descent_starts_from_the_weights_it_is_given() -> None:
    cell = small(steps=400)
    problem = problem_of(cell)
    first = descend(cell, problem)
    assert first.weights is not None
    second = descend(small(steps=0), problem, start=first.weights)
    assert hashes([second]) == hashes([first])


def test_an_unknown_recipe_is_refused() -> None:
    assert "recipe" in (NativeEngine().refuses(small(recipe="astrology")) or "")
    assert NativeEngine().refuses(small()) is None


sizes = st.integers(1, 3000)


@given(st.booleans(), sizes, sizes, sizes, sizes, sizes)
def test_the_form_is_one_the_design_allows(grid: bool, functions: int, batch: int, points: int, extra: int, q: int) -> None:
    distinct = points if grid else points + extra
    shape = Shape(grid, functions, min(batch, functions), points, distinct, q)
    form = loss_form(shape)
    assert form in (("direct", "gram") if grid else ("own", "table", "gathered"))
    assert (form == "own") == (not grid and shape.batch * points < distinct)
    assert loss_form(shape, fine=True) != "gram"


def test_a_table_refuses_a_function_with_a_repeated_point() -> None:
    problem = problem_of(small(design="scattered", functions=9, points=6))
    problem.index.setflags(write=True)
    problem.index[4, 1] = problem.index[4, 0]
    with pytest.raises(ValueError, match="repeated"):
        operands(problem, "table")


def test_soap_reaches_the_certified_floor_where_adam_does_not() -> None:
    settings: dict[str, Any] = {
        "task": "advection-speed",
        "parameters": {},
        "functions": 40,
        "points": 50,
        "architecture": {"branch_widths": [24, 24], "trunk_widths": [24, 24], "q": 4},
        "steps": 1200,
        "decay": "cosine",
        "initialisation": "scaled",
    }
    ratios = {}
    for recipe, rate in (("soap", 1e-2), ("adam", 3e-3)):
        cell = small(recipe=recipe, learning_rate=rate, **settings)
        problem = problem_of(cell)
        floor = floors_of_deeponet(problem.labels, problem.mean, problem.scale)[4] / problem.unit**2
        weights = train(cell)[0].weights
        assert weights is not None
        ratios[recipe] = loss_in_float64(cell, problem, weights) / floor
    assert 1.0 - 1e-6 <= ratios["soap"] <= 1.01
    assert ratios["adam"] > 1.01
