"""Drawing a chart with axes: its limits, and each layer in the look of its role and status."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from operators.arrays import Array
from results.charts.model import GREY, Axis, Band, Chart, Intervals, Layer, Level, Line, Records, Switch
from results.figures.style import COLOURS
from results.figures.ticks import mark

DASHES: tuple[Any, ...] = ((0, (5, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)), (0, (9, 2)), (0, (1, 3)), (0, (3, 1, 1, 1, 1, 1)))
LIGHTEST = 0.85
BAR: dict[str, Any] = {"lw": 2.2, "alpha": 0.7, "solid_capstyle": "butt"}
BESIDE, CLUSTER = 2.6 / 72.0, 0.3
OPEN = 5
NEAR, NEAR_BAND = 30.0, 2.0
Look = Mapping[str, Any]


def colour_of(colour: int | None, shades: int) -> Any:
    """The colour of a number: one of the scale of shades, if there are any."""
    if colour is None:
        return "black"
    if colour == GREY:
        return "dimgrey"
    if shades > 1:
        return mpl.colormaps["viridis"](LIGHTEST * colour / (shades - 1))
    return COLOURS[colour % len(COLOURS)]


def dash_of(dash: int) -> Any:
    """The pattern of a number, 0 a full line."""
    return DASHES[(dash - 1) % len(DASHES)] if dash else "-"


def width_of(switches: Iterable[Switch], colour: int | None) -> float:
    """Width of a line: of bounds, the certified ones are heavier than the others."""
    statuses = {switch.status for switch in switches if switch.role == "theory"}
    if not statuses:
        return 1.2
    return 1.4 if colour is None and "certified" in statuses else 0.9


def draw_layers(axes: Axes, chart: Chart, records: pd.DataFrame, inches: tuple[float, float]) -> None:
    """Draw all layers of a chart.

    Args:
        axes: where.
        chart: what.
        records: the record table.
        inches: width and height of the axes.
    """
    bars = [layer for layer in chart.layers if isinstance(layer, Intervals)]
    most = max((count for layer in bars for count in Counter(layer.x).values()), default=0)
    places = len(bars) * (most + 1)
    step = min(BESIDE, CLUSTER * inches[0] / max(places, 1))
    x, y, lowest = limits(chart, records)
    free = places * step / 2.0 / inches[0]  # of the axis on either side, for bars beside their place
    widen = _moved(chart.x, x, free / (1.0 - 2.0 * free))
    x = widen(x[0], -1.0), widen(x[1], 1.0)
    axes.set(xscale="log" if chart.x.log else "linear", yscale="log" if chart.y.log else "linear", xlim=x, ylim=y)
    mark(axes.xaxis, chart.x, x, inches=inches[0], upright=False)
    mark(axes.yaxis, chart.y, y, inches=inches[1], upright=True)
    for layer in chart.layers:
        look = {"color": colour_of(layer.colour, chart.shades), "ls": dash_of(layer.dash), "lw": _width(chart, layer)}
        if isinstance(layer, Intervals):
            shift = (bars.index(layer) - (len(bars) - 1) / 2) * (most + 1)
            _draw_bars(axes, layer, look, shift=shift, move=_moved(chart.x, x, step / inches[0]))
        elif isinstance(layer, Level):
            axes.axhline(float(layer.y or 0.0), **look)
        elif isinstance(layer, Band):
            low, high = (np.maximum(_real(end), lowest) for end in (layer.low, layer.high))
            axes.fill_between(_real(layer.x), low, high, color=look["color"], alpha=0.15, lw=0)
        else:
            at, values = coordinates(layer, records)
            if isinstance(layer, Records):
                look = {"color": look["color"], "ls": "", "marker": ".", "ms": 4, "alpha": 0.7, "mew": 0}
            elif layer.mark:
                look |= {"marker": ".", "ms": 4}
            axes.plot(at, np.maximum(values, lowest), **look)


def _width(chart: Chart, layer: Layer) -> float:
    return width_of((chart.switches[i] for i in layer.switches), layer.colour)


def _moved(axis: Axis, ends: tuple[float, float], share: float) -> Callable[[float, float], float]:
    """Moves a value along an axis by some steps of this share of its length."""
    if axis.log:
        return lambda value, steps: value * (ends[1] / ends[0]) ** (steps * share)
    return lambda value, steps: value + (ends[1] - ends[0]) * steps * share


def _draw_bars(axes: Axes, layer: Intervals, look: Look, *, shift: float, move: Callable[[float, float], float]) -> None:
    """Bars of one x stand side by side; a triangle points to where an end is not known."""
    many, seen = Counter(layer.x), Counter[Any]()
    for at, low, high in zip(layer.x, _real(layer.low), _real(layer.high), strict=True):
        place = move(float(at or 0.0), shift + seen[at] - (many[at] - 1) / 2)
        seen[at] += 1
        if np.isfinite(low) and np.isfinite(high):
            axes.plot([place, place], [low, high], color=look["color"], **BAR)
        elif np.isfinite(low) or np.isfinite(high):
            pointing, end = ("^", low) if np.isfinite(low) else ("v", high)
            axes.plot(place, end, color=look["color"], marker=pointing, ms=OPEN, mfc="none")


def coordinates(layer: Line | Records, records: pd.DataFrame) -> tuple[Array, Array]:
    """Where the points of a layer lie."""
    if isinstance(layer, Records):
        rows = records.iloc[list(layer.row)]
        return rows[layer.x].to_numpy(float), rows[layer.y].to_numpy(float)
    return _real(layer.x), _real(layer.y)


def _real(values: Iterable[Any]) -> Array:
    """Numbers as floats; NaN for what is not known or infinite."""
    found = np.array([np.nan if value is None else float(value) for value in values])
    return np.where(np.isfinite(found), found, np.nan)


def limits(chart: Chart, records: pd.DataFrame) -> tuple[tuple[float, float], tuple[float, float], float]:
    """Ends of both axes, which hold what is measured, and theory and bands where they are near; the lowest y told apart."""
    x, measured, theory, bands = list[Array](), list[Array](), list[Array](), list[Array]()
    for layer in chart.layers:
        told = any(chart.switches[i].role == "theory" for i in layer.switches)
        if isinstance(layer, Line | Records):
            at, values = coordinates(layer, records)
            x.append(at)
        elif isinstance(layer, Level):
            values = _real([layer.y])
        else:
            x.append(_real(layer.x))
            values = _real([*layer.low, *layer.high])
        (theory if told else bands if isinstance(layer, Band) else measured).append(values)
    seen = _usable(measured, chart.y)
    near = [_near(_usable(theory, chart.y), seen, NEAR), _near(_usable(bands, chart.y), seen, NEAR_BAND)]
    values = np.concatenate([seen, *near])
    lowest = values.max(initial=0.0) / 10.0**chart.y.decades if chart.y.decades else -np.inf
    return _padded(_usable(x, chart.x), chart.x, 0.05), _padded(np.maximum(values, lowest), chart.y, 0.06), lowest


def _near(values: Array, seen: Array, factor: float) -> Array:
    """Those within a factor of what is seen."""
    return values[(values > seen.min() / factor) & (values < seen.max() * factor)] if len(seen) else values


def _usable(values: Sequence[Array], axis: Axis) -> Array:
    found = np.concatenate([*values, np.zeros(0)])
    return found[np.isfinite(found) & ((found > 0.0) | (not axis.log))]


def _padded(values: Array, axis: Axis, share: float) -> tuple[float, float]:
    low, high = (float(values.min()), float(values.max())) if len(values) else (1.0, 10.0)
    if axis.log:
        pad = max((high / low) ** share, 1.12)
        return low / pad, high * pad
    pad = (high - low or abs(high) or 1.0) * share
    return low - pad, high + pad
