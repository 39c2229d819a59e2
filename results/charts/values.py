"""What a figure shows, as a table and in words: for whoever does not see it, and for whoever draws it again elsewhere.

    panel, series, worth    the panel's title; the entries of its legend that show the point; what these are worth
    x, y                    where the point lies; of a table of coloured cells, the label of its column and its value
    low, high               ends of a bar or of a band; empty where one is not known
    text                    what is said beside it; of a table of coloured cells, the label of its row

Rows stand in the order in which they are drawn.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from results.charts.model import Band, Chart, Drawing, Heat, Intervals, Layer, Level, Records
from results.tables.csv_files import csv_bytes

COLUMNS = ("panel", "series", "worth", "x", "y", "low", "high", "text")
Row = dict[str, Any]


def values(panels: Sequence[Drawing], records: pd.DataFrame) -> pd.DataFrame:
    """The points of the panels of a figure, in the order in which they are drawn.

    Args:
        panels: its charts.
        records: the record table that they point into.
    """
    rows = [{"panel": panel.title, **row} for panel in panels for row in _rows(panel, records)]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    kinds = {name: "float" for name in ("y", "low", "high")} | {
        "x": "str" if any(isinstance(p, Heat) for p in panels) else "float"
    }
    return table.astype({name: kinds.get(name, "str") for name in COLUMNS})


def values_csv(panels: Sequence[Drawing], records: pd.DataFrame) -> bytes:
    """The same as a CSV file."""
    return csv_bytes(values(panels, records))


def words(caption: str, panels: Sequence[Drawing]) -> str:
    """What a figure shows, in words: its caption, and each panel."""
    return "".join(f"{line}\n" for line in (f"{caption}.", *(f"{panel.title}: {panel.alt}" for panel in panels)))


def _rows(panel: Drawing, records: pd.DataFrame) -> Iterator[Row]:
    if isinstance(panel, Chart):
        for layer in panel.layers:
            switches = [panel.switches[place] for place in layer.switches]
            known = {
                "series": "; ".join(one.label for one in switches),
                "worth": "; ".join(filter(None, (s.status for s in switches))),
            }
            yield from ({**known, **row} for row in _points(layer, records))
    elif isinstance(panel, Heat):
        places = [(x, y) for y in panel.y for x in panel.x]
        for measure, found in panel.measures:
            yield from ({"series": measure, "x": x, "y": value, "text": y} for (x, y), value in zip(places, found, strict=True))
    else:
        for label, low, high, said in zip(panel.labels, panel.low, panel.high, panel.text, strict=True):
            yield {"series": label, "low": low, "high": high, "text": said}


def _points(layer: Layer, records: pd.DataFrame) -> Iterator[Row]:
    """The points of a layer."""
    if isinstance(layer, Level):
        yield {"y": layer.y}
    elif isinstance(layer, Records):
        chosen = records.iloc[list(layer.row)]
        yield from ({"x": x, "y": y} for x, y in zip(chosen[layer.x], chosen[layer.y], strict=True))
    elif isinstance(layer, Band):
        yield from ({"x": x, "low": low, "high": high} for x, low, high in zip(layer.x, layer.low, layer.high, strict=True))
    elif isinstance(layer, Intervals):
        yield from (
            {"x": x, "low": low, "high": high, "text": text}
            for x, low, high, text in zip(layer.x, layer.low, layer.high, layer.text, strict=True)
        )
    else:
        yield from ({"x": x, "y": y} for x, y in zip(layer.x, layer.y, strict=True))
