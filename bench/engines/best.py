"""The recipes `varpro` and `best` of the batched engine.

    varpro   exact heads, SOAP on the hidden weights, float64: `bench.engines.varpro`
    best     by design, ends and width:
                 grid, linear or tanh-like ends   varpro; no training where random features with solved heads reach the floor
                                                  (last hidden widths >= N - 1 and >= M - 1)
                 all else                         soap, stopped once the training error is within 0.1 % of the floor, if there is one

The fit says which was used. Initial weights follow the cell's law; a recipe that tries several takes the restarts
RESTART_STRIDE r, RESTART_STRIDE r + 1, ... of the cell's restart r.
"""

import time
from collections.abc import Callable

from bench.cell import Cell
from bench.engines.base import Fit
from bench.engines.batched.descent import descend
from bench.engines.varpro.ends import unsupported
from bench.engines.varpro.train import Options, train_varpro
from bench.initialisation import initial_weights
from bench.measure import is_trivial
from operators.deeponet import Weights
from operators.scaling import Problem

RESTART_STRIDE = 1000
NEAR_FLOOR = 1.001


def varpro(cell: Cell, problem: Problem, *, floor: float, timeout_seconds: float | None, report: Callable[[int], None]) -> Fit:
    """Train by variable projection over the cell's steps."""
    return _varpro(cell, problem, steps=cell.steps, timeout_seconds=timeout_seconds, report=report)


def best(cell: Cell, problem: Problem, *, floor: float, timeout_seconds: float | None, report: Callable[[int], None]) -> Fit:
    """Train by what reaches the lowest training error for this cell."""
    if refuses_varpro(cell) is None:
        steps = 0 if is_trivial(cell) else cell.steps
        return _varpro(cell, problem, steps=steps, timeout_seconds=timeout_seconds, report=report)
    by_soap = cell.model_copy(update={"training": cell.training.model_copy(update={"recipe": "soap"})})
    return descend(by_soap, problem, enough=NEAR_FLOOR * floor, timeout_seconds=timeout_seconds, report=report)


def refuses_varpro(cell: Cell) -> str | None:
    """Why variable projection cannot train this cell, or None."""
    if cell.design != "grid":
        return f"expected a grid design for the recipe 'varpro', got {cell.design!r}; use 'best' or 'soap'"
    if cell.training.output_scaling != "task":
        return f"expected output scaling 'task' for the recipe 'varpro', got {cell.training.output_scaling!r}"
    if cell.batch < cell.functions:
        return f"expected the full batch for the recipe 'varpro', got batches of {cell.batch}"
    return unsupported(cell.deeponet())


def _varpro(cell: Cell, problem: Problem, *, steps: int, timeout_seconds: float | None, report: Callable[[int], None]) -> Fit:
    started = time.process_time()

    def initial(attempt: int) -> Weights:
        restart = RESTART_STRIDE * cell.restart + attempt
        return initial_weights(cell.model_copy(update={"restart": restart}), inputs=problem.inputs, points=problem.points)

    options = Options(steps=steps, learning_rate=cell.training.learning_rate, timeout_seconds=timeout_seconds)
    result = train_varpro(cell.deeponet(), problem, initial, options=options)
    report(result.steps)
    return Fit(
        weights=result.weights,
        status=result.status,
        steps=result.steps,
        curve=result.curve,
        cpu_seconds=time.process_time() - started,
        recipe="varpro" if steps else "random features, solved heads",
        message=result.message,
    )
