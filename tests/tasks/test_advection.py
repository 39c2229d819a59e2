"""Advection tasks: translation computed another way, and what is published or stated about each law."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators import TASKS, find_task
from operators.data.dataset import Request, build
from operators.seeds import stream


def shifted_by_fft(inputs: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Trigonometric interpolant of the sensor values, moved to the right by `shift` (one a function)."""
    k = np.fft.rfftfreq(inputs.shape[1], 1.0 / inputs.shape[1])
    return np.fft.irfft(
        np.fft.rfft(inputs, axis=1) * np.exp(-2j * np.pi * k * np.asarray(shift)[:, None]), n=inputs.shape[1], axis=1
    )


def test_final_time_is_the_shifted_interpolant_of_the_sensors() -> None:
    task = TASKS["advection"]
    coefficients = task.draw(stream("inputs", "advection"), 20)
    expected = shifted_by_fft(task.inputs(coefficients), np.full(20, 0.5))
    np.testing.assert_allclose(task.outputs(coefficients), expected, atol=1e-11)


@given(speed=st.floats(-3.0, 3.0), horizon=st.floats(0.0, 2.0))
def test_any_speed_and_horizon_shift_by_their_product(speed: float, horizon: float) -> None:
    task = find_task("advection", {"speed": speed, "horizon": horizon})
    coefficients = task.draw(stream("inputs", "advection"), 3)
    expected = shifted_by_fft(task.inputs(coefficients), np.full(3, speed * horizon))
    np.testing.assert_allclose(task.outputs(coefficients), expected, atol=1e-10)


def test_space_time_starts_at_the_input_and_ends_one_period_later_at_it() -> None:
    task = TASKS["advection-space-time"]
    coefficients = task.draw(stream("inputs", "advection"), 5)
    frames = task.outputs(coefficients).reshape(5, 100, 100)
    np.testing.assert_allclose(frames[:, 0], task.inputs(coefficients), atol=1e-12)
    np.testing.assert_allclose(frames[:, -1], frames[:, 0], atol=1e-11)
    x, t = task.points()[345]
    assert (x, t) == (0.45, 3 / 99)
    expected = shifted_by_fft(task.inputs(coefficients), np.full(5, t))[:, 45]
    np.testing.assert_allclose(task.outputs(coefficients)[:, 345], expected, atol=1e-11)


def test_input_dependent_speed_is_set_by_the_mean_of_the_sensors() -> None:
    task = TASKS["advection-speed"]
    coefficients = task.draw(stream("inputs", "speed"), 30)
    inputs = task.inputs(coefficients)
    speed = 0.5 + 0.5 * np.tanh(inputs.mean(axis=1))
    frames = task.outputs(coefficients).reshape(30, 10, 10)
    for number, t in enumerate(np.linspace(0.0, 1.0, 10)):
        np.testing.assert_allclose(frames[:, number], shifted_by_fft(inputs, speed * t)[:, ::10], atol=1e-10)


def test_input_dependent_speed_is_a_nonlinear_operator() -> None:
    task = TASKS["advection-speed"]
    coefficients = task.draw(stream("inputs", "speed"), 2)
    both = task.outputs(coefficients.sum(axis=0, keepdims=True))
    assert np.abs(both - task.outputs(coefficients).sum(axis=0)).max() > 0.1


def test_input_dependent_speed_has_the_floors_of_the_recipe_tables() -> None:
    """N = 200, M = 100: .38, .22, .08, .015 of the variance at q = 4, 8, 16, 32 for the one draw there; the mean of ten here."""
    floors = []
    for replicate in range(10):
        labels = build(Request(TASKS["advection-speed"], "grid", 200, 100, replicate=replicate)).labels
        energies = np.linalg.svd(labels - labels.mean(), compute_uv=False) ** 2
        floors.append([energies[q:].sum() / energies.sum() for q in (4, 8, 16, 32)])
    np.testing.assert_allclose(np.mean(floors, axis=0), [0.38, 0.22, 0.08, 0.015], rtol=0.25)


def test_box_is_the_translated_interval() -> None:
    task = find_task("advection-box", {"time_count": 40, "horizon": 1.0})
    coefficients = task.draw(stream("inputs", "box"), 50)
    assert np.all((coefficients >= [1.0, 0.3, 0.3]) & (coefficients <= [2.0, 0.6, 0.7]))
    for (height, width, centre), values in zip(coefficients, task.outputs(coefficients), strict=True):
        for (x, t), value in zip(task.points()[::13], values[::13], strict=True):
            left, right = centre - width / 2.0 + t, centre + width / 2.0 + t
            inside = any(left <= x + period <= right for period in (0.0, 1.0, 2.0))
            assert value == (height if inside else 0.0)


def test_box_at_half_time_has_left_its_place() -> None:
    task = TASKS["advection-box"]
    coefficients = np.array([[1.5, 0.4, 0.5]])
    x = task.points()[:, 0]
    np.testing.assert_array_equal(task.inputs(coefficients)[0], np.where(np.abs(x - 0.5) <= 0.2, 1.5, 0.0))
    np.testing.assert_array_equal(task.outputs(coefficients)[0], np.where((x <= 0.2) | (x >= 0.8), 1.5, 0.0))


def test_sign_task_follows_its_published_generator() -> None:
    """Modes sqrt(2) cos and sin of 2 pi l x, l = 1, ..., 50, eigenvalues (4 pi^2 l^2 + 9)^-2; 200 points, shift 1/2."""
    task = TASKS["advection-sign"]
    z = task.draw(stream("inputs", "sign"), 4)
    x = np.linspace(0.0, 1.0, 200)
    np.testing.assert_array_equal(task.sensors()[:, 0], x)
    field, moved = np.zeros((4, 200)), np.zeros((4, 200))
    modes = z[:, 1:]
    assert modes.shape[1] == 100
    for mode in range(1, 51):
        eigenvalue = (4.0 * np.pi**2 * mode**2 + 9.0) ** -2.0
        for values, at in ((field, x), (moved, (x - 0.5 + 1.0) % 1.0)):
            values += np.sqrt(2.0 * eigenvalue) * np.outer(modes[:, 2 * mode - 2], np.cos(2.0 * np.pi * mode * at))
            values += np.sqrt(2.0 * eigenvalue) * np.outer(modes[:, 2 * mode - 1], np.sin(2.0 * np.pi * mode * at))
    np.testing.assert_array_equal(task.inputs(z), np.where(field > 0.0, 1.0, -1.0))
    np.testing.assert_array_equal(task.outputs(z), np.where(moved > 0.0, 1.0, -1.0))


def test_sign_task_has_no_constant_functions_and_is_balanced() -> None:
    outputs = TASKS["advection-sign"].outputs(TASKS["advection-sign"].draw(stream("inputs", "balance"), 500))
    assert np.abs(outputs.mean(axis=1)).max() < 1.0
    assert abs(outputs.mean()) < 0.05


@pytest.mark.parametrize("name", ["advection", "advection-space-time"])
def test_spectrum_is_the_law_of_the_input_whatever_the_speed(name: str) -> None:
    still, fast = find_task(name, {"speed": 0.0}), find_task(name, {"speed": 7.3})
    np.testing.assert_array_equal(still.output_spectrum(), fast.output_spectrum())


def test_no_spectrum_is_claimed_where_the_grid_confuses_modes() -> None:
    assert find_task("advection", {"point_count": 98}).output_spectrum() is None
    assert find_task("advection", {"point_count": 99}).output_spectrum() is not None
    assert find_task("heat", {"point_count": 98}).output_spectrum() is None
