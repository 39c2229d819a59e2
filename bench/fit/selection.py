"""The size and the regularisation that are best on validation functions; no training target enters.

For each width w of WIDTHS (of the trunk at most MOST_TRUNK) hidden layers are trained at rank min(w, N, P) and looked at before,
while and after, STAGES steps in all: early stopping. At each stage heads of every rank and every ridge penalty are solved at once
(`bench.fit.reduced_rank_ridge`) and judged on the validation functions, for these branches:

    trained   its hidden layers as they are; they start smooth, with a first layer START of the usual size
    random    other hidden layers that are not trained, their first layer SCALES of the usual size: the smaller, the nearer to
              polynomials of the input of low degree
    linear    units that carry the reduced-rank ridge regression from inputs to trunk features: W_1 = LINEAR L with its leading
              directions L (r, k) at unit deviation; later layers hand them on, and the heads are those of the regression. As
              tanh(e x) = e x + O(e^3) the relative error is LINEAR^2
    mixed     half the units linear, the others trained ones, with heads of their own

so that a DeepONet is not beaten by the linear map only because gradients did not find it. Of all that come within TOLERANCE of
the least validation error the one of fewest parameters is taken, as the best and its neighbours cannot be told apart; and so is,
beside it, the one of fewest parameters whose validation error meets the target.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from bench.fit.budget import Budget
from bench.fit.capacity import Reached
from bench.fit.hidden import Ground, Hidden, random_hidden, trained
from bench.fit.reduced_rank_ridge import Solved, TrunkBasis, solved, trunk_basis
from bench.fit.units import Layers
from operators.architectures.weights import Layer
from operators.arrays import Array

WIDTHS = (64, 16, 128, 32, 8, 256)
MOST_TRUNK = 64
START, SCALES = 0.1, (0.3, 0.1, 0.03, 0.01)
STAGES = (0, 100, 300, 700)
PENALTIES = (0.0, *(10.0**-power for power in range(12, -1, -1)))
TOLERANCE = 1.02
LINEAR = 1e-4


@dataclass(frozen=True, eq=False)
class Candidate:
    """Hidden layers and a penalty, with the errors of every rank.

    Attributes:
        hidden: hidden layers.
        kind: of the branch: `trained`, `random`, `mixed` or `linear`.
        steps: updates of the trained units.
        solved: heads.
        validation: relative validation errors of q = 0, 1, ...
    """

    hidden: Hidden
    kind: str
    steps: int
    solved: Solved
    validation: Array


@dataclass(frozen=True, eq=False)
class Selected:
    """The net that validation chose.

    Attributes:
        net: the smallest within TOLERANCE of the least validation error.
        economical: the smallest whose validation error meets the target; None if none does.
        kind: of the branch, see `Candidate`.
        steps: of the training after which it was stopped.
        penalty: of the ridge.
        tried: candidates, each with every rank.
        complete: whether all widths and stages were tried before the budget ended.
        curve: (q, training error, validation error) of the chosen hidden layers and penalty.
        best: least validation error for each q over all that was tried.
    """

    net: Reached
    economical: Reached | None
    kind: str
    steps: int
    penalty: float
    tried: int
    complete: bool
    curve: tuple[tuple[int, float, float], ...]
    best: tuple[tuple[int, float], ...]


def select(ground: Ground, target: float, *, depth: int, budget: Budget, widths: tuple[int, ...] = WIDTHS) -> Selected:
    """Try widths in turn until the budget ends; the first is always tried at its first stage."""
    tried: list[Candidate] = []
    for width in widths:
        if tried and budget.spent:
            break
        for found in _of_width(ground, width, depth=depth, budget=budget):
            tried.append(found)
    per_stage = sum(candidate.hidden.widths == tried[0].hidden.widths and not candidate.steps for candidate in tried)
    return _chosen(ground, tried, target, complete=len(tried) == per_stage * len(STAGES) * len(widths))


def _of_width(ground: Ground, width: int, *, depth: int, budget: Budget) -> Iterator[Candidate]:
    widths = ((width,) * depth, (min(width, MOST_TRUNK),) * depth)
    hidden = random_hidden(ground, widths, seed=0, scale=START)
    q, made = min(width, MOST_TRUNK, *ground.problem.labels.shape), 0
    for stage in STAGES:
        if stage and budget.spent:
            return
        with budget.counted(f"width {width}, {stage} steps"):
            if stage > made:
                hidden, _ = trained(ground, hidden, q=q, steps=stage - made, seconds=budget.longest)
                made = stage
            found = list(_at_stage(ground, hidden, made))
        yield from found


def _at_stage(ground: Ground, hidden: Hidden, steps: int) -> Iterator[Candidate]:
    """All penalties and all kinds of branch for hidden layers."""
    basis = trunk_basis(ground.features(hidden.trunk, ground.points), ground.training[1], ground.validation[1])
    scale = ground.units.deviation / norm(ground.data.outputs_of("validation"))

    def candidates(kind: str, branch: Layers, heads: Iterable[Solved]) -> Iterator[Candidate]:
        for found in heads:
            yield Candidate(Hidden(branch, hidden.trunk), kind, steps, found, np.sqrt(found.validation) * scale)

    linear = linear_map(ground, basis)
    branches = [("trained", hidden.branch), ("mixed", with_linear_units(ground, hidden.branch, linear, share=0.5))]
    branches += [("random", random_hidden(ground, hidden.widths, seed=1, scale=scale).branch) for scale in SCALES]
    for kind, branch in branches:
        features, held_out = (ground.features(branch, part[0]).copy() for part in (ground.training, ground.validation))
        yield from candidates(kind, branch, solved(features, basis, PENALTIES, validation=held_out))
    branch = with_linear_units(ground, hidden.branch, linear, share=1.0)
    yield from candidates("linear", branch, [_carried_heads(ground, branch, linear)])


def linear_map(ground: Ground, basis: TrunkBasis) -> Solved:
    """The reduced-rank ridge regression from X to trunk features, with the penalty that is best on validation functions."""
    inputs, others = (np.hstack([part[0], np.ones((len(part[0]), 1))]) for part in (ground.training, ground.validation))
    found = solved(inputs, basis, PENALTIES[1:], validation=others, alike=True)
    return min(found, key=lambda one: float(one.validation.min()))


def with_linear_units(ground: Ground, branch: Layers, linear: Solved, *, share: float) -> Layers:
    """The branch with the first of its units in each layer, a share of the narrowest, given to directions of a linear map."""
    count = max(1, int(share * min(layer.bias.size for layer in branch)))
    carried = LINEAR * linear.branch[:-1, :count] / _deviations(ground, linear)[:count]
    return (_first(branch[0], carried), *(_handing_on(layer, carried.shape[1]) for layer in branch[1:]))


def _carried_heads(ground: Ground, branch: Layers, linear: Solved) -> Solved:
    """The heads of the linear map on units that carry it."""
    count = min(min(layer.bias.size for layer in branch), linear.branch.shape[1])
    head = np.zeros((branch[-1].bias.size + 1, count))
    head[np.arange(count), np.arange(count)] = _deviations(ground, linear)[:count] / LINEAR
    head[-1] = linear.branch[-1, :count]
    errors = (linear.training[: count + 1], linear.validation[: count + 1])
    return Solved(head, linear.trunk[:, :count], *errors, linear.penalty)


def _deviations(ground: Ground, linear: Solved) -> Array:
    """Standard deviations of the directions of a linear map over the training functions; 1 for constant ones."""
    found = np.std(ground.training[0] @ linear.branch[:-1], axis=0)
    return np.asarray(np.where(found > 0.0, found, 1.0))


def _first(layer: Layer, carried: Array) -> Layer:
    kernel, bias = layer.kernel.copy(), layer.bias.copy()
    kernel[:, : carried.shape[1]], bias[: carried.shape[1]] = carried, 0.0
    return Layer(kernel, bias)


def _handing_on(layer: Layer, count: int) -> Layer:
    """The first units hand on the first units of the layer before, and the others do not see them."""
    kernel, bias = layer.kernel.copy(), layer.bias.copy()
    kernel[:count], kernel[:, :count] = 0.0, 0.0
    kernel[np.arange(count), np.arange(count)] = 1.0
    bias[:count] = 0.0
    return Layer(kernel, bias)


def _chosen(ground: Ground, tried: list[Candidate], target: float, *, complete: bool) -> Selected:
    """The smallest net among those as good as the best, and the smallest that meets the target."""
    chosen = _smallest(ground, tried, TOLERANCE * min(float(candidate.validation.min()) for candidate in tried))
    assert chosen is not None
    net, best = chosen
    economical = _smallest(ground, tried, target)
    training = np.sqrt(best.solved.training) * ground.units.deviation / norm(ground.data.outputs_of("training"))
    longest = max(len(candidate.validation) for candidate in tried)
    least = [min(float(c.validation[min(rank, len(c.validation) - 1)]) for c in tried) for rank in range(1, longest)]
    return Selected(
        net=net,
        economical=None if economical is None else economical[0],
        kind=best.kind,
        steps=best.steps,
        penalty=best.solved.penalty,
        tried=len(tried),
        complete=complete,
        curve=tuple((rank, float(training[rank]), float(best.validation[rank])) for rank in range(1, len(training))),
        best=tuple(enumerate(least, start=1)),
    )


def _smallest(ground: Ground, tried: list[Candidate], allowed: float) -> tuple[Reached, Candidate] | None:
    """The net of fewest parameters whose validation error is at most this; of equal ones the better."""
    good = []
    for number, candidate in enumerate(tried):
        if candidate.validation.min() <= allowed:
            q = max(int(np.argmax(candidate.validation <= allowed)), 1)
            parameters = ground.net(candidate.hidden, q).parameter_count()
            good.append((parameters, float(candidate.validation[min(q, len(candidate.validation) - 1)]), number, q))
    if not good:
        return None
    parameters, _, number, q = min(good)
    best = tried[number]
    error = math.sqrt(best.solved.training[min(q, len(best.solved.training) - 1)])
    error *= ground.units.deviation / norm(ground.data.outputs_of("training"))
    return Reached(best.hidden, q, 0.0, best.solved.heads(q), error, parameters), best


def norm(values: Array) -> float:
    """The Frobenius norm; 1 if it is 0."""
    return math.sqrt(float(np.vdot(values, values))) or 1.0
