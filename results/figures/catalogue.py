"""Which figures a study gets: its charts, those of one kind and task together as the panels of one figure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pandas as pd

from results.charts.model import Drawing
from results.figures.draw_chart import draw
from results.figures.names import name_of
from results.figures.style import Figure

MOST_PANELS = 12


@dataclass(frozen=True)
class Picture:
    """A figure with its file name (without ending), a sentence that says what it shows, and its charts, also those cut off."""

    name: str
    caption: str
    figure: Figure
    panels: tuple[Drawing, ...]


def pictures(drawings: Iterable[Drawing], records: pd.DataFrame) -> Iterator[Picture]:
    """Draw the charts of a study; of more than MOST_PANELS in one figure the first, and the caption says so.

    Args:
        drawings: the charts.
        records: the record table that they point into.
    """
    together: dict[tuple[str, str], list[Drawing]] = {}
    for drawing in drawings:
        together.setdefault((drawing.figure, drawing.task), []).append(drawing)
    for (figure, task), panels in together.items():
        cut = f" ({MOST_PANELS} of {len(panels)} panels)" if len(panels) > MOST_PANELS else ""
        yield Picture(name_of(figure, task), panels[0].caption + cut, draw(panels[:MOST_PANELS], records), tuple(panels))
