"""The modes that new functions ask for, of an operator without a closed form: Theorem E1 and Ky Fan from samples.

    T_k(S) = sum of all but the k largest eigenvalues of a symmetric S = min over projectors R of corank k of tr(R S)

is a minimum of linear functions, so concave: an unbiased estimate of S has E T_k <= T_k(S) (Jensen), and by Cauchy's interlacing
so has its compression to fewer coordinates, where S >= 0. A net whose outputs span q functions, or whose first layer is of rank
k, reaches the relative error tau over new functions only if T_q(C) <= tau^2 E |G|^2, C the covariance of the outputs
(`operators.bounds.population`), and T_k(K) <= tau^2 E |G|^2, K of `operators.bounds.first_layer`. BATCHES independent batches
give

    X = T_k(estimate) - tau^2 mean |G|^2,    E X <= T_k - tau^2 E |G|^2,

and k is excluded where the lower limit of E X by Student's t, one-sided at the level 1 - CONFIDENCE, is positive. Counts are
tried from 0 on, so that one test alone, that of the true least count, can be wrong: `statistical`, never certified, as X is taken
for normal.

K is estimated from pairs (xi, xi_s), s uniform, by J(xi)^T J(xi_s), made symmetric, in the leading coordinates; J by central
differences of step STEP. Coefficients are i.i.d. N(0, 1).
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np
import scipy

from operators.arrays import Array
from operators.bounds.lemmas.singular_values import tail_sums

BATCHES, FUNCTIONS, PAIRS = 16, 256, 12
CONFIDENCE = 1.0 - 1e-6
STEP = 1e-4
FURTHER = 8  # coordinates beyond the rank


class Operator(Protocol):
    """G as a function of i.i.d. N(0, 1) coefficients."""

    def draw(self, generator: np.random.Generator, count: int) -> Array:
        """Coefficients (count, k)."""
        ...

    def outputs(self, coefficients: Array) -> Array:
        """G at M points: (count, M)."""
        ...


class Modes(NamedTuple):
    """Least counts that the samples do not exclude.

    Attributes:
        first: of what the first layer sees.
        rank: of what the outputs span.
    """

    first: int
    rank: int


def least_modes(operator: Operator, target: float, generator: np.random.Generator, *, pairs: int = PAIRS) -> Modes:
    """What a relative error tau over new functions asks for, each count with `CONFIDENCE`, at least 1.

    Args:
        operator: G.
        target: tau.
        generator: draws the samples.
        pairs: of one batch.
    """
    sampled = [_covariance(operator, generator) for _ in range(BATCHES)]
    allowed = target**2 * np.array([energy for _, energy in sampled])
    rank = _least(lambda batch: sampled[batch][0], allowed)
    coordinates = rank + FURTHER
    sensitivities = [_sensitivity(operator, generator, coordinates, pairs) for _ in range(BATCHES)]
    return Modes(_least(lambda batch: sensitivities[batch], allowed), rank)


def most_functions(coefficients: int) -> int:
    """The largest number of functions that `least_modes` evaluates, of so many coefficients."""
    return BATCHES * (FUNCTIONS + 4 * PAIRS * coefficients)


def _covariance(operator: Operator, generator: np.random.Generator) -> tuple[Array, float]:
    """Eigenvalues of the unbiased covariance of one batch over the points, decreasing, and mean |G|^2."""
    outputs = operator.outputs(operator.draw(generator, FUNCTIONS))
    centred = (outputs - outputs.mean(axis=0)) / np.sqrt((FUNCTIONS - 1) * outputs.shape[1])
    return np.asarray(scipy.linalg.svdvals(centred) ** 2), float(np.mean(outputs**2))


def _sensitivity(operator: Operator, generator: np.random.Generator, coordinates: int, pairs: int) -> Array:
    """Eigenvalues of the estimate of K of one batch, decreasing, in the first so many coordinates."""
    one, other = operator.draw(generator, pairs), operator.draw(generator, pairs)
    s = generator.uniform(size=(pairs, 1))
    at, beside = (_jacobians(operator, xi, coordinates) for xi in (one, s * one + np.sqrt(1.0 - s**2) * other))
    estimate = np.einsum("ijp,ikp->jk", at, beside) / (pairs * at.shape[2])
    return np.asarray(scipy.linalg.eigvalsh((estimate + estimate.T) / 2.0)[::-1])


def _jacobians(operator: Operator, coefficients: Array, coordinates: int) -> Array:
    """Derivatives of the outputs in the first coordinates: (count, coordinates, M)."""
    moves = STEP * np.eye(coefficients.shape[1])[:coordinates]
    ahead, behind = (
        operator.outputs((coefficients[:, None] + sign * moves).reshape(-1, coefficients.shape[1])) for sign in (1.0, -1.0)
    )
    return np.asarray((ahead - behind).reshape(len(coefficients), len(moves), -1) / (2.0 * STEP))


def _least(eigenvalues: Callable[[int], Array], allowed: Array) -> int:
    """The least count whose tail may be what is allowed, at least 1."""
    tails = np.array([tail_sums(eigenvalues(batch)) for batch in range(BATCHES)])
    surplus = tails - allowed[:, None]
    quantile = float(scipy.stats.t.ppf(CONFIDENCE, BATCHES - 1))
    lower = surplus.mean(axis=0) - quantile * surplus.std(axis=0, ddof=1) / np.sqrt(BATCHES)
    return max(1, int(np.argmax(lower <= 0.0)))
