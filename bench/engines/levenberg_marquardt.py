"""Least squares by the method of Levenberg (1944) and Marquardt (1963, doi:10.1137/0111030), for few unknowns and many residuals.

    minimise |r(x)|^2:   (J^T J + mu diag(J^T J)) step = -J^T r

A step is made only if the sum of squares falls, so that it never rises; mu follows how much of the fall that the linear model
foretells has come (Nielsen 1999, IMM-REP-1999-05). It ends where none of TRIALS ever shorter steps makes the sum smaller: at a
minimum, to rounding.
"""

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import scipy
from numpy.typing import NDArray

from operators.arrays import Array

Floats = NDArray[np.floating]
FIRST_DAMPING, HARDER, TRIALS, MOST_GAINED = 1e-2, 4.0, 12, 2.0
LEAST_DIAGONAL = 1e-12


@dataclass(frozen=True, eq=False)
class NormalEquations:
    """J^T J (d, d) and J^T r (d) of residuals r with the Jacobian J, the sum of squares, and its terms apart."""

    gram: Array
    slope: Array
    loss: float = 0.0
    terms: tuple[float, ...] = ()

    @classmethod
    def zero(cls, size: int) -> Self:
        """Of no residuals."""
        return cls(np.zeros((size, size)), np.zeros(size))

    def plus(self, rows: Floats, residuals: Floats, weight: float) -> Self:
        """With residuals more, whose squares count with this weight, and their rows of J."""
        return replace(self, gram=self.gram + weight * (rows.T @ rows), slope=self.slope + weight * (rows.T @ residuals))

    def step(self, damping: float) -> Array | None:
        """The damped step; None where rounding leaves no positive definite matrix."""
        diagonal = np.diag(self.gram)
        damped = self.gram + damping * np.diag(np.maximum(diagonal, LEAST_DIAGONAL * diagonal.max()))
        try:
            return np.asarray(-scipy.linalg.cho_solve(scipy.linalg.cho_factor(damped), self.slope))
        except (np.linalg.LinAlgError, ValueError):  # not positive definite, not finite
            return None

    def foretold(self, step: Array) -> float:
        """By how much the sum of squares falls, were r linear."""
        return float(-2.0 * (step @ self.slope) - step @ self.gram @ step)


def levenberg_marquardt(
    start: Array,
    normal_equations: Callable[[Array], NormalEquations],
    loss: Callable[[Array], float],
    *,
    steps: int,
    watch: Callable[[int, tuple[float, ...]], bool],
) -> tuple[Array, int]:
    """The unknowns, of any shape, and how many steps were made.

    Args:
        start: where it begins.
        normal_equations: of an array of unknowns.
        loss: the sum of squares alone.
        steps: at most.
        watch: told how many steps were made and the terms after them; says whether to go on.
    """
    found, now, damping, made = start, normal_equations(start), FIRST_DAMPING, 0
    while watch(made, now.terms) and made < steps:
        for _ in range(TRIALS):
            step = now.step(damping)
            value = math.inf if step is None else loss(found + step.reshape(start.shape))
            if step is not None and value < now.loss:
                break
            damping *= HARDER
        else:
            break
        gained = min((now.loss - value) / max(now.foretold(step), sys.float_info.min), MOST_GAINED)
        damping *= max(1.0 / 3.0, 1.0 - (2.0 * gained - 1.0) ** 3)
        found, made = found + step.reshape(start.shape), made + 1
        now = normal_equations(found)
    return found, made
