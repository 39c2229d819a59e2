"""What the legends of a figure say: what its panels share stands once below them, the rest below each panel."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.lines import Line2D

from results.charts.model import Chart, Drawing, Intervals, Line, Records, Role, Status, Switch
from results.figures.layers import BAR, OPEN, colour_of, dash_of, width_of

RANK: dict[Status, int] = {
    "certified": 0,
    "asymptotic": 1,
    "heuristic": 2,
    "measured": 3,
    "slope only": 4,
    "vacuous": 5,
    "": 6,
}
LARGER, SMALLER = "larger than every size tried", "at most the smallest size tried"


@dataclass(frozen=True)
class Entry:
    """An entry: its text, its role and status, and its look (none: text alone)."""

    text: str
    role: Role
    status: Status = ""
    look: tuple[tuple[str, Any], ...] = ()

    def handle(self) -> Line2D:
        """What stands before the text."""
        return Line2D([], [], **dict(self.look or (("ls", ""),)))


def entries(panels: Sequence[Drawing]) -> tuple[list[Entry], list[list[Entry]]]:
    """Entries of the figure, and those of each panel alone.

    All entries of a single panel are the figure's. Of several panels, what theory says is, and what is measured if all panels
    measure the same.
    """
    charts = [panel for panel in panels if isinstance(panel, Chart)]
    of_panel = [list(_entries(panel)) if isinstance(panel, Chart) else [] for panel in panels]
    same = len({frozenset(entry for entry in found if entry.role == "data") for found in of_panel}) == 1
    together = {"theory"} | ({"data"} if same else set()) | ({"fit"} if len(panels) == 1 else set())
    found = dict.fromkeys(entry for mine in of_panel for entry in mine if entry.role in together)
    theory = sorted((entry for entry in found if entry.role == "theory"), key=lambda entry: RANK[entry.status])
    shared = [*(entry for entry in found if entry.role != "theory"), *_open_ends(charts), *theory, *_without_statement(charts)]
    return shared, [[entry for entry in mine if entry.role not in together] for mine in of_panel]


def _entries(chart: Chart) -> Iterator[Entry]:
    for number, switch in enumerate(chart.switches):
        text = switch.label + (f" ({switch.claim or switch.status})" if switch.status else "")
        if not switch.empty:
            yield Entry(text, switch.role, switch.status, tuple(sorted(_look(chart, number, switch).items())))
        elif not switch.status:
            yield Entry(text, switch.role)


def _look(chart: Chart, number: int, switch: Switch) -> dict[str, Any]:
    """How the layers look that a switch stands for: those it shows alone, or all it shows if there are none."""
    alone = [layer for layer in chart.layers if layer.switches == (number,)]
    colour = colour_of(switch.colour, chart.shades)
    if any(isinstance(layer, Intervals) for layer in alone):
        return {"color": colour, **BAR}
    marked = any(isinstance(layer, Records) or (isinstance(layer, Line) and layer.mark) for layer in alone)
    line = switch.role != "data" or any(isinstance(layer, Line) for layer in alone)
    return {
        "color": colour,
        "ls": dash_of(switch.dash) if line else "",
        "lw": width_of([switch], switch.colour),
        "marker": "." if marked else "",
        "ms": 4,
    }


def _open_ends(charts: Sequence[Chart]) -> Iterator[Entry]:
    """What a triangle means, where there are some."""
    bars = [layer for chart in charts for layer in chart.layers if isinstance(layer, Intervals)]
    ends = [(low, high) for layer in bars for low, high in zip(layer.low, layer.high, strict=True)]
    for text, marker, some in (
        (LARGER, "^", any(low is not None and high is None for low, high in ends)),
        (SMALLER, "v", any(low is None and high is not None for low, high in ends)),
    ):
        if some:
            look = {"color": "dimgrey", "ls": "", "marker": marker, "mfc": "none", "ms": OPEN}
            yield Entry(text, "data", look=tuple(sorted(look.items())))


def _without_statement(charts: Sequence[Chart]) -> Iterator[Entry]:
    """Theory that says nothing in any panel, by what it is worth."""
    told = [switch for chart in charts for switch in chart.switches if switch.status]
    shown = {switch.label for switch in told if not switch.empty}
    worth: dict[str, dict[str, None]] = {}
    for switch in told:
        if switch.label not in shown:
            worth.setdefault(switch.claim or switch.status, {})[switch.label] = None
    for claim, names in worth.items():
        yield Entry(f"{claim}: {', '.join(sorted(names))}", "theory")
