"""Drawing what has no upright axis: tables of coloured cells, and brackets as bars."""

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm

from operators.arrays import Array
from results.charts.model import Axis, Drawing, Heat, Ranges
from results.figures.lettering import lettered
from results.figures.style import COLOURS
from results.figures.ticks import mark

LABEL = 200
BAR: dict[str, Any] = {"lw": 4, "alpha": 0.55, "solid_capstyle": "butt"}
OPEN, CLOSED, WITNESSED = COLOURS[0], COLOURS[2], COLOURS[1]
DARK = 0.5


def scale_of(drawings: Sequence[Drawing]) -> LogNorm | None:
    """One scale for the cells of all tables, that of their first measure; None if nothing is positive."""
    values = np.concatenate([_values(drawing) for drawing in drawings if isinstance(drawing, Heat)] or [np.zeros(0)])
    known = values[values > 0.0]
    return LogNorm(known.min(), max(known.max(), known.min() * 1.01)) if len(known) else None


def _values(heat: Heat) -> Array:
    """The first measure; 0 where it is not known."""
    values = np.array([0.0 if value is None else float(value) for value in heat.measures[0][1]])
    return np.where(np.isfinite(values), values, 0.0)


def draw_heat(axes: Axes, heat: Heat, scale: LogNorm | None) -> None:
    """Draw the first measure of a table: a colour and a number for each cell; what is not known stays blank."""
    values = _values(heat).reshape(len(heat.y), len(heat.x))
    axes.set(xlim=(0, len(heat.x)), ylim=(len(heat.y), 0), xlabel=f"{heat.x_label}; cells: {heat.measures[0][0]}")
    axes.set_xticks(np.arange(len(heat.x)) + 0.5, [lettered(label, LABEL) for label in heat.x])
    axes.set_yticks(np.arange(len(heat.y)) + 0.5, [lettered(label, LABEL) for label in heat.y], fontsize=7)
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    if scale is not None:
        axes.pcolormesh(np.ma.masked_less_equal(values, 0.0), norm=scale, cmap="viridis_r", edgecolors="white", lw=1)
    for row, column in np.ndindex(values.shape):
        value = values[row, column]
        shade = mpl.colormaps["viridis_r"](scale(value)) if scale is not None and value > 0.0 else (1.0, 1.0, 1.0, 1.0)
        light = float(np.dot(shade[:3], (0.299, 0.587, 0.114)))
        text = f"{value:.2g}" if value > 0.0 else "–"
        axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=7, color="white" if light < DARK else "black")


def draw_ranges(axes: Axes, ranges: Ranges, inches: tuple[float, float]) -> None:
    """Draw a bar for each line, from what is certified to what is witnessed; dashed to the edge if nothing is."""
    known = np.array([end for end in (*ranges.low, *ranges.high) if end], dtype=float)
    ends = (known.min() / 1.2, known.max() * 1.6) if len(known) else (1.0, 10.0)
    axes.set(xscale="log", xlim=ends, ylim=(len(ranges.labels), 0), yticks=[])
    axes.spines["left"].set_visible(False)
    mark(axes.xaxis, Axis(ranges.x.label), ends, inches=inches[0], upright=False)
    for row, (label, low, high) in enumerate(zip(ranges.labels, ranges.low, ranges.high, strict=True)):
        least, y, closed = low or ends[0], row + 0.7, low == high
        look = CLOSED if closed else OPEN
        axes.text(0.0, row + 0.3, lettered(label, LABEL), transform=axes.get_yaxis_transform(), va="center", fontsize=7)
        if high is None:
            axes.plot([least, ends[1]], [y, y], color=look, **BAR | {"ls": (0, (1, 1))})
        else:
            axes.plot([least, high], [y, y], color=look, **BAR)
            axes.plot(high, y, color=CLOSED if closed else WITNESSED, marker="D" if closed else "<", ms=5)
        if not closed:
            axes.plot(least, y, color=OPEN, marker=">", ms=5)
        said = f"≥ {low}" if high is None else f"= {low}" if closed else f"× {high / least:.2g}"
        axes.text(1.01, y, said, transform=axes.get_yaxis_transform(), va="center", fontsize=7)
