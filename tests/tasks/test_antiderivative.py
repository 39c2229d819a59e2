"""Antiderivative against adaptive quadrature and differentiation, with the law of the DeepONet papers."""

import numpy as np
from scipy.integrate import quad

from operators import TASKS, find_task
from operators.numerics.grf import squared_exponential
from operators.seeds import stream

TASK = TASKS["antiderivative"]


def test_output_is_the_integral_of_the_sampled_process() -> None:
    coefficients = TASK.draw(stream("inputs", "antiderivative"), 2)
    field = squared_exponential(0.2)
    for z, v in zip(coefficients, TASK.outputs(coefficients), strict=True):
        for j in (0, 7, 50, 99):
            integral, _ = quad(lambda s, z=z: field.evaluate(z[None], np.array([s]))[0, 0], 0.0, j / 99, epsabs=1e-13)
            assert abs(v[j] - integral) < 1e-12


def test_differences_of_the_output_are_simpson_sums_of_the_input() -> None:
    task = find_task("antiderivative", {"sensor_count": 199, "point_count": 100})
    coefficients = task.draw(stream("inputs", "simpson"), 20)
    u, v = task.inputs(coefficients), task.outputs(coefficients)
    simpson = (u[:, :-2:2] + 4.0 * u[:, 1:-1:2] + u[:, 2::2]) / (6.0 * 99)
    np.testing.assert_allclose(np.diff(v, axis=1), simpson, atol=1e-9)


def test_operator_is_linear() -> None:
    coefficients = TASK.draw(stream("inputs", "linear"), 2)
    combined = TASK.outputs(2.0 * coefficients[:1] - 3.0 * coefficients[1:])
    expected = 2.0 * TASK.outputs(coefficients[:1]) - 3.0 * TASK.outputs(coefficients[1:])
    np.testing.assert_allclose(combined, expected, atol=1e-13)


def test_inputs_at_the_sensors_have_the_covariance_of_the_process() -> None:
    unit = np.eye(TASK.draw(stream("inputs", "count"), 1).shape[1])
    x = TASK.sensors()[:, 0]
    covariance = TASK.inputs(unit).T @ TASK.inputs(unit)
    np.testing.assert_allclose(covariance, np.exp(-((x[:, None] - x) ** 2) / 0.08), atol=1e-12)
