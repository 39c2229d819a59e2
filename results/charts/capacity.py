"""Generalisation gap, the shape 2 delta Rad and the bound against the number of labels."""

from collections.abc import Iterator

import pandas as pd

from results.charts.evidence import Evidence
from results.charts.model import Axis, Chart, Line, Sketch, Switch, marked
from results.tables.numbers import numbers

BOUND = Switch("bound of the gap, if fresh functions are no larger", "theory", "certified", dash=1)
SHAPE = Switch("2 delta Rad of independent pairs", "theory", "heuristic", dash=2)


def capacity_charts(evidence: Evidence) -> Iterator[Chart]:
    """A chart for each depth and width."""
    for (layers, width), part in evidence.tables["capacity"].groupby(["layers", "width"], sort=True):
        yield _chart(part, int(str(layers)), int(str(width)))


def _chart(part: pd.DataFrame, layers: int, width: int) -> Chart:
    sketch = Sketch()
    for colour, (points, line) in enumerate(part.groupby("points", sort=True)):
        what = "independent pairs" if int(str(points)) == 1 else f"{points} points per function"
        switch, x = sketch.switch(Switch(what, "data", colour=colour)), numbers(line["labels"])
        sketch.layers.append(
            Line(switches=(switch,), x=x, y=numbers(line["gap"].where(line["gap"] > 0.0)), colour=colour, mark=True)
        )
        for theory, name in ((BOUND, "bound"), (SHAPE, "bound_pairs")):
            both = (switch, sketch.switch(theory))
            sketch.layers.append(Line(switches=both, x=x, y=numbers(line[name]), colour=colour, dash=theory.dash))
    return sketch.chart(
        section="companion",
        task="burgers, bias-free nets",
        title=f"generalisation gap, {layers} matrices, width {width}",
        alt=f"Gap between test and training loss against N P: from {part['gap'].max():.2g} to {part['gap'].min():.2g}; bounds"
        f" from {part['bound'].max():.2g} to {part['bound'].min():.2g}. Negative gaps are not drawn.",
        figure="capacity",
        caption="Generalisation gap of bias-free DeepONets against the number of labels N P, with the bound by capacity",
        x=marked("labels N P", part["labels"]),
        y=Axis("gap"),
    )
