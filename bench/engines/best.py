"""The recipes `varpro` and `best` of the batched engine.

    varpro   exact heads, SOAP on the hidden weights, float64: `bench.engines.variable_projection`
    best     varpro where it applies: grids, and scattered designs with labels enough for their low-rank completion, full batch,
             ends that can stand for linear heads; random features with solved heads are part of it, untrained where wide enough;
             soap with a cosine on all else (triples, sigmoid ends, minibatches), stopped within 0.1 % of a floor

The fit says which was used. Initial weights follow the cell's law; a recipe that tries several takes the restarts
RESTART_STRIDE r, RESTART_STRIDE r + 1, ... of the cell's restart r.
"""

import time
from collections.abc import Callable

from bench.cell import Cell
from bench.engines.base import Fit
from bench.engines.descent.loop import descend
from bench.engines.initial_weights import initial_weights
from bench.engines.variable_projection.linear_ends import unsupported
from bench.engines.variable_projection.matrix_completion import too_few
from bench.engines.variable_projection.train import Options, train_varpro
from operators.architectures.weights import Weights
from operators.data.normalisation import Problem

RESTART_STRIDE = 1000
NEAR_FLOOR = 1.001


def varpro(cell: Cell, problem: Problem, *, floor: float, timeout_seconds: float | None, report: Callable[[int], None]) -> Fit:
    """Train by variable projection."""
    started = time.process_time()

    def initial(attempt: int) -> Weights:
        restart = RESTART_STRIDE * cell.restart + attempt
        return initial_weights(cell.model_copy(update={"restart": restart}), inputs=problem.inputs, points=problem.points)

    training = cell.training
    options = Options(steps=cell.steps, learning_rate=training.learning_rate, timeout_seconds=timeout_seconds, report=report)
    result = train_varpro(cell.deeponet(), problem, initial, options=options)
    return Fit(
        weights=result.weights,
        status=result.status,
        steps=result.steps,
        curve=result.curve,
        cpu_seconds=time.process_time() - started,
        recipe="varpro" if result.steps else "random features, solved heads",
        message=result.message,
    )


def best(cell: Cell, problem: Problem, *, floor: float, timeout_seconds: float | None, report: Callable[[int], None]) -> Fit:
    """Train by what reaches the lowest training error for this cell."""
    if refuses_varpro(cell) is None:
        return varpro(cell, problem, floor=floor, timeout_seconds=timeout_seconds, report=report)
    by_soap = cell.model_copy(update={"training": cell.training.model_copy(update={"recipe": "soap", "decay": "cosine"})})
    return descend(by_soap, problem, enough=NEAR_FLOOR * floor, timeout_seconds=timeout_seconds, report=report)


def refuses_varpro(cell: Cell) -> str | None:
    """Why variable projection cannot train this cell, or None."""
    if cell.design == "triples":
        return "expected a grid or scattered design for the recipe 'varpro', got 'triples'; use 'best' or 'soap'"
    if cell.training.output_scaling != "task":
        return f"expected output scaling 'task' for the recipe 'varpro', got {cell.training.output_scaling!r}"
    if cell.batch < cell.functions:
        return f"expected the full batch for the recipe 'varpro', got batches of {cell.batch}"
    if cell.training.l2 > 0.0:
        return f"expected l2 = 0 for the recipe 'varpro', got {cell.training.l2:g}"
    distinct = len(cell.request().task.points())
    if cell.design == "scattered" and too_few(cell.n, functions=cell.functions, distinct_points=distinct, q=cell.net.q):
        return (
            f"expected more labels for q = {cell.net.q} on a scattered design for the recipe 'varpro', got {cell.n}; use 'soap'"
        )
    return unsupported(cell.deeponet())
