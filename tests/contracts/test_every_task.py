"""What every task promises, whatever it computes. A new task gets all of this by its line in the registry."""

import dataclasses
import json
import re

import numpy as np
import pytest

from operators import TASKS, Task, find_task
from operators.data.function_cache import BLOCK, BlockCache, validate
from operators.errors import DataInvalid, UserError
from operators.seeds import stream
from operators.tasks.task import Card

EVERY_TASK = pytest.mark.parametrize("task", TASKS.values(), ids=TASKS.keys())
CONSTANTS = [
    pytest.param(task, field, id=f"{task.name}-{field.name}")
    for task in TASKS.values()
    for field in dataclasses.fields(task)
    if field.name != "name"
]
SMALLER = {"heat-square": {"side": 8}}
LINEAR_WITH_SPECTRUM = [task for task in TASKS.values() if task.output_spectrum() is not None]


def block(task: Task) -> tuple[np.ndarray, np.ndarray]:
    return BlockCache(None).block(task, "inputs", replicate=0, number=0)


@EVERY_TASK
def test_is_registered_under_a_plain_name(task: Task) -> None:
    assert TASKS[task.name] is task
    assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", task.name)
    assert find_task(task.name) == task


@EVERY_TASK
def test_sensors_and_points_are_distinct_read_only_coordinates_of_the_unit_domain(task: Task) -> None:
    for coordinates in (task.sensors(), task.points()):
        assert coordinates.ndim == 2
        assert coordinates.dtype == np.float64
        assert coordinates.min() >= 0.0
        assert coordinates.max() <= 1.0
        assert len(np.unique(coordinates, axis=0)) == len(coordinates)
        assert not coordinates.flags.writeable


@pytest.mark.parametrize("task", [task for task in TASKS.values() if task.gaussian], ids=lambda task: task.name)
def test_a_gaussian_input_is_linear_in_standard_normal_coefficients(task: Task) -> None:
    drawn = task.draw(stream("reference", "gaussian", task.name), 6)
    np.testing.assert_array_equal(drawn, stream("reference", "gaussian", task.name).standard_normal(drawn.shape))
    one, other, zero = task.inputs(drawn[:3]), task.inputs(drawn[3:]), task.inputs(np.zeros_like(drawn[:1]))
    np.testing.assert_allclose(task.inputs(2.0 * drawn[:3] - drawn[3:]), 2.0 * one - other, atol=1e-10 * np.abs(one).max())
    np.testing.assert_array_equal(zero, np.zeros_like(zero))


@EVERY_TASK
def test_block_is_valid_and_has_identical_bits_when_generated_again(task: Task) -> None:
    inputs, outputs = block(task)
    assert inputs.shape == (BLOCK, len(task.sensors()))
    assert outputs.shape == (BLOCK, len(task.points()))
    validate(task, inputs, outputs)
    again = block(task)
    assert inputs.tobytes() == again[0].tobytes()
    assert outputs.tobytes() == again[1].tobytes()


@EVERY_TASK
def test_inputs_and_outputs_vary_from_function_to_function(task: Task) -> None:
    inputs, outputs = block(task)
    assert len(np.unique(inputs, axis=0)) > BLOCK // 2
    assert len(np.unique(outputs, axis=0)) > BLOCK // 2


@EVERY_TASK
def test_fewer_functions_are_a_prefix_of_more(task: Task) -> None:
    few = task.draw(stream("inputs", "prefix"), 5)
    many = task.draw(stream("inputs", "prefix"), 12)
    assert few.tobytes() == many[:5].tobytes()


@EVERY_TASK
def test_functions_do_not_depend_on_their_company(task: Task) -> None:
    coefficients = task.draw(stream("inputs", "company"), 3)
    together = task.outputs(coefficients)
    for alone, row in zip(coefficients, together, strict=True):
        np.testing.assert_allclose(task.outputs(alone[None])[0], row, rtol=0.0, atol=1e-6 * np.abs(row).max())


@EVERY_TASK
def test_card_says_what_a_reader_needs(task: Task) -> None:
    card = task.card
    for field in dataclasses.fields(Card):
        if field.name not in ("caution", "solver_error"):
            assert getattr(card, field.name)
    assert 0.0 <= card.solver_error <= 1e-4


@EVERY_TASK
def test_invariants_catch_outputs_that_are_wrong(task: Task) -> None:
    inputs, outputs = block(task)
    assert task.violations(inputs, outputs) == []
    with pytest.raises(DataInvalid, match=task.name):
        validate(task, inputs, 10.0 * outputs + 1.0)


@EVERY_TASK
def test_identity_is_canonical_json_of_the_constants_without_the_name(task: Task) -> None:
    identity = json.loads(task.identity())
    fields = {field.name for field in dataclasses.fields(task)} - {"name"}
    assert set(identity) == fields | {"class", "version"}
    assert dataclasses.replace(task, name="other").identity() == task.identity()
    as_floats = {name: float(getattr(task, name)) for name in fields}
    assert find_task(task.name, as_floats).identity() == task.identity()


@pytest.mark.parametrize(("task", "field"), CONSTANTS)
def test_every_constant_is_part_of_the_identity(task: Task, field: "dataclasses.Field[object]") -> None:
    changed = [identity for step in (1, -1) if (identity := neighbour(task, field.name, step)) is not None]
    assert changed, "neither neighbour of the default is accepted"
    assert task.identity() not in changed


def neighbour(task: Task, name: str, step: int) -> str | None:
    """Identity of the task with a constant moved by a step; None where it refuses that."""
    try:
        return find_task(task.name, {name: getattr(task, name) + step}).identity()
    except UserError:
        return None


@pytest.mark.parametrize(("task", "field"), CONSTANTS)
def test_unusable_constants_are_refused_in_one_sentence(task: Task, field: "dataclasses.Field[object]") -> None:
    unusable = [float("nan"), float("inf"), "1", None, True]
    if field.type is int:
        unusable += [getattr(task, field.name) + 0.5, -1, 10**9]
    for value in unusable:
        with pytest.raises(UserError, match=f"expected {field.name} of task '{task.name}' to be .*, got"):
            find_task(task.name, {field.name: value})


def test_unknown_names_are_refused_and_the_known_ones_listed() -> None:
    with pytest.raises(UserError, match=r"burgers.*darcy.*got 'burger'"):
        find_task("burger")
    with pytest.raises(UserError, match=r"viscosity.*got 'nu'"):
        find_task("burgers", {"nu": 0.1})


@pytest.mark.parametrize("task", LINEAR_WITH_SPECTRUM, ids=lambda task: task.name)
def test_output_spectrum_is_that_of_the_exact_second_moment(task: Task) -> None:
    """These operators are linear in i.i.d. N(0, 1) coefficients, so the images of unit vectors give the second moment."""
    count = task.draw(stream("inputs", "count"), 1).shape[1]
    images = task.outputs(np.eye(count))
    eigenvalues = np.linalg.svd(images, compute_uv=False) ** 2 / images.shape[1]
    spectrum = task.output_spectrum()
    assert spectrum is not None
    np.testing.assert_array_equal(task.outputs(np.zeros((1, count))), 0.0, err_msg="linear, so of mean zero: the covariance")
    assert np.all(np.diff(spectrum) <= 0.0)
    np.testing.assert_allclose(eigenvalues, spectrum[: len(eigenvalues)], rtol=0.0, atol=1e-13 * spectrum[0])
    assert spectrum[len(eigenvalues) :].sum() <= 1e-13 * spectrum[0]


@pytest.mark.parametrize("task", LINEAR_WITH_SPECTRUM, ids=lambda task: task.name)
def test_output_spectrum_agrees_with_sampled_tails_within_sampling_error(task: Task) -> None:
    """Sampled tails are optimistic (theory: a minimum of linear functionals is concave), by about q / N."""
    functions = 4000
    small = find_task(task.name, {"time_count": 3} if getattr(task, "time_count", 1) > 3 else SMALLER.get(task.name))
    outputs = small.outputs(small.draw(stream("inputs", "sampled"), functions))
    sampled = np.linalg.svd(outputs / np.sqrt(outputs.size), compute_uv=False) ** 2
    spectrum = small.output_spectrum()
    assert spectrum is not None
    for q in (0, 4, 12):
        tail = spectrum[q:].sum()
        error = 4.0 * np.sqrt(2.0 * np.sum(spectrum[q:] ** 2) / functions)
        assert tail - error - 2.0 * q / functions * tail < sampled[q:].sum() < tail + error


def test_every_task_of_the_specification_is_there() -> None:
    assert set(TASKS) >= {
        "burgers",
        "burgers-low-viscosity",
        "darcy",
        "darcy-lognormal",
        "advection",
        "advection-space-time",
        "advection-box",
        "advection-sign",
        "advection-speed",
        "advection-diffusion-reaction",
        "antiderivative",
        "heat",
        "heat-square",
        "korteweg-de-vries",
        "kuramoto-sivashinsky",
        "poisson",
        "shallow-shock",
        "wave",
    }
