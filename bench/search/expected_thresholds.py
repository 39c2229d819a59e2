"""How many trainings a study of thresholds takes, and a grid of the same resolution, estimated before there are data.

The search itself is replayed against an oracle that knows no data:

    certified   on a grid, below the rank that the law of large grids gives for noise alone (`operators.bounds.marchenko_pastur`)
    absorbed    FACTORS d_eff / n, as trainings on grids were seen to absorb; elsewhere the planning figure
                (`operators.bounds.effective_parameters`)
    clean       the error falls like CLEAN_RANK / q below a rank of CLEAN_RANK

A grid answers alike if it has, at every n of a series, every q of a geometric progression with the tolerance as its ratio (all
whole numbers where it is finer), from 1 to the largest q that the search meets on the series: nobody knows beforehand where q*
lies. Cells of a grid serve all targets.
"""

import math
from collections.abc import Iterable

from bench.cell import Cell
from bench.search.expected import CLEAN_RANK
from bench.search.thresholds import Located, search
from bench.threshold_series import Shape, ThresholdSeries
from operators.bounds import effective_parameters, marchenko_pastur

FACTORS = {"grid": 1.0}
ASSUMED = (
    f"that {FACTORS['grid']:g} d_eff / n of the noise is absorbed on grids, {effective_parameters.FACTOR:g} d_eff / n elsewhere"
)


def expected_trainings(series: ThresholdSeries) -> list[Cell]:
    """The cells a search would ask for if the assumptions of this module held."""
    found: list[Located] = []
    running, asked = search(series, lambda shape: expected_certified(series, shape), found), list[Cell]()
    try:
        cell = next(running)
        while True:
            asked.append(cell)
            cell = running.send(expected_margin(series, cell))
    except StopIteration:
        return asked


def expected_certified(series: ThresholdSeries, shape: Shape) -> int:
    """The largest q certified not to reach the target, as it is to be expected."""
    if series.template.design != "grid":
        return 0
    side = min(shape)
    if series.target.kind == "relative":
        return min(CLEAN_RANK, side) - 1
    return max(math.ceil(side * marchenko_pastur.rank_fraction(series.target.value, side / max(shape))) - 1, 0)


def expected_margin(series: ThresholdSeries, cell: Cell) -> float:
    """The margin of a training, as it is to be expected."""
    net = cell.deeponet()
    if series.target.kind == "relative":
        return math.log(net.q / CLEAN_RANK)
    factor = FACTORS.get(cell.design, effective_parameters.FACTOR)
    absorbed = min(factor * net.effective_parameter_count() / cell.n, 1.0)
    rank = expected_certified(series, (cell.functions, cell.points)) + 1
    return min(math.log(absorbed / series.target.value), math.log(net.q / rank))


def grid_of_equal_resolution(study: Iterable[ThresholdSeries]) -> list[Cell]:
    """The cells of a grid that locates the same thresholds to the same tolerance."""
    cells: dict[str, Cell] = {}
    for series in study:
        largest = max((cell.deeponet().q for cell in expected_trainings(series)), default=1)
        for shape in series.shapes:
            for q in resolution(largest, series.tolerance):
                for restart in range(series.restarts):
                    cell = series.cell(shape, q, restart)
                    cells[cell.model_dump_json()] = cell
    return list(cells.values())


def resolution(largest: int, tolerance: float) -> list[int]:
    """Whole numbers from 1 to the largest, each consecutive to the one before or within the tolerance of it."""
    found = [1]
    while found[-1] < largest:
        found.append(min(max(found[-1] + 1, math.floor(found[-1] * tolerance)), largest))
    return found
