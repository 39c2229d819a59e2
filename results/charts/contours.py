"""Level lines of values on a rectangular grid, by marching squares: each a polyline, closed ones ending where they began."""

from collections.abc import Iterator

import numpy as np

from operators.arrays import Array

Crossing = tuple[int, int, int]
"""An edge of the grid: row, column, and 0 for the edge to the next column or 1 for that to the next row."""
Polyline = tuple[list[float], list[float]]


def level_lines(x: Array, y: Array, values: Array, level: float) -> list[Polyline]:
    """The lines on which values (len(y), len(x)), linear along the edges of the grid, are equal to the level."""
    above = values > level
    neighbours: dict[Crossing, list[Crossing]] = {}
    for row in range(len(y) - 1):
        for column in range(len(x) - 1):
            edges = [edge for edge in _around(row, column) if _crossed(above, edge)]
            for first, second in zip(edges[::2], edges[1::2], strict=True):
                neighbours.setdefault(first, []).append(second)
                neighbours.setdefault(second, []).append(first)
    return [_polyline(x, y, values, level=level, path=path) for path in _paths(neighbours)]


def _around(row: int, column: int) -> tuple[Crossing, ...]:
    """The edges of a cell, one after another around it."""
    return ((row, column, 0), (row, column + 1, 1), (row + 1, column, 0), (row, column, 1))


def _other(edge: Crossing) -> tuple[int, int]:
    row, column, upward = edge
    return (row + 1, column) if upward else (row, column + 1)


def _crossed(above: np.ndarray, edge: Crossing) -> bool:
    return bool(above[edge[:2]] != above[_other(edge)])


def _paths(neighbours: dict[Crossing, list[Crossing]]) -> Iterator[list[Crossing]]:
    """The lines as sequences of crossings: open ones from their ends, then closed ones."""
    ends = [edge for edge, others in neighbours.items() if len(others) == 1]
    for start in (*ends, *neighbours):
        if not neighbours[start]:
            continue
        path = [start]
        while neighbours[path[-1]]:
            following = neighbours[path[-1]].pop()
            neighbours[following].remove(path[-1])
            path.append(following)
        yield path


def _polyline(x: Array, y: Array, values: Array, *, level: float, path: list[Crossing]) -> Polyline:
    across, upwards = [], []
    for edge in path:
        (row, column), (row_end, column_end) = edge[:2], _other(edge)
        start, end = values[row, column], values[row_end, column_end]
        share = (level - start) / (end - start)
        across.append(float(x[column] + share * (x[column_end] - x[column])))
        upwards.append(float(y[row] + share * (y[row_end] - y[row])))
    return across, upwards
