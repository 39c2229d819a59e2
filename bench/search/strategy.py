"""Bracket search: the smallest q and the smallest d that reach a target, by far fewer trainings than a grid.

For one question (task, design, N, M, noise, replicate, target) the certified floor gives q_lower. The search

  1. trains wide nets at q = q_lower, q_lower + 1, then at growing steps, until one reaches the target, and bisects back: q_upper;
  2. at q_upper and a few q above it, shrinks all hidden widths together by bisection while the target is still reached, then one
     after another, the widths that cost most parameters first, until no width can be lowered: d_upper. No width is tried that
     the certified rank excludes.

A question may fix q; step 1 is then that one training, and no training at all where q < q_lower. Nor is there one where no net
of the class reaches the certified rank (a linear end without hidden layers). Without hidden layers there is nothing to shrink.

Every training is an ordinary cell with its own key, so a search that was stopped replays its finished cells from the store. A
size counts as missed only for this search: what it found are upper bounds.
"""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

from bench.cell import Cell, Net
from bench.question import Question

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
    """Asks for trainings and remembers their outcomes."""

    question: Question
    count: int = 0

    def reaches(self, net: Net) -> Generator[Cell, bool, bool]:
        """Try one size, with restarts."""
        for restart in range(self.question.restarts):
            if self.count >= self.question.trainings:
                raise _Budget
            self.count += 1
            if (yield self.question.cell(net, restart)):
                return True
        return False


def search(question: Question, least_q: int) -> Answers:
    """Yield cells to train, receive whether each reached the target, return what was found.

    Args:
        question: what is asked.
        least_q: certified: no smaller q can reach the target.
    """
    tries = _Tries(question)
    found: list[Net] = []
    least = question.least_widths(least_q)
    if least is None:
        return _summary(question, found, tries.count, exhausted=False)
    try:
        if question.q is None:
            yield from _smallest_q(tries, max(least_q, 1), found)
        elif question.q >= least_q and (yield from tries.reaches(question.wide(question.q))):
            found.append(question.wide(question.q))
        if found:
            yield from _smallest_d(tries, found, least)
    except _Budget:
        return _summary(question, found, tries.count, exhausted=True)
    return _summary(question, found, tries.count, exhausted=False)


def _summary(question: Question, found: list[Net], count: int, *, exhausted: bool) -> Found:
    def d(net: Net) -> int:
        return question.deeponet(net).parameter_count()

    smallest_q = min(found, key=lambda net: (net.q, d(net)), default=None)
    return Found(smallest_q, min(found, key=lambda net: (d(net), net.q), default=None), count, exhausted)


def _smallest_q(tries: _Tries, least_q: int, found: list[Net]) -> Generator[Cell, bool, None]:
    """Step 1: upward from the certified q with doubling steps, then bisection."""
    missed, q, step = least_q - 1, least_q, 1
    while q <= tries.question.largest_q:
        net = tries.question.wide(q)
        if (yield from tries.reaches(net)):
            found.append(net)
            break
        missed, q, step = q, q + step, 2 * step
    while found and found[-1].q - missed > 1:
        net = tries.question.wide((found[-1].q + missed) // 2)
        if (yield from tries.reaches(net)):
            found.append(net)
        else:
            missed = net.q


def _smallest_d(tries: _Tries, found: list[Net], least: tuple[int, ...]) -> Generator[Cell, bool, None]:
    """Step 2: shrink widths at q_upper and above it while that lowers d."""
    first = found[-1]
    if not least:
        return
    best = yield from _shrunk_together(tries, first, found, least)
    if tries.question.net_class == "tied":
        return
    beyond = (first.q + 1, first.q + max(2, first.q // 4)) if tries.question.q is None else ()
    for q in dict.fromkeys((first.q, *beyond)):
        net = tries.question.resized(q, _widths(best))
        if q != first.q and not (yield from tries.reaches(net)):
            continue
        net = yield from _shrunk(tries, net, found, least)
        if _count(tries, net) < _count(tries, best):
            best = net


def _shrunk_together(tries: _Tries, net: Net, found: list[Net], least: tuple[int, ...]) -> Generator[Cell, bool, Net]:
    """Lower all widths, equal, by bisection; where they may differ, a width stays at its certified least."""
    together = max(least) if tries.question.net_class == "tied" else 1

    def of_width(width: int) -> tuple[int, ...]:
        return tuple(max(width, certified) for certified in least)

    return (yield from _narrowed(tries, net, found, missed=together - 1, reached=max(_widths(net)), widths=of_width))


def _shrunk(tries: _Tries, net: Net, found: list[Net], least: tuple[int, ...]) -> Generator[Cell, bool, Net]:
    """Lower every width in turn by bisection until a round changes nothing."""
    while True:
        before = net
        for position in _costliest_first(tries, net):
            others = _widths(net)

            def of_width(width: int, others: tuple[int, ...] = others, position: int = position) -> tuple[int, ...]:
                return (*others[:position], width, *others[position + 1 :])

            missed = least[position] - 1
            net = yield from _narrowed(tries, net, found, missed=missed, reached=others[position], widths=of_width)
        if net == before:
            return net


def _narrowed(
    tries: _Tries, net: Net, found: list[Net], *, missed: int, reached: int, widths: Callable[[int], tuple[int, ...]]
) -> Generator[Cell, bool, Net]:
    """Bisect one number that decides the widths, between one that is missed and that of `net`, to a sixteenth of it."""
    while reached - missed > max(1, reached // 16):
        width = (missed + reached) // 2
        candidate = tries.question.resized(net.q, widths(width))
        if (yield from tries.reaches(candidate)):
            net, reached = candidate, width
            found.append(net)
        else:
            missed = width
    return net


def _costliest_first(tries: _Tries, net: Net) -> Iterator[int]:
    """Positions of the hidden widths by the parameters one unit costs, most first."""
    architecture = tries.question.deeponet(net)
    costs = []
    for sizes in (architecture.branch_sizes(), architecture.trunk_sizes()):
        costs += [before + after + 1 for before, after in zip(sizes[:-2], sizes[2:], strict=True)]
    widths = _widths(net)
    return iter(sorted(range(len(costs)), key=lambda position: -costs[position] * widths[position]))


def _widths(net: Net) -> tuple[int, ...]:
    """Hidden widths, the branch's first."""
    return (*net.branch_widths, *net.trunk_widths)


def _count(tries: _Tries, net: Net) -> int:
    return tries.question.deeponet(net).parameter_count()
