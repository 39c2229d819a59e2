"""The smallest q and the smallest d found that reach a target on the training functions. A search, told apart from selection.

    L=0 nets whose branch has no hidden layer, a linear map of the input: from the least q at which the best linear map of that
        rank reaches the target, whose error needs no training; where none does, none is trained
    q   from the certified least rank up: nets of WIDE times q, until one reaches the target, and back by bisection
    d   at that q and a little above it: all hidden widths together by bisection, then each alone, the costliest first; a width
        that the certified rank excludes is never tried

What is found is an upper bound, attained by weights that are kept. What is not found says nothing: that a size was missed is no
limit of its capacity.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from bench.fit.budget import Budget
from bench.fit.hidden import Ground, Hidden, random_hidden, trained
from bench.fit.reduced_rank_ridge import Solved, solved, trunk_basis
from operators.architectures.deeponet import DeepONet
from operators.arrays import Array

WIDE, LEAST_WIDTH = 4, 64
STEPS = 2000
RESTARTS = 2
MORE_Q = 1.25
CANCELLED = 1e-9
BLOCK = 256

Widths = tuple[tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True, eq=False)
class Reached:
    """A net whose error on the training functions was measured.

    Attributes:
        hidden: hidden layers.
        q: output dimension.
        bias: b0 in the units of training.
        heads: W_b and W_t.
        error: |Y - H| / |Y| over the training functions, from sums of squares.
        parameters: d.
    """

    hidden: Hidden
    q: int
    bias: float
    heads: tuple[Array, Array]
    error: float
    parameters: int


@dataclass(frozen=True, eq=False)
class Capacity:
    """What the search found.

    Attributes:
        target: relative error asked for.
        smallest_q: the net of least q that reached it; None if none did.
        smallest_d: the net of least d that reached it.
        trainings: how many were made.
        complete: whether the search ended by itself, not by its budget.
        closest: the least error met where none reached it.
    """

    target: float
    smallest_q: Reached | None
    smallest_d: Reached | None
    trainings: int
    complete: bool
    closest: float


class Search:
    """One search: its data, its budget and what it has found."""

    def __init__(self, ground: Ground, target: float, *, least_q: int, depth: int, budget: Budget) -> None:
        self.ground, self.target, self.least_q, self.depth, self.budget = ground, target, max(least_q, 1), depth, budget
        self.trainings, self.closest = 0, math.inf
        self.q_found: Reached | None = None
        self.d_found: Reached | None = None
        self.energy = float((ground.data.outputs_of("training") ** 2).sum())

    def run(self) -> Capacity:
        """Search until nothing smaller is left to try, or the budget ends."""
        complete = self._search_linear() and self._search_q() and self._search_d()
        return Capacity(self.target, self.q_found, self.d_found, self.trainings, complete, self.closest)

    def reaches(self, q: int, widths: Widths) -> bool | None:
        """Whether a size reached the target; None where the budget ended before it was tried."""
        for restart in range(RESTARTS):
            if self.budget.spent:
                return None
            found = self._trained(q, widths, restart)
            if found.error <= self.target:
                return True
        return False

    def _trained(self, q: int, widths: Widths, restart: int) -> Reached:
        with self.budget.counted(f"training {self.trainings + 1}: q = {q}, widths {text(widths)}"):
            found = self._attempt(q, widths, restart)
        self.trainings += 1
        self.closest = min(self.closest, found.error)
        if found.error <= self.target:
            if self.q_found is None or (found.q, found.parameters) < (self.q_found.q, self.q_found.parameters):
                self.q_found = found
            if self.d_found is None or found.parameters < self.d_found.parameters:
                self.d_found = found
        return found

    def _search_linear(self) -> bool:
        q = self._least_linear_q()
        if q is None:
            return True
        for tried in (q, q + 1):
            low, high = 0, max(self._wide(tried)[1])
            reached = self.reaches(tried, ((), (high,) * self.depth))
            while reached and high - low > 1:
                width = (low + high) // 2
                narrower = self.reaches(tried, ((), (width,) * self.depth))
                if narrower is None:
                    return False
                low, high = (low, width) if narrower else (width, high)
            if reached is None:
                return False
        return True

    def _least_linear_q(self) -> int | None:
        """The least rank whose best map of X and a constant reaches the target, with b0 the mean of the labels or 0.

        What rank q leaves of labels G is |G|^2 less the q largest squared singular values of Q^T G, Q an orthonormal basis.
        """
        inputs, labels = self.ground.training
        basis = np.linalg.qr(np.hstack([inputs, np.ones((len(inputs), 1))]))[0]
        allowed = self.target**2 * self.energy / self.ground.units.deviation**2
        least = []
        for offset in (0.0, self.ground.units.mean / self.ground.units.deviation):
            shifted = labels + offset
            mapped = basis.T @ shifted
            squares = np.linalg.eigvalsh(mapped @ mapped.T)[::-1]
            tails = float(np.vdot(shifted, shifted)) - np.concatenate([[0.0], np.cumsum(squares)])
            least += np.flatnonzero(tails <= allowed)[:1].tolist()
        return max(min(least), self.least_q) if least else None

    def _attempt(self, q: int, widths: Widths, restart: int) -> Reached:
        """Train a size and measure it on all training labels."""
        start = random_hidden(self.ground, widths, seed=restart)
        hidden, bias = trained(self.ground, start, q=q, steps=STEPS, seconds=self.budget.longest)
        return measured(self.ground, hidden, q, bias, energy=self.energy)

    def _most_q(self) -> int:
        return min(self.ground.training[1].shape)

    def _search_q(self) -> bool:
        most, missed = self._most_q(), self.least_q - 1
        if self.q_found is not None:
            most = self.q_found.q
        for q in _growing(self.least_q, most):
            if self.q_found is not None and q >= self.q_found.q:
                break
            reached = self.reaches(q, self._wide(q))
            if reached is None:
                return False
            if reached:
                break
            missed = q
        while self.q_found is not None and self.q_found.q > missed + 1:
            q = (self.q_found.q + missed) // 2
            reached = self.reaches(q, self._wide(q))
            if reached is None:
                return False
            missed = missed if reached else q
        return True

    def _search_d(self) -> bool:
        if self.q_found is None:
            return True
        q = self.q_found.q
        for tried in sorted({q, q + 1, math.ceil(MORE_Q * q)}):
            low, high = max(self.least_q - 1, 1), max(max(self._wide(tried)[0]), self.least_q)
            while high - low > 1:
                width = (low + high) // 2
                reached = self.reaches(tried, self._tied(width))
                if reached is None:
                    return False
                low, high = (low, width) if reached else (width, high)
        return self._shrink()

    def _shrink(self) -> bool:
        """Lower each hidden width of the smallest net alone, in halving steps, the one that saves most first."""
        assert self.d_found is not None
        best = self.d_found
        for part, layer in _costliest(self.ground.net(best.hidden, best.q)):
            widths = self.d_found.hidden.widths
            low, high = self._least(part, layer) - 1, widths[part][layer]
            while high - low > 1:
                width = (low + high) // 2
                reached = self.reaches(best.q, _changed(widths, part, layer, width))
                if reached is None:
                    return False
                low, high = (low, width) if reached else (width, high)
        return True

    def _least(self, part: int, layer: int) -> int:
        """The certified least width: the branch's last hidden layer carries the rank."""
        return max(self.least_q - 1, 1) if part == 0 and layer == self.depth - 1 else 1

    def _wide(self, q: int) -> Widths:
        return self._tied(max(LEAST_WIDTH, WIDE * q))

    def _tied(self, width: int) -> Widths:
        return (width,) * self.depth, (width,) * self.depth


def measured(ground: Ground, hidden: Hidden, q: int, bias: float, *, energy: float) -> Reached:
    """Solve the heads on every training label and measure the error there."""
    inputs, labels = ground.training
    trunk = ground.features(hidden.trunk, ground.points)
    found: Solved = next(solved(ground.features(hidden.branch, inputs), trunk_basis(trunk, labels, offset=bias)))
    rank = min(q, len(found.training) - 1)
    squares = float(found.training[rank])
    if squares < CANCELLED * float(found.training[0]):
        squares = _residual(ground, hidden, found.heads(q), bias)
    error = math.sqrt(squares / energy) * ground.units.deviation
    return Reached(hidden, q, bias, found.heads(q), error, ground.net(hidden, q).parameter_count())


def _residual(ground: Ground, hidden: Hidden, heads: tuple[Array, Array], bias: float) -> float:
    """|H W_b W_t^T T^T + b - G|^2 itself, a block of functions at a time: where the difference of squares is rounding."""
    inputs, labels = ground.training
    branch = ground.features(hidden.branch, inputs) @ heads[0]
    trunk = ground.features(hidden.trunk, ground.points) @ heads[1]
    blocks = (slice(start, start + BLOCK) for start in range(0, len(inputs), BLOCK))
    return sum(float(np.sum((branch[rows] @ trunk.T + bias - labels[rows]) ** 2)) for rows in blocks)


def text(widths: Widths) -> str:
    """Widths as they are shown: `32-32 and 16-16`; `none` without hidden layers."""
    return " and ".join("-".join(map(str, part)) or "none" for part in widths)


def _growing(first: int, most: int) -> Iterator[int]:
    q, step = first, 1
    while q < most:
        yield q
        q, step = q + step, 2 * step
    yield most


def _costliest(net: DeepONet) -> list[tuple[int, int]]:
    """Hidden layers (part, layer) by how many parameters one unit costs, the costliest first."""

    def cost(place: tuple[int, int]) -> int:
        part, layer = place
        widths = (net.branch_widths, net.trunk_widths)
        fewer = _changed(widths, part, layer, widths[part][layer] + 1)
        return replace(net, branch_widths=fewer[0], trunk_widths=fewer[1]).parameter_count()

    places = [(part, layer) for part, widths in enumerate((net.branch_widths, net.trunk_widths)) for layer in range(len(widths))]
    return sorted(places, key=cost, reverse=True)


def _changed(widths: Widths, part: int, layer: int, width: int) -> Widths:
    one = (*widths[part][:layer], width, *widths[part][layer + 1 :])
    return (one, widths[1]) if part == 0 else (widths[0], one)
