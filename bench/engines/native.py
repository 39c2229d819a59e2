"""The native engine: TensorFlow compiled by XLA, many optimiser steps per call, and the recipes built on it.

    adam, soap            gradient descent over the whole budget
    variable-projection   exact heads, SOAP on the hidden weights, float64: `bench.engines.variable_projection`
    best                  variable projection where it applies: grids, and scattered designs with labels enough for their
                          low-rank completion, full batch, ends that can stand for linear heads (random features with solved
                          heads, untrained where wide enough, are part of it); soap with a cosine on all else (triples,
                          sigmoid ends, minibatches), stopped within 0.1 % of a floor

The fit says which was used. Initial weights follow the cell's law; a recipe that tries several takes the restarts
RESTART_STRIDE r, RESTART_STRIDE r + 1, ... of the cell's restart r. Cells are trained one after the other, each by itself: a
fit has the same bits whatever else is in its group. Cells of one shape share a compiled program.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from bench.cell import Cell
from bench.engines.base import Control, Engine, Fit
from bench.engines.descent.loop import descend
from bench.engines.initial_weights import initial_weights
from bench.engines.variable_projection.linear_ends import unsupported
from bench.engines.variable_projection.matrix_completion import too_few
from bench.engines.variable_projection.train import Options, train_by_variable_projection
from operators.architectures.weights import Weights
from operators.data.normalisation import Problem

RESTART_STRIDE = 1000
NEAR_FLOOR = 1.001
SOLVED = {True: "random features, solved heads", False: "solved heads"}


class Recipe(Protocol):
    """Trains one cell; `floor` is the certified floor of its training error in physical units, 0 if there is none."""

    def __call__(
        self, cell: Cell, problem: Problem, *, floor: float, timeout_seconds: float | None, report: Callable[[int], None]
    ) -> Fit:
        """Return the fit."""


def gradient_descent(
    cell: Cell, problem: Problem, *, floor: float, timeout_seconds: float | None, report: Callable[[int], None]
) -> Fit:
    """Gradient descent over the whole budget, whatever the floor."""
    return descend(cell, problem, timeout_seconds=timeout_seconds, report=report)


def variable_projection(
    cell: Cell, problem: Problem, *, floor: float, timeout_seconds: float | None, report: Callable[[int], None]
) -> Fit:
    """Train by variable projection."""
    started = time.process_time()

    def initial(attempt: int) -> Weights:
        restart = RESTART_STRIDE * cell.restart + attempt
        return initial_weights(cell.model_copy(update={"restart": restart}), inputs=problem.inputs, points=problem.points)

    training = cell.training
    options = Options(steps=cell.steps, learning_rate=training.learning_rate, timeout_seconds=timeout_seconds, report=report)
    net = cell.deeponet()
    result = train_by_variable_projection(net, problem, initial, options=options)
    return Fit(
        weights=result.weights,
        status=result.status,
        steps=result.steps,
        curve=result.curve,
        cpu_seconds=time.process_time() - started,
        recipe="variable-projection" if result.steps else SOLVED[bool(net.branch_widths or net.trunk_widths)],
        message=result.message,
    )


def best(cell: Cell, problem: Problem, *, floor: float, timeout_seconds: float | None, report: Callable[[int], None]) -> Fit:
    """Train by what reaches the lowest training error for this cell."""
    if refuses_variable_projection(cell) is None:
        return variable_projection(cell, problem, floor=floor, timeout_seconds=timeout_seconds, report=report)
    by_soap = cell.model_copy(update={"training": cell.training.model_copy(update={"recipe": "soap", "decay": "cosine"})})
    return descend(by_soap, problem, target=NEAR_FLOOR * floor, timeout_seconds=timeout_seconds, report=report)


def refuses_variable_projection(cell: Cell) -> str | None:
    """Why variable projection cannot train this cell, or None."""
    if cell.architecture.name != "deeponet":
        return f"expected the architecture 'deeponet' for the recipe 'variable-projection', got {cell.architecture.name!r}"
    if cell.design == "triples":
        return "expected a grid or scattered design for the recipe 'variable-projection', got 'triples'; use 'best' or 'soap'"
    if cell.training.output_scaling != "task":
        return f"expected output scaling 'task' for the recipe 'variable-projection', got {cell.training.output_scaling!r}"
    if cell.batch < cell.functions:
        return f"expected the full batch for the recipe 'variable-projection', got batches of {cell.batch}"
    if cell.training.l2 > 0.0:
        return f"expected l2 = 0 for the recipe 'variable-projection', got {cell.training.l2:g}"
    distinct = len(cell.request().task.points())
    if cell.design == "scattered" and too_few(cell.n, functions=cell.functions, distinct_points=distinct, q=cell.deeponet().q):
        return (
            f"expected more labels for q = {cell.deeponet().q} on a scattered design for the recipe 'variable-projection', got"
            f" {cell.n}; use 'soap'"
        )
    return unsupported(cell.deeponet())


RECIPES: dict[str, Recipe] = {
    "adam": gradient_descent,
    "soap": gradient_descent,
    "variable-projection": variable_projection,
    "best": best,
}


@dataclass(frozen=True)
class NativeEngine(Engine):
    """Trains cells by the recipes of RECIPES."""

    name = "native"
    versions = dict.fromkeys(RECIPES, 3)

    def train(self, cells: Sequence[Cell], problems: Sequence[Problem], control: Control) -> list[Fit]:
        """Train each cell on its problem and return the fits in order."""
        floors = control.floors or [0.0] * len(cells)
        return [
            RECIPES[cell.training.recipe](
                cell, problem, floor=floor, timeout_seconds=control.timeout_seconds, report=partial(control.report, done)
            )
            for done, (cell, problem, floor) in enumerate(zip(cells, problems, floors, strict=True))
        ]

    def refuses(self, cell: Cell) -> str | None:
        """One sentence why this engine cannot run the cell, or None."""
        return super().refuses(cell) or (
            refuses_variable_projection(cell) if cell.training.recipe == "variable-projection" else None
        )
