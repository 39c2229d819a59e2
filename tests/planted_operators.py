"""Operators whose rank, and whether they are linear, is known."""

import numpy as np

from operators.arrays import Array


def modes(functions: int, seed: int, count: int = 3) -> tuple[Array, Array]:
    """Coefficients (functions, count) and modes (count, 30): inputs are their product."""
    generator = np.random.default_rng(seed)
    place = np.linspace(0.0, 1.0, 30)
    return generator.standard_normal((functions, count)), np.sin(np.pi * np.arange(1, count + 1)[:, None] * place)


def nonlinear(functions: int = 80) -> tuple[Array, Array]:
    """Inputs, and outputs of rank 3 whose coefficients are not linear in them."""
    coefficients, waves = modes(functions, 0)
    return coefficients @ waves, np.tanh(2.0 * coefficients) @ waves[:, ::-1] + 0.5
