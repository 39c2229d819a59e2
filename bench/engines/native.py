"""The batched engine: TensorFlow compiled by XLA, many optimiser steps a call, and the recipes built on it.

Cells are trained one after the other, each by itself: a fit has the same bits whatever else is in its group. Cells of one shape
share a compiled program.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from bench.cell import Cell
from bench.engines.base import Control, Engine, Fit
from bench.engines.best import best, refuses_varpro, varpro
from bench.engines.descent.loop import descend
from operators.data.normalisation import Problem


class Recipe(Protocol):
    """Trains one cell; `floor` is the certified floor of its training error in physical units, 0 if there is none."""

    def __call__(
        self, cell: Cell, problem: Problem, *, floor: float, timeout_seconds: float | None, report: Callable[[int], None]
    ) -> Fit:
        """Return the fit."""


def _to_the_end(
    cell: Cell, problem: Problem, *, floor: float, timeout_seconds: float | None, report: Callable[[int], None]
) -> Fit:
    """Gradient descent over the whole budget, whatever the floor."""
    return descend(cell, problem, timeout_seconds=timeout_seconds, report=report)


RECIPES: dict[str, Recipe] = {
    "adam": _to_the_end,
    "soap": _to_the_end,
    "varpro": varpro,
    "best": best,
}


@dataclass(frozen=True)
class BatchedEngine(Engine):
    """Trains cells by the recipes of RECIPES."""

    name = "batched"
    version = 3
    recipes = tuple(RECIPES)

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
        return super().refuses(cell) or (refuses_varpro(cell) if cell.training.recipe == "varpro" else None)
