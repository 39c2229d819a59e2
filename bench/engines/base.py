"""The contract of an engine: problems and cells in, fits out.

An engine receives cells with their problems and returns one fit per cell. A fit depends on its cell alone: not on the other cells
of the group, nor on order, process or thread count.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from bench.cell import Cell
from operators.architectures.weights import Weights
from operators.data.normalisation import Problem

FitStatus = Literal["done", "diverged", "timeout"]


@dataclass(frozen=True)
class Fit:
    """The outcome of one training.

    Attributes:
        weights: the weights returned, None if there are none that are finite.
        status: `done`, `diverged` (the loss was not finite, or exceeded 1e6 times its first value) or `timeout`.
        steps: optimiser steps taken.
        curve: (step, training loss) pairs, first and last step included; the loss as the optimiser saw it.
        cpu_seconds: process time of the training, compilation included.
        compile_seconds: wall seconds before the first step.
        recipe: what was used, where the recipe chooses.
        message: one sentence when the status is not `done`.
    """

    weights: Weights | None
    status: FitStatus
    steps: int
    curve: tuple[tuple[int, float], ...]
    cpu_seconds: float
    compile_seconds: float = 0.0
    recipe: str = "adam"
    message: str = ""


@dataclass(frozen=True)
class Control:
    """What an engine may ask while it trains.

    Attributes:
        floors: per cell, the certified floor of the training mean squared error in physical units; 0 if none.
        timeout_seconds: wall seconds for one cell, None for no limit.
        report: called with (cells done, step) now and then.
    """

    floors: Sequence[float] = ()
    timeout_seconds: float | None = None
    report: Callable[[int, int], None] = field(default=lambda done, step: None)


class Engine(ABC):
    """Trains cells. Concrete engines are frozen and final.

    Attributes:
        name: key in `bench.engines.ENGINES`.
        versions: of each recipe; changes when the same cell would give other bits, and leaves the other recipes alone.
    """

    name: ClassVar[str]
    versions: ClassVar[Mapping[str, int]]

    @abstractmethod
    def train(self, cells: Sequence[Cell], problems: Sequence[Problem], control: Control) -> list[Fit]:
        """Train each cell on its problem and return the fits in order."""

    def refuses(self, cell: Cell) -> str | None:
        """One sentence why this engine cannot run the cell, or None."""
        if cell.training.recipe not in self.versions:
            return f"expected a recipe among {list(self.versions)} for engine {self.name!r}, got {cell.training.recipe!r}"
        if cell.training.precision != "recipe":
            return f"expected the precision 'recipe' for engine {self.name!r}, got {cell.training.precision!r}"
        return None

    def version(self, recipe: str) -> int:
        """Version of a recipe; part of every key."""
        return self.versions[recipe]
