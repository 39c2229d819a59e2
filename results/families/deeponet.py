"""Training cells: one net trained on one data set, and what is measured of it.

Errors, floors and bounds speak of the training labels in float64 and physical units, whatever trained the net; held-out errors of
clean functions stand beside. The family is named for the DeepONet; its cells may state any registered architecture.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from operator import attrgetter
from typing import Any, ClassVar

from pydantic import Field, TypeAdapter

from operators import TASKS, UserError, find_task
from operators.architectures import Architecture
from operators.data.request import Design
from operators.external.task import LOCATION
from results.families.family import Family
from results.schema.cells import AnyArchitecture, Net, Noise, Settings, Training
from results.schema.model import LARGEST_COUNT, Model, canonical, later
from results.schema.widths import Widths

ASKED: dict[str, str] = {
    "task": "operator",
    "parameters": "constants of the task that differ from its defaults, as JSON",
    "design": "grid, scattered or triples",
    "architecture": "hypothesis class; of others than the DeepONet with its sizes",
    "schedule": "rule that chose the widths",
    "N": "input functions",
    "M": "query points per function",
    "n": "training labels, N M",
    "noise_law": "law of the label noise",
    "sigma": "standard deviation of the noise over the RMS of clean outputs",
    "control": "control experiment on the labels: none, permuted-noise or permuted-labels",
    "branch_widths": "hidden widths of the branch, joined by x",
    "trunk_widths": "hidden widths of the trunk, joined by x",
    "q": "common output dimension; 0 for an architecture that has none",
    "q_eff": "effective output dimension: limit of the rank of the outputs; 0 where there is none",
    "d": "trainable scalars",
    "d_eff": "trainable scalars less the gauge redundancy",
    "ends": "what ends branch and trunk",
    "activation": "hidden activation",
    "engine": "engine asked for",
    "recipe": "recipe asked for",
    "budget": "optimiser steps or epochs asked for",
    "training": "other settings of the training that differ from their defaults (results/schema/cells.py)",
    "output_scaling": "what scales the outputs",
    "replicate": "replicate",
    "restart": "restart on the same data",
}
WHOLE = frozenset(("N", "M", "n", "q", "q_eff", "d", "d_eff", "replicate", "restart"))
WIDTHS = frozenset(("branch_widths", "trunk_widths"))


class Cell(Model):
    """One training.

    Attributes:
        task: a name of the registry `operators.catalogue.TASKS`, or of a user's own data (`operators.external`).
        parameters: constants of the task that differ from its defaults; what declares a user's own data.
        functions: N.
        points: M, query points per function.
        replicate: selects the data, noise, initial weights and batches.
        restart: selects other initial weights and batches on the same data.
    """

    family: ClassVar[str] = "deeponet"
    task: str
    parameters: dict[str, float | str] = Field(default_factory=dict)
    design: Design = "grid"
    functions: int = Field(ge=1, le=LARGEST_COUNT)
    points: int = Field(ge=1, le=LARGEST_COUNT)
    test_functions: int = Field(64, ge=1, le=LARGEST_COUNT)
    noise: Noise = Noise()
    architecture: AnyArchitecture = Net()
    training: Training = Training(steps=1000)
    replicate: int = Field(0, ge=0, le=LARGEST_COUNT)
    restart: int = Field(0, ge=0, le=LARGEST_COUNT)


class Sizes(Model):
    """n = N M labels; d trained scalars of stored_bits bits each; rank limit and d_eff after the gauge redundancy."""

    n: int
    sensors: int
    d: int
    q_eff: int | None
    d_eff: int
    stored_bits: int


class Errors(Model):
    """Training errors over all n labels, summed in float64 in physical units, and held-out errors.

    training_mse R = mean (y - h)^2; noise_energy V = mean z^2; absorbed rho = 1 - R / V (None without noise);
    relative = sqrt(R / mean y^2); relative_mean and relative_rms = mean and root mean square over functions of
    |y_i - h_i| / |y_i|; clean_mse = mean (g - h)^2; relative_l1 = sum |y - h| / sum |y|; test_* against clean held-out functions.
    """

    training_mse: float
    training_mse_float32: float | None = None
    noise_energy: float
    absorbed: float | None
    relative: float
    relative_mean: float
    relative_rms: float
    clean_mse: float
    test_relative: float
    test_relative_mean: float
    relative_l1: float | None = later(None)
    test_relative_l1: float | None = later(None)


class Bounds(Model):
    """What theory says of this very data set and size; None where a bound does not apply.

    floor is the certified lower bound on training_mse of any net of this rank, in data of output scale `unit` (see
    `operators.diagnostics.floor`); optimality = training_mse / floor; absorbable_bits is the largest absorbed fraction that bit
    counting does not exclude.
    """

    floor: float | None
    unit: float
    optimality: float | None
    resolved: bool | None
    trivial: bool
    absorbable_bits: float | None
    values: dict[str, float | None] = Field(default_factory=dict)


class Measured(Model):
    """What is measured of the weights that a training returned."""

    sizes: Sizes
    errors: Errors
    bounds: Bounds


ERRORS = tuple(Errors.model_fields)
BOUNDS = tuple(name for name in Bounds.model_fields if name not in ("values", "unit"))
_ARCHITECTURE: TypeAdapter[Settings] = TypeAdapter(AnyArchitecture)
_errors, _bounds = attrgetter(*ERRORS), attrgetter(*BOUNDS)


class DeepONetTraining(Family):
    """The family of training cells."""

    name = "deeponet"
    cell = Cell
    measured = Measured
    target_kinds = ("absorb", "relative")
    size_names = ("d", "q_eff", "d_eff")
    tables = (
        *("demands", "lines", "scaling", "leaderboard", "thresholds", "exponents", "rays", "bounds", "mechanism"),
        *("brackets", "frontier", "searches", "search_exponents", "joint_law", "least_n"),
        *("baselines", "data_efficiency", "literature", "anchors", "barrier", "architectures"),
    )

    def identity(self, cell: Mapping[str, Any]) -> dict[str, Any] | None:
        """Identity of the task: class, version and constants."""
        return task_identity(str(cell["task"]), canonical(cell.get("parameters", {})))

    def sizes(self, cell: Mapping[str, Any]) -> dict[str, int] | None:
        """Sizes of the net on a registered task; a user's own data would have to be read."""
        if cell["task"] not in TASKS:
            return None
        found = net_sizes_on(str(cell["task"]), canonical(cell["parameters"]), canonical(cell["architecture"]))
        return None if found is None else dict(found)

    def keyed(self, cell: Mapping[str, Any]) -> Mapping[str, Any]:
        """Where a user's own data lie is no part of the key; their checksum, in the task's identity, is."""
        return without_location(cell)

    def asked_columns(self) -> Mapping[str, str]:
        """ASKED."""
        return ASKED

    def outcome_columns(self) -> Mapping[str, str]:
        """Unit, stored bits, errors and bounds."""
        return {
            "unit": "scale of the outputs, which sets the tolerance of the floor",
            "stored_bits": "bits in which each parameter is stored",
            **dict.fromkeys((*ERRORS, *BOUNDS), ""),
        }

    def whole_columns(self) -> frozenset[str]:
        """WHOLE."""
        return WHOLE

    def text_columns(self) -> frozenset[str]:
        """What was asked but numbers."""
        return frozenset(ASKED) - WHOLE - WIDTHS - {"sigma"}

    def value_columns(self) -> frozenset[str]:
        """Widths, which know their depth."""
        return WIDTHS

    def asked(self, cell: Mapping[str, Any], sizes: Mapping[str, int]) -> tuple[Any, ...]:
        """In the order of ASKED."""
        net, training, noise = cell["architecture"], cell["training"], cell["noise"]
        return (
            cell["task"],
            parameters_text(cell["parameters"]),
            cell["design"],
            architecture_text(net),
            net["schedule"],
            cell["functions"],
            cell["points"],
            cell["functions"] * cell["points"],
            noise["law"],
            noise["sigma"],
            noise.get("control", "none"),
            Widths(tuple(net.get("branch_widths", ()))),
            Widths(tuple(net.get("trunk_widths", ()))),
            net.get("q", 0),
            sizes["q_eff"],
            sizes["d"],
            sizes["d_eff"],
            net.get("ends", ""),
            net.get("activation", ""),
            training["engine"],
            training["recipe"],
            f"{training['steps']} steps" if training["steps"] is not None else f"{training['epochs']} epochs",
            settings_text(training),
            training["output_scaling"],
            cell["replicate"],
            cell["restart"],
        )

    def agree(self, one: Model, other: Model, margin: float) -> bool:
        """Whether the training errors do."""
        assert isinstance(one, Measured)
        assert isinstance(other, Measured)
        return abs(other.errors.relative - one.errors.relative) <= margin * one.errors.relative

    def outcome(self, measured: Model) -> tuple[Any, ...]:
        """Unit, stored bits, errors, bounds."""
        assert isinstance(measured, Measured)
        return (measured.bounds.unit, measured.sizes.stored_bits, *_errors(measured.errors), *_bounds(measured.bounds))

    def named(self, measured: Model) -> Mapping[str, float | None]:
        """The named bound values, each as `bound_<name>`."""
        assert isinstance(measured, Measured)
        return {f"bound_{name}": value for name, value in measured.bounds.values.items()}


def without_location(cell: Mapping[str, Any]) -> Mapping[str, Any]:
    """A cell less where a user's own data lie."""
    parameters = cell.get("parameters")
    if not isinstance(parameters, Mapping) or LOCATION not in parameters:
        return cell
    return {**cell, "parameters": {name: value for name, value in parameters.items() if name != LOCATION}}


@lru_cache(maxsize=4096)
def task_identity(name: str, parameters: str) -> dict[str, Any] | None:
    """Identity of a task from its name and its constants as JSON; None if this release does not know it."""
    try:
        found: dict[str, Any] = json.loads(find_task(name, json.loads(parameters)).identity())
    except (ValueError, TypeError):
        return None
    return found


def net_sizes(net: Architecture) -> dict[str, int]:
    """d, rank limit (0 where there is none) and d_eff."""
    return {"d": net.parameter_count(), "q_eff": net.output_rank() or 0, "d_eff": net.effective_parameter_count()}


@lru_cache(maxsize=4096)
def net_sizes_on(name: str, parameters: str, architecture: str) -> dict[str, int] | None:
    """Sizes of an architecture on a registered task, from canonical JSON; None for constants that the task refuses."""
    try:
        sensors, coordinates = _input_sizes(name, parameters)
    except UserError:
        return None
    settings: Settings = _ARCHITECTURE.validate_python(json.loads(architecture))
    return net_sizes(settings.on(sensors, coordinates))


@lru_cache(maxsize=4096)
def _input_sizes(name: str, parameters: str) -> tuple[int, int]:
    task = find_task(name, json.loads(parameters))
    return len(task.sensors()), task.points().shape[1]


def architecture_text(net: Mapping[str, Any]) -> str:
    """An architecture in a word; others than the DeepONet, whose sizes have columns, with all they state."""
    if net["name"] == Net.model_fields["name"].default:
        return str(net["name"])
    return f"{net['name']} {canonical({name: value for name, value in net.items() if name not in ('name', 'schedule')})}"


def settings_text(training: Mapping[str, Any]) -> str:
    """Settings of a training that have no column of their own and differ from their defaults; `defaults` where none does."""
    other = sorted((name, value) for name, value in training.items() if name not in ("engine", "recipe", "steps", "epochs"))
    return " ".join(f"{name}={value}" for name, value in other if value != Training.model_fields[name].default) or "defaults"


def parameters_text(parameters: Mapping[str, Any]) -> str:
    """Constants as JSON; where a user's own data lie is left out."""
    told = {name: value for name, value in parameters.items() if name != LOCATION}
    return canonical(told) if told else ""
