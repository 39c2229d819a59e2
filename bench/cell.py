"""A cell: one fully specified training run, frozen and validated.

The identity of a cell is the SHA-256 of its canonical JSON (all defaults written out, keys sorted) together with the versions
of what computes it; see `results.records.record.record_key`. Where and how it runs (workers, folders, verbosity) is no part of
it.
"""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from operators import find_task
from operators.architectures.activations import Activation
from operators.architectures.deeponet import DeepONet, Ends
from operators.data.dataset import Control, Design, NoiseLaw, Request
from operators.data.normalisation import CoordinateScaling, InputScaling, OutputScaling

Schedule = Literal["tied", "fixed-width", "fixed-budget", "free"]
Decay = Literal["constant", "cosine", "inverse-time", "step"]
Initialisation = Literal["glorot", "uniform-fan-in", "scaled"]


class Model(BaseModel):
    """Frozen, and an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _is_none(control: Control) -> bool:
    return control == "none"


class Noise(Model):
    """Label noise: its law, its standard deviation relative to the task's RMS output, and a control experiment on it.

    `control` is left out of the canonical cell where it is "none".
    """

    law: NoiseLaw = "none"
    sigma: float = Field(0.0, ge=0.0)
    control: Control = Field("none", exclude_if=_is_none)


class Net(Model):
    """The architecture: hidden widths, q, activation, ends. `schedule` names the rule that chose the widths."""

    branch_widths: tuple[int, ...] = (64, 64)
    trunk_widths: tuple[int, ...] = (64, 64)
    q: int = Field(16, ge=1)
    activation: Activation = "tanh"
    ends: Ends = "activated-trunk"
    schedule: Schedule = "free"

    @model_validator(mode="after")
    def _positive(self) -> Self:
        for part, widths in (("branch", self.branch_widths), ("trunk", self.trunk_widths)):
            if not widths or min(widths) < 1:
                raise ValueError(f"expected at least one {part} width, each >= 1, got {list(widths)}")
        return self


class Training(Model):
    """How the weights are sought: engine, recipe, budget, optimiser, scaling, initialisation.

    Attributes:
        steps: optimiser steps; exclusive with `epochs`.
        epochs: passes over the N functions; exclusive with `steps`.
        batch: functions (for triples: triples) per step; None for the full batch.
        decay: learning-rate schedule over the budget; `inverse-time` divides by 1 + decay_rate * step / decay_steps,
            `step` multiplies by decay_rate every decay_steps steps, `cosine` ends at 0.
        l2: lambda of the term lambda * parameter added to each gradient of the training loss.
    """

    engine: str = "native"
    recipe: str = "best"
    steps: int | None = Field(None, ge=0)
    epochs: int | None = Field(None, ge=0)
    batch: int | None = Field(None, ge=1)
    learning_rate: float = Field(2e-2, gt=0.0)
    decay: Decay = "constant"
    decay_rate: float = Field(0.5, gt=0.0)
    decay_steps: int = Field(1000, ge=1)
    l2: float = Field(0.0, ge=0.0)
    input_scaling: InputScaling = "standard"
    coordinate_scaling: CoordinateScaling = "unit"
    output_scaling: OutputScaling = "task"
    initialisation: Initialisation = "scaled"

    @model_validator(mode="after")
    def _one_budget(self) -> Self:
        if (self.steps is None) == (self.epochs is None):
            raise ValueError(f"expected exactly one of steps and epochs, got steps = {self.steps} and epochs = {self.epochs}")
        return self


class Cell(Model):
    """One training run.

    Attributes:
        task: a name of the registry `operators.TASKS`, or of a user's own data (`operators.external.task`).
        parameters: constants of the task that differ from its defaults; what declares a user's own data.
        functions: N.
        points: M, query points per function.
        replicate: selects the data, noise, initial weights and batches.
        restart: selects other initial weights and batches on the same data.
    """

    task: str
    parameters: dict[str, float | str] = Field(default_factory=dict)
    design: Design = "grid"
    functions: int = Field(ge=1)
    points: int = Field(ge=1)
    test_functions: int = Field(64, ge=1)
    noise: Noise = Noise()
    net: Net = Net()
    training: Training = Training(steps=1000)
    replicate: int = Field(0, ge=0)
    restart: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _task_and_sizes(self) -> Self:
        self.request()
        return self

    @property
    def n(self) -> int:
        """Number of training labels N M."""
        return self.functions * self.points

    @property
    def batch(self) -> int:
        """Functions per step."""
        return min(self.training.batch or self.functions, self.functions)

    @property
    def steps(self) -> int:
        """Optimiser steps of the budget; an epoch is N / batch steps, rounded up at the end of the budget."""
        if self.training.steps is not None:
            return self.training.steps
        assert self.training.epochs is not None
        return -(-self.training.epochs * self.functions // self.batch)

    def request(self) -> Request:
        """The data set this cell trains on."""
        return Request(
            task=find_task(self.task, self.parameters),
            design=self.design,
            functions=self.functions,
            points=self.points,
            noise_law=self.noise.law,
            sigma=self.noise.sigma,
            replicate=self.replicate,
            test_functions=self.test_functions,
            control=self.noise.control,
        )

    def deeponet(self) -> DeepONet:
        """The architecture with the task's input sizes."""
        task = find_task(self.task, self.parameters)
        return DeepONet(
            sensors=len(task.sensors()),
            coordinates=task.points().shape[1],
            branch_widths=self.net.branch_widths,
            trunk_widths=self.net.trunk_widths,
            q=self.net.q,
            activation=self.net.activation,
            ends=self.net.ends,
        )
