"""How many trainings a search takes, estimated before there are data: the search itself, replayed against an oracle.

The budget of a question is an upper bound that few searches use: a q that is certified impossible costs none, and bisection
between the certified least widths and the wide ones costs a logarithm. No data set is generated and no floor computed; instead
the oracle assumes

    q_lower    noise to absorb: on a grid the rank that the law of large grids gives for noise alone
               (`operators.bounds.marchenko_pastur`); a clean target on a grid: CLEAN_RANK; 1 off the grid
    reached    from q_lower and the widths that this rank needs on; noise to absorb: if also d_eff >= rho n / 1.2
               (`operators.bounds.effective_parameters`); a clean target: if no hidden width lies below q_lower
"""

import math
from collections.abc import Callable

from bench.cell import Cell, Net
from bench.question import Question
from bench.search.strategy import search
from operators.bounds import effective_parameters, marchenko_pastur
from operators.bounds.rank_to_parameters import Needed

CLEAN_RANK = 8
ASSUMED = (
    f"ranks by the law of large grids, {CLEAN_RANK} for clean targets; noise absorbed from d_eff = rho n /"
    f" {effective_parameters.FACTOR:g} on"
)


def expected_trainings(question: Question) -> list[Cell]:
    """The distinct cells a search would ask for if the assumptions of this module held; one asked for again is replayed."""
    rank = expected_rank(question)
    reached, asked = _oracle(question, rank), dict[tuple[object, int], Cell]()
    running = search(question, Needed(rank))
    try:
        cell = next(running)
        while True:
            asked[cell.architecture, cell.restart] = cell
            assert isinstance(cell.architecture, Net)
            cell = running.send(reached(cell.architecture))
    except StopIteration:
        return list(asked.values())


def expected_rank(question: Question) -> int:
    """Q_lower as it is to be expected."""
    cell = question.template
    if cell.design != "grid":
        return 1
    side = min(cell.functions, cell.points)
    if question.target.kind != "absorb":
        return min(CLEAN_RANK, side)
    fraction = marchenko_pastur.rank_fraction(question.target.value, side / max(cell.functions, cell.points))
    return max(1, math.ceil(side * fraction))


def _oracle(question: Question, rank: int) -> Callable[[Net], bool]:
    least = {part.depths: part.least_widths(Needed(rank)) for part in question.parts()}
    clean = question.target.kind != "absorb"
    needed = 0 if clean else effective_parameters.needed_parameters(question.template.n, question.target.value)

    def reached(net: Net) -> bool:
        widths = (*net.branch_widths, *net.trunk_widths)
        certified = least[len(net.branch_widths), len(net.trunk_widths)] or ()
        wide = all(width >= enough for width, enough in zip(widths, certified, strict=True))
        if not (wide and net.q >= rank):
            return False
        return min(widths, default=rank) >= rank if clean else question.deeponet(net).effective_parameter_count() >= needed

    return reached
