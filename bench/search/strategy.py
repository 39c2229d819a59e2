"""Bracket search: the smallest q and the smallest d that reach a target, by far fewer trainings than a grid.

For one question (task, design, N, M, noise, replicate, target) the certified floor gives q_lower. The search

  1. trains wide nets at q = q_lower, q_lower + 1, then at growing steps, until one reaches the target, and bisects back: q_upper;
  2. at q_upper and a few q above it, shrinks all hidden widths together by bisection while the target is still reached, then one
     after another, the widths that cost most parameters first, until no width can be lowered: d_upper. No width is tried that
     the certified rank excludes.

Which widths are lowered together the class says: each alone (free; non-increasing, no layer below the next one), those of one net
(one width per net), or all (tied), where step 2 goes on with larger q too. With free depths the search is made for nets without
hidden layers first, on both sides, in the branch, in the trunk, then for the declared depths; depths in between are not tried.

A question may fix q; step 1 is then that one training, and no training at all where q < q_lower. Nor is there one where no
net of the class has what is needed (a linear end without hidden layers), and step 1 ends where the smallest net of the class
that has it would be no smaller than one that was found. Without hidden layers there is nothing to shrink.

About new functions a net reaches the target on held-out functions; nothing is trained where the question has one function to
train on, since `bench.search.constructed` makes the witness of a linear operator without any.

Every training is an ordinary cell with its own key, so a search that was stopped replays its finished cells from the store. A
size counts as missed only for this search: what it found are upper bounds.
"""

import math
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field

from bench.cell import Cell, Net
from bench.question import Question
from operators.bounds.rank_to_parameters import Needed

Answers = Generator[Cell, bool, "Found"]


@dataclass(frozen=True)
class Found:
    """What a search found: the sizes that reached the target, and whether it ended by itself or by its budget."""

    smallest_q: Net | None
    smallest_d: Net | None
    trainings: int
    exhausted: bool


class _Budget(Exception):
    """The search has used its trainings."""


@dataclass
class _Tries:
    """Asks for trainings and remembers their outcomes.

    Attributes:
        question: whose budget is spent.
        count: trainings asked for.
        found: every net that reached the target.
    """

    question: Question
    count: int = 0
    found: list[Net] = field(default_factory=list)

    def reaches(self, net: Net) -> Generator[Cell, bool, bool]:
        """Try one size, with restarts."""
        for restart in range(self.question.restarts):
            if self.count >= self.question.trainings:
                raise _Budget
            self.count += 1
            if (yield self.question.cell(net, restart)):
                self.found.append(net)
                return True
        return False

    def size(self, net: Net) -> int:
        """Parameters of a net."""
        return self.question.deeponet(net).parameter_count()

    def smallest(self) -> float:
        """The least d found; inf before there is one."""
        return min(map(self.size, self.found), default=math.inf)


def search(question: Question, needed: Needed) -> Answers:
    """Yield cells to train, receive whether each reached the target, return what was found.

    Args:
        question: what is asked.
        needed: certified of every net that reaches the target.
    """
    tries, exhausted = _Tries(question), False
    try:
        for part in question.parts() if question.trains else ():
            yield from _searched(tries, part, needed)
    except _Budget:
        exhausted = True
    smallest_q = min(tries.found, key=lambda net: (net.q, tries.size(net)), default=None)
    smallest_d = min(tries.found, key=lambda net: (tries.size(net), net.q), default=None)
    return Found(smallest_q, smallest_d, tries.count, exhausted)


def _searched(tries: _Tries, question: Question, needed: Needed) -> Generator[Cell, bool, None]:
    """Both steps for a question of fixed depths."""
    least = question.least_widths(needed)
    if least is None:
        return
    if question.q is None:
        net = yield from _smallest_q(tries, question, needed)
    else:
        wide = question.wide(question.q)
        net = wide if question.q >= needed.least_q and (yield from tries.reaches(wide)) else None
    if net is not None and least:
        yield from _smallest_d(tries, question, net, least=least)


def _smallest_q(tries: _Tries, question: Question, needed: Needed) -> Generator[Cell, bool, Net | None]:
    """Step 1: upward from the certified q with doubling steps, then bisection; the wide net of the least q."""
    before = tries.smallest()
    q = needed.least_q
    missed, step, found = q - 1, 1, None
    while q <= question.largest_q and _least_count(question, needed, q) < before:
        net = question.wide(q)
        if (yield from tries.reaches(net)):
            found = net
            break
        missed, q, step = q, q + step, 2 * step
    while found is not None and found.q - missed > 1:
        net = question.wide((found.q + missed) // 2)
        if (yield from tries.reaches(net)):
            found = net
        else:
            missed = net.q
    return found


def _least_count(question: Question, needed: Needed, q: int) -> float:
    net = question.least_net(needed, q)
    return math.inf if net is None else net.parameter_count()


def _smallest_d(tries: _Tries, question: Question, first: Net, *, least: tuple[int, ...]) -> Generator[Cell, bool, None]:
    """Step 2: shrink widths at q_upper and above it while that lowers d."""
    best = yield from _shrunk_together(tries, question, first, least)
    tied = question.net_class == "tied"
    if tied and question.q is not None:
        return
    beyond = (first.q + 1, first.q + max(2, first.q // 4)) if question.q is None else ()
    for q in dict.fromkeys((*(() if tied else (first.q,)), *beyond)):
        net = question.resized(q, _widths(best))
        if tied and tries.size(question.resized(q, (max(least),) * len(least))) >= tries.size(best):
            break
        if q != first.q and not (yield from tries.reaches(net)):
            continue
        if tied:
            net = yield from _shrunk_together(tries, question, net, least)
        else:
            net = yield from _shrunk(tries, question, net, least)
        if tries.size(net) < tries.size(best):
            best = net


def _shrunk_together(tries: _Tries, question: Question, net: Net, least: tuple[int, ...]) -> Generator[Cell, bool, Net]:
    """Lower all widths, equal, by bisection; where they may differ, a width stays at its certified least."""
    together = max(least) if question.net_class == "tied" else 1

    def of_width(width: int) -> tuple[int, ...]:
        return tuple(max(width, certified) for certified in least)

    return (yield from _narrowed(tries, question, net, missed=together - 1, reached=max(_widths(net)), widths=of_width))


def _shrunk(tries: _Tries, question: Question, net: Net, least: tuple[int, ...]) -> Generator[Cell, bool, Net]:
    """Lower every width, or those of one net, in turn by bisection until a round changes nothing."""
    while True:
        before = net
        for group in _costliest_first(question, net):
            others = _widths(net)

            def of_width(width: int, others: tuple[int, ...] = others, group: tuple[int, ...] = group) -> tuple[int, ...]:
                return tuple(width if position in group else other for position, other in enumerate(others))

            missed = max(_lower_limit(question, others, position, least) for position in group) - 1
            reached = others[group[0]]
            net = yield from _narrowed(tries, question, net, missed=missed, reached=reached, widths=of_width)
        if net == before:
            return net


def _lower_limit(question: Question, widths: tuple[int, ...], position: int, least: tuple[int, ...]) -> int:
    """Least width of a layer: the certified one, and where widths do not increase that of the next layer of its net."""
    last = position in (question.depths[0] - 1, len(widths) - 1)
    follows = widths[position + 1] if question.net_class == "non-increasing" and not last else 0
    return max(least[position], follows)


def _narrowed(
    tries: _Tries, question: Question, net: Net, *, missed: int, reached: int, widths: Callable[[int], tuple[int, ...]]
) -> Generator[Cell, bool, Net]:
    """Bisect one number that decides the widths, between one that is missed and that of `net`, to a sixteenth of it."""
    while reached - missed > max(1, reached // 16):
        width = (missed + reached) // 2
        candidate = question.resized(net.q, widths(width))
        if (yield from tries.reaches(candidate)):
            net, reached = candidate, width
        else:
            missed = width
    return net


def _costliest_first(question: Question, net: Net) -> Iterator[tuple[int, ...]]:
    """Positions of the hidden widths that are lowered together, by the parameters they cost, most first."""
    architecture = question.deeponet(net)
    costs = []
    for sizes in (architecture.branch_sizes(), architecture.trunk_sizes()):
        costs += [before + after + 1 for before, after in zip(sizes[:-2], sizes[2:], strict=True)]
    widths, depth = _widths(net), question.depths[0]
    groups: list[tuple[int, ...]] = [(position,) for position in range(len(costs))]
    if question.net_class == "one-width-per-net":
        groups = [group for group in (tuple(range(depth)), tuple(range(depth, len(costs)))) if group]
    return iter(sorted(groups, key=lambda group: -sum(costs[position] * widths[position] for position in group)))


def _widths(net: Net) -> tuple[int, ...]:
    """Hidden widths, the branch's first."""
    return (*net.branch_widths, *net.trunk_widths)
