"""Floors of fully observed blocks of an incomplete grid.

For disjoint blocks S x T of observed pairs, n risk >= sum over blocks of tail_q(Y_{S,T}), an offset one rank more.

Oracle: used by tests only.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from operators.arrays import Array
from operators.bounds.lemmas.singular_values import tails

Rows = NDArray[np.int_]


def block_floor(labels: Array, blocks: Sequence[tuple[Rows, Rows]], q: int) -> float:
    """Certified lower bound on the sum of squared errors over disjoint blocks (rows, columns) of observed entries, rank <= q.

    Raises:
        ValueError: blocks that overlap.
    """
    seen = np.zeros(labels.shape, dtype=bool)
    total = 0.0
    for rows, columns in blocks:
        block = np.ix_(rows, columns)
        if seen[block].any():
            raise ValueError("expected disjoint blocks, got an entry that lies in two")
        seen[block] = True
        lower = tails(labels[block]).lower
        total += float(lower[q]) if q < len(lower) else 0.0
    return total
