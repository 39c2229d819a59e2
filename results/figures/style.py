"""Figures: tables in, Figure out. The style is a context, so nothing global changes; the same tables give the same bytes."""

import io
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure as Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from results.tables import series
from results.tables.rays import on_ray

STYLE: Mapping[Any, Any] = {
    "figure.dpi": 100,
    "savefig.dpi": 150,
    "svg.hashsalt": "deeponet-size-bounds",
    "pdf.fonttype": 42,
    "font.size": 9,
    "axes.titlesize": 9,
    "legend.fontsize": 7,
    "legend.framealpha": 0.8,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
METADATA: Mapping[str, dict[str, Any]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
COLOURS: list[Any] = sns.color_palette("colorblind")
DASHES = ("--", "-.", ":", (0, (5, 1)), (0, (1, 1)))
LARGEST_PANELS = 12
LARGEST_TICKS = 8
LEGEND_LINE = 0.18
LEGEND_CHARACTERS = 54
PANEL = (3.9, 2.9)


@contextmanager
def style() -> Iterator[None]:
    """The suite's style, for the length of the block."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        yield


def rendered(figure: Figure, kind: str) -> bytes:
    """The figure as bytes, without dates: kind `png`, `svg` or `pdf`."""
    buffer = io.BytesIO()
    with style():
        figure.savefig(buffer, format=kind, metadata=METADATA[kind])
    return buffer.getvalue()


def new_panels(count: int) -> tuple[Figure, list[Axes]]:
    """A figure with so many axes, at most three a row."""
    columns = min(count, 3)
    rows = -(-count // columns)
    figure = Figure(figsize=(PANEL[0] * columns, PANEL[1] * rows), layout="constrained")
    FigureCanvasAgg(figure)
    axes = [figure.add_subplot(rows, columns, i + 1) for i in range(count)]
    return figure, axes


def log_axes(axes: Axes, *, x: str, y: str, ticks: "pd.Series[int]") -> None:
    """Make both axes logarithmic and name them."""
    axes.set(xscale="log", yscale="log", xlabel=x, ylabel=y)
    ticked(axes.xaxis, ticks)


def ticked(axis: Axis, values: "pd.Series[int]") -> None:
    """Mark the values that occur, if they are few."""
    if 0 < values.nunique() <= LARGEST_TICKS:
        axis.set_major_locator(FixedLocator(sorted(values.unique())))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))


def finished(figure: Figure) -> Figure:
    """Put legends below the axes, where they hide nothing, make the figure high enough for them, and fix the layout."""
    lines = 0
    for axes in figure.axes:
        handles, labels = axes.get_legend_handles_labels()
        labels = [textwrap.fill(label, LEGEND_CHARACTERS) for label in labels]
        lines = max(lines, sum(1 + label.count("\n") for label in labels))
        if labels:
            axes.legend(handles, labels, loc="upper center", bbox_to_anchor=(0.5, -0.2), borderaxespad=0.0)
    rows = -(-len(figure.axes) // 3)
    figure.set_size_inches(figure.get_figwidth(), rows * (PANEL[1] + LEGEND_LINE * lines))
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    return figure


def error_figure(scaling: pd.DataFrame) -> Figure:
    """Training error against q of one task and noise: a panel for each way the sizes follow q, a colour for each (N, M).

    Line: best run, band: best to worst; dashed: certified floor; dotted: noise energy V, the sigma^2 line.
    """
    rows = scaling.drop_duplicates([*series.SERIES, "N", "M", "q", "d"])
    groups = [part for _, part in rows.groupby("series") if series.has_error_curve(part)]
    with style():
        figure, axes = new_panels(max(1, min(len(groups), LARGEST_PANELS)))
        names = series.series_names(rows)
        for panel, part in zip(axes, groups, strict=False):
            first = part.iloc[0]
            log_axes(panel, x="q", y="training error R", ticks=part["q"])
            panel.set_title(f"{first['design']}, {names[first['series']]}", wrap=True)
            shapes = sorted(set(zip(part["n"], part["N"], part["M"], strict=True)))
            for shape, colour in zip(shapes, sns.color_palette("viridis", len(shapes)), strict=True):
                line = part[(part["N"] == shape[1]) & (part["M"] == shape[2])].sort_values("q")
                _draw_errors(panel, line, colour=colour, label=f"n = {shape[0]} ({shape[1]} x {shape[2]})")
            noise = part["noise_energy"].median()
            if noise > 0:
                panel.axhline(noise, color="black", ls=":", lw=1.0, label="noise energy V (sigma^2)")
            if part["floor"].gt(0).any():
                panel.plot([], [], color="grey", ls="--", lw=1.0, label="floor (certified)")
        return finished(figure)


def _draw_errors(axes: Axes, line: pd.DataFrame, *, colour: Any, label: str) -> None:
    axes.plot(line["q"], line["training_mse_best"], color=colour, marker="o", ms=3, lw=1.2, label=label)
    axes.fill_between(line["q"], line["training_mse_best"], line["training_mse_worst"], color=colour, alpha=0.15, lw=0)
    floor = line[line["floor"] > 0]
    axes.plot(floor["q"], floor["floor"], color=colour, ls="--", lw=1.0)


def surface_figure(scaling: pd.DataFrame) -> Figure:
    """Best relative training error of one task over branch width x trunk width: a panel for each q and (N, M)."""
    rows = scaling.drop_duplicates([*series.SERIES, "N", "M", "q", "d"])
    panels = [(key, part) for key, part in rows.groupby(["n", "N", "M", "q"]) if part["relative_best"].notna().any()]
    values = rows["relative_best"].dropna()
    with style():
        figure, axes = new_panels(max(1, min(len(panels), LARGEST_PANELS)))
        scale = LogNorm(values.min(), max(values.max(), values.min() * 1.01)) if values.gt(0).all() and len(values) else None
        for panel, ((_, functions, points, q), part) in zip(axes, panels, strict=False):
            table = part.pivot_table(index="branch_widths", columns="trunk_widths", values="relative_best", aggfunc="min")
            table = table.loc[sorted(table.index), sorted(table.columns)]
            sns.heatmap(table, ax=panel, norm=scale, cmap="viridis_r", annot=True, fmt=".2g", cbar=False, annot_kws={"size": 7})
            panel.set(xlabel="trunk widths", ylabel="branch widths")
            panel.grid(visible=False)
            panel.set_title(f"q = {q}, N = {functions}, M = {points}")
        return finished(figure)


def ray_figure(rays: pd.DataFrame, frame: pd.DataFrame) -> Figure:
    """Relative training error along the rays of one task: a panel for each series, a colour for each alpha, points are runs."""
    groups: Sequence[tuple[Any, pd.DataFrame]] = list(rays.groupby(["series", "M"]))[:LARGEST_PANELS]
    with style():
        figure, axes = new_panels(max(1, len(groups)))
        for panel, ((number, points), part) in zip(axes, groups, strict=False):
            first = part.iloc[0]
            noise = series.noise_label(*first[list(series.NOISE)])
            panel.set_title(f"{first['sizes']}, M = {points}, {noise}", wrap=True)
            runs = frame[(frame["series"] == number) & (frame["M"] == points) & (frame["status"] == "done")]
            log_axes(panel, x="q", y="relative training error", ticks=runs["q"])
            for i, ray in enumerate(part.to_dict("records")):
                on = runs[on_ray(runs["q"].to_numpy(float), runs["n"].to_numpy(float), ray["alpha"], ray["c"])]
                colour = COLOURS[i % len(COLOURS)]
                middle = on.groupby("q")["relative"].median()
                panel.plot(middle.index, middle, color=colour, lw=1.2, label=f"n ~ q^{ray['alpha']:g}: {ray['verdict']}")
                panel.plot(on["q"], on["relative"], color=colour, ls="", marker=".", ms=4, alpha=0.6)
        return finished(figure)
