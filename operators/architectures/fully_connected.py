"""Fully connected layers, nets that see the input and the query point at once, and rows in blocks."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from operators.architectures.weights import Layer
from operators.arrays import Array

BLOCK_NUMBERS = 2**21
"""Numbers that an array of one block of functions holds, if one function has fewer."""


def fully_connected(layers: Sequence[Layer], values: Array, hidden: Callable[[Array], Array]) -> Array:
    """Values (..., fan out) of layers with a hidden activation between them and a linear end."""
    values = hidden_layers(layers[:-1], values, hidden)
    return values @ layers[-1].kernel + layers[-1].bias


def hidden_layers(layers: Sequence[Layer], values: Array, hidden: Callable[[Array], Array]) -> Array:
    """Values (..., fan out) of layers with an activation after each."""
    for layer in layers:
        values = hidden(values @ layer.kernel + layer.bias)
    return values


def blocks(functions: int, numbers: int) -> Iterator[slice]:
    """Consecutive rows that together need at most BLOCK_NUMBERS where each needs `numbers`, one at least."""
    rows = max(1, BLOCK_NUMBERS // max(numbers, 1))
    return (slice(first, first + rows) for first in range(0, functions, rows))


def block_numbers(functions: int, numbers: int) -> int:
    """Numbers of the largest array that `blocks` lets arise."""
    return min(functions * numbers, max(BLOCK_NUMBERS, numbers))


def by_blocks(inputs: Array, numbers: int, values: Callable[[Array], Array]) -> Array:
    """`values` of the inputs (N, m), some functions at a time."""
    return np.concatenate([values(inputs[rows]) for rows in blocks(len(inputs), numbers)])
