"""Figures of `python -m bench show`: functions of one variable as lines, of two as images, on other points as coloured dots."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import Normalize
from matplotlib.figure import Figure, SubFigure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator

from operators.arrays import Array
from results.figures.samples import Sample, WorstFit, coordinate_names
from results.figures.style import COLOURS, style

LEAST_SHOWN = 1e-9
MOST_DOTS = 64
PANEL = (3.3, 2.7)
IMAGE = (2.6, 2.3)


def task_figure(found: Sample, shown: int) -> Figure:
    """The first `shown` functions of a sample, inputs above outputs where either are images, and the decay of its outputs."""
    sensors, points = found.task.sensors(), found.task.points()
    with style():
        if sensors.shape[1] == points.shape[1] == 1:
            figure = _figure((3 * PANEL[0], PANEL[1]))
            inputs, outputs, decay = (figure.add_subplot(1, 3, i + 1) for i in range(3))
            _lines(inputs, sensors[:, 0], found.inputs[:shown])
            _lines(outputs, points[:, 0], found.outputs[:shown])
            inputs.set(title="input functions", xlabel="x")
            outputs.set(title="output functions", xlabel="x")
        else:
            figure = _figure((shown * IMAGE[0] + PANEL[0] + 0.6, 2 * IMAGE[1]))
            left, right = _halves(figure, shown * IMAGE[0])
            _functions(left, found, shown)
            decay = right.add_subplot()
        _decay(decay, found)
        figure.suptitle(f"{found.task.name}:  {found.task.card.equation}", fontsize=9, parse_math=False)
        return _settled(figure)


def fit_figure(worst: WorstFit, title: str) -> Figure:
    """The worst fitted function, where the fit misses it, and the errors of all functions."""
    with style():
        figure = _figure((3 * PANEL[0], PANEL[1]) if worst.points.shape[1] == 1 else (3 * IMAGE[0] + PANEL[0] + 0.6, PANEL[1]))
        if worst.points.shape[1] == 1:
            values, miss, errors = (figure.add_subplot(1, 3, i + 1) for i in range(3))
            _compared(values, miss, worst)
        else:
            left, right = _halves(figure, 3 * IMAGE[0] + 0.6)
            panels, errors = list(left.subplots(1, 3)), right.add_subplot()
            _images(left, panels, worst)
        _errors(errors, worst)
        figure.suptitle(title, fontsize=9, parse_math=False)
        return _settled(figure)


def _figure(size: tuple[float, float]) -> Figure:
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _halves(figure: Figure, left: float) -> tuple[SubFigure, SubFigure]:
    """Images on the left, of this width, one panel on the right."""
    grid = figure.add_gridspec(1, 2, width_ratios=[left, PANEL[0]])
    return figure.add_subfigure(grid[0]), figure.add_subfigure(grid[1])


def _settled(figure: Figure) -> Figure:
    """Fix the layout, so that drawing again changes nothing."""
    ConstrainedLayoutEngine().execute(figure)
    figure.set_layout_engine(None)
    return figure


def _lines(axes: Axes, x: Array, values: Array) -> None:
    order = np.argsort(x)
    dots: dict[str, Any] = {"marker": ".", "ms": 3} if len(x) <= MOST_DOTS else {}
    for i, row in enumerate(values):
        axes.plot(x[order], row[order], color=COLOURS[i % len(COLOURS)], lw=1.2, **dots)


def _functions(figure: SubFigure, found: Sample, shown: int) -> None:
    """Inputs in the upper row, outputs in the lower, a function a column; one colour scale per row."""
    sensors, points = found.task.sensors(), found.task.points()
    input_names = ("x",) if sensors.shape[1] == 1 else tuple(f"$x_{i + 1}$" for i in range(sensors.shape[1]))
    rows = ((sensors, found.inputs, "input", input_names), (points, found.outputs, "output", coordinate_names(found.task)))
    grid = figure.subplots(2, shown, squeeze=False)
    for panels, (coordinates, values, what, names) in zip(grid, rows, strict=True):
        first, scale = values[:shown], _scale(values[:shown])
        drawn = [_draw(axes, coordinates, row, scale=scale, names=names) for axes, row in zip(panels, first, strict=True)]
        for i, axes in enumerate(panels):
            axes.set_title(f"{what} {i + 1}")
            if coordinates.shape[1] == 1:
                axes.set_ylim(*_margins(first))
            if i and axes.get_ylabel():
                axes.set(ylabel="", yticklabels=[])
        if drawn[-1] is not None:
            figure.colorbar(drawn[-1], ax=list(panels), shrink=0.85)


def _scale(values: Array) -> Normalize:
    return Normalize(float(values.min()), float(values.max()))


def _margins(values: Array) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    return low - 0.05 * (high - low) - 1e-12, high + 0.05 * (high - low) + 1e-12


def _draw(
    axes: Axes, coordinates: Array, values: Array, *, scale: Normalize, names: tuple[str, ...], cmap: str = "viridis"
) -> Any:
    """Draw one function over its first two coordinates; return what a colour bar explains, None for a line."""
    axes.set_xlabel(names[0])
    if len(names) == 1:
        _lines(axes, coordinates[:, 0], values[None])
        return None
    axes.set(ylabel=names[1], box_aspect=None if names[1] == "t" else 1.0)
    axes.grid(visible=False)
    x, y = (np.unique(column) for column in coordinates.T[:2])
    if coordinates.shape[1] == 2 and len(x) * len(y) == len(coordinates):
        image = np.empty((len(y), len(x)))
        image[np.searchsorted(y, coordinates[:, 1]), np.searchsorted(x, coordinates[:, 0])] = values
        return axes.pcolormesh(x, y, image, norm=scale, cmap=cmap, shading="nearest", rasterized=True)
    return axes.scatter(coordinates[:, 0], coordinates[:, 1], c=values, norm=scale, cmap=cmap, s=10)


def _decay(axes: Axes, found: Sample) -> None:
    """Singular values and floors, both logarithmic, down to LEAST_SHOWN."""
    count = len(found.outputs)
    curves = (
        (found.singular, 1, 0, f"singular values $s_k/|Y|$, N = {count}"),
        (found.closed_singular, 1, 0, "in closed form, over all functions"),
        (found.floors, 0, 1, "floor at q, certified for these N"),
        (found.closed_floors, 0, 1, "lower bound of it over all functions"),
    )
    least = 1.0
    for i, (values, first, colour, label) in enumerate(curves):
        if values is None:
            continue
        shown = values[1 - first :]
        shown = shown[shown > LEAST_SHOWN]
        least = min([least, *shown])
        look: dict[str, Any] = {"ls": "--", "lw": 1.0} if i % 2 else {"marker": ".", "ms": 3, "lw": 1.0}
        axes.plot(np.arange(1, len(shown) + 1), shown, color=COLOURS[colour], label=label, **look)
    axes.set(xscale="log", yscale="log", xlabel="k, q", title="decay of the outputs", ylim=(least / 10, 2.0))
    axes.legend(loc="lower left", fontsize=6)


def _compared(values: Axes, miss: Axes, worst: WorstFit) -> None:
    order = np.argsort(worst.points[:, 0])
    x, labels, clean, fit = (part[order] for part in (worst.points[:, 0], worst.labels, worst.clean, worst.fit))
    if worst.noisy:
        values.plot(x, labels, color="grey", ls="", marker=".", ms=3, label="labels y")
        values.plot(x, clean, color=COLOURS[0], lw=1.2, label="without noise")
    else:
        values.plot(x, clean, color=COLOURS[0], lw=1.2, marker=".", ms=3, label="labels y")
    values.plot(x, fit, color=COLOURS[1], lw=1.2, ls="--", label="fit h")
    values.set(title=f"function {worst.number}, the worst fitted", xlabel="x")
    values.legend(loc="upper center", bbox_to_anchor=(0.5, -0.24), ncols=3, borderaxespad=0.0, frameon=False)
    miss.vlines(x, 0.0, fit - labels, color=COLOURS[3], lw=0.8)
    miss.plot(x, fit - labels, color=COLOURS[3], ls="", marker=".", ms=3)
    miss.axhline(0.0, color="black", lw=0.6)
    miss.set(title="h - y", xlabel="x")


def _images(figure: SubFigure, panels: list[Axes], worst: WorstFit) -> None:
    scale, difference = _scale(np.stack([worst.labels, worst.fit])), worst.fit - worst.labels
    most = float(np.abs(difference).max()) or 1.0
    shown = (worst.labels, worst.fit)
    drawn = [
        _draw(axes, worst.points, values, scale=scale, names=worst.names) for axes, values in zip(panels[:2], shown, strict=True)
    ]
    missed = _draw(panels[2], worst.points, difference, scale=Normalize(-most, most), names=worst.names, cmap="RdBu_r")
    for axes, title in zip(panels, (f"labels y of function {worst.number}", "fit h", "h - y"), strict=True):
        axes.set_title(title)
    for axes in panels[1:]:
        axes.set(ylabel="", yticklabels=[])
    figure.colorbar(drawn[0], ax=panels[:2], shrink=0.85)
    figure.colorbar(missed, ax=panels[2], shrink=0.85)


def _errors(axes: Axes, worst: WorstFit) -> None:
    """e_i of all functions, the worst first."""
    place = np.arange(1, len(worst.errors) + 1)
    axes.plot(place, worst.errors, color=COLOURS[0], marker=".", ms=3, lw=1.0)
    axes.plot(1, worst.errors[0], color=COLOURS[3], marker="o", ms=5, ls="", label=f"worst: {worst.errors[0]:.3g}")
    axes.axhline(float(np.median(worst.errors)), color="grey", lw=0.8, ls="--", label=f"median: {np.median(worst.errors):.3g}")
    axes.set(ylim=(0.0, None), xlabel="functions, worst first", title="relative error $|y_i - h_i|/|y_i|$")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(loc="best")
