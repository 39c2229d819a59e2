"""Tails of a large output matrix, certified from both sides: tail_r(Y) = sum_{k > r} s_k(Y)^2, for three offsets at once.

A is Y along its longer side (`operators.sizing.output_matrix`), m its number of columns. Offsets as in
`operators.bounds.eckart_young`: none; scalar (inf over c of tail_r(Y - c 1 1^T)); mean-function (tail_r of Y with columns
centred).

svd          m <= 1024. QR of [1, A], block by block: Q^T [1, A] = [l, C]. Rotations change no singular value, so the three
             tails of Y are those of C (m + 1 rows), with the constant function along l and the constant in the columns
             along 1.
projection   Larger m, few ranks. V is an orthonormal basis of 1 and k - 1 directions found by subspace iteration from Gaussian
             vectors (Halko, Martinsson, Tropp 2011, doi:10.1137/090771806). For any V

                 tail_r(A V) <= tail_r(A) <= tail_r(A V) + |A - A V V^T|^2:

             a projection raises no singular value, and an approximation of A V times V^T is one of A. Both hold whatever V is:
             chance decides how tight they are, not whether they are true. The same for all offsets, as 1 is in the span of V.
gram         Everything else, m <= 8192: `operators.sizing.gram_spectrum`.

Rounding. The SVD of C is exact for a matrix within 64 eps |A| of it in the Frobenius norm, each QR step adds 8 eps |A|, and
A V is off by at most (m / 2) eps sqrt(k) |A| (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed. 2002, section 3.5
and chapter 19; the constants for SVD and QR are generous multiples of what LAPACK shows, not worst cases). sqrt(tail_r) is
1-Lipschitz, so the sum of these is subtracted from it below and added above.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from operators.arrays import Array
from operators.bounds.lemmas.offset import offset_tails
from operators.bounds.lemmas.singular_values import EPSILON, Tails, is_resolved, singular_values, tail_sums
from operators.sizing.output_matrix import BLOCK_ENTRIES, OutputMatrix

Method = Literal["svd", "projection", "gram"]

SVD_ALLOWANCE = 64 * EPSILON
STEP_ALLOWANCE = 8 * EPSILON
ENERGY_ALLOWANCE = 1e-12
PASSES = 2


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Relative tails tail_r / |Y|^2 for r = 0..m and what they come from.

    Attributes:
        none: tails without offset.
        scalar: with a trained scalar bias.
        mean_function: with a trained function of the point.
        squares: s_k^2 / |Y|^2, decreasing, not above the true ones but for rounding.
        method: how they were found.
    """

    none: Tails
    scalar: Tails
    mean_function: Tails
    squares: Array
    method: Method


@dataclass(frozen=True, eq=False)
class Reduced:
    """A small matrix whose tails are those of Y, or bound them.

    Attributes:
        matrix: C, functions by points after rotation of either side.
        functions: what the constant function became, along the rows of C.
        points: the same for the constant along the columns.
        lost: energy that C leaves out.
        energy: |Y|^2.
        allowance: bound of all rounding so far, relative to |Y|.
    """

    matrix: Array
    functions: Array
    points: Array
    lost: float
    energy: float
    allowance: float


def reduced_exactly(outputs: OutputMatrix) -> Reduced:
    """C of the method `svd`: no energy is lost."""
    size = max(4 * outputs.side, BLOCK_ENTRIES // outputs.side)
    triangle, steps = _triangle(outputs.blocks(size), outputs.side)
    return _oriented(outputs, triangle, np.ones(outputs.side), lost=0.0, allowance=STEP_ALLOWANCE * steps)


def projected(outputs: OutputMatrix, rank: int) -> Reduced:
    """C of the method `projection` for k = rank: four products with A a step, and two to finish."""
    size = max(rank, BLOCK_ENTRIES // outputs.side)
    basis = np.random.default_rng(0).standard_normal((outputs.side, rank - 1))
    for _ in range(PASSES):
        image = np.zeros_like(basis)
        for block in outputs.blocks(size):
            image += block.T @ (block @ basis)
        basis = np.linalg.qr(image)[0]
    ones = np.ones((outputs.side, 1))
    basis = np.linalg.qr(np.hstack([ones, basis]))[0]
    lost = [0.0]

    def values() -> Iterator[Array]:
        for block in outputs.blocks(size):
            value = block @ basis
            lost[0] += float(np.sum(np.square(block - value @ basis.T)))
            yield value

    triangle, steps = _triangle(values(), rank)
    allowance = STEP_ALLOWANCE * (steps + 1) + EPSILON * outputs.side / 2 * np.sqrt(rank)
    return _oriented(outputs, triangle, (basis.T @ ones)[:, 0], lost=lost[0], allowance=allowance)


def _triangle(blocks: Iterable[Array], columns: int) -> tuple[Array, int]:
    """R of a QR factorisation of [1, A], A given in blocks of rows, and the number of steps it took."""
    triangle, steps = np.zeros((0, columns + 1)), 0
    waiting: list[Array] = []
    for block in blocks:
        waiting.append(np.hstack([np.ones((len(block), 1)), block]))
        if sum(map(len, waiting)) >= max(4 * columns, BLOCK_ENTRIES // columns):
            triangle, steps, waiting = _stacked(triangle, waiting), steps + 1, []
    return _stacked(triangle, waiting), steps + 1


def _stacked(triangle: Array, blocks: list[Array]) -> Array:
    return np.asarray(np.linalg.qr(np.vstack([triangle, *blocks]), mode="r"))


def _oriented(outputs: OutputMatrix, triangle: Array, across: Array, *, lost: float, allowance: float) -> Reduced:
    along, matrix = triangle[:, 0], triangle[:, 1:]
    if not outputs.tall:
        along, across, matrix = across, along, matrix.T
    return Reduced(matrix, along, across, lost, outputs.energy, allowance)


def spectrum_of(reduced: Reduced, count: int, *, method: Method, tail: float) -> Spectrum:
    """Tails r = 0..count of a reduced matrix; the search over the scalar offset is spent on the ranks that `tail` needs."""
    matrix, direction = reduced.matrix, reduced.functions / np.linalg.norm(reduced.functions)
    squares = singular_values(matrix) ** 2
    found = [
        tail_sums(squares),
        tail_sums(singular_values(matrix - np.outer(direction, direction @ matrix)) ** 2),
    ]
    none, mean = (_certified(reduced, values, values, count=count) for values in found)
    first = least_rank(mean.lower, tail)
    scalar = offset_tails(matrix, reduced.functions, reduced.points, ranks=[first, *range(1, first)])
    offset = _certified(reduced, scalar.lower, scalar.upper, count=count)
    return ordered(none, offset, mean, squares=squares[:count] / reduced.energy, method=method)


def _certified(reduced: Reduced, lower: Array, upper: Array, *, count: int) -> Tails:
    """Subtract and add rounding and the energy left out; relative; r = 0..count."""
    allowance = (SVD_ALLOWANCE + reduced.allowance) * np.sqrt(reduced.energy)
    padded = np.zeros((2, count + 1))
    size = min(len(lower), count + 1)
    padded[0, :size], padded[1, :size] = lower[:size], upper[:size]
    below = np.maximum(np.sqrt(padded[0]) * (1.0 - ENERGY_ALLOWANCE) - allowance, 0.0) ** 2
    above = (np.sqrt(padded[1] + reduced.lost) * (1.0 + ENERGY_ALLOWANCE) + allowance) ** 2
    above[-1] = 0.0
    return as_tails(below / reduced.energy, above / reduced.energy)


def as_tails(lower: Array, upper: Array) -> Tails:
    """Relative tails, made non-increasing, with `resolved` where both sides agree to a hundredth."""
    lower = np.maximum.accumulate(lower[::-1])[::-1]
    upper = np.minimum.accumulate(np.maximum(upper, lower))
    return Tails(np.minimum(lower, upper), upper, is_resolved(lower, upper), 1.0)


def ordered(none: Tails, scalar: Tails, mean_function: Tails, *, squares: Array, method: Method) -> Spectrum:
    """Sharpen by tail_r(none) >= tail_r(scalar) >= tail_r(mean function) >= tail_{r+1}(none)."""
    mean_lower = np.maximum(mean_function.lower, np.append(none.lower[1:], 0.0))
    scalar_lower = np.maximum(scalar.lower, mean_lower)
    scalar_upper = np.minimum(scalar.upper, none.upper)
    none_lower, none_upper = np.maximum(none.lower, scalar_lower), none.upper.copy()
    none_lower[0] = none_upper[0] = 1.0
    return Spectrum(
        none=as_tails(none_lower, none_upper),
        scalar=as_tails(scalar_lower, scalar_upper),
        mean_function=as_tails(mean_lower, np.minimum(mean_function.upper, scalar_upper)),
        squares=squares,
        method=method,
    )


def least_rank(values: Array, tail: float) -> int:
    """The least r whose value does not exceed the tail."""
    return int(np.argmax(values <= tail))
