"""Charts as data: axes, layers of numbers, and the switches of the legend. What a chart says stands here; `chart.js` draws it.

kind of a layer   its data
line              x, y
band              x, low, high
interval          x, low, high (None: no such end), text, row
record            row, and the names of the record columns on the axes: x, y
level             y: a horizontal line

`row` is a row of the record table (or None): what the pointer shows beside `text`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from results.tables.numbers import Number

COLOURS = 7
Role = Literal["data", "fit", "theory"]


@dataclass(frozen=True)
class Axis:
    """An axis.

    Attributes:
        label: its label.
        log: whether it is logarithmic.
        ticks: the values to mark, if they are few.
        decades: how far below the largest measured value the axis reaches; what is smaller lies on its lower end. 0: no limit.
    """

    label: str
    log: bool = True
    ticks: Sequence[float] = ()
    decades: int = 0


@dataclass(frozen=True)
class Switch:
    """An entry of the legend, which shows or hides its layers.

    Attributes:
        label: what it is.
        role: `data` (measured), `fit` or `theory`.
        status: of a bound: certified, asymptotic, heuristic or vacuous; of a predicted slope: slope only.
        claim: what it is worth in words, if `status` does not say all.
        colour: number of a colour; None for the colour of text.
        dash: number of a dash pattern, 0 a full line.
        shown: whether it is on at first.
        empty: nothing to draw: the entry only says so.
    """

    label: str
    role: Role
    status: str = ""
    claim: str = ""
    colour: int | None = None
    dash: int = 0
    shown: bool = True
    empty: bool = False


@dataclass(frozen=True)
class Layer:
    """Something drawn; it is seen while all its switches are on."""

    kind: Literal["line", "band", "interval", "record", "level"]
    switches: tuple[int, ...]
    data: Mapping[str, Any]
    colour: int | None = None
    dash: int = 0


@dataclass(frozen=True)
class Chart:
    """A chart with axes, by section and task; `alt` says in words what it shows."""

    section: str
    task: str
    title: str
    alt: str
    x: Axis
    y: Axis
    switches: tuple[Switch, ...]
    layers: tuple[Layer, ...]
    type: str = "axes"


@dataclass(frozen=True)
class Heat:
    """A table of coloured cells.

    Attributes:
        x: labels of the columns.
        y: labels of the rows.
        measures: what a cell can show: pairs of a label and a value (or None) for each cell, row by row.
        row: the record behind each cell.
    """

    section: str
    task: str
    title: str
    alt: str
    x_label: str
    y_label: str
    x: Sequence[str]
    y: Sequence[str]
    measures: Sequence[tuple[str, Sequence[Number]]]
    row: Sequence[int | None]
    type: str = "heat"


@dataclass(frozen=True)
class Ranges:
    """Horizontal bars from a lower to an upper end, one a line; an end that is None is not known."""

    section: str
    task: str
    title: str
    alt: str
    x: Axis
    labels: Sequence[str]
    low: Sequence[int | None]
    high: Sequence[int | None]
    text: Sequence[str]
    type: str = "ranges"


Drawing = Chart | Heat | Ranges


@dataclass
class Legend:
    """Collects the switches of a chart; equal ones are one."""

    switches: list[Switch] = field(default_factory=list)

    def add(self, switch: Switch) -> int:
        """The number of a switch, which is added if it is new."""
        if switch not in self.switches:
            self.switches.append(switch)
        return self.switches.index(switch)


def as_json(drawing: Drawing) -> dict[str, Any]:
    """The drawing as plain lists and dictionaries."""
    return asdict(drawing)
