"""Error of a small net against its training samples, for each number of bits that it reads, with the line nothing comes below."""

from collections.abc import Iterator

import pandas as pd

from results.charts.evidence import Evidence
from results.charts.model import Axis, Chart, Level, Line, Sketch, Switch, marked
from results.tables.numbers import number, numbers

DECADES = 6
LEAST = Switch("least mean error of whatever reads so many bits", "theory", "certified", dash=1)


def digit_charts(evidence: Evidence) -> Iterator[Chart]:
    """A chart for each K."""
    for digits, part in evidence.tables["digits"].groupby("digits", sort=True):
        yield _chart(part, int(str(digits)))


def _chart(part: pd.DataFrame, digits: int) -> Chart:
    sketch = Sketch()
    for colour, (reading, line) in enumerate(part.groupby("reading", sort=True)):
        switch = sketch.switch(Switch(f"{int(str(reading)) or 'all'} bits read", "data", colour=colour))
        at = (switch,)
        sketch.layers.append(Line(switches=at, x=numbers(line["samples"]), y=numbers(line["mean"]), colour=colour, mark=True))
        if line["least_mean"].iloc[0] > 0.0:
            both = (switch, sketch.switch(LEAST))
            sketch.layers.append(Level(switches=both, y=number(line["least_mean"].iloc[0]), colour=colour, dash=1))
    return sketch.chart(
        section="companion",
        task="square-root lasso",
        title=f"mean error of the net, K = {digits}",
        alt=f"Mean error in units of 10^-{digits} against the number of training samples: from {part['mean'].max():.3g} to"
        f" {part['mean'].min():.2g}.",
        figure="digits",
        caption="Mean error of a small net, in units of 10^-K, that reads matrices in full or to some bits; dashed: closed form;"
        f" what lies more than {DECADES} decades below the largest is drawn on the lower edge",
        x=marked("training samples", part["samples"]),
        y=Axis("mean error, units of 10^-K", decades=DECADES),
    )
