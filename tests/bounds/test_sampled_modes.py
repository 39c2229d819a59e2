"""Sampled modes against planted operators, whose K and covariance are known, and against closed-form spectra."""

import math

import numpy as np
import pytest

from operators import find_task
from operators.arrays import Array
from operators.bounds.first_layer import least_rank
from operators.bounds.lemmas.sampled_modes import Modes, least_modes
from operators.seeds import stream

PAIRS = 96


class Planted:
    """G = .8 xi_1 + .5 (xi_2^2 - 1) / sqrt(2) + .3 xi_3 at one point: K has eigenvalues .73, .25, 0, 0; the covariance is .98."""

    def draw(self, generator: np.random.Generator, count: int) -> Array:
        return generator.standard_normal((count, 4))

    def outputs(self, coefficients: Array) -> Array:
        return self.terms(coefficients).sum(axis=1, keepdims=True)

    def terms(self, coefficients: Array) -> Array:
        one, two, three, _ = coefficients.T
        return np.column_stack([0.8 * one, 0.5 * (two**2 - 1.0) / math.sqrt(2.0), 0.3 * three])


class Apart(Planted):
    """The three terms at points of their own: K = diag(.64, .25, .09, 0), and so the covariance."""

    def outputs(self, coefficients: Array) -> Array:
        return self.terms(coefficients) * math.sqrt(3.0)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("target", "seen", "apart"), [(0.7, 1, 1), (0.32, 2, 2), (0.1, 2, 3)])
def test_a_net_must_see_directions_that_its_outputs_do_not_span(target: float, seen: int, apart: int, seed: int) -> None:
    assert least_modes(Planted(), target, stream("reference", "test", seed), pairs=PAIRS) == Modes(seen, 1)
    assert least_modes(Apart(), target, stream("reference", "test", seed), pairs=PAIRS) == Modes(apart, apart)


@pytest.mark.parametrize("seed", range(20))
def test_the_true_counts_are_not_excluded_at_their_very_limit(seed: int) -> None:
    for operator, eigenvalue in ((Planted(), 0.25), (Apart(), 0.09)):
        just_allowed = 1.0001 * math.sqrt(eigenvalue / 0.98)
        found = least_modes(operator, just_allowed, stream("reference", "limit", seed), pairs=PAIRS)
        assert found.first <= (1 if eigenvalue > 0.1 else 2)
        assert found.rank <= (1 if eigenvalue > 0.1 else 2)


@pytest.mark.parametrize("task", ["antiderivative", "advection", "heat", "wave"])
@pytest.mark.parametrize("target", [0.1, 0.05])
def test_of_a_linear_operator_both_are_the_rank_of_its_spectrum_or_just_below(task: str, target: float) -> None:
    operator = find_task(task)
    spectrum = operator.output_spectrum()
    assert spectrum is not None
    rank = least_rank(spectrum, target)
    for found in least_modes(operator, target, stream("reference", "test", task)):
        assert rank - 2 <= found <= rank
