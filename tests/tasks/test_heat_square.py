"""Heat in a square against the heat kernel by images, and its spectrum against the closed form."""

import numpy as np

from operators import TASKS, find_task
from operators.seeds import stream

TASK = TASKS["heat-square"]


def kernel(x: np.ndarray, s: np.ndarray, variance: float) -> np.ndarray:
    """Heat kernel of [0, 1] with insulated ends: Gaussians at the images 2 k + s and 2 k - s."""
    images = [2.0 * k + sign * s for k in range(-4, 5) for sign in (1.0, -1.0)]
    return sum(np.exp(-((x[:, None] - image) ** 2) / (2.0 * variance)) for image in images) / np.sqrt(2.0 * np.pi * variance)


def test_solution_is_the_convolution_with_the_kernel_of_the_square() -> None:
    task = find_task("heat-square", {"side": 12, "conductivity": 0.02, "horizon": 0.5})
    coefficients = task.draw(stream("inputs", "square"), 4)
    x, s = (np.arange(12) + 0.5) / 12, (np.arange(256) + 0.5) / 256
    spread = kernel(x, s, 2.0 * 0.02 * 0.5) / 256
    expected = spread @ task.field.evaluate(coefficients, s, s) @ spread.T
    np.testing.assert_allclose(task.outputs(coefficients), expected.reshape(4, -1), atol=1e-12)


def test_implicit_differences_approach_the_solution_with_order_two() -> None:
    """Crank-Nicolson on cell centres, one direction after the other, which commute."""
    coefficients = find_task("heat-square", {"side": 4}).draw(stream("inputs", "cells"), 3)
    field = find_task("heat-square", {"side": 4}).field

    def error(cells: int) -> float:
        x = (np.arange(cells) + 0.5) / cells
        matrix = np.diag(np.full(cells - 1, 1.0), 1) + np.diag(np.full(cells - 1, 1.0), -1)
        matrix = 0.01 * cells**2 * (matrix - np.diag(matrix.sum(axis=1)))
        half, identity = 0.5 * matrix / cells, np.eye(cells)
        step = np.linalg.matrix_power(np.linalg.solve(identity - half, identity + half), cells)
        got = step @ field.evaluate(coefficients, x, x) @ step.T
        decay = np.exp(-0.01 * (np.pi * np.arange(4)) ** 2)
        exact = field.evaluate(coefficients * np.outer(decay, decay).ravel(), x, x)
        return float(np.abs(got - exact).max())

    errors = [error(cells) for cells in (16, 32, 64)]
    np.testing.assert_allclose(np.log2(np.divide(errors[:-1], errors[1:])), 2.0, atol=0.2)
    task = find_task("heat-square", {"side": 4})
    decay = np.exp(-0.01 * (np.pi * np.arange(4)) ** 2)
    x = (np.arange(4) + 0.5) / 4
    exact = field.evaluate(coefficients * np.outer(decay, decay).ravel(), x, x)
    np.testing.assert_allclose(task.outputs(coefficients), exact.reshape(3, -1), atol=1e-13)


def test_spectrum_is_the_closed_form_and_starts_with_the_law_of_the_input() -> None:
    squares = np.add.outer(np.arange(32) ** 2, np.arange(32) ** 2).ravel()
    law = np.where(squares == 0, 0.0, (np.pi**2 * squares + 9.0) ** -2.0)
    expected = law / law.sum() * np.exp(-2.0 * 0.01 * np.pi**2 * squares)
    np.testing.assert_allclose(TASK.output_spectrum(), np.sort(expected)[::-1], rtol=1e-10)
    still = find_task("heat-square", {"horizon": 0.0})
    coefficients = still.draw(stream("inputs", "still"), 2)
    np.testing.assert_array_equal(still.outputs(coefficients), still.inputs(coefficients))


def test_sensors_determine_the_input() -> None:
    task = find_task("heat-square", {"side": 8})
    assert np.linalg.matrix_rank(task.inputs(np.eye(64))) == 63
