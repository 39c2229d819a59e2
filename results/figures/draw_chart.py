"""Drawing charts for print, with matplotlib: the same data that the page's script draws."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from results.charts.model import Chart, Drawing, Heat
from results.figures.cells import draw_heat, draw_ranges, scale_of
from results.figures.layers import draw_layers
from results.figures.legends import Entry
from results.figures.lettering import lettered
from results.figures.sheet import BELOW, ENTRY_WIDTH, GAP, TITLE_WIDTH, Panel, sheet_of
from results.figures.style import style

LABEL = 0.24


def draw(drawings: Sequence[Drawing], records: pd.DataFrame) -> Figure:
    """Draw charts as the panels of one figure.

    Args:
        drawings: what is drawn.
        records: the record table that their layers point into.
    """
    sheet = sheet_of(drawings)
    with style():
        figure = Figure(figsize=sheet.size)
        FigureCanvasAgg(figure)
        scale = scale_of(drawings)
        for panel, place in sheet.places():
            axes = figure.add_axes(place)
            axes.set_title(panel.title)
            _draw_panel(axes, panel, records, scale)
            _legend(axes, panel.own, loc="upper center", bbox_to_anchor=(0.5, -BELOW / panel.axes[1]))
        below = (0.5, GAP / 2 / sheet.size[1])
        _legend(figure, sheet.shared, loc="lower center", bbox_to_anchor=below, ncols=sheet.legend_columns)
    return figure


def _draw_panel(axes: Axes, panel: Panel, records: pd.DataFrame, scale: Any) -> None:
    drawing = panel.drawing
    if isinstance(drawing, Heat):
        draw_heat(axes, drawing, scale)
        return
    axes.set_xlabel(lettered(drawing.x.label, TITLE_WIDTH))
    if isinstance(drawing, Chart):
        axes.set_ylabel(lettered(drawing.y.label, TITLE_WIDTH))
        axes.yaxis.set_label_coords((LABEL - panel.left) / panel.axes[0], 0.5)
        draw_layers(axes, drawing, records, panel.axes)
    else:
        draw_ranges(axes, drawing, panel.axes)


def _legend(place: Axes | Figure, shown: Sequence[Entry], **where: Any) -> None:
    if shown:
        texts = [lettered(entry.text, ENTRY_WIDTH) for entry in shown]
        place.legend([entry.handle() for entry in shown], texts, borderaxespad=0.0, **where)
