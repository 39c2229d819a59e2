"""Sizes for unaligned data: the smallest found for a target on training labels, and what is best on validation functions.

The search is that of `bench.fit.capacity`, from q = 1 up, as no rank is excluded. For selection every width of WIDTHS is looked
at before and after STAGES steps, with these branches: `trained`, `random` of the scales SCALES, `linear` (units tanh(e x_k) of
the leading principal components x_k, e = LINEAR) and `mixed`, half of these and half trained ones. Of each, every penalty is
solved without a limit of rank; the best penalty is solved again for the ranks RANKS, and the smallest net within TOLERANCE of
the least validation error is taken.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bench.fit.budget import Budget
from bench.fit.capacity import Reached, Search, Widths
from bench.fit.hidden import Hidden, random_hidden
from bench.fit.selection import LINEAR, SCALES, START, TOLERANCE, Selected
from bench.fit.unaligned.ground import PENALTY, UnalignedGround, trained
from bench.fit.unaligned.heads import Labels, alternating, ends_of, full, leading, predicted
from bench.fit.units import Layers
from operators.architectures.weights import Layer
from operators.arrays import Array

WIDTHS = (16, 32, 8, 48)
STAGES = (0, 150)
STEPS = 300
MOST_WIDTH = 48
PENALTIES = tuple(10.0**-power for power in range(11, -1, -2))
RANKS = (1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 32, 40)
SWEEPS = 6


@dataclass(frozen=True, eq=False)
class Candidate:
    """Heads of one rank on given hidden layers.

    Attributes:
        net: hidden layers and heads.
        kind: of the branch.
        steps: updates of its trained units.
        penalty: of the ridge.
        validation: relative error on the validation labels.
    """

    net: Reached
    kind: str
    steps: int
    penalty: float
    validation: float


class UnalignedSearch(Search):
    """The search of `bench.fit.capacity`, where nothing is certified."""

    ground: UnalignedGround

    def _search_linear(self) -> bool:
        """None without hidden layers: their heads act on all principal components, too many for one normal matrix."""
        return True

    def _attempt(self, q: int, widths: Widths, restart: int) -> Reached:
        start = random_hidden(self.ground, widths, seed=restart)
        found = _reached(self.ground, start, q)
        if found.error > self.target:
            enough = 0.9 * self.target**2 * self.energy / len(self.ground.labels.values) / self.ground.units.deviation**2
            hidden = trained(self.ground, start, q=q, steps=STEPS, seconds=self.budget.longest, enough=enough)
            found = _reached(self.ground, hidden, q)
        return found

    def _most_q(self) -> int:
        return min(MOST_WIDTH, len(self.ground.labels.inputs))

    def _wide(self, q: int) -> Widths:
        return self._tied(min(MOST_WIDTH, max(24, 2 * q)))


def select(ground: UnalignedGround, target: float, *, depth: int, budget: Budget, widths: tuple[int, ...] = WIDTHS) -> Selected:
    """Try widths in turn until the budget ends; the first is always tried untrained."""
    tried: list[Candidate] = []
    complete = True
    for width in widths:
        hidden, made = random_hidden(ground, ((width,) * depth,) * 2, seed=0, scale=START), 0
        for stage in STAGES:
            if tried and budget.spent:
                complete = False
                break
            with budget.counted(f"width {width}, {stage} steps"):
                if stage > made:
                    hidden = trained(ground, hidden, q=max(1, width // 2), steps=stage - made, seconds=budget.longest)
                    made = stage
                for kind, branch in _branches(ground, hidden, untrained=stage == 0):
                    tried += _ranks(ground, Hidden(branch, hidden.trunk), kind, stage)
    return _chosen(tried, target, complete=complete)


def _branches(ground: UnalignedGround, hidden: Hidden, *, untrained: bool) -> Iterator[tuple[str, Layers]]:
    yield "trained", hidden.branch
    yield "mixed", _with_linear_units(ground, hidden.branch, share=0.5)
    yield "linear", _with_linear_units(ground, hidden.branch, share=1.0)
    if untrained:
        for scale in SCALES:
            yield "random", random_hidden(ground, hidden.widths, seed=1, scale=scale).branch


def _with_linear_units(ground: UnalignedGround, branch: Layers, *, share: float) -> Layers:
    """The branch with the first units of each layer, a share of the narrowest, given to principal components."""
    inputs = ground.labels.inputs
    count = min(max(1, int(share * min(layer.bias.size for layer in branch))), inputs.shape[1])
    deviations = np.std(inputs[:, :count], axis=0)
    carried = np.diag(LINEAR / np.where(deviations > 0.0, deviations, 1.0))
    layers = []
    for number, layer in enumerate(branch):
        kernel, bias = layer.kernel.copy(), layer.bias.copy()
        kernel[:, :count] = 0.0
        if number:
            kernel[:count] = 0.0
        kernel[:count, :count] = np.eye(count) if number else carried
        bias[:count] = 0.0
        layers.append(Layer(kernel, bias))
    return tuple(layers)


def _ranks(ground: UnalignedGround, hidden: Hidden, kind: str, steps: int) -> Iterator[Candidate]:
    """The best penalty of these hidden layers at every rank of RANKS that they have."""
    training, validation = ground.labels, ground.labels_of("validation")
    features = [_features(ground, hidden, labels) for labels in (training, validation)]
    ends = ends_of(*features[0])

    def missed(left: Array, right: Array) -> float:
        return relative(features[1][0] @ left, features[1][1] @ ends.back @ right, validation, ground)

    solutions = list(full(ends, training, PENALTIES))
    unit = np.eye(solutions[0].shape[1])
    errors = [missed(solution, unit) for solution in solutions]
    best = int(np.argmin(errors))
    penalty, least, most = PENALTIES[best], errors[best], min(solutions[0].shape)
    for q in (*(rank for rank in RANKS if rank < most), most):
        left, right = alternating(ends, training, leading(ends, solutions[best], q), penalty, SWEEPS)
        found = _with_heads(ground, hidden, q, (left, ends.back @ right), ends.branch @ left, ends.trunk @ right)
        validated = missed(left, right)
        yield Candidate(found, kind, steps, penalty, validated)
        if validated <= least:
            return


def _reached(ground: UnalignedGround, hidden: Hidden, q: int) -> Reached:
    """Heads of rank q on all training labels."""
    ends = ends_of(*_features(ground, hidden, ground.labels))
    right = leading(ends, next(full(ends, ground.labels, (PENALTY,))), q)
    left, right = alternating(ends, ground.labels, right, PENALTY * PENALTY, SWEEPS)
    return _with_heads(ground, hidden, q, (left, ends.back @ right), ends.branch @ left, ends.trunk @ right)


def _with_heads(
    ground: UnalignedGround, hidden: Hidden, q: int, heads: tuple[Array, Array], branch: Array, trunk: Array
) -> Reached:
    error = relative(branch, trunk, ground.labels, ground)
    left, right = (np.pad(head, ((0, 0), (0, q - head.shape[1]))) for head in heads)
    return Reached(hidden, q, 0.0, (left, right), error, ground.net(hidden, q).parameter_count())


def _features(ground: UnalignedGround, hidden: Hidden, labels: Labels) -> tuple[Array, Array]:
    return ground.features(hidden.branch, labels.inputs).copy(), ground.features(hidden.trunk, labels.points).copy()


def relative(branch: Array, trunk: Array, labels: Labels, ground: UnalignedGround) -> float:
    """|v - h| / |v| over labels, in the user's units."""
    missed = np.linalg.norm(predicted(branch, trunk, labels) - labels.values)
    size = float(np.linalg.norm(labels.values + ground.units.mean / ground.units.deviation))
    return float(missed) / (size or 1.0)


def _chosen(tried: list[Candidate], target: float, *, complete: bool) -> Selected:
    least = min(candidate.validation for candidate in tried)

    def smallest(allowed: float) -> Candidate | None:
        good = (candidate for candidate in tried if candidate.validation <= allowed)
        return min(good, key=lambda candidate: (candidate.net.parameters, candidate.validation), default=None)

    best, economical = smallest(TOLERANCE * least), smallest(target)
    assert best is not None
    alike = [candidate for candidate in tried if candidate.net.hidden is best.net.hidden]
    ranks = sorted({candidate.net.q for candidate in tried})
    met = [min(candidate.validation for candidate in tried if candidate.net.q <= q) for q in ranks]
    return Selected(
        net=best.net,
        economical=None if economical is None else economical.net,
        kind=best.kind,
        steps=best.steps,
        penalty=best.penalty,
        tried=len(tried),
        complete=complete,
        curve=tuple((candidate.net.q, candidate.net.error, candidate.validation) for candidate in alike),
        best=tuple(zip(ranks, map(float, met), strict=True)),
    )
