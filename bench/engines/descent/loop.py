"""The recipes `adam` and `soap`: gradient descent of one cell, a chunk of K steps per call of a compiled program."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import repeat
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bench.cell import Cell
from bench.engines.base import Fit
from bench.engines.descent.loss_forms import Shape, loss_form, operands
from bench.engines.descent.program_cache import forget_compiled_programs
from bench.engines.flops import step_flops
from bench.engines.initial_weights import initial_weights
from bench.engines.minibatches import batches
from bench.engines.monitor import Monitor
from bench.engines.threads import pinned_tensorflow
from operators.architectures.weights import Weights
from operators.data.normalisation import Problem, predict

if TYPE_CHECKING:
    from bench.engines.descent.program import Setting

SHORTEST_CHUNK, LONGEST_CHUNK, CHUNK_FLOPS = 50, 400, 2e10
RESOLUTION = 1e-6


class Descent:
    """One training: a compiled program, the data on the device, theta, the optimiser's state and the step reached.

    Attributes:
        step: optimiser steps taken.
        chunk: K, steps per call: what the optimiser prescribes, else steps worth CHUNK_FLOPS between SHORTEST_ and LONGEST_CHUNK.
        form: how the loss is computed.
    """

    def __init__(self, cell: Cell, problem: Problem, start: Weights) -> None:
        self._tf = pinned_tensorflow(1)
        from bench.engines.descent import program
        from bench.engines.descent.networks import network_of
        from bench.engines.descent.networks.network import flattened

        shape = Shape.of(cell, problem)
        self.cell, self.step = cell, 0
        self._optimiser = program.optimiser_of(cell.training.recipe, network_of(cell.net()))
        self.form = loss_form(shape, fine=self._optimiser.fine)
        self.chunk = self._optimiser.chunk or int(np.clip(CHUNK_FLOPS / step_flops(cell), SHORTEST_CHUNK, LONGEST_CHUNK))
        setting = program.Setting(
            net=cell.net(),
            shape=shape,
            form=self.form,
            optimiser=self._optimiser,
            regularised=cell.training.l2 > 0.0,
            pointwise=problem.scale.ndim > 0,
            chunk=self.chunk,
        )
        self._arrays = program.device_arrays(operands(problem, self.form), setting)
        self._l2 = self._tf.constant(cell.training.l2, self._tf.float32)
        absent = self._tf.zeros((self.chunk, 1), self._tf.int32)
        self._batches: Iterator[Any] = repeat(absent) if setting.full else map(self._tf.constant, batches(cell, self.chunk))
        self._rows = next(self._batches)
        self._theta, self._state = self._tf.constant(flattened(start)), self._optimiser.start()
        try:
            self._compile(setting)
        except self._tf.errors.OpError:
            if not forget_compiled_programs():
                raise
            self._compile(replace(setting, attempt=1))

    def _compile(self, setting: "Setting") -> None:
        """Look up or compile the program; it takes no step."""
        from bench.engines.descent.program import compiled

        self._program = compiled(setting, self._arguments(0, 0))
        self._run(0, 0)

    def _arguments(self, begin: int, end: int) -> tuple[Any, ...]:
        """What the program takes to run iterations begin, ..., end - 1 of the current chunk."""
        first = self.step - self.step % self.chunk
        coefficients = self._optimiser.coefficients(self.cell.training, self.cell.steps, first, count=self.chunk)
        span, constant = self._tf.constant([begin, end]), self._tf.constant(coefficients)
        return (self._theta, self._state, span, constant, self._l2, self._arrays, self._rows)

    def _run(self, begin: int, end: int) -> tuple[Any, Any, NDArray[np.float32]]:
        """Run iterations begin, ..., end - 1 of the current chunk; return theta, state and the losses of these iterations."""
        try:
            theta, state, losses = self._program(*self._arguments(begin, end))
        except self._tf.errors.ResourceExhaustedError as error:
            raise MemoryError(str(error)) from None
        return theta, state, np.maximum(losses.numpy()[begin:end], np.float32(0.0))

    def advance(self) -> NDArray[np.float32]:
        """Take a chunk of steps, fewer at the end of the budget; return the loss before each of them."""
        count = min(self.chunk, self.cell.steps - self.step)
        self._theta, self._state, losses = self._run(0, count)
        self.step += count
        if count == self.chunk:
            self._rows = next(self._batches)
            self._state = self._optimiser.between_chunks(self._state, self.step)
        return losses

    def loss(self) -> float:
        """The loss at the present theta on the batch of the next step."""
        here = self.step % self.chunk
        return float(self._run(here, here + 1)[2][0])

    def error(self, problem: Problem) -> float:
        """Mean squared error over all labels, in float64 and physical units."""
        return float(np.mean((predict(self.cell.net(), self.weights(), problem) - problem.labels) ** 2))

    def weights(self) -> Weights:
        """The present weights, as float64 copies."""
        from bench.engines.descent.networks.network import unflattened

        return unflattened(self.cell.net(), self._theta.numpy())


def descend(
    cell: Cell,
    problem: Problem,
    *,
    start: Weights | None = None,
    target: float = 0.0,
    timeout_seconds: float | None = None,
    report: Callable[[int], None] = lambda step: None,
) -> Fit:
    """Train one cell with the optimiser its recipe names.

    Args:
        cell: what to train.
        problem: its data.
        start: initial weights; None for those of `bench.engines.initial_weights`.
        target: training error in physical units at which to stop, computed in float64 after a chunk whose last loss is near it.
        timeout_seconds: wall seconds; looked at after each chunk.
        report: called with the step after each chunk.
    """
    cpu_started = time.process_time()
    monitor = Monitor(cell.steps, timeout_seconds)
    start = start or initial_weights(cell, inputs=problem.inputs, points=problem.points)
    descent = Descent(cell, problem, start)
    compile_seconds = time.perf_counter() - monitor.started
    met = False
    while descent.step < cell.steps and not monitor.stopped and not met:
        first = descent.step
        losses = descent.advance()
        for step in range(first, descent.step):
            if monitor.due(step) and not monitor.stopped:
                monitor.record(step, float(losses[step - first]))
        monitor.check_timeout(descent.step)
        near = losses[-1] * problem.unit**2 <= 1.1 * target + RESOLUTION * problem.unit**2
        met = target > 0.0 and near and descent.error(problem) <= target
        report(descent.step)
    weights = descent.weights()
    if monitor.status != "diverged":
        monitor.record(descent.step, last := descent.loss())
        if monitor.curve[-1][0] != descent.step:
            monitor.curve.append((descent.step, last))
    return Fit(
        weights=weights if weights.finite() else None,
        status=monitor.status,
        steps=descent.step,
        curve=tuple(monitor.curve),
        cpu_seconds=time.process_time() - cpu_started,
        compile_seconds=compile_seconds,
        recipe=f"{cell.training.recipe}/{descent.form}",
        message=monitor.message,
    )
