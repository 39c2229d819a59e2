"""Figures: tables in, Figure out. The style is a context, so nothing global changes; the same tables give the same bytes."""

import io
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure as Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from results import series
from results.predictions import slope_guides
from results.rays import on_ray

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


def _panels(count: int) -> tuple[Figure, list[Axes]]:
    columns = min(count, 3)
    rows = -(-count // columns)
    figure = Figure(figsize=(PANEL[0] * columns, PANEL[1] * rows), layout="constrained")
    FigureCanvasAgg(figure)
    axes = [figure.add_subplot(rows, columns, i + 1) for i in range(count)]
    return figure, axes


def _log_axes(axes: Axes, *, x: str, y: str, ticks: "pd.Series[int]") -> None:
    axes.set(xscale="log", yscale="log", xlabel=x, ylabel=y)
    _ticks(axes.xaxis, ticks)


def _ticks(axis: Axis, values: "pd.Series[int]") -> None:
    """Mark the values that occur, if they are few."""
    if 0 < values.nunique() <= LARGEST_TICKS:
        axis.set_major_locator(FixedLocator(sorted(values.unique())))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))


def _finished(figure: Figure) -> Figure:
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


def threshold_figure(located: pd.DataFrame, exponents: pd.DataFrame, demanded: pd.DataFrame) -> Figure:
    """q*(n) of one task: a panel for each target, design and path.

    Bars are intervals q_low < q* <= q_high, one a replicate; triangles are censored thresholds (up: larger, down: smaller).
    Coloured lines are fitted slopes with their 95 % interval; black ones what bounds demand; grey ones the slopes that theory
    predicts, through the middle of the data (slope only). Each bound and prediction carries its status.

    Args:
        located: thresholds of the task, with series.
        exponents: fits, with series and intercept.
        demanded: columns of `results.theory.COLUMNS`.
    """
    panels = series.panels(located)[:LARGEST_PANELS]
    with style():
        figure, axes = _panels(len(panels))
        for panel, (target, design, path, part) in zip(axes, panels, strict=True):
            _log_axes(panel, x="n", y="q*", ticks=part["n"])
            _ticks(panel.yaxis, pd.concat([part["q_low"], part["q_high"]]).dropna())
            panel.set_title(f"{design}, {path}, {target}")
            for i, (number, runs) in enumerate(part.groupby("series")):
                same = (exponents["series"] == number) & (exponents["target"] == target) & (exponents["path"] == path)
                _draw_thresholds(panel, runs, colour=COLOURS[i % len(COLOURS)], shift=i)
                _draw_slope(panel, runs, exponents[same], colour=COLOURS[i % len(COLOURS)])
            mine = demanded[demanded["series"].isin(part["series"]) & (demanded["target"] == target)]
            _draw_demands(panel, mine[series.on_shapes(mine, list(zip(part["N"], part["M"], strict=True)))])
            for i, guide in enumerate(slope_guides(part, path)):
                panel.plot(guide.n, guide.q, color="grey", ls=DASHES[i % len(DASHES)], lw=0.8, label=guide.label)
        return _finished(figure)


def _draw_thresholds(axes: Axes, runs: pd.DataFrame, *, colour: Any, shift: int) -> None:
    for position, row in enumerate(runs.sort_values(["n", "replicate"]).to_dict("records")):
        n = row["n"] * 1.03 ** (shift + 0.4 * (position % 5) - 0.8)
        if row["kind"] == "interval":
            axes.plot([n, n], [row["q_low"], row["q_high"]], color=colour, lw=2.2, alpha=0.7, solid_capstyle="butt")
        elif row["kind"] == "right":
            axes.plot(n, row["q_low"], marker="^", color=colour, ms=5, mfc="none")
        elif row["kind"] == "left":
            axes.plot(n, row["q_high"], marker="v", color=colour, ms=5, mfc="none")


def _draw_slope(axes: Axes, runs: pd.DataFrame, fits: pd.DataFrame, *, colour: Any) -> None:
    name = f"{runs['schedule'].iloc[0]} ({runs['sizes'].iloc[0]})"
    if fits.empty or fits["identified"].iloc[0] != "yes":
        axes.plot([], [], color=colour, lw=2.2, label=f"{name}: slope not identifiable")
        return
    fit, n = fits.iloc[0], np.array([runs["n"].min(), runs["n"].max()], dtype=float)
    label = f"{name}: n^{fit['exponent']:.2f} [{fit['low']:.2f}, {fit['high']:.2f}]"
    axes.plot(n, np.exp(fit["intercept"]) * n ** fit["exponent"], color=colour, lw=1.2, label=label)


def _draw_demands(axes: Axes, demanded: pd.DataFrame) -> None:
    """What bounds demand of q, a dash pattern for each; those that demand nothing here are named on one line."""
    silent = []
    for i, (bound, lines) in enumerate(demanded.groupby("bound")):
        speaking = lines[np.isfinite(lines["q"]) & ~lines["status"].str.startswith("vacuous")]
        if speaking.empty:
            silent.append(str(bound))
        label = f"{bound} ({'; '.join(sorted(speaking['status'].unique()))})"
        for _, line in speaking.groupby("series"):
            line = line.sort_values("n")
            axes.plot(line["n"], line["q"], color="black", ls=DASHES[i % len(DASHES)], marker=".", ms=3, lw=0.8, label=label)
            label = "_"
    if silent:
        axes.plot([], [], ls="", label=f"vacuous here: {', '.join(silent)}")


def error_figure(scaling: pd.DataFrame) -> Figure:
    """Training error against q of one task and noise: a panel for each way the sizes follow q, a colour for each (N, M).

    Line: best run, band: best to worst; dashed: certified floor; dotted: noise energy V, the sigma^2 line.
    """
    rows = scaling.drop_duplicates([*series.SERIES, "N", "M", "q", "d"])
    groups = [part for _, part in rows.groupby("series") if series.has_error_curve(part)]
    with style():
        figure, axes = _panels(max(1, min(len(groups), LARGEST_PANELS)))
        for panel, part in zip(axes, groups, strict=False):
            first = part.iloc[0]
            _log_axes(panel, x="q", y="training error R", ticks=part["q"])
            panel.set_title(f"{first['design']}, {first['schedule']}: {first['sizes']}", wrap=True)
            shapes = sorted(set(zip(part["n"], part["N"], part["M"], strict=True)))
            for shape, colour in zip(shapes, sns.color_palette("viridis", len(shapes)), strict=True):
                line = part[(part["N"] == shape[1]) & (part["M"] == shape[2])].sort_values("q")
                _draw_errors(panel, line, colour=colour, label=f"n = {shape[0]} ({shape[1]} x {shape[2]})")
            noise = part["noise_energy"].median()
            if noise > 0:
                panel.axhline(noise, color="black", ls=":", lw=1.0, label="noise energy V (sigma^2)")
            if part["floor"].gt(0).any():
                panel.plot([], [], color="grey", ls="--", lw=1.0, label="floor (certified)")
        return _finished(figure)


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
        figure, axes = _panels(max(1, min(len(panels), LARGEST_PANELS)))
        scale = LogNorm(values.min(), max(values.max(), values.min() * 1.01)) if values.gt(0).all() and len(values) else None
        for panel, ((_, functions, points, q), part) in zip(axes, panels, strict=False):
            table = part.pivot_table(index="branch_widths", columns="trunk_widths", values="relative_best", aggfunc="min")
            table = table.loc[sorted(table.index, key=_by_size), sorted(table.columns, key=_by_size)]
            sns.heatmap(table, ax=panel, norm=scale, cmap="viridis_r", annot=True, fmt=".2g", cbar=False, annot_kws={"size": 7})
            panel.set(xlabel="trunk widths", ylabel="branch widths")
            panel.grid(visible=False)
            panel.set_title(f"q = {q}, N = {functions}, M = {points}")
        return _finished(figure)


def _by_size(widths: str) -> list[int]:
    return [int(width) for width in widths.split("x")]


def ray_figure(rays: pd.DataFrame, frame: pd.DataFrame) -> Figure:
    """Relative training error along the rays of one task: a panel for each series, a colour for each alpha, points are runs."""
    groups: Sequence[tuple[Any, pd.DataFrame]] = list(rays.groupby(["series", "M"]))[:LARGEST_PANELS]
    with style():
        figure, axes = _panels(max(1, len(groups)))
        for panel, ((number, points), part) in zip(axes, groups, strict=False):
            first = part.iloc[0]
            noise = "noise-free" if first["sigma"] == 0 else f"{first['noise_law']} noise, sigma = {first['sigma']:g}"
            panel.set_title(f"{first['sizes']}, M = {points}, {noise}", wrap=True)
            runs = frame[(frame["series"] == number) & (frame["M"] == points) & (frame["status"] == "done")]
            _log_axes(panel, x="q", y="relative training error", ticks=runs["q"])
            for i, ray in enumerate(part.to_dict("records")):
                on = runs[on_ray(runs["q"].to_numpy(float), runs["n"].to_numpy(float), ray["alpha"], ray["c"])]
                colour = COLOURS[i % len(COLOURS)]
                middle = on.groupby("q")["relative"].median()
                panel.plot(middle.index, middle, color=colour, lw=1.2, label=f"n ~ q^{ray['alpha']:g}: {ray['verdict']}")
                panel.plot(on["q"], on["relative"], color=colour, ls="", marker=".", ms=4, alpha=0.6)
        return _finished(figure)
