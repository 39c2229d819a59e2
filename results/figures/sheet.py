"""Where the panels of a figure stand, in inches, so that titles, labels and legends have their room and nothing hides another."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from results.charts.model import Drawing, Heat, Ranges
from results.figures.legends import Entry, entries
from results.figures.lettering import lettered

COLUMNS = 3
AXES = (3.1, 2.2)
LEFT, RIGHT = 0.74, 0.16
BELOW, GAP = 0.47, 0.1
TITLE, TITLE_LINE, TITLE_WIDTH = 0.1, 0.15, 46
ENTRY, ENTRY_LINE, ENTRY_WIDTH, FRAME = 0.152, 0.125, 60, 0.09
CELL, CELL_LETTER = 0.26, 0.068
BRACKET, BRACKET_RIGHT = 0.36, 0.7


@dataclass(frozen=True)
class Panel:
    """A drawing with its room.

    Attributes:
        drawing: what it shows.
        own: the legend below it.
        axes: width and height of the axes.
        left: room left of the axes; right: right of them.
    """

    drawing: Drawing
    own: Sequence[Entry]
    axes: tuple[float, float] = AXES
    left: float = LEFT
    right: float = RIGHT

    @property
    def title(self) -> str:
        """Its lines."""
        return lettered(self.drawing.title, TITLE_WIDTH)

    @property
    def above(self) -> float:
        """Room for the title."""
        return TITLE + TITLE_LINE * (1 + self.title.count("\n"))

    @property
    def width(self) -> float:
        """Of all."""
        return self.left + self.axes[0] + self.right

    @property
    def below(self) -> float:
        """Room for the axes and what stands below them."""
        return self.axes[1] + BELOW + (legend_height(self.own, 1) + GAP if self.own else 0.0)


@dataclass(frozen=True)
class Sheet:
    """The panels of a figure, at most COLUMNS side by side, above the legend of all.

    Attributes:
        panels: row by row.
        shared: entries of the legend below them.
    """

    panels: Sequence[Panel]
    shared: Sequence[Entry]

    @property
    def columns(self) -> int:
        """Panels side by side."""
        return min(COLUMNS, len(self.panels))

    @property
    def legend_columns(self) -> int:
        """Of the legend of all."""
        return min(2, self.columns)

    @property
    def rows(self) -> list[Sequence[Panel]]:
        """The panels that stand side by side."""
        return [self.panels[i : i + self.columns] for i in range(0, len(self.panels), self.columns)]

    @property
    def size(self) -> tuple[float, float]:
        """Width and height."""
        height = sum(max(panel.above for panel in row) + max(panel.below for panel in row) for row in self.rows)
        legend = legend_height(self.shared, self.legend_columns) + GAP if self.shared else 0.0
        return self.columns * max(panel.width for panel in self.panels), height + legend

    def places(self) -> Iterator[tuple[Panel, tuple[float, float, float, float]]]:
        """Each panel with left, lower end, width and height of its axes, as fractions of the sheet; a row has one top."""
        (width, height), step = self.size, max(panel.width for panel in self.panels)
        top = height
        for row in self.rows:
            top -= max(panel.above for panel in row)
            for column, panel in enumerate(row):
                across, up = panel.axes
                yield panel, ((column * step + panel.left) / width, (top - up) / height, across / width, up / height)
            top -= max(panel.below for panel in row)


def sheet_of(drawings: Sequence[Drawing]) -> Sheet:
    """Give each drawing its room."""
    shared, own = entries(drawings)
    return Sheet([_panel(drawing, mine) for drawing, mine in zip(drawings, own, strict=True)], shared)


def _panel(drawing: Drawing, own: Sequence[Entry]) -> Panel:
    if isinstance(drawing, Heat):
        left = max(LEFT, CELL_LETTER * max(map(len, drawing.y), default=0) + 0.1)
        return Panel(drawing, own, (AXES[0], CELL * len(drawing.y)), left)
    if isinstance(drawing, Ranges):
        return Panel(drawing, own, (AXES[0], BRACKET * len(drawing.labels)), RIGHT, BRACKET_RIGHT)
    return Panel(drawing, own)


def legend_height(shown: Sequence[Entry], columns: int) -> float:
    """Room for a legend whose entries fill its columns one after another."""
    if not shown:
        return 0.0
    rooms = [ENTRY + ENTRY_LINE * lettered(entry.text, ENTRY_WIDTH).count("\n") for entry in shown]
    most = math.ceil(len(rooms) / columns)
    return FRAME + max(sum(rooms[i : i + most]) for i in range(0, len(rooms), most))
