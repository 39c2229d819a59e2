"""Training by variable projection: from a problem and initial weights to weights of the declared class.

A problem is met as G = (labels - mean) / scale with scalar mean and scale, so that the net must give B T^T + b = G.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bench.engines.base import FitStatus
from bench.engines.monitor import Monitor
from bench.engines.varpro.ends import last_layers, unsupported
from bench.engines.varpro.grid import Labels, Run, labels_of
from bench.engines.varpro.heads import exact_heads, scalar_bias
from bench.engines.varpro.hidden import HiddenNet
from bench.engines.varpro.inputs import reduced
from bench.engines.varpro.part import Part
from bench.engines.varpro.rates import cosine, cycles
from operators.deeponet import DeepONet, Weights
from operators.scaling import Problem, predict
from operators.task import Array

LEARNING_RATE = 2e-2
NARROW = 1.25
RESTARTS = 4
STEPS_PER_RESTART = 1000
EXPLORATION = 0.6
LAST_SHARE = 0.2


@dataclass(frozen=True)
class Options:
    """The budget.

    Attributes:
        steps: updates of the hidden weights, over all restarts; 0 leaves them as they are and solves the heads.
        learning_rate: the peak rate of SOAP.
        restarts: initial weights to try; None chooses 1, and for narrow nets up to RESTARTS if the steps suffice.
        timeout_seconds: wall seconds, None for no limit.
    """

    steps: int
    learning_rate: float = LEARNING_RATE
    restarts: int | None = None
    timeout_seconds: float | None = None


@dataclass(frozen=True, eq=False)
class Result:
    """The outcome.

    Attributes:
        weights: weights of the declared class; None if none are finite.
        training_mse: mean (h - label)^2 in physical units of these weights, by `operators.scaling.predict`.
        steps: updates made.
        curve: (step, loss) with loss = mean (h - label)^2 / unit^2; apart, the estimate floor plus both misses.
        status: `done`, `diverged` or `timeout`.
        message: one sentence on what ended the training.
    """

    weights: Weights | None
    training_mse: float
    steps: int
    curve: tuple[tuple[int, float], ...]
    status: FitStatus
    message: str


def train_varpro(net: DeepONet, problem: Problem, initial: Callable[[int], Weights], *, options: Options) -> Result:
    """Train a net on a grid design.

    Args:
        net: the architecture, with linear ends or an activated trunk.
        problem: a grid problem with scalar output scaling.
        initial: the initial weights of restart 0, 1, ...; only hidden layers are read.
        options: the budget.

    Raises:
        ValueError: a net or problem that `unsupported` or the design excludes.
    """
    reason = unsupported(net)
    if reason or problem.design != "grid" or problem.mean.ndim or problem.scale.ndim:
        raise ValueError(reason or "expected a grid design with scalar output scaling")
    training = _Training(net, problem, options)
    runs = training.explore(initial)
    best = min(runs, key=lambda run: run.loss)
    training.finish(best)
    return training.result(best)


class _Training:
    """One call of `train_varpro`: its data, its step count and its plan."""

    def __init__(self, net: DeepONet, problem: Problem, options: Options) -> None:
        self.net, self.problem, self.options = net, problem, options
        self.branch_inputs, self.trunk_inputs = reduced(problem.inputs), reduced(problem.points[problem.index])
        values = (problem.labels - float(problem.mean)) / float(problem.scale)
        widths = (net.branch_widths[-1], net.trunk_widths[-1])
        self.rank = min(net.q, widths[0] + 1, widths[1] + 1, *values.shape)
        self.narrow = min(widths) < NARROW * self.rank
        self.bias = scalar_bias(values, self.rank)
        self.labels: Labels = labels_of(values - self.bias, self.rank)
        self.monitor = Monitor(options.steps, options.timeout_seconds)
        self.steps = 0

    def explore(self, initial: Callable[[int], Weights]) -> list[Run]:
        """Train from each initial weights in turn, until one has nothing left to gain."""
        count = self.options.restarts or (min(RESTARTS, self.options.steps // STEPS_PER_RESTART) if self.narrow else 1)
        share = 1.0 if count <= 1 else EXPLORATION / count
        steps = int(share * self.options.steps)
        runs: list[Run] = []
        for number in range(max(count, 1)):
            runs.append(self._run(initial(number)))
            apart, together = self._rates(steps)
            runs[-1].apart(apart)
            runs[-1].together(together)
            if runs[-1].done or self.monitor.stopped:
                break
        return runs

    def finish(self, run: Run) -> None:
        """Spend what is left of the steps on the joint loss."""
        if not self.monitor.stopped:
            run.together(self.options.learning_rate * cosine(self.options.steps - self.steps))

    def _run(self, weights: Weights) -> Run:
        activation = self.net.activation
        branch = HiddenNet(self.branch_inputs.values, self.branch_inputs.matrices(weights.branch[:-1]), activation)
        trunk = HiddenNet(self.trunk_inputs.values, self.trunk_inputs.matrices(weights.trunk[:-1]), activation)
        return Run(Part(branch), Part(trunk), self.labels, count=self._count)

    def _rates(self, steps: int) -> tuple[Array, Array]:
        """Learning rates apart and together."""
        if self.narrow:
            rates = self.options.learning_rate * cosine(steps)
            return rates[: steps // 2], rates[steps // 2 :]
        last = int(LAST_SHARE * steps)
        return self.options.learning_rate * cycles(steps - last), self.options.learning_rate * cosine(last)

    def _count(self, loss: float) -> bool:
        """Count a step whose loss was this sum of squares; whether to go on."""
        if self.monitor.due(self.steps):
            self.monitor.record(self.steps, self._physical(loss) / self.problem.unit**2)
            self.monitor.look_at_clock(self.steps)
        self.steps += 1
        return not self.monitor.stopped

    def result(self, run: Run) -> Result:
        """Solve the heads for the best hidden weights and put the net together."""
        curve, steps, status = self.monitor.curve, self.steps, self.monitor.status
        if not all(np.isfinite(matrix).all() for part in run.best for matrix in part):
            return Result(None, np.inf, steps, tuple(curve), "diverged", self.monitor.message or "hidden weights are not finite")
        weights = self._weights(run)
        mse = float(np.mean((predict(self.net, weights, self.problem) - self.problem.labels) ** 2))
        if not curve or curve[-1][0] < steps:
            curve.append((steps, mse / self.problem.unit**2))
        ratio = mse / self._physical(self.labels.goal)
        message = self.monitor.message or f"{ratio:.5g} times the least error of rank {self.rank} after {steps} steps"
        return Result(weights, mse, steps, tuple(curve), status, message)

    def _weights(self, run: Run) -> Weights:
        run.branch.net.matrices, run.trunk.net.matrices = run.best
        branch, trunk = run.branch.net.features(), run.trunk.net.features()
        heads = exact_heads(branch, trunk, self.labels.matrix, self.net.q)
        last_branch, last_trunk = last_layers(self.net, heads.branch, heads.trunk, trunk @ heads.trunk)
        return Weights(
            (*self.branch_inputs.layers(run.best[0]), last_branch),
            (*self.trunk_inputs.layers(run.best[1]), last_trunk),
            self.bias,
        )

    def _physical(self, loss: float) -> float:
        """A sum of squares as a mean square in physical units."""
        return loss / self.labels.matrix.size * float(self.problem.scale) ** 2
