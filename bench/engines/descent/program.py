"""One compiled program per shape: K optimiser steps in a loop on the device.

Iteration i of a call takes the loss of the batch i at theta, its gradient, and one optimiser step. A call runs the iterations
begin, ..., end - 1 and returns the K losses (zero where it did not run).
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from bench.engines.descent.loss_forms import LossForm, Operands, Shape
from bench.engines.descent.losses import LOSSES, Arrays
from bench.engines.descent.networks import network_of
from bench.engines.descent.networks.network import Network, Tensor
from bench.engines.descent.optimisers.adam import Adam
from bench.engines.descent.optimisers.soap import Soap
from bench.engines.descent.optimisers.width_adam import WidthAdam, width_factors
from bench.engines.descent.program_cache import repeatable_names
from operators.architectures import DeepONet
from operators.architectures.architecture import Architecture

PROGRAMS_KEPT = 16

Optimiser = Adam | Soap
OPTIMISERS: dict[str, type[Adam] | type[Soap]] = {"adam": Adam, "soap": Soap}
PER_WIDTH = "adam-width"


def optimiser_of(recipe: str, network: Network) -> Optimiser:
    """The optimiser of a recipe for the matrices of a network; the one that has a rate per width asks the net for its layers."""
    if recipe == PER_WIDTH:
        assert isinstance(network.net, DeepONet)
        return WidthAdam(network.matrix_shapes(), width_factors(network.net))
    return OPTIMISERS[recipe](network.matrix_shapes())


@dataclass(frozen=True)
class Setting:
    """All that a program is compiled for.

    Attributes:
        net: the architecture.
        shape: sizes of the data and the batch.
        form: how the loss is computed.
        optimiser: what turns a gradient into a step.
        regularised: whether l2 > 0.
        pointwise: whether the output scale s is one number per point.
        chunk: K.
        attempt: programs of another attempt have other names.
    """

    net: Architecture
    shape: Shape
    form: LossForm
    optimiser: Optimiser
    regularised: bool
    pointwise: bool
    chunk: int
    attempt: int = 0

    @property
    def full(self) -> bool:
        """Whether every step sees all functions."""
        return self.shape.batch == self.shape.functions


def device_arrays(operands: Operands, setting: Setting) -> Arrays:
    """Operands as tensors, the inputs as (m, N) for full batches, else (N, m); and sums that the loss needs.

    They are the weights w_j and, for `gram`, the energies |T_i|^2 (N,), their sum and the sums of T over functions (M,).
    """
    arrays, targets = dict(operands), operands["targets"].astype(np.float64)
    if setting.full:
        arrays["inputs"] = arrays["inputs"].T
    if setting.form == "gram":
        arrays["energies"] = np.sum(targets**2, axis=1)
        arrays["energy"], arrays["sums"] = np.asarray(np.sum(targets**2)), np.sum(targets, axis=0)
    arrays["weights"] = np.full(targets.shape[1], 1.0 / (setting.shape.batch * setting.shape.points))
    return {name: _constant(array) for name, array in arrays.items()}


def _constant(array: NDArray) -> Tensor:
    return tf.constant(array, tf.int32 if array.dtype.kind == "i" else tf.float32)


def _batch(arrays: Arrays, rows: Tensor, setting: Setting) -> Arrays:
    """The arrays of one batch, inputs as (m, B) and points as (p, evaluation points)."""
    chosen = dict(arrays)
    if not setting.full:
        per_function = [name for name in ("inputs", "targets", "mask", "index", "energies") if name in arrays]
        chosen.update({name: tf.gather(arrays[name], rows) for name in per_function})
        chosen["inputs"] = tf.transpose(chosen["inputs"])
        if setting.form == "gram":
            chosen["energy"], chosen["sums"] = tf.reduce_sum(chosen["energies"]), tf.reduce_sum(chosen["targets"], axis=0)
    if setting.form == "own":
        chosen["points"] = tf.gather(arrays["points"], tf.reshape(chosen["index"], [-1]), axis=1)
    return chosen


def compiled(setting: Setting, arguments: tuple[Any, ...]) -> Any:
    """The program of a setting, (theta, state, span, coefficients, l2, arrays, batches) -> (theta, state, losses)."""
    with repeatable_names(repr(setting)):
        return _traced(setting).get_concrete_function(*arguments)


@lru_cache(maxsize=PROGRAMS_KEPT)
def loss_and_gradient(setting: Setting) -> Any:
    """The program of a setting with full batches, (theta, arrays) -> (loss, gradient), compiled at its first call."""
    network, form = network_of(setting.net), LOSSES[setting.form]

    def evaluated(theta: Tensor, arrays: Arrays) -> tuple[Tensor, Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(theta)
            chosen = _batch(arrays, None, setting)
            loss = form(network.outputs(theta, chosen["inputs"], chosen["points"]), chosen)
        return loss, tape.gradient(loss, theta)

    return tf.function(evaluated, jit_compile=True, autograph=False)


@lru_cache(maxsize=PROGRAMS_KEPT)
def _traced(setting: Setting) -> Any:
    network, optimiser = network_of(setting.net), setting.optimiser
    form = LOSSES[setting.form]

    def loss_and_gradient(theta: Tensor, l2: Tensor, arrays: Arrays) -> tuple[Tensor, Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(theta)
            loss = form(network.outputs(theta, arrays["inputs"], arrays["points"]), arrays)
        gradient = tape.gradient(loss, theta)
        return loss, gradient + l2 * theta if setting.regularised else gradient

    def chunk(
        theta: Tensor, state: Any, span: Tensor, coefficients: Tensor, l2: Tensor, arrays: Arrays, batches: Tensor
    ) -> tuple[Tensor, Any, Tensor]:
        def body(i: Tensor, theta: Tensor, state: Any, losses: Tensor) -> tuple[Tensor, Tensor, Any, Tensor]:
            loss, gradient = loss_and_gradient(theta, l2, _batch(arrays, None if setting.full else batches[i], setting))
            theta, state = optimiser.step(theta, gradient, state, coefficients=coefficients[i])
            return i + 1, theta, state, tf.where(places == i, loss, losses)

        places = tf.range(setting.chunk)
        start = (span[0], theta, optimiser.opened(state), tf.zeros(setting.chunk))
        _, theta, state, losses = tf.while_loop(lambda i, *_: i < span[1], body, start)
        return theta, optimiser.closed(state), losses

    return tf.function(chunk, jit_compile=True, autograph=False)
