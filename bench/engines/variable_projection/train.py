"""Training by variable projection: from a problem and initial weights to weights of the declared class.

A problem is met as G = (labels - mean) / scale with scalar mean and scale, so that the net must give B T^T + b = G.

    w >= NARROW q   apart (see `phases`) in cycles of growing length, so that an easy problem ends early whatever the budget;
                    the last fifth of the steps together
    narrower        up to RESTARTS initial weights share EXPLORATION of the steps; each has one cosine, half apart, half
                    together; the best goes on together
    wide enough     with last hidden widths >= N - 1 and >= P - 1 random features reach every rank: heads are solved, and no
                    step is made if that suffices
    nothing hidden  without a hidden layer the features of a side are its inputs: its head is solved, nothing else is trained;
                    an activated trunk of one layer is trained as a hidden layer on which no head acts (`linear_ends`)

Noise makes the trunk's target rough. A trunk starts from the weights it is given or, if the best head on its features then misses
the target by less than ROUGHER of that, with its first layer multiplied by factors from ROUGHEST[0] to ROUGHEST[1], geometric
over its neurons.

A run ends within TARGET of what rank q leaves, which no weights with this b undercut.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from bench.engines.base import FitStatus
from bench.engines.learning_rates import cosine_cycles, warmed_cosine
from bench.engines.monitor import Monitor
from bench.engines.variable_projection.heads import CUTS, Heads, exact_heads, ridge_head
from bench.engines.variable_projection.hidden_layers import HiddenNet
from bench.engines.variable_projection.linear_ends import has_one_head, last_matrices, unsupported
from bench.engines.variable_projection.phases import TARGET, Run
from bench.engines.variable_projection.rank_targets import problem_labels
from bench.engines.variable_projection.reduced_inputs import CUT, reduced
from bench.engines.variable_projection.subnet import Subnet
from operators.architectures.deeponet import DeepONet, deeponet_weights
from operators.architectures.weights import Layer, Weights, layers_of
from operators.arrays import Array
from operators.data.normalisation import Problem, predict

LEARNING_RATE = 2e-2
NARROW = 1.25
RESTARTS = 4
STEPS_PER_RESTART = 2000
EXPLORATION = 0.6
LAST_SHARE = 0.2
ROUGHER = 0.6
ROUGHEST = (10.0, 30.0)


def _unreported(step: int) -> None:
    """Report nothing."""


@dataclass(frozen=True)
class Options:
    """The budget.

    Attributes:
        steps: updates of the hidden weights, over all restarts; 0 leaves them as they are and solves the heads.
        learning_rate: the peak rate of SOAP.
        restarts: initial weights to try; None stands for 1, and for narrow nets for as many as the steps suffice for.
        timeout_seconds: wall seconds, None for no limit.
        report: called with the step now and then.
    """

    steps: int
    learning_rate: float = LEARNING_RATE
    restarts: int | None = None
    timeout_seconds: float | None = None
    report: Callable[[int], None] = _unreported


@dataclass(frozen=True, eq=False)
class Result:
    """The outcome.

    Attributes:
        weights: weights of the declared class; None if none are finite.
        training_mse: mean (h - label)^2 in physical units, by `operators.data.normalisation.predict`.
        steps: updates made.
        curve: (step, loss) with loss = mean (h - label)^2 / unit^2; apart, the estimate: what rank q leaves plus both misses.
        status: `done`, `diverged` or `timeout`.
        message: one sentence on how the training ended.
    """

    weights: Weights | None
    training_mse: float
    steps: int
    curve: tuple[tuple[int, float], ...]
    status: FitStatus
    message: str


def train_by_variable_projection(
    net: DeepONet, problem: Problem, initial: Callable[[int], Weights], *, options: Options
) -> Result:
    """Train a net.

    Args:
        net: the architecture; linear ends, or an activated trunk that `linear_ends` can make linear.
        problem: a grid design, or a scattered one with the labels that `matrix_completion` needs; scalar output scaling.
        initial: the initial weights of restart 0, 1, ...; only hidden layers, and the activated trunk of one layer, are read.
        options: the budget.

    Raises:
        ValueError: a net or a problem outside of these.
    """
    reason = unsupported(net)
    if reason or problem.mean.ndim or problem.scale.ndim:
        raise ValueError(reason or "expected output scaling 'task' for the recipe 'variable-projection', got 'pointwise'")
    training = _Training(net, problem, options)
    try:
        return training.result(training.best(initial))
    except FloatingPointError as error:
        return Result(None, np.inf, training.steps, tuple(training.monitor.curve), "diverged", str(error))


def roughened(layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
    """Layers whose first varies faster, at a scale of its own in each neuron."""
    if not layers:
        return layers
    factors = np.geomspace(*ROUGHEST, layers[0].bias.size)
    return (replace(layers[0], kernel=layers[0].kernel * factors, bias=layers[0].bias * factors), *layers[1:])


def target_miss(net: HiddenNet, target: Array) -> float:
    """min_W |H W - target|^2 for the features H of a net."""
    residual = ridge_head(net.features(), target)[1]
    return float(np.vdot(residual, residual))


class _Training:
    """One call of `train_by_variable_projection`: its data, its plan and its count of steps."""

    def __init__(self, net: DeepONet, problem: Problem, options: Options) -> None:
        self.net, self.problem, self.options = net, problem, options
        self.branch_inputs = reduced(problem.inputs, cut=CUT if net.branch_widths else CUTS[-1])
        branch = net.branch_widths[-1] if net.branch_widths else self.branch_inputs.values.shape[1]
        trunk = net.q - 1 if has_one_head(net) else net.trunk_features()
        self.rank = min(net.q, branch + 1, trunk + 1, *problem.labels.shape)
        self.labels, points = problem_labels(problem, self.rank)
        self.trunk_inputs = reduced(problem.points[points])
        trained = [*net.branch_widths[-1:], *net.trunk_widths[-1:], *([net.q] if has_one_head(net) else [])]
        self.narrow = min(trained, default=self.rank) < NARROW * self.rank
        self.fixed = not trained
        self.trivial = all(width >= size - 1 for width, size in zip((branch, trunk), self.labels.matrix.shape, strict=True))
        self.monitor = Monitor(options.steps, options.timeout_seconds)
        self.steps = 0

    def best(self, initial: Callable[[int], Weights]) -> Run:
        """Train from each initial weights in turn, then the best one on, until nothing is left to gain or no step is left."""
        options = self.options
        restarts = options.restarts or (min(RESTARTS, options.steps // STEPS_PER_RESTART) if self.narrow else 1) or 1
        steps = int(options.steps * (EXPLORATION / restarts if restarts > 1 else 1.0))
        best = self._run(initial(0))
        if self.fixed or (self.trivial and self._heads(best).loss <= TARGET * self.labels.goal):
            return best
        for number in range(restarts):
            run = best if number == 0 else self._run(initial(number))
            apart, together = self._rates(steps)
            run.apart(apart)
            run.together(together)
            best = min(best, run, key=lambda candidate: candidate.loss)
            if best.done or self.monitor.stopped:
                return best
        best.together(warmed_cosine(options.learning_rate, options.steps - self.steps))
        return best

    def _rates(self, steps: int) -> tuple[Iterable[float], Iterable[float]]:
        """Learning rates apart and together."""
        peak = self.options.learning_rate
        if self.narrow:
            rates = warmed_cosine(peak, steps)
            return islice(rates, steps // 2), rates
        last = int(LAST_SHARE * steps)
        return cosine_cycles(peak, steps - last), warmed_cosine(peak, last)

    def _run(self, weights: Weights) -> Run:
        activation = self.net.activation
        branch = HiddenNet(self.branch_inputs.values, self.branch_inputs.matrices(layers_of(weights, "branch")[:-1]), activation)
        direct, trunk = has_one_head(self.net), layers_of(weights, "trunk")
        trunk = trunk if direct else trunk[:-1]
        given, rough = (
            HiddenNet(self.trunk_inputs.values, self.trunk_inputs.matrices(layers), activation, constant=not direct)
            for layers in (trunk, roughened(trunk))
        )
        target = self.labels.right * self.labels.singular
        rougher = self.options.steps > 0 and bool(trunk) and target_miss(rough, target) < ROUGHER * target_miss(given, target)
        return Run(Subnet(branch), Subnet(rough if rougher else given), self.labels, count=self._count)

    def _count(self, loss: float) -> bool:
        """Count a step that was made at this loss; whether to go on."""
        if self.monitor.due(self.steps):
            self.monitor.record(self.steps, self._physical(loss) / self.problem.unit**2)
            self.monitor.check_timeout(self.steps)
            self.options.report(self.steps)
        self.steps += 1
        return not self.monitor.stopped

    def _physical(self, loss: float) -> float:
        """A sum of squares as a mean square in physical units."""
        return loss / self.labels.count * float(self.problem.scale) ** 2

    def _heads(self, run: Run) -> Heads:
        """The best heads for the best hidden weights of a run."""
        run.branch.net.matrices, run.trunk.net.matrices = run.best
        branch, trunk = run.branch.net.features(), run.trunk.net.features()
        return exact_heads(branch, trunk, self.labels.matrix, q=self.net.q, observed=self.labels.observed)

    def result(self, run: Run) -> Result:
        """Solve the heads for the best hidden weights and put the net together."""
        monitor, weights = self.monitor, self._weights(run)
        mse = float(np.mean((predict(self.net, weights, self.problem) - self.problem.labels) ** 2))
        if not monitor.curve or monitor.curve[-1][0] < self.steps:
            monitor.curve.append((self.steps, mse / self.problem.unit**2))
        least = self._physical(self.labels.goal)
        outcome = f"{mse / least:.5g} times the least error of rank {self.rank}" if least else f"mean squared error {mse:.3g}"
        message = monitor.message or f"{outcome} after {self.steps} steps"
        return Result(weights, mse, self.steps, tuple(monitor.curve), monitor.status, message)

    def _weights(self, run: Run) -> Weights:
        heads, (branch, trunk) = self._heads(run), run.best
        if has_one_head(self.net):
            branch = [*branch, heads.branch @ heads.trunk.T]
        else:
            trunk_values = run.trunk.net.features() @ heads.trunk
            head_b, head_t = last_matrices(self.net, heads.branch, heads.trunk, trunk_values)
            branch, trunk = [*branch, head_b], [*trunk, head_t]
        return deeponet_weights(self.branch_inputs.layers(branch), self.trunk_inputs.layers(trunk), self.labels.bias)
