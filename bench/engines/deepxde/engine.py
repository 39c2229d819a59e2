"""The reference engine: DeepXDE's own nets, loss and training loop on the TensorFlow backend.

    minimise  mean over labels of ((h - label) / unit)^2,    h = mu + s (<branch, trunk> + b0)

DeepXDE sees it as mean((f - t)^2) with f = (s / unit)(<branch, trunk> + b0) and targets t = (label - mu) / unit formed in
float64; training is in float32. Grids train DeepONetCartesianProd, other designs DeepONet on aligned triples (each input
repeated at its points).

Optimiser: Keras' Adam (beta 0.9, 0.999, epsilon 1e-8) for t = 0, 1, ...,

    theta <- theta - r_t sqrt(1 - 0.999^(t+1)) / (1 - 0.9^(t+1)) m / (sqrt(v) + 1e-8),    gradient of loss + (l2 / 2) |theta|^2,

with the rate r_t of Keras' CosineDecay, InverseTimeDecay or staircase ExponentialDecay, and |theta|^2 over all d scalars.

Three unreported faults of DeepXDE 1.15 under Keras 3 are cured from outside:

    the scalar bias is never trained      it is passed as an external trainable variable
    equal kernels, unrepeatable seeds     every kernel and bias is assigned from `bench.engines.initial_weights`
    wrong pairs for tuple batch sizes     batches come from `bench.engines.minibatches` through a Data object of our own

DeepXDE (LGPL-2.1): Lu, Meng, Mao and Karniadakis, SIAM Review 63 (2021), doi:10.1137/19M1274067. This is the only module
that imports it, and does so at the first training: importing this module has no effect.
"""

import contextlib
import gc
import io
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np

from bench.cell import Cell
from bench.engines.base import Control, Engine, Fit
from bench.engines.deepxde.examples import Example, served
from bench.engines.initial_weights import initial_weights
from bench.engines.learning_rates import keras_schedule
from bench.engines.monitor import Monitor
from bench.engines.threads import pinned_tensorflow
from operators.architectures.deeponet import deeponet_weights
from operators.architectures.weights import Layer, Weights, layers_of
from operators.data.normalisation import Problem
from operators.errors import UserError

ALIGNED_LIMIT_BYTES = 2 * 2**30


@dataclass(frozen=True)
class DeepXDEEngine(Engine):
    """Trains cells one by one with DeepXDE.

    Attributes:
        threads: threads of TensorFlow; results are the same on every machine of one kind only with 1.
    """

    name = "deepxde"
    versions: ClassVar[Mapping[str, int]] = MappingProxyType({"adam": 1})
    threads: int = 1

    def refuses(self, cell: Cell) -> str | None:
        """One sentence why this engine cannot run the cell, or None."""
        needed = 4 * cell.batch * cell.points * len(cell.request().task.sensors())
        if cell.design != "grid" and needed > ALIGNED_LIMIT_BYTES:
            return (
                f"expected at most {ALIGNED_LIMIT_BYTES / 2**30:.0f} GiB of inputs repeated at their points for engine 'deepxde',"
                f" got {needed / 2**30:.1f} GiB; set a smaller batch"
            )
        if cell.architecture.name != "deeponet":
            return f"expected the architecture 'deeponet' for engine 'deepxde', got {cell.architecture.name!r}; use 'native'"
        return super().refuses(cell)

    def train(self, cells: Sequence[Cell], problems: Sequence[Problem], control: Control) -> list[Fit]:
        """Train each cell on its problem and return the fits in order."""
        dde, tf = load_deepxde(self.threads)
        fits = []
        for done, (cell, problem) in enumerate(zip(cells, problems, strict=True)):
            try:
                fits.append(_train(dde, tf, cell, problem, control=control, report=partial(control.report, done)))
            except tf.errors.ResourceExhaustedError as error:
                raise MemoryError(str(error)) from None
            finally:
                tf.keras.backend.clear_session()
        return fits


@cache
def load_deepxde(threads: int) -> tuple[Any, Any]:
    """Import DeepXDE on the TensorFlow backend, without its messages and without its file in the home folder.

    Raises:
        UserError: DeepXDE is already in use on another backend.
    """
    tf = pinned_tensorflow(threads)
    os.environ["DDE_BACKEND"] = "tensorflow"
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        import deepxde as dde
    if dde.backend.backend_name != "tensorflow":
        raise UserError(f"expected DeepXDE on the backend 'tensorflow', got {dde.backend.backend_name!r}; start a new process")
    gc.collect()
    gc.freeze()  # what the imports created never dies; without this each later collection walks through it (0.5 s per training)
    return dde, tf


def _train(dde: Any, tf: Any, cell: Cell, problem: Problem, *, control: Control, report: Callable[[int], None]) -> Fit:
    """Train one cell: assemble, compile, run DeepXDE's loop, read the weights."""
    cpu_started = time.process_time()
    monitor = Monitor(cell.steps, control.timeout_seconds)
    net = build_net(dde, tf, cell, problem)
    model = dde.Model(_data(dde, tf, cell, problem), net)
    rate = keras_schedule(tf.keras.optimizers.schedules, cell.training, cell.steps)
    rule = tf.keras.optimizers.Adam(rate, beta_1=0.9, beta_2=0.999, epsilon=1e-8)
    rule.build([*net.trainable_variables, *net.b])  # a step that makes its variables is traced twice
    model.compile(rule, loss="MSE", external_trainable_variables=list(net.b), verbose=0)
    callback = _callback(dde, monitor, report)
    model.train(iterations=cell.steps, display_every=cell.steps + 1, callbacks=[callback], verbose=0)
    weights = _read(net)
    return Fit(
        weights=weights if weights.finite() and monitor.status != "diverged" else None,
        status=monitor.status,
        steps=int(model.train_state.step),
        curve=tuple(monitor.curve),
        cpu_seconds=time.process_time() - cpu_started,
        compile_seconds=callback.compile_seconds,
        message=monitor.message,
    )


def build_net(dde: Any, tf: Any, cell: Cell, problem: Problem) -> Any:
    """DeepXDE's net with the cell's ends, output scale and initial weights."""
    net = cell.deeponet()
    kind = dde.nn.DeepONetCartesianProd if problem.design == "grid" else dde.nn.DeepONet
    built = kind(list(net.branch_sizes()), list(net.trunk_sizes()), getattr(tf.nn, net.activation), "zeros")
    if net.ends == "linear":
        built.activation_trunk = tf.identity
    elif net.ends == "sigmoid":
        built.activation_trunk = tf.nn.sigmoid
        built.branch.apply_output_transform(lambda inputs, outputs: tf.nn.sigmoid(outputs))
    factor = np.asarray(problem.scale / problem.unit, dtype=np.float32)
    if not np.all(factor == 1.0):
        built.apply_output_transform(lambda inputs, outputs: outputs * tf.constant(factor))
    built((np.zeros((1, net.sensors), np.float32), np.zeros((1, net.coordinates), np.float32)))
    start = initial_weights(cell, inputs=problem.inputs, points=problem.points)
    for dense, layer in zip(
        [*built.branch.denses, *built.trunk.denses], [*layers_of(start, "branch"), *layers_of(start, "trunk")], strict=True
    ):
        dense.kernel.assign(layer.kernel.astype(np.float32))
        dense.bias.assign(layer.bias.astype(np.float32))
    built.b[0].assign(start["bias"].astype(np.float32))
    return built


def _read(net: Any) -> Weights:
    """The weights as float64 arrays of float32 values."""

    def layers(part: Any) -> tuple[Layer, ...]:
        return tuple(Layer(np.asarray(d.kernel, np.float64), np.asarray(d.bias, np.float64)) for d in part.denses)

    return deeponet_weights(layers(net.branch), layers(net.trunk), float(net.b[0].numpy()[0]))


def _data(dde: Any, tf: Any, cell: Cell, problem: Problem) -> Any:
    """A DeepXDE Data object that serves our batches; `advance` moves to the next step."""
    following = served(cell, problem, tf.constant)
    l2 = cell.training.l2

    class Served(dde.data.Data):  # type: ignore[misc]
        def __init__(self) -> None:
            self.current = next(following)

        def advance(self) -> None:
            self.current = next(following)

        def losses(self, targets: Any, outputs: Any, loss_fn: Any, inputs: Any, model: Any, aux: Any = None) -> Any:
            misfit = loss_fn(targets, outputs)
            if l2 == 0.0:
                return [misfit]
            variables = model.net.trainable_variables + model.external_trainable_variables
            return [misfit, 0.5 * l2 * tf.add_n([tf.reduce_sum(tf.square(tf.convert_to_tensor(v))) for v in variables])]

        def train_next_batch(self, batch_size: Any = None) -> Example:
            return self.current

        def test(self) -> Example:
            return self.current

    return Served()


def _callback(dde: Any, monitor: Monitor, report: Callable[[int], None]) -> Any:
    """A DeepXDE callback that feeds the monitor: after s steps, the loss on the examples of step s, without the l2 term."""

    class MonitorCallback(dde.callbacks.Callback):  # type: ignore[misc]
        def on_train_begin(self) -> None:
            self.record_loss(0)
            self.compile_seconds = time.perf_counter() - monitor.started

        def on_batch_end(self) -> None:
            step = self.model.train_state.step
            self.model.data.advance()
            if monitor.due(step):
                self.record_loss(step)
            monitor.check_timeout(step)
            self.model.stop_training = monitor.stopped

        def record_loss(self, step: int) -> None:
            report(step)
            inputs, targets = self.model.data.current
            monitor.record(step, float(self.model.outputs_losses_train(inputs, targets, None)[1][0]))

    return MonitorCallback()
