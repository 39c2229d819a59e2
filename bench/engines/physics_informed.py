"""Training physics-informed nets, the suite's own way: closed-form derivatives and full batches.

    minimise  sum over residuals of their mean square  +  lambda_s x mean over labels of (u - label)^2

by AdamW, by L-BFGS, or, being a sum of squares, by the method of Levenberg and Marquardt. AdamW is as Keras writes it, for
t = 1, 2, ...: W <- W (1 - rate decay), then

    M <- 0.9 M + 0.1 g,  V <- 0.999 V + 0.001 g^2,  W <- W - rate sqrt(1 - 0.999^t) / (1 - 0.9^t) M / (sqrt(V) + 1e-8).

Keras reads 0.9, 0.999 and the decay in float32 whatever the precision of the net: so do we. Loss terms are kept apart. All else
is in the precision of the arrays given. `bench.engines.deepxde.physics_informed` does the same with DeepXDE's geometry,
derivatives and training loop, and a test holds the two together.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import scipy

from bench.engines.levenberg_marquardt import NormalEquations, levenberg_marquardt
from operators.arrays import Array
from operators.companions.equations import Equation, square_sum
from operators.companions.frozen_outer import Floats, FrozenOuterNet

BETA_1, BETA_2, EPSILON = float(np.float32(0.9)), float(np.float32(0.999)), 1e-8
REPORTED = 20
LEAST_BLOCK, BLOCK = 256, 2**14
MEMORY = 20

Recipe = Literal["adamw", "l-bfgs", "levenberg-marquardt"]


@dataclass(frozen=True, eq=False)
class PhysicsInformed:
    """A training as it is handed to either engine.

    Attributes:
        equation: whose residuals are minimised.
        outer: frozen outer weights (outputs, width).
        inner: inner weights (width, coordinates) at the start.
        labels: (K, outputs), at the equation's labelled points.
        weight: lambda_s.
        rate: learning rate.
        decay: decoupled weight decay.
        steps: of AdamW, or iterations of the other recipes.
        recipe: how it is minimised.
    """

    equation: Equation
    outer: Floats
    inner: Floats
    labels: Floats
    weight: float
    rate: float
    decay: float
    steps: int
    recipe: Recipe = "adamw"

    def as_type(self, kind: type[np.floating]) -> "PhysicsInformed":
        """The same in another precision."""
        outer, inner, labels = (array.astype(kind) for array in (self.outer, self.inner, self.labels))
        return replace(self, outer=outer, inner=inner, labels=labels)


@dataclass(frozen=True, eq=False)
class Trained:
    """What came of it.

    Attributes:
        inner: inner weights at the end.
        curve: steps, and the loss terms then: residuals in their order, then the labels' without lambda_s.
        stopped: whether it was told to stop before the last step.
    """

    inner: Floats
    curve: tuple[tuple[int, tuple[float, ...]], ...]
    stopped: bool = False


def terms_and_gradient(training: PhysicsInformed, inner: Floats, labelled: Floats, inside: Floats) -> tuple[list[float], Floats]:
    """Loss terms apart, and the gradient of the loss in the inner weights; points go through in blocks that stay in cache."""
    net, equation = FrozenOuterNet(training.outer), training.equation
    sums, gradient = [0.0] * len(equation.residual_names), np.zeros_like(inner)
    for rows in _blocks(len(inside), inner):
        points, hidden = inside[rows], net.hidden(inner, inside[rows])
        jet = net.jet(inner, hidden)
        residuals = equation.residuals(jet)
        sums = [so_far + square_sum(residual, len(points)) for so_far, residual in zip(sums, residuals, strict=True)]
        slopes = equation.pulled(jet, [2.0 / len(inside) * residual for residual in residuals])
        gradient += net.jet_pulled(inner, points, hidden, slopes)
    supervised, share = 0.0, 2.0 * training.weight / training.labels.size
    for rows in _blocks(len(labelled), inner):
        points, hidden = labelled[rows], net.hidden(inner, labelled[rows])
        misfit = hidden[0] @ training.outer.T - training.labels[rows]
        supervised += square_sum(misfit.ravel(), misfit.size)
        gradient += net.values_pulled(points, hidden, share * misfit)
    return [*(found / len(inside) for found in sums), supervised / training.labels.size], gradient


def normal_equations(training: PhysicsInformed, inner: Floats, labelled: Floats, inside: Floats) -> NormalEquations:
    """J^T J and J^T r of the residuals r whose sum of squares is the loss, and the loss terms apart."""
    net, equation = FrozenOuterNet(training.outer), training.equation
    sums, found = [0.0] * len(equation.residual_names), NormalEquations.zero(inner.size)
    for rows in _blocks(len(inside), inner):
        points, hidden = inside[rows], net.hidden(inner, inside[rows])
        jet = net.jet(inner, hidden)
        residuals = equation.residuals(jet)
        sums = [so_far + square_sum(residual, len(points)) for so_far, residual in zip(sums, residuals, strict=True)]
        for residual, slopes in zip(residuals, equation.pulled_apart(jet), strict=True):
            found = found.plus(net.jet_rows(inner, points, hidden, slopes), residual, 1.0 / len(inside))
    supervised, share = 0.0, training.weight / training.labels.size
    for rows in _blocks(len(labelled), inner):
        points, (t, s) = labelled[rows], net.hidden(inner, labelled[rows])
        misfit = t @ training.outer.T - training.labels[rows]
        supervised += square_sum(misfit.ravel(), misfit.size)
        in_inner = (s[:, :, None] * points[:, None, :]).reshape(len(points), -1)
        for outer, column in zip(training.outer, misfit.T, strict=True):
            found = found.plus(in_inner * np.repeat(outer, points.shape[1]), column, share)
    terms = (*(so_far / len(inside) for so_far in sums), supervised / training.labels.size)
    return replace(found, loss=_loss(training, terms), terms=terms)


def _loss(training: PhysicsInformed, terms: Sequence[float]) -> float:
    return sum(terms[:-1]) + training.weight * terms[-1]


def _blocks(count: int, inner: Floats) -> Iterator[slice]:
    size = max(LEAST_BLOCK, BLOCK // len(inner))
    return (slice(first, first + size) for first in range(0, count, size))


def trained(training: PhysicsInformed, report: Callable[[int], bool] = lambda step: True) -> Trained:
    """Run the recipe; `report` is called now and then and says whether to go on."""
    kind, equation = training.inner.dtype, training.equation
    labelled, inside = (points.astype(kind) for points in (equation.labelled_points(), equation.collocation_points()))

    def evaluate(inner: Floats) -> tuple[list[float], Floats]:
        return terms_and_gradient(training, inner, labelled, inside)

    course = Course(training.steps, report)
    if training.recipe == "levenberg-marquardt":
        inner = _least_squares(training, labelled, inside, course)
    else:
        inner = (_quasi_newton if training.recipe == "l-bfgs" else _adamw)(training, evaluate, course)
    return Trained(inner, tuple(course.curve), stopped=course.stopped)


@dataclass
class Course:
    """What is noted of a training on its way."""

    steps: int
    report: Callable[[int], bool]
    curve: list[tuple[int, tuple[float, ...]]] = field(default_factory=list)
    stopped: bool = False

    def due(self, step: int) -> bool:
        """Whether loss terms are noted at this step."""
        return step % max(1, self.steps // REPORTED) == 0 or step == self.steps

    def goes_on(self, step: int, terms: Sequence[float]) -> bool:
        """Note the terms; whether to go on."""
        self.curve.append((step, tuple(terms)))
        self.stopped = not (self.report(step) and all(map(math.isfinite, terms))) and step < self.steps
        return not self.stopped

    def ended(self, step: int, terms: Callable[[], Sequence[float]]) -> None:
        """Note the terms after the last step, where it came before the last asked for."""
        if not self.stopped and self.curve[-1][0] < step:
            self.curve.append((step, tuple(terms())))


def _adamw(training: PhysicsInformed, evaluate: Callable[[Floats], tuple[list[float], Floats]], course: Course) -> Floats:
    inner, kind = training.inner, training.inner.dtype
    mean, square = np.zeros_like(inner), np.zeros_like(inner)
    kept = 1.0 - training.rate * float(np.float32(training.decay))
    for step in range(training.steps + 1):
        terms, gradient = evaluate(inner)
        if (course.due(step) and not course.goes_on(step, terms)) or step == training.steps:
            break
        mean, square = mean + (gradient - mean) * (1.0 - BETA_1), square + (gradient**2 - square) * (1.0 - BETA_2)
        now = training.rate * np.sqrt(1.0 - BETA_2 ** (step + 1)) / (1.0 - BETA_1 ** (step + 1))
        inner = (inner * kept - now * mean / (np.sqrt(square) + EPSILON)).astype(kind)
    return inner


def _quasi_newton(training: PhysicsInformed, evaluate: Callable[[Floats], tuple[list[float], Floats]], course: Course) -> Floats:
    """At most so many iterations; fewer where no step along the gradient makes the loss smaller."""
    shape, step = training.inner.shape, 0

    def value(flat: Array) -> tuple[float, Array]:
        terms, gradient = evaluate(flat.reshape(shape))
        return _loss(training, terms), gradient.ravel().astype(np.float64)

    def watch(xk: Array) -> None:
        nonlocal step
        step += 1
        if course.due(step) and not course.goes_on(step, evaluate(xk.reshape(shape))[0]):
            raise StopIteration

    start = training.inner.ravel().astype(np.float64)
    if not course.goes_on(0, evaluate(training.inner)[0]):
        return training.inner
    limits = {"maxiter": training.steps, "maxfun": 2 * training.steps + 100, "maxcor": MEMORY}
    options: Any = {**limits, "ftol": 0.0, "gtol": 0.0}
    found = scipy.optimize.minimize(value, start, jac=True, method="L-BFGS-B", callback=watch, options=options)
    inner = np.asarray(found.x).reshape(shape)
    course.ended(step, lambda: evaluate(inner)[0])
    return inner


def _least_squares(training: PhysicsInformed, labelled: Floats, inside: Floats, course: Course) -> Floats:
    """At most so many steps; fewer where none makes the loss smaller."""

    def terms(inner: Array) -> list[float]:
        return terms_and_gradient(training, inner, labelled, inside)[0]

    inner, made = levenberg_marquardt(
        training.inner.astype(np.float64),
        lambda inner: normal_equations(training, inner, labelled, inside),
        lambda inner: _loss(training, terms(inner)),
        steps=training.steps,
        watch=lambda step, now: not course.due(step) or course.goes_on(step, now),
    )
    course.ended(made, lambda: terms(inner))
    return inner
