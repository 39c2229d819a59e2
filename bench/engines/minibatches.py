"""Minibatches: which functions each optimiser step sees.

The stream `batches` of a cell is an endless sequence of permutations of the N functions, one per epoch, joined end to end;
step t takes the entries t B to (t + 1) B - 1. Every function is seen once per epoch, whether or not B divides N. The full
batch has no stream. The engines `native` and `deepxde` read this module, so they see the same batches.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bench.cell import Cell
from operators.seeds import stream


def batches(cell: Cell, chunk: int) -> Iterator[NDArray[np.int32]]:
    """Yield arrays (chunk, B) of function indices for consecutive steps, without end.

    Raises:
        ValueError: the cell trains on the full batch.
    """
    if cell.batch == cell.functions:
        raise ValueError("expected a cell with minibatches, got one with the full batch")
    generator = stream("batches", cell.task, cell.replicate, cell.restart)
    pending = np.empty(0, dtype=np.int32)
    while True:
        while len(pending) < chunk * cell.batch:
            pending = np.concatenate([pending, generator.permutation(cell.functions).astype(np.int32)])
        yield pending[: chunk * cell.batch].reshape(chunk, cell.batch)
        pending = pending[chunk * cell.batch :]
