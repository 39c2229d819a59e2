"""Training examples as DeepXDE's nets take them: float32, a grid as a Cartesian product, other designs as aligned triples.

targets t = (label - mu) / unit, formed in float64 before rounding
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bench.cell import Cell
from bench.engines.minibatches import batches
from operators.data.normalisation import Problem

BATCH_CHUNK = 64

Float32 = NDArray[np.float32]
Example = tuple[tuple[Any, Any], Any]


@dataclass(frozen=True)
class Examples:
    """A problem in float32, from which the examples ((branch inputs, trunk inputs), targets) of chosen functions are taken.

    A grid gives (B, m), (M, p) and (B, M); other designs the B M aligned triples (B M, m), (B M, p) and (B M, 1).
    """

    inputs: Float32
    points: Float32
    targets: Float32
    index: NDArray[np.int64] | None

    @classmethod
    def of(cls, problem: Problem) -> Self:
        """Convert once; targets are formed in float64."""
        grid = problem.design == "grid"
        return cls(
            inputs=problem.inputs.astype(np.float32),
            points=(problem.points[problem.index] if grid else problem.points).astype(np.float32),
            targets=((problem.labels - problem.mean) / problem.unit).astype(np.float32),
            index=None if grid else problem.index,
        )

    def chosen(self, functions: NDArray[np.integer] | slice) -> Example:
        """The examples of these functions."""
        inputs, targets = self.inputs[functions], self.targets[functions]
        if self.index is None:
            return (inputs, self.points), targets
        points = self.points[self.index[functions]]
        repeated = np.repeat(inputs, points.shape[1], axis=0)
        return (repeated, points.reshape(-1, points.shape[-1])), targets.reshape(-1, 1)


def served(cell: Cell, problem: Problem, convert: Callable[[Float32], Any] = lambda array: array) -> Iterator[Example]:
    """Yield the examples of step 0, 1, 2, ... without end; `convert` is applied once to what stays the same."""
    examples = Examples.of(problem)
    if cell.batch == cell.functions:
        (inputs, points), targets = examples.chosen(slice(None))
        yield from repeat(((convert(inputs), convert(points)), convert(targets)))
    fixed = convert(examples.points) if problem.design == "grid" else None
    for chunk in batches(cell, BATCH_CHUNK):
        for functions in chunk:
            (inputs, points), targets = examples.chosen(functions)
            yield (inputs, points if fixed is None else fixed), targets
