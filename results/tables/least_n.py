"""least_n.csv: from which n on each bound excludes anything of a series, wherever the study itself ends.

A bound bites where it demands q >= 2 of the sizes of the series. The data grow along the path of the series: N = M, one M, one N.
The least n is found by bisection between 1 and MOST_N = 2^40, to whole sides of a square grid and to whole N or M elsewhere, as
demands do not fall with n; how near the clean outputs are to low rank is what the records of the largest n tell. Bounds that need
the labels have no such n: they are computed where there are labels (searches.csv).
"""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pandas as pd

from operators.bounds import BOUNDS, Bound, Setting
from operators.bounds.bound import assumed, on_q
from results.tables import series
from results.tables.demands import size_of_q, stored_bits

Shape = tuple[int, int]
Growing = Callable[[int], Shape]
MOST_N = 2**40
TAIL = "bound_signal_tail_"
COLUMNS: dict[str, str] = {
    **series.COLUMNS,
    "target": "what a fit must reach",
    "path": "how the data grow with n",
    "bound": "name in `python -m bench bounds`",
    "status": "what the bound is: certified, asymptotic or heuristic",
    "assumptions": "what must be assumed beyond what is recorded; empty: nothing",
    "least_n": "the least n at which it excludes some q of these sizes; empty: at none up to 2^40",
    "largest_n": "the largest n of the study on this path",
    "bites": "yes: the study goes to that n; no: it does not; never: not up to 2^40",
}


def least_n(found: pd.DataFrame, frame: pd.DataFrame, bounds: Mapping[str, Bound] = BOUNDS) -> pd.DataFrame:
    """Ask every bound of absorbed noise, for every series, target and path of searches.csv with `series`."""
    rows = [row for panel in series.panels(found[found["rho"].notna()]) for row in _rows(*panel, frame=frame, bounds=bounds)]
    table = pd.DataFrame(rows, columns=[*COLUMNS, "series"]).astype({"least_n": "Int64", "largest_n": "Int64"})
    return table.sort_values([*series.SERIES, "target", "path", "bound"], kind="stable", ignore_index=True)


def _rows(
    target: str, design: str, path: str, part: pd.DataFrame, *, frame: pd.DataFrame, bounds: Mapping[str, Bound]
) -> Iterator[dict[str, object]]:
    for number, rows in part.groupby("series"):
        cells, first = frame[frame["series"] == number], rows.iloc[0]
        sizes, shape = size_of_q(cells), growing(list(zip(rows["N"], rows["M"], strict=True)))
        if sizes is None or shape is None:
            continue
        known: dict[str, Any] = {"size": sizes[0], "q_values": sizes[1], "bits": stored_bits(cells), "signal": _signal(cells)}
        known |= {"law": first["noise_law"], "sigma": float(first["sigma"])}
        for name, bound in on_q(bounds, "absorb", of_labels=False).items():
            found = _least(bound, shape, known, rho=float(first["rho"]), grid=design == "grid")
            largest = int(rows["n"].max())
            yield {
                **{column: first[column] for column in (*series.SERIES, "series")},
                "target": target,
                "path": path,
                "bound": name,
                "status": bound.status,
                "assumptions": assumed(bound.assumptions),
                "least_n": found,
                "largest_n": largest,
                "bites": "never" if found is None else "yes" if found <= largest else "no",
            }


def _least(bound: Bound, shape: Growing, known: Mapping[str, Any], *, rho: float, grid: bool) -> int | None:
    """The least n at which one bound bites."""

    def bites(k: int) -> bool:
        setting = Setting(n=math.prod(shape(k)), shape=shape(k) if grid else None, **known)
        return not bound.necessary(setting, rho).vacuous

    k = least(bites, lambda k: math.prod(shape(k)) <= MOST_N)
    return None if k is None else math.prod(shape(k))


def growing(shapes: list[Shape]) -> Growing | None:
    """The shape (N, M) of the k-th step along a path: N = M, one M or one N; None for shapes on no such path."""
    functions, points = {one for one, _ in shapes}, {one for _, one in shapes}
    if all(one == other for one, other in shapes):
        return lambda k: (k, k)
    if len(points) == 1:
        fixed = points.pop()
        return lambda k: (k, fixed)
    if len(functions) == 1:
        only = functions.pop()
        return lambda k: (only, k)
    return None


def least(holds: Callable[[int], bool], within: Callable[[int], bool]) -> int | None:
    """The least k >= 1 at which a monotone statement holds, among those within; None if it holds at none."""
    low, high = 0, 1
    while not holds(high):
        low, high = high, 2 * high
        if not within(high):
            while low + 1 < high:
                middle = (low + high) // 2
                low, high = (middle, high) if within(middle) else (low, middle)
            if low < 1 or not holds(low):
                return None
            low, high = 0, low
            break
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _signal(cells: pd.DataFrame) -> tuple[tuple[int, float], ...]:
    """Pairs (g, e) of the largest n of a series with records: the tails of its clean outputs, the offset in g."""
    names = [name for name in map(str, cells.columns) if name.startswith(TAIL)]
    largest = cells[cells["n"] == cells.loc[cells["status"] == "done", "n"].max()] if names else cells.iloc[:0]
    found = largest[names].max().dropna() if len(largest) else pd.Series(dtype=float)
    return tuple((int(str(name).removeprefix(TAIL)) + 1, float(tail)) for name, tail in found.items())
