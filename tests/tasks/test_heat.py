"""Heat equation against the heat kernel, and its spectrum against the continuous closed form."""

import numpy as np
import pytest

from operators import TASKS, find_task
from operators.seeds import stream

HEAT = TASKS["heat"]


def test_solution_is_the_convolution_with_the_periodised_heat_kernel() -> None:
    """The kernel as a sum of Gaussians; equispaced quadrature of smooth periodic functions is exact to rounding."""
    task = find_task("heat", {"horizon": 0.3})
    coefficients = task.draw(stream("inputs", "heat"), 3)
    s = np.arange(512) / 512
    initial = task.field.evaluate(coefficients, s)
    variance = 2.0 * task.conductivity * task.horizon
    distance = task.points()[:, 0][:, None] - s
    kernel = sum(np.exp(-((distance + period) ** 2) / (2.0 * variance)) for period in range(-6, 7)) / np.sqrt(
        2.0 * np.pi * variance
    )
    np.testing.assert_allclose(task.outputs(coefficients), initial @ kernel.T / 512, atol=1e-12)


def test_space_time_frames_are_final_times() -> None:
    task = find_task("heat", {"time_count": 5, "horizon": 2.0})
    coefficients = task.draw(stream("inputs", "heat"), 4)
    frames = task.outputs(coefficients).reshape(4, 5, 100)
    np.testing.assert_allclose(frames[:, 0], task.inputs(coefficients), atol=1e-13)
    for number, t in enumerate((0.5, 1.0, 1.5, 2.0), start=1):
        np.testing.assert_allclose(frames[:, number], find_task("heat", {"horizon": t}).outputs(coefficients), atol=1e-13)


def test_energy_decays_and_late_solutions_are_their_mean() -> None:
    coefficients = HEAT.draw(stream("inputs", "heat"), 10)
    assert np.all(np.mean(HEAT.outputs(coefficients) ** 2, axis=1) < np.mean(HEAT.inputs(coefficients) ** 2, axis=1))
    late = find_task("heat", {"horizon": 100.0}).outputs(coefficients)
    np.testing.assert_allclose(late, HEAT.inputs(coefficients).mean(axis=1)[:, None] * np.ones(100), atol=1e-13)


def test_final_time_spectrum_is_the_closed_form() -> None:
    k = np.repeat(np.arange(50), [1] + 49 * [2])
    eigenvalues = 625.0 * ((2.0 * np.pi * k) ** 2 + 25.0) ** -2.0 * np.exp(-2.0 * 0.01 * (2.0 * np.pi * k) ** 2)
    np.testing.assert_allclose(HEAT.output_spectrum(), np.sort(eigenvalues)[::-1], rtol=1e-10)


def test_space_time_spectrum_tends_to_the_time_average_of_the_closed_form() -> None:
    """That is (1 - e^{-2 A T}) / (2 A T), A = kappa (2 pi k)^2; the mean over a closed grid is off by O(1 / times)."""
    k = np.repeat(np.arange(50), [1] + 49 * [2])
    rate = 2.0 * 0.01 * (2.0 * np.pi * k) ** 2
    average = np.where(k == 0, 1.0, -np.expm1(-rate) / np.where(k == 0, 1.0, rate))
    law = 625.0 * ((2.0 * np.pi * k) ** 2 + 25.0) ** -2.0
    leading = slice(0, 11)
    gaps = []
    for times in (401, 1601):
        spectrum = find_task("heat", {"time_count": times}).output_spectrum()
        trapezoid = ((times - 1) * average + 0.5 + 0.5 * np.exp(-rate)) / times
        np.testing.assert_allclose(spectrum[leading], (law * trapezoid)[leading], rtol=(rate[10] / times) ** 2 / 6.0)
        gaps.append(spectrum[1] / (law * average)[1] - 1.0)
    assert gaps[0] / gaps[1] == pytest.approx(4.0, rel=0.02)
