"""Burgers against the Cole-Hopf solution, which shares nothing with the pseudo-spectral scheme."""

import dataclasses

import numpy as np
import pytest
from scipy.special import ive

from operators import TASKS, find_task
from operators.data.function_cache import BlockCache
from operators.errors import DataInvalid
from operators.seeds import stream
from operators.tasks import burgers
from operators.tasks.burgers import Burgers

FINAL = TASKS["burgers"]
SPACE_TIME = TASKS["burgers-low-viscosity"]
FINE = 4096


def cole_hopf(task: Burgers, coefficients: np.ndarray, x: np.ndarray, t: float) -> np.ndarray:
    """Solve by u = m - 2 nu phi_x / phi in the frame moving with the mean m, phi_t = nu phi_xx, phi_0 = exp(-U_0 / (2 nu))."""
    nu, field = task.viscosity, task._field()
    mean = coefficients[:, 0] * field.deviations[0]
    centred = coefficients.copy()
    centred[:, 0] = 0.0
    potential = field.antiderivative(centred, np.arange(FINE) / FINE)
    phi = np.exp(-(potential - potential.mean(axis=1, keepdims=True)) / (2.0 * nu))
    k = 2.0 * np.pi * np.arange(FINE // 4)
    weight = np.where(k == 0.0, 1.0, 2.0) / FINE
    amplitudes = weight * np.fft.rfft(phi, axis=1)[:, : len(k)] * np.exp(-nu * k**2 * t)
    solution = np.empty((len(coefficients), len(x)))
    for row, (amplitude, drift) in enumerate(zip(amplitudes, mean, strict=True)):
        waves = np.exp(1j * np.outer(k, x - drift * t))
        solution[row] = drift - 2.0 * nu * ((1j * k * amplitude) @ waves).real / (amplitude @ waves).real
    return solution


def relative(got: np.ndarray, expected: np.ndarray) -> np.ndarray:
    return np.linalg.norm(got - expected, axis=1) / np.linalg.norm(expected, axis=1)


def test_final_time_agrees_with_cole_hopf_to_the_error_on_the_card() -> None:
    coefficients = FINAL.draw(stream("inputs", "burgers"), 128)
    expected = cole_hopf(FINAL, coefficients, FINAL.points()[:, 0], 1.0)
    assert relative(FINAL.outputs(coefficients), expected).max() <= FINAL.card.solver_error


def test_space_time_agrees_with_cole_hopf_to_the_error_on_the_card() -> None:
    coefficients = SPACE_TIME.draw(stream("inputs", "burgers"), 32)
    frames = SPACE_TIME.outputs(coefficients).reshape(32, 101, 101)
    x = np.linspace(0.0, 1.0, 101)
    np.testing.assert_allclose(frames[:, 0], SPACE_TIME._field().evaluate(coefficients, x), atol=1e-13)
    for number in (1, 20, 50, 100):
        expected = cole_hopf(SPACE_TIME, coefficients, x, number / 100)
        assert relative(frames[:, number], expected).max() <= SPACE_TIME.card.solver_error


def test_cole_hopf_itself_agrees_with_the_series_of_a_sine_wave() -> None:
    """u_0 = sin(2 pi x): phi has the coefficients I_k(1 / (4 pi nu)), so the reference of these tests is checked too."""
    task = find_task("burgers", {"viscosity": 0.05, "sensor_count": 3})
    coefficients = np.array([[0.0, 0.0, 1.0]]) / (np.sqrt(2.0) * task._field().deviations[1])
    x, k, z = np.linspace(0.0, 1.0, 33), np.arange(40), 1.0 / (4.0 * np.pi * 0.05)
    decay = np.where(k == 0, 1.0, 2.0) * ive(k, z) * np.exp(-0.05 * (2.0 * np.pi * k) ** 2 * 0.5)
    phase = 2.0 * np.pi * np.outer(k, x)
    expected = 4.0 * np.pi * 0.05 * ((k * decay) @ np.sin(phase)) / (decay @ np.cos(phase))
    np.testing.assert_allclose(cole_hopf(task, coefficients, x, 0.5)[0], expected, atol=1e-11)


def test_order_in_time_is_four() -> None:
    coefficients = SPACE_TIME.draw(stream("inputs", "order"), 8)
    task = dataclasses.replace(SPACE_TIME, time_count=11)
    expected = cole_hopf(task, coefficients, np.linspace(0.0, 1.0, 101), 1.0)
    errors = [
        np.abs(dataclasses.replace(task, steps=steps).outputs(coefficients)[:, -101:] - expected).max() for steps in (4, 8, 16)
    ]
    slopes = np.log2(np.divide(errors[:-1], errors[1:]))
    np.testing.assert_allclose(slopes, 4.0, atol=0.3)


def test_error_falls_geometrically_with_the_number_of_modes() -> None:
    task = find_task("burgers-low-viscosity", {"viscosity": 0.004, "sensor_count": 21, "time_count": 11, "steps": 40})
    coefficients = task.draw(stream("inputs", "modes"), 4)
    expected = cole_hopf(task, coefficients, np.linspace(0.0, 1.0, 101), 1.0)
    errors = [
        np.abs(dataclasses.replace(task, modes=modes).outputs(coefficients)[:, -101:] - expected).max() for modes in (20, 40, 80)
    ]
    assert errors[1] < errors[0] / 10.0
    assert errors[2] < errors[1] / 100.0


def test_mean_is_conserved_and_energy_decays() -> None:
    coefficients = SPACE_TIME.draw(stream("inputs", "energy"), 16)
    u = SPACE_TIME.outputs(coefficients).reshape(16, 101, 101)[:, :, :-1]
    np.testing.assert_allclose(u.mean(axis=2), u[:, :1].mean(axis=2) @ np.ones((1, 101)), atol=1e-12)
    assert np.all(np.diff(np.mean(u**2, axis=2), axis=1) <= 1e-14)


def test_translated_input_gives_translated_output() -> None:
    field = FINAL._field()
    coefficients = FINAL.draw(stream("inputs", "shift"), 4)
    turned = coefficients.copy()
    angle = 2.0 * np.pi * np.arange(1, len(field.deviations)) * (8 / 128)
    cosine, sine = coefficients[:, 1::2], coefficients[:, 2::2]
    turned[:, 1::2] = cosine * np.cos(angle) - sine * np.sin(angle)
    turned[:, 2::2] = cosine * np.sin(angle) + sine * np.cos(angle)
    np.testing.assert_allclose(FINAL.outputs(turned), np.roll(FINAL.outputs(coefficients), 8, axis=1), atol=1e-9)


def test_galilean_invariance() -> None:
    """u_0 + c gives u(x - c t, t) + c; here c = 1 / 8 over t = 1 is a shift by 16 of 128 points."""
    coefficients = FINAL.draw(stream("inputs", "galileo"), 4)
    faster = coefficients.copy()
    faster[:, 0] += 0.125 / FINAL._field().deviations[0]
    np.testing.assert_allclose(FINAL.outputs(faster), np.roll(FINAL.outputs(coefficients), 16, axis=1) + 0.125, atol=1e-6)


def test_sensors_determine_the_input() -> None:
    field = FINAL._field()
    matrix = field.evaluate(np.eye(field.coefficients), FINAL.sensors()[:, 0])
    assert np.linalg.matrix_rank(matrix) == field.coefficients


def test_unresolved_shocks_are_reported_not_returned() -> None:
    task = find_task("burgers", {"viscosity": 2e-4})
    with pytest.raises(DataInvalid, match=r"burgers.*(maximum principle|not finite)"):
        BlockCache(None).block(task, "inputs", replicate=0, number=0)


def test_advance_is_a_semigroup() -> None:
    spectrum = FINAL._field().fourier(FINAL.draw(stream("inputs", "semigroup"), 2))
    once = burgers.advance(spectrum, viscosity=0.1, duration=0.5, steps=400)
    halves = burgers.advance(spectrum, viscosity=0.1, duration=0.25, steps=200)
    twice = burgers.advance(halves, viscosity=0.1, duration=0.25, steps=200)
    np.testing.assert_allclose(twice, once, atol=1e-14)
