"""Training physics-informed nets with DeepXDE: its geometries, its derivatives, its conditions at points, its training loop.

    minimise  sum over residuals of their mean square  +  lambda_s x mean over labels of (u - label)^2

on `Cuboid` or `Rectangle` in all coordinates, residuals at anchors, one `PointSetBC` for each unknown; Keras' AdamW. The terms,
targets, points and start are those of `bench.engines.physics_informed`, the derivatives are TensorFlow's.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from bench.engines.deepxde.engine import load_deepxde
from bench.engines.physics_informed import BETA_1, BETA_2, EPSILON, REPORTED, PhysicsInformed, Trained
from operators.companions.equations import Equation, Jet
from operators.companions.frozen_outer import SPACE


def trained(training: PhysicsInformed, report: Callable[[int], bool] = lambda step: True, *, threads: int = 1) -> Trained:
    """Run DeepXDE's loop; `report` is called now and then and says whether to go on."""
    dde, tf = load_deepxde(threads)
    with _precision(dde, str(training.inner.dtype)):
        try:
            return _trained(dde, tf, training, report)
        finally:
            tf.keras.backend.clear_session()


def _trained(dde: Any, tf: Any, training: PhysicsInformed, report: Callable[[int], bool]) -> Trained:
    net = _net(dde, tf, training)
    model = dde.Model(_data(dde, training.equation, training.labels), net)
    unknowns = len(training.equation.unknowns)
    weights = [1.0] * len(training.equation.residual_names) + [training.weight / unknowns] * unknowns
    rule = tf.keras.optimizers.AdamW(training.rate, weight_decay=training.decay, beta_1=BETA_1, beta_2=BETA_2, epsilon=EPSILON)
    rule.build(net.trainable_variables)  # a step that makes its variables is traced twice
    model.compile(rule, loss="MSE", loss_weights=weights, verbose=0)
    watch = _callback(dde, training, report)
    model.train(iterations=training.steps, display_every=training.steps + 1, callbacks=[watch], verbose=0)
    return Trained(net.inner.numpy(), tuple(watch.curve), stopped=int(model.train_state.step) < training.steps)


def _net(dde: Any, tf: Any, training: PhysicsInformed) -> Any:
    """DeepXDE's kind of net, of A tanh(W x) with W trained."""

    class FrozenOuter(dde.nn.NN):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.dtype_policy = str(training.inner.dtype)  # Keras keeps the policy of the first layer that a process makes
            self.inner = self.add_weight(shape=training.inner.shape, name="inner", dtype=str(training.inner.dtype))
            self.inner.assign(training.inner)
            self.frozen = tf.constant(training.outer)

        def call(self, inputs: Any, training: bool = False) -> Any:
            hidden = tf.tanh(tf.matmul(inputs, self.inner, transpose_b=True))
            return tf.matmul(hidden, self.frozen, transpose_b=True)

    return FrozenOuter()


def _data(dde: Any, equation: Equation, labels: Any) -> Any:
    """The equation on its domain, with labels as conditions at points."""
    box = dde.geometry.Rectangle if equation.coordinates == SPACE else dde.geometry.Cuboid
    domain = box([0.0] * equation.coordinates, [1.0] * equation.coordinates)
    points = equation.labelled_points()
    conditions = [
        dde.icbc.PointSetBC(points, labels[:, place : place + 1], component=place) for place in range(len(equation.unknowns))
    ]

    def residuals(inputs: Any, outputs: Any) -> list[Any]:
        return list(equation.residuals(_jet(dde, equation, inputs, outputs)))

    return dde.data.PDE(domain, residuals, conditions, anchors=equation.collocation_points())


def _jet(dde: Any, equation: Equation, inputs: Any, outputs: Any) -> Jet:
    """Values and derivatives, columns (K, 1) throughout."""
    places = range(len(equation.unknowns))
    return Jet(
        values=[outputs[:, place : place + 1] for place in places],
        slopes=[[dde.grad.jacobian(outputs, inputs, i=place, j=j) for j in range(equation.coordinates)] for place in places],
        laplacians=[sum(dde.grad.hessian(outputs, inputs, component=place, i=j, j=j) for j in range(SPACE)) for place in places],
    )


def _callback(dde: Any, training: PhysicsInformed, report: Callable[[int], bool]) -> Any:
    """Notes the loss terms now and then, those of the labels in one, without lambda_s."""
    every, residuals = max(1, training.steps // REPORTED), len(training.equation.residual_names)

    class Watch(dde.callbacks.Callback):  # type: ignore[misc]
        def on_train_begin(self) -> None:
            self.curve = list[tuple[int, tuple[float, ...]]]()
            self.note(0)

        def on_batch_end(self) -> None:
            step = int(self.model.train_state.step)
            if step % every == 0 or step == training.steps:
                self.note(step)

        def note(self, step: int) -> None:
            state = self.model.train_state
            found = np.asarray(self.model.outputs_losses_train(state.X_train, state.y_train, state.train_aux_vars)[1])
            terms = (*found[:residuals].tolist(), float(found[residuals:].sum()) / training.weight)
            self.curve.append((step, terms))
            self.model.stop_training = not (report(step) and np.all(np.isfinite(terms)))

    return Watch()


@contextlib.contextmanager
def _precision(dde: Any, name: str) -> Iterator[None]:
    """DeepXDE's and Keras' default precision, which are global: changed for the while, in silence."""
    before = dde.config.default_float()
    with contextlib.redirect_stdout(None):
        dde.config.set_default_float(name)
    try:
        yield
    finally:
        with contextlib.redirect_stdout(None):
            dde.config.set_default_float(before)
