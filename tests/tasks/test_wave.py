"""The wave equation against d'Alembert's formula, by FFT, and its energy."""

import numpy as np

from operators import TASKS, find_task
from operators.seeds import stream

WAVE = TASKS["wave"]


def translated(inputs: np.ndarray, shift: float) -> np.ndarray:
    """Trigonometric interpolant of the sensor values, moved to the right by `shift`."""
    k = np.fft.rfftfreq(inputs.shape[1], 1.0 / inputs.shape[1])
    return np.fft.irfft(np.fft.rfft(inputs, axis=1) * np.exp(-2j * np.pi * k * shift), n=inputs.shape[1], axis=1)


def test_solution_is_the_mean_of_two_translates() -> None:
    task = find_task("wave", {"speed": 0.7, "horizon": 1.3, "time_count": 4})
    coefficients = task.draw(stream("inputs", "wave"), 10)
    inputs, frames = task.inputs(coefficients), task.outputs(coefficients).reshape(10, 4, 100)
    for number, t in enumerate(np.linspace(0.0, 1.3, 4)):
        expected = 0.5 * (translated(inputs, 0.7 * t) + translated(inputs, -0.7 * t))
        np.testing.assert_allclose(frames[:, number], expected, atol=1e-11)


def test_final_time_is_the_last_frame_and_a_full_period_gives_the_input_back() -> None:
    coefficients = WAVE.draw(stream("inputs", "wave"), 4)
    frames = find_task("wave", {"time_count": 3}).outputs(coefficients)
    np.testing.assert_allclose(WAVE.outputs(coefficients), frames[:, -100:], atol=1e-13)
    again = find_task("wave", {"horizon": 1.0}).outputs(coefficients)
    np.testing.assert_allclose(again, WAVE.inputs(coefficients), atol=1e-11)


def test_leapfrog_differences_approach_the_solution_with_order_two() -> None:
    """v'' = v_xx on a grid of P points with time step 1 / (2 P), from rest."""
    smooth = {"sensor_count": 9, "horizon": 0.25}
    coefficients = find_task("wave", smooth).draw(stream("inputs", "leapfrog"), 3)

    def error(points: int) -> float:
        task = find_task("wave", {**smooth, "point_count": points})
        u = task.field.evaluate(coefficients, task.points()[:, 0])

        def forced(v: np.ndarray) -> np.ndarray:
            return 0.25 * (np.roll(v, 1, axis=1) - 2.0 * v + np.roll(v, -1, axis=1))

        before, now = u, u + 0.5 * forced(u)
        for _ in range(points // 2 - 1):
            before, now = now, 2.0 * now - before + forced(now)
        return float(np.abs(now - task.outputs(coefficients)).max())

    errors = [error(points) for points in (64, 128, 256)]
    np.testing.assert_allclose(np.log2(np.divide(errors[:-1], errors[1:])), 2.0, atol=0.1)


def test_no_mode_is_lost_at_the_registered_time() -> None:
    spectrum = WAVE.output_spectrum()
    assert spectrum is not None
    factors = np.cos(2.0 * np.pi * np.arange(50) * 0.3)
    law = 625.0 * ((2.0 * np.pi * np.arange(50)) ** 2 + 25.0) ** -2.0
    expected = np.sort(np.repeat(law * factors**2, [1] + 49 * [2]))[::-1]
    np.testing.assert_allclose(spectrum, expected, rtol=1e-9)
    assert np.abs(factors).min() > 0.3
