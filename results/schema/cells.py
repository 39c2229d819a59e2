"""What a cell is made of: label noise, architecture, training.

The architecture of a cell is a union tagged by `name`, one member for each entry of `operators.architectures.ARCHITECTURES`: the
fields of the hypothesis class less its input sizes, which the task gives, and `schedule`. A cell without a name has a DeepONet.
"""

import dataclasses
import json
from functools import cache
from typing import Annotated, Any, Literal, Self, get_type_hints

from pydantic import BeforeValidator, Field, SerializeAsAny, ValidationInfo, create_model, model_validator

from operators.architectures import ARCHITECTURES, Architecture, DeepONet
from operators.architectures.activations import Activation
from operators.architectures.deeponet import Ends
from operators.data.normalisation import CoordinateScaling, InputScaling, OutputScaling
from operators.data.request import Control, NoiseLaw
from results.schema.model import LARGEST_COUNT, Model, later

Schedule = Literal["tied", "fixed-width", "fixed-budget", "free"]
Decay = Literal["constant", "cosine", "inverse-time", "step"]
Initialisation = Literal["glorot", "uniform-fan-in", "scaled"]
Precision = Literal["recipe", "float32", "float64"]
LARGEST_SIZE, LARGEST_DEPTH = 2**24, 64  # so that parameters can be counted below 2^63
INPUT_SIZES = ("sensors", "coordinates")


class Noise(Model):
    """Label noise: its law, its standard deviation relative to the task's RMS output, and a control experiment on it."""

    law: NoiseLaw = "none"
    sigma: float = Field(0.0, ge=0.0)
    control: Control = later("none")


class Settings(Model):
    """An architecture without its input sizes. `schedule` names the rule that chose the sizes."""

    name: str
    schedule: Schedule = "free"

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        self.on(1, 1)
        for name in type(self).model_fields:
            value = getattr(self, name)
            sizes = value if isinstance(value, tuple) else (value,)
            if len(sizes) > LARGEST_DEPTH or any(isinstance(size, int) and size > LARGEST_SIZE for size in sizes):
                raise ValueError(f"expected {name} of at most {LARGEST_DEPTH} sizes up to {LARGEST_SIZE}, got {str(value)[:40]}")
        return self

    def on(self, sensors: int, coordinates: int) -> Architecture:
        """The hypothesis class on inputs of these sizes.

        Raises:
            ValueError: sizes that the architecture refuses.
        """
        stated = {name: getattr(self, name) for name in type(self).model_fields if name not in ("name", "schedule")}
        return ARCHITECTURES[self.name](sensors=sensors, coordinates=coordinates, **stated)


class Net(Settings):
    """A DeepONet: hidden widths, q, activation, ends."""

    name: Literal["deeponet"] = "deeponet"
    branch_widths: tuple[int, ...] = (64, 64)
    trunk_widths: tuple[int, ...] = (64, 64)
    q: int = Field(16, ge=1)
    activation: Activation = "tanh"
    ends: Ends = "activated-trunk"


@cache
def settings_of(architecture: type[Architecture]) -> type[Settings]:
    """The member of the union for an architecture: its fields but the input sizes, in their declared types."""
    if architecture is DeepONet:
        return Net
    hints, fields = get_type_hints(architecture), {}
    for field in dataclasses.fields(architecture):
        if field.name not in INPUT_SIZES:
            fields[field.name] = (hints[field.name], ... if field.default is dataclasses.MISSING else field.default)
    tag: Any = (Literal[architecture.name], architecture.name)
    return create_model(f"{architecture.__name__}Settings", __base__=Settings, name=tag, **fields)  # type: ignore[call-overload]


def __getattr__(name: str) -> type[Settings]:
    """The member of this name, so that cells can be sent to another process: pickle looks classes up here."""
    for architecture in ARCHITECTURES.values():
        if name == f"{architecture.__name__}Settings":
            return settings_of(architecture)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _member(value: Any, info: ValidationInfo) -> Any:
    """Settings as they are; a mapping as the member that its name says, strictly where the context asks for it."""
    if not isinstance(value, dict):
        return value
    name = value.get("name", DeepONet.name)
    if not isinstance(name, str) or name not in ARCHITECTURES:
        raise ValueError(f"expected an architecture among {sorted(ARCHITECTURES)}, got {str(name)[:80]!r}")
    member = settings_of(ARCHITECTURES[name])
    if info.context and info.context.get("strict"):
        return member.model_validate_json(json.dumps(value), strict=True)
    return member.model_validate(value)


AnyArchitecture = Annotated[SerializeAsAny[Settings], BeforeValidator(_member)]


class Training(Model):
    """How the weights are sought: engine, recipe, budget, optimiser, scaling, initialisation.

    Attributes:
        steps: optimiser steps; exclusive with `epochs`.
        epochs: passes over the N functions; exclusive with `steps`.
        batch: functions (for triples: triples) per step; None for the full batch.
        decay: learning-rate schedule over the budget; `inverse-time` divides by 1 + decay_rate * step / decay_steps,
            `step` multiplies by decay_rate every decay_steps steps, `cosine` ends at 0.
        l2: lambda of the term lambda * parameter added to each gradient of the training loss.
        precision: of the arithmetic of the training; `recipe` is what the recipe uses.
    """

    engine: str = "native"
    recipe: str = "best"
    steps: int | None = Field(None, ge=0, le=LARGEST_COUNT)
    epochs: int | None = Field(None, ge=0, le=LARGEST_COUNT)
    batch: int | None = Field(None, ge=1, le=LARGEST_COUNT)
    learning_rate: float = Field(2e-2, gt=0.0)
    decay: Decay = "constant"
    decay_rate: float = Field(0.5, gt=0.0)
    decay_steps: int = Field(1000, ge=1, le=LARGEST_COUNT)
    l2: float = Field(0.0, ge=0.0)
    input_scaling: InputScaling = "standard"
    coordinate_scaling: CoordinateScaling = "unit"
    output_scaling: OutputScaling = "task"
    initialisation: Initialisation = "scaled"
    precision: Precision = later("recipe")

    @model_validator(mode="after")
    def _one_budget(self) -> Self:
        if (self.steps is None) == (self.epochs is None):
            raise ValueError(f"expected exactly one of steps and epochs, got steps = {self.steps} and epochs = {self.epochs}")
        return self
