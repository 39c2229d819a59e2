"""Charts as data: axes, layers of numbers, and the switches of the legend. What a chart says stands here.

It is drawn twice: by `results.figures` for print, and by `results/page/assets` on the page. A layer is seen while all its
switches are on. `row` is a row of the record table (or None): what the pointer shows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from results.tables.numbers import Number

FEW_TICKS = 9
GREY = -1
Role = Literal["data", "fit", "theory"]
Status = Literal["", "measured", "certified", "asymptotic", "heuristic", "slope only", "vacuous"]


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
    ticks: Sequence[int] = field(default_factory=list)
    decades: int = 0


def marked(label: str, values: Iterable[int], *, decades: int = 0) -> Axis:
    """An axis with these values marked, if they are few."""
    found = sorted({int(value) for value in values})
    return Axis(label, ticks=found if len(found) <= FEW_TICKS else [], decades=decades)


@dataclass(frozen=True)
class Switch:
    """An entry of the legend, which shows or hides its layers.

    Attributes:
        label: what it is.
        role: `data` (measured), `fit` or `theory`.
        status: what it is worth, of theory.
        claim: what it is worth in words, if `status` does not say all.
        colour: number of a colour, GREY, or None for the colour of text.
        dash: number of a dash pattern, 0 a full line.
        shown: whether it is on at first.
        empty: nothing to draw: the entry only says so.
    """

    label: str
    role: Role
    status: Status = ""
    claim: str = ""
    colour: int | None = None
    dash: int = 0
    shown: bool = True
    empty: bool = False


@dataclass(frozen=True, kw_only=True)
class _Layer:
    switches: tuple[int, ...]
    colour: int | None = None
    dash: int = 0


@dataclass(frozen=True, kw_only=True)
class Line(_Layer):
    """A line through points, which are marked on request."""

    x: Sequence[Number]
    y: Sequence[Number]
    mark: bool = False
    kind: Literal["line"] = "line"


@dataclass(frozen=True, kw_only=True)
class Band(_Layer):
    """The area between two lines."""

    x: Sequence[Number]
    low: Sequence[Number]
    high: Sequence[Number]
    kind: Literal["band"] = "band"


@dataclass(frozen=True, kw_only=True)
class Intervals(_Layer):
    """Upright bars; an end that is None is not known. `text` says what each is."""

    x: Sequence[Number]
    low: Sequence[Number]
    high: Sequence[Number]
    text: Sequence[str]
    row: Sequence[int | None]
    kind: Literal["interval"] = "interval"


@dataclass(frozen=True, kw_only=True)
class Records(_Layer):
    """Rows of the record table as points; `x` and `y` name its columns on the axes."""

    row: Sequence[int]
    x: str
    y: str
    kind: Literal["record"] = "record"


@dataclass(frozen=True, kw_only=True)
class Level(_Layer):
    """A horizontal line."""

    y: Number
    kind: Literal["level"] = "level"


Layer = Line | Band | Intervals | Records | Level


@dataclass(frozen=True, kw_only=True)
class _Drawing:
    """What every drawing has.

    Attributes:
        section: the section of the page it stands in.
        task: what it is about.
        title: its heading.
        alt: says in words what it shows.
        figure: the figure for print that it is a panel of, together with others of its task.
        caption: says what that figure shows.
        target: the target it is about; empty: several, or none.
    """

    section: str
    task: str
    title: str
    alt: str
    figure: str
    caption: str
    target: str = ""


@dataclass(frozen=True, kw_only=True)
class Chart(_Drawing):
    """A chart with axes.

    Attributes:
        shades: colours are so many shades of one scale, in the order of their numbers; 0: they only differ.
    """

    x: Axis
    y: Axis
    switches: tuple[Switch, ...]
    layers: tuple[Layer, ...]
    shades: int = 0
    type: Literal["axes"] = "axes"


@dataclass(frozen=True, kw_only=True)
class Heat(_Drawing):
    """A table of coloured cells.

    Attributes:
        x: labels of the columns.
        y: labels of the rows.
        measures: what a cell can show: pairs of a label and a value (or None) for each cell, row by row.
        row: the record behind each cell.
    """

    x_label: str
    y_label: str
    x: Sequence[str]
    y: Sequence[str]
    measures: Sequence[tuple[str, Sequence[Number]]]
    row: Sequence[int | None]
    type: Literal["heat"] = "heat"


@dataclass(frozen=True, kw_only=True)
class Ranges(_Drawing):
    """Horizontal bars from a lower to an upper end, one per line; an end that is None is not known."""

    x: Axis
    labels: Sequence[str]
    low: Sequence[int | None]
    high: Sequence[int | None]
    text: Sequence[str]
    type: Literal["ranges"] = "ranges"


Drawing = Chart | Heat | Ranges


@dataclass
class Sketch:
    """A chart under construction: its layers, and its switches, of which equal ones are one."""

    switches: list[Switch] = field(default_factory=list)
    layers: list[Layer] = field(default_factory=list)

    def switch(self, switch: Switch) -> int:
        """The number of a switch, which is added if it is new."""
        if switch not in self.switches:
            self.switches.append(switch)
        return self.switches.index(switch)

    def chart(
        self,
        *,
        section: str,
        task: str,
        title: str,
        alt: str,
        figure: str,
        caption: str,
        x: Axis,
        y: Axis,
        target: str = "",
        shades: int = 0,
    ) -> Chart:
        """The chart of what was sketched; arguments as the fields of `Chart`."""
        return Chart(
            section=section,
            task=task,
            title=title,
            alt=alt,
            figure=figure,
            caption=caption,
            target=target,
            x=x,
            y=y,
            switches=tuple(self.switches),
            layers=tuple(self.layers),
            shades=shades,
        )


def as_json(drawing: Drawing) -> dict[str, Any]:
    """The drawing as plain lists and dictionaries."""
    return asdict(drawing)
