"""Recovery of a hierarchically low-rank matrix from few products with random vectors: peeling of off-diagonal blocks.

A is n x n, n = 2^L m, and its blocks between neighbouring halves have small numerical rank at every level, as Green's functions
of elliptic operators on a line have (rank 1 for -(a u')'). Level by level, from the largest blocks down:

    1  random columns that live on every second half show the blocks of the other halves, one each, once what the levels above
       are known to add is subtracted; their ranges are Q
    2  products of the adjoint with Q give Q^T A for each block, in the same way; then both with the halves exchanged
    3  the diagonal blocks of size m that are left are read off by m unit columns at once

That takes 4 r L + m products for rank r. Each block is off by s_{r+1} times a modest factor, and what is off at one level is
part of the differences at all levels below. Where singular values fall geometrically, so does the error with the products.

References: Lin, Lu, Ying 2011, doi:10.1016/j.jcp.2011.02.033. Martinsson 2016, doi:10.1137/15M1016679. Boulle, Halikias,
Townsend 2023, doi:10.1073/pnas.2303904120.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from operators.arrays import Array
from operators.numerics.randomised_svd import Map


@dataclass(frozen=True, eq=False)
class Peeled:
    """What was recovered, and by how many products with A and its adjoint."""

    matrix: Array
    products: int


def peel(matrix: Map, adjoint: Map, n: int, rank: int, leaf: int, generator: np.random.Generator) -> Peeled:
    """Recover A from products.

    Args:
        matrix: applies A to columns (n, k).
        adjoint: applies A^T.
        n: size, `leaf` times a power of two.
        rank: of the off-diagonal blocks, at most `leaf`.
        leaf: size of the blocks on the diagonal that are read off.
        generator: of the random inputs.

    Raises:
        ValueError: n is no power of two times leaf, or rank exceeds leaf.
    """
    if n % leaf or (n // leaf) & (n // leaf - 1) or not 0 < rank <= leaf:
        raise ValueError(f"expected n = leaf * 2^L and 0 < rank <= leaf, got n = {n}, leaf = {leaf}, rank = {rank}")
    found, products = np.zeros((n, n)), 0
    for size in _sizes(n, leaf):
        level = np.zeros((n, n))
        for rows, columns in (_halves(n, size), _halves(n, size)[::-1]):
            probe = np.zeros((n, rank))
            for part in columns:
                probe[part] = generator.standard_normal((size, rank))
            images = matrix(probe) - found @ probe
            basis = np.zeros((n, rank))
            for part in rows:
                basis[part] = np.linalg.qr(images[part])[0]
            back = adjoint(basis) - found.T @ basis
            for left, right in zip(rows, columns, strict=True):
                level[left, right] = basis[left] @ back[right].T
            products += 2 * rank
        found += level
    units = np.tile(np.eye(leaf), (n // leaf, 1))
    diagonal = matrix(units) - found @ units
    for first in range(0, n, leaf):
        found[first : first + leaf, first : first + leaf] = diagonal[first : first + leaf]
    return Peeled(found, products + leaf)


def _sizes(n: int, leaf: int) -> Iterator[int]:
    """Sizes of the halves, from n / 2 down to leaf."""
    size = n // 2
    while size >= leaf:
        yield size
        size //= 2


def _halves(n: int, size: int) -> tuple[list[slice], list[slice]]:
    """First and second halves of all blocks of twice this size."""
    starts = range(0, n, 2 * size)
    return [slice(i, i + size) for i in starts], [slice(i + size, i + 2 * size) for i in starts]


def off_diagonal_singular_values(matrix: Array, leaf: int) -> Array:
    """The largest s_{j+1} of all blocks that peeling meets, j = 0, ..., leaf - 1."""
    n = len(matrix)
    values = [
        np.linalg.svd(matrix[rows, columns], compute_uv=False)[:leaf]
        for size in _sizes(n, leaf)
        for first, second in zip(*_halves(n, size), strict=True)
        for rows, columns in ((first, second), (second, first))
    ]
    return np.max(values, axis=0)
