"""The figure of q*(n): measured thresholds, fitted slopes with their bands, what bounds demand, predicted slopes."""

import re
import textwrap
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from results.figures.style import (
    COLOURS,
    DASHES,
    LARGEST_PANELS,
    LEGEND_LINE,
    PANEL,
    Figure,
    log_axes,
    new_panels,
    style,
    ticked,
)
from results.statistics.interval_censored import NotIdentifiable, fit_band, log_ends
from results.tables import series
from results.tables.demands import claims
from results.tables.predicted_exponents import slope_guides

BAND_POINTS = 7
ENTRY_CHARACTERS = 60
ROOM = 0.07
SHARED = ("black", "grey")
MEASURED = r"measured: $q_{\rm low} < q^* \leq q_{\rm high}$, a bar a replicate"
LARGER, SMALLER = r"$q^*$ above every $q$ tried", r"$q^*$ at most the least $q$ tried"


def threshold_figure(located: pd.DataFrame, exponents: pd.DataFrame, demanded: pd.DataFrame) -> Figure:
    """q*(n) of one task: a panel for each target, design and path, one legend for all.

    Bars are intervals q_low < q* <= q_high, one a replicate; triangles are censored thresholds (up: larger, down: smaller).
    Coloured lines are fitted slopes with their 95 % interval, the bands those of the lines; black ones what bounds demand; grey
    ones the slopes that theory predicts, through the middle of the data (slope only). Each carries its status.

    Args:
        located: thresholds of the task, with series.
        exponents: fits, with series and intercept.
        demanded: columns of `results.tables.demands.COLUMNS`.
    """
    panels = series.panels(located)[:LARGEST_PANELS]
    with style():
        figure, axes = new_panels(len(panels))
        speaking, silent = _split(demanded[demanded["series"].isin(located["series"])])
        dashes: dict[str, Any] = {}
        for panel, (target, design, path, part) in zip(axes, panels, strict=True):
            log_axes(panel, x="$n$ (labels)", y="$q^*$", ticks=part["n"])
            ticked(panel.yaxis, pd.concat([part["q_low"], part["q_high"]]).dropna())
            panel.set_title(f"{design}, {path}, {target}", parse_math=False)
            names = series.series_names(part)
            for i, (number, runs) in enumerate(part.groupby("series")):
                same = (exponents["series"] == number) & (exponents["target"] == target) & (exponents["path"] == path)
                _draw_thresholds(panel, runs, colour=COLOURS[i % len(COLOURS)], shift=i)
                _draw_slope(panel, runs, exponents[same], name=names[number], colour=COLOURS[i % len(COLOURS)])
            mine = demanded[demanded["series"].isin(part["series"]) & (demanded["target"] == target)]
            _draw_demands(panel, mine[series.on_shapes(mine, list(zip(part["N"], part["M"], strict=True)))], speaking)
            for guide in slope_guides(part):
                dash = dashes.setdefault(guide.label, DASHES[len(dashes) % len(DASHES)])
                panel.plot(guide.n, guide.q, color="grey", ls=dash, lw=0.8, label=_power(guide.label))
        return _with_legend(figure, axes, silent)


def _split(demanded: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Bounds that demand something somewhere in the figure, in order, and those that do not."""
    some = np.isfinite(demanded["q"]) & ~demanded["vacuous"]
    speaking = sorted(set(demanded["bound"][some]))
    return speaking, sorted(set(demanded["bound"]) - set(speaking))


def _power(text: str) -> str:
    """n^0.5 as mathematics."""
    return re.sub(r"n\^(-?[0-9.]+)", r"$n^{\1}$", text)


def _draw_thresholds(axes: Axes, runs: pd.DataFrame, *, colour: Any, shift: int) -> None:
    for position, row in enumerate(runs.sort_values(["n", "replicate"]).to_dict("records")):
        n = row["n"] * 1.03 ** (shift + 0.4 * (position % 5) - 0.8)
        if row["kind"] == "interval":
            axes.plot([n, n], [row["q_low"], row["q_high"]], color=colour, lw=2.2, alpha=0.7, solid_capstyle="butt")
        elif row["kind"] == "right":
            axes.plot(n, row["q_low"], marker="^", color=colour, ms=5, mfc="none")
        elif row["kind"] == "left":
            axes.plot(n, row["q_high"], marker="v", color=colour, ms=5, mfc="none")


def _draw_slope(axes: Axes, runs: pd.DataFrame, fits: pd.DataFrame, *, name: str, colour: Any) -> None:
    name = name.replace("$", "")
    if fits.empty or fits["identified"].iloc[0] != "yes":
        axes.plot([], [], color=colour, lw=2.2, label=f"{name}: slope not identifiable")
        return
    fit, n = fits.iloc[0], np.geomspace(runs["n"].min(), runs["n"].max(), BAND_POINTS)
    label = f"{name}: {_power(f'n^{fit.exponent:.2f}')} [{fit['low']:.2f}, {fit['high']:.2f}]"
    axes.plot(n, np.exp(fit["intercept"]) * n ** fit["exponent"], color=colour, lw=1.2, label=label)
    band = _band(runs[runs["kind"] != "unknown"], n)
    if band is not None:
        axes.fill_between(n, *band, color=colour, alpha=0.15, lw=0)


def _band(runs: pd.DataFrame, n: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Pointwise 95 % profile-likelihood interval of the fitted line; None where there is none."""
    low, high = log_ends(runs["q_low"], runs["q_high"])
    try:
        band = fit_band(np.log(runs["n"].to_numpy(float)), low, high, at=np.log(n))
    except NotIdentifiable:
        return None
    return np.exp(band[0]), np.exp(band[1])


def _draw_demands(axes: Axes, demanded: pd.DataFrame, speaking: list[str]) -> None:
    """What bounds demand of q, a dash pattern for each."""
    for i, bound in enumerate(speaking):
        mine = demanded[(demanded["bound"] == bound) & np.isfinite(demanded["q"]) & ~demanded["vacuous"]]
        label = f"{bound} ({'; '.join(claims(mine))})"
        width = 1.4 if (mine["status"] == "certified").all() else 0.8
        for _, line in mine.groupby("series"):
            line = line.sort_values("n")
            axes.plot(line["n"], line["q"], color="black", ls=DASHES[i % len(DASHES)], marker=".", ms=3, lw=width, label=label)
            label = "_"


def _with_legend(figure: Figure, axes: list[Axes], silent: list[str]) -> Figure:
    """Slopes are named in their panel, all that panels share below the figure, which grows for it; then fix the layout."""
    lines = [line for panel in axes for line in panel.lines]
    shared = {MEASURED: Line2D([], [], color=COLOURS[0], lw=2.2, alpha=0.7)}
    for name, mark in ((LARGER, "^"), (SMALLER, "v")):
        if any(line.get_marker() == mark for line in lines):
            shared[name] = Line2D([], [], color="dimgrey", ls="", marker=mark, mfc="none")
    for line in lines:
        if line.get_color() in SHARED and _named(line):
            shared.setdefault(str(line.get_label()), line)
    for panel in axes:
        own = [line for line in panel.lines if line.get_color() not in SHARED and _named(line)]
        if own:
            low, high = panel.get_ylim()
            panel.set_ylim(low, high * (high / low) ** (ROOM * (len(own) + 1)))
            panel.legend(handles=own, loc="upper left", fontsize=6)
    if silent:
        shared[f"vacuous at every n here: {', '.join(silent)}"] = Line2D([], [], ls="")
    columns, rows = min(2, len(axes)), -(-len(axes) // 3)
    names = [label if label == MEASURED else textwrap.fill(label, ENTRY_CHARACTERS) for label in shared]
    height = 1 - (-sum(1 + name.count("\n") for name in names) // columns)
    figure.set_size_inches(figure.get_figwidth(), rows * PANEL[1] + LEGEND_LINE * height)
    figure.legend(list(shared.values()), names, loc="outside lower center", ncols=columns)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    return figure


def _named(line: Line2D) -> bool:
    return not str(line.get_label()).startswith("_")
