"""Data sets: what regression reaches on them, measured once and recorded, for tables to set beside nets.

A cell states a data set on a grid, as a training cell does, and nothing else. Its record holds the errors of every method of
`operators.baselines` that applies, for each rank where a method has one, and the floor that sensors leave where the law gives it.
Errors are recorded to DIGITS significant digits, so that machines agree, and as 0 below NOTHING, where they are rounding.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from operators.baselines import BASELINES
from results.families import deeponet
from results.families.deeponet import parameters_text, task_identity
from results.families.family import Family
from results.schema.cells import Noise
from results.schema.model import LARGEST_COUNT, Model, canonical

DIGITS, NOTHING = 6, 1e-12
ALIKE = 5e-3  # of the outputs: the last modes of jumps are nearly degenerate, and processors order them differently
"""Errors below it, of which rounding is a part, agree with each other."""
ASKED: dict[str, str] = {
    **{name: deeponet.ASKED[name] for name in ("task", "parameters", "N", "M", "noise_law", "sigma", "control", "replicate")},
    "held_out": "held-out functions",
}


class DataSet(Model):
    """A data set on a grid; fields as of a training cell (`results.families.deeponet.Cell`)."""

    family: ClassVar[str] = "baselines"
    task: str
    parameters: dict[str, float | str] = Field(default_factory=dict)
    functions: int = Field(ge=1, le=LARGEST_COUNT)
    points: int = Field(ge=1, le=LARGEST_COUNT)
    test_functions: int = Field(64, ge=1, le=LARGEST_COUNT)
    noise: Noise = Noise()
    replicate: int = Field(0, ge=0, le=LARGEST_COUNT)


class Line(Model):
    """Errors of a method (`operators.baselines.baseline`), one entry per rank; `q` is empty where it has none."""

    relative: tuple[float, ...]
    relative_mean: tuple[float, ...]
    test_relative: tuple[float, ...]
    test_relative_mean: tuple[float, ...]
    q: tuple[int, ...] = ()


class Measured(Model):
    """Errors by method, and the relative error that sensors leave undetermined over fresh functions (asymptotic)."""

    lines: dict[str, Line]
    sensor_floor: float | None = None


class Baselines(Family):
    """The family of data sets."""

    name = "baselines"
    cell = DataSet
    measured = Measured

    def identity(self, cell: Mapping[str, Any]) -> dict[str, Any] | None:
        """Identity of the task: class, version and constants."""
        return task_identity(str(cell["task"]), canonical(cell.get("parameters", {})))

    def keyed(self, cell: Mapping[str, Any]) -> Mapping[str, Any]:
        """As of a training cell."""
        return deeponet.without_location(cell)

    def asked_columns(self) -> Mapping[str, str]:
        """ASKED."""
        return ASKED

    def whole_columns(self) -> frozenset[str]:
        """Sizes and replicate."""
        return frozenset(("N", "M", "replicate", "held_out"))

    def text_columns(self) -> frozenset[str]:
        """Task, constants, noise law and control."""
        return frozenset(("task", "parameters", "noise_law", "control"))

    def outcome_columns(self) -> Mapping[str, str]:
        """Held-out error of each method, of the best rank where it has ranks, and the floor of the sensors."""
        said = {name: f"held-out relative error: {baseline.title}" for name, baseline in BASELINES.items()}
        return {**said, "sensor_floor": "relative error that the sensors leave undetermined over fresh functions (asymptotic)"}

    def asked(self, cell: Mapping[str, Any], sizes: Mapping[str, int]) -> tuple[Any, ...]:
        """In the order of ASKED."""
        noise = cell["noise"]
        where = (cell["task"], parameters_text(cell["parameters"]), cell["functions"], cell["points"])
        return (*where, noise["law"], noise["sigma"], noise.get("control", "none"), cell["replicate"], cell["test_functions"])

    def outcome(self, measured: Model) -> tuple[Any, ...]:
        """In the order of the columns."""
        assert isinstance(measured, Measured)
        errors = (min(measured.lines[name].test_relative) if name in measured.lines else None for name in BASELINES)
        return (*errors, measured.sensor_floor)

    def agree(self, one: Model, other: Model, margin: float) -> bool:
        """Whether every error agrees within a margin of itself, or to ALIKE."""
        assert isinstance(one, Measured)
        assert isinstance(other, Measured)
        return one.lines.keys() == other.lines.keys() and all(
            len(ours) == len(theirs) and all(_near(a, b, margin) for a, b in zip(ours, theirs, strict=True))
            for name, line in one.lines.items()
            for field in ("relative", "relative_mean", "test_relative", "test_relative_mean")
            for ours, theirs in [(getattr(line, field), getattr(other.lines[name], field))]
        )


def _near(a: float, b: float, margin: float) -> bool:
    return abs(a - b) <= max(margin * max(a, b), ALIKE)
