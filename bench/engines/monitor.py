"""Watching a training: learning curve, divergence, timeout. The same rules for every engine.

A training has diverged when its loss is not finite or exceeds DIVERGENCE_FACTOR times its first value. The loss is looked
at no later than every CHECK_EVERY steps.
"""

import math
import time
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from bench.engines.base import FitStatus

CHECK_EVERY = 100
CURVE_POINTS = 50
DIVERGENCE_FACTOR = 1e6


def learning_curve_steps(steps: int) -> tuple[int, ...]:
    """The steps at which the loss is kept: 0, and at most CURVE_POINTS log-spaced ones up to `steps`."""
    spaced = np.geomspace(1, max(steps, 1), CURVE_POINTS).round().astype(int)
    return tuple(sorted({0, steps, *(int(step) for step in spaced if step <= steps)}))


@dataclass
class Monitor:
    """The state of one training, fed with losses.

    Attributes:
        steps: optimiser steps of the budget.
        timeout_seconds: wall seconds from construction, None for no limit.
        curve: (step, loss) pairs kept so far.
        status: `done` until a rule stops the training.
        message: why it was stopped.
    """

    steps: int
    timeout_seconds: float | None = None
    started: float = field(default_factory=time.perf_counter)
    curve: list[tuple[int, float]] = field(default_factory=list)
    status: FitStatus = "done"
    message: str = ""

    @cached_property
    def kept(self) -> frozenset[int]:
        """Steps of the learning curve."""
        return frozenset(learning_curve_steps(self.steps))

    def due(self, step: int) -> bool:
        """Whether the loss is to be looked at after this step."""
        return step in self.kept or step % CHECK_EVERY == 0

    def record(self, step: int, loss: float) -> None:
        """Take the loss after `step` steps; stop the training if it has diverged."""
        first = self.curve[0][1] if self.curve else loss
        diverged = not math.isfinite(loss) or loss > DIVERGENCE_FACTOR * first
        if diverged or step in self.kept:
            self.curve.append((step, loss))
        if diverged:
            self.status = "diverged"
            self.message = f"training loss {loss:.3g} at step {step}, {first:.3g} at step 0"

    def check_timeout(self, step: int) -> None:
        """Stop the training if it is unfinished and out of time."""
        late = self.timeout_seconds is not None and time.perf_counter() - self.started > self.timeout_seconds
        if late and self.status == "done" and step < self.steps:
            self.status = "timeout"
            self.message = f"stopped after {self.timeout_seconds:g} s at step {step} of {self.steps}"

    @property
    def stopped(self) -> bool:
        """Whether the training must end now."""
        return self.status != "done"
