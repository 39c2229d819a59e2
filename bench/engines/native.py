"""The native engine: TensorFlow compiled by XLA, many optimiser steps per call, and the recipes built on it.

    adam, soap            gradient descent over the whole budget
    variable-projection   exact heads, SOAP on the hidden weights, float64: `bench.engines.variable_projection`
    best                  variable projection where it applies: grids, and scattered designs with labels enough for their
                          low-rank completion, full batch, ends that can stand for linear heads (random features with solved
                          heads, untrained where wide enough, are part of it); soap with a cosine on all else (triples,
                          sigmoid ends, minibatches, other architectures), stopped within 0.1 % of a floor
    soap-ends             a control: soap with a cosine, then both last layers by least squares, float64: any design, any ends
    two-step              a control: first the trunk, then the branch, never together
    adam-lbfgs            a control: Adam, then L-BFGS on the whole loss
    adam-width            a control: Adam with a learning rate per width

POD-DeepONet has a variable projection of its own (`bench.engines.variable_projection.pod`); by `adam` and `soap` its modes
descend with all else from random ones.

The fit says which was used. Initial weights follow the cell's law; a recipe that tries several takes the restarts
RESTART_STRIDE r, RESTART_STRIDE r + 1, ... of the cell's restart r. Cells are trained one after the other, each by itself: a
fit has the same bits whatever else is in its group. Cells of one shape share a compiled program.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

import numpy as np

from bench.cell import Cell
from bench.engines.base import Control, Engine, Fit
from bench.engines.descent.loop import descend
from bench.engines.descent.quasi_newton import adam_then_lbfgs, refuses_lbfgs
from bench.engines.initial_weights import initial_weights
from bench.engines.threads import pinned_tensorflow
from bench.engines.variable_projection.linear_ends import unsupported
from bench.engines.variable_projection.matrix_completion import too_few
from bench.engines.variable_projection.pod import refuses_modes, train_pod
from bench.engines.variable_projection.solved_ends import improved_ends
from bench.engines.variable_projection.train import Options, Result, train_by_variable_projection
from bench.engines.variable_projection.two_step import train_in_two_steps
from operators.architectures import DeepONet, FourierOperator, PODDeepONet
from operators.architectures.multilinear import node_numbers
from operators.architectures.weights import Weights
from operators.arrays import Array
from operators.data.normalisation import Problem, predict, to_unit

RESTART_STRIDE = 1000
NEAR_FLOOR = 1.001
STEPS_PER_SOLVE = 50
UNTRAINED = {True: "random features, solved heads", False: "solved heads"}


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


def descent_per_width(
    cell: Cell, problem: Problem, *, floor: float, timeout_seconds: float | None, report: Callable[[int], None]
) -> Fit:
    """Adam with a learning rate per width."""
    pinned_tensorflow(1)
    from bench.engines.descent.optimisers.width_adam import started

    start = started(cell.deeponet(), initial_weights(cell, inputs=problem.inputs, points=problem.points))
    return descend(cell, problem, start=start, timeout_seconds=timeout_seconds, report=report)


def variable_projection(
    cell: Cell, problem: Problem, *, floor: float, timeout_seconds: float | None, report: Callable[[int], None]
) -> Fit:
    """Train by variable projection."""
    train: Any = train_pod if isinstance(cell.net(), PODDeepONet) else train_by_variable_projection
    return _with_solved_heads(cell, problem, train, timeout_seconds=timeout_seconds, report=report)


def two_step(cell: Cell, problem: Problem, *, floor: float, timeout_seconds: float | None, report: Callable[[int], None]) -> Fit:
    """Train the trunk, then the branch."""
    return _with_solved_heads(cell, problem, train_in_two_steps, timeout_seconds=timeout_seconds, report=report)


def _with_solved_heads(
    cell: Cell, problem: Problem, train: Any, *, timeout_seconds: float | None, report: Callable[[int], None]
) -> Fit:
    """Train by one of the functions of `bench.engines.variable_projection`."""
    started = time.process_time()

    def initial(attempt: int) -> Weights:
        restart = RESTART_STRIDE * cell.restart + attempt
        return initial_weights(cell.model_copy(update={"restart": restart}), inputs=problem.inputs, points=problem.points)

    training = cell.training
    options = Options(steps=cell.steps, learning_rate=training.learning_rate, timeout_seconds=timeout_seconds, report=report)
    net = cell.net()
    result: Result = train(net, problem, initial, options=options)
    trained = "two-step" if train is train_in_two_steps else "variable-projection"
    hidden = not isinstance(net, DeepONet) or bool(net.branch_widths or net.trunk_widths)
    return Fit(
        weights=result.weights,
        status=result.status,
        steps=result.steps,
        curve=result.curve,
        cpu_seconds=time.process_time() - started,
        recipe=trained if result.steps else UNTRAINED[hidden],
        message=result.message,
    )


def best(cell: Cell, problem: Problem, *, floor: float, timeout_seconds: float | None, report: Callable[[int], None]) -> Fit:
    """Train by what reaches the lowest training error for this cell."""
    if refuses_variable_projection(cell) is None:
        return variable_projection(cell, problem, floor=floor, timeout_seconds=timeout_seconds, report=report)
    return descend(_by_soap(cell), problem, target=NEAR_FLOOR * floor, timeout_seconds=timeout_seconds, report=report)


def soap_then_ends(
    cell: Cell, problem: Problem, *, floor: float, timeout_seconds: float | None, report: Callable[[int], None]
) -> Fit:
    """SOAP on all layers, then least squares in both last ones, a step per STEPS_PER_SOLVE of its own; kept if better."""
    started, net = time.process_time(), cell.deeponet()
    fit = descend(_by_soap(cell), problem, target=NEAR_FLOOR * floor, timeout_seconds=timeout_seconds, report=report)
    if fit.weights is None or fit.status != "done":
        return fit
    found = improved_ends(net, fit.weights, problem, steps=cell.steps // STEPS_PER_SOLVE)
    errors = [float(np.mean((predict(net, weights, problem) - problem.labels) ** 2)) for weights in (fit.weights, found)]
    if not errors[1] < errors[0]:
        return replace(fit, recipe=f"{fit.recipe}, ends as trained", cpu_seconds=time.process_time() - started)
    curve = (*fit.curve[:-1], (fit.steps, errors[1] / problem.unit**2))
    return replace(
        fit, weights=found, curve=curve, recipe=f"{fit.recipe}, solved ends", cpu_seconds=time.process_time() - started
    )


def _by_soap(cell: Cell) -> Cell:
    """The same cell, trained by SOAP with a cosine."""
    return cell.model_copy(update={"training": cell.training.model_copy(update={"recipe": "soap", "decay": "cosine"})})


def refuses_variable_projection(cell: Cell) -> str | None:
    """Why variable projection cannot train this cell, or None."""
    net = cell.net()
    if not isinstance(net, DeepONet | PODDeepONet):
        return f"expected the architecture 'deeponet' for the recipe 'variable-projection', got {net.name!r}; use 'soap'"
    if cell.design == "triples":
        return "expected a grid or scattered design for the recipe 'variable-projection', got 'triples'; use 'best' or 'soap'"
    if cell.training.output_scaling != "task":
        return f"expected output scaling 'task' for the recipe 'variable-projection', got {cell.training.output_scaling!r}"
    if cell.batch < cell.functions:
        return f"expected the full batch for the recipe 'variable-projection', got batches of {cell.batch}"
    if cell.training.l2 > 0.0:
        return f"expected l2 = 0 for the recipe 'variable-projection', got {cell.training.l2:g}"
    if isinstance(net, PODDeepONet):
        return refuses_modes(net, cell.design, _points(cell))
    distinct = len(cell.request().task.points())
    if cell.design == "scattered" and too_few(cell.n, functions=cell.functions, distinct_points=distinct, q=cell.deeponet().q):
        return (
            f"expected more labels for q = {cell.deeponet().q} on a scattered design for the recipe 'variable-projection', got"
            f" {cell.n}; use 'soap'"
        )
    return unsupported(cell.deeponet())


def refuses_ends(cell: Cell) -> str | None:
    """Why the last layers of this cell cannot be had by least squares, or None."""
    training, asked = cell.training, "for the recipe 'soap-ends'"
    if cell.architecture.name != DeepONet.name:
        return f"expected the architecture 'deeponet' {asked}, got {cell.architecture.name!r}; use 'soap'"
    if training.output_scaling != "task":
        return f"expected output scaling 'task' {asked}, got {training.output_scaling!r}; use 'soap'"
    if cell.batch < cell.functions or training.l2 > 0.0:
        return f"expected the full batch and l2 = 0 {asked}, got batches of {cell.batch} and l2 = {training.l2:g}; use 'soap'"
    return None


def refuses_two_steps(cell: Cell) -> str | None:
    """Why two-step training cannot train this cell, or None."""
    if cell.architecture.name != DeepONet.name or cell.design != "grid":
        got = f"{cell.architecture.name!r} on the design {cell.design!r}"
        return f"expected the architecture 'deeponet' on a grid for the recipe 'two-step', got {got}"
    net = cell.deeponet()
    if not (net.branch_widths and net.trunk_widths):
        return "expected hidden layers on both sides for the recipe 'two-step', got none on one; use 'variable-projection'"
    refusal = refuses_variable_projection(cell)
    return None if refusal is None else refusal.replace("'variable-projection'", "'two-step'")


def refuses_widths(cell: Cell) -> str | None:
    """Why no learning rate per width is known for this cell, or None."""
    if cell.architecture.name != DeepONet.name:
        return f"expected the architecture 'deeponet' for the recipe 'adam-width', got {cell.architecture.name!r}; use 'adam'"
    return None


def _points(cell: Cell) -> Array:
    """The query points of the task as the net sees them."""
    points = cell.request().task.points()
    return to_unit(points) if cell.training.coordinate_scaling == "unit" else points


def refuses_sensors(cell: Cell) -> str | None:
    """Why the sensors of a cell are no grid for its Fourier neural operator, or None; other architectures ask for no grid."""
    if cell.architecture.name != FourierOperator.name:
        return None
    task = cell.request().task
    sensors, coordinates = to_unit(task.sensors()), task.points().shape[1]
    side = round(len(sensors) ** (1.0 / coordinates))
    expected = f"expected a task with sensors on a uniform grid in the coordinates of its outputs for {FourierOperator.name!r}"
    if sensors.shape[1] != coordinates or side**coordinates != len(sensors) or side < 2:
        return f"{expected}, got {len(sensors)} sensors in {sensors.shape[1]} coordinates and outputs in {coordinates}"
    if not np.array_equal(node_numbers(sensors, side), np.arange(len(sensors))):  # type: ignore[arg-type]
        return f"{expected}, got other places or another order"
    if cell.training.input_scaling == "pca":
        return "expected the input scaling 'raw' or 'standard' for the architecture 'fourier-operator', got 'pca'"
    return None


RECIPES: dict[str, Recipe] = {
    "adam": gradient_descent,
    "soap": gradient_descent,
    "variable-projection": variable_projection,
    "best": best,
    "soap-ends": soap_then_ends,
    "two-step": two_step,
    "adam-lbfgs": adam_then_lbfgs,
    "adam-width": descent_per_width,
}


REFUSES: dict[str, Callable[[Cell], str | None]] = {
    "variable-projection": refuses_variable_projection,
    "soap-ends": refuses_ends,
    "two-step": refuses_two_steps,
    "adam-lbfgs": refuses_lbfgs,
    "adam-width": refuses_widths,
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
        refusal = super().refuses(cell) or refuses_sensors(cell)
        refuses = REFUSES.get(cell.training.recipe)
        return refusal or (refuses(cell) if refuses else None)
