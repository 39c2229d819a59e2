"""Growth along rays against |W|, and autocorrelation times of Langevin dynamics against the width."""

from collections.abc import Iterator

import pandas as pd

from results.charts.evidence import Evidence
from results.charts.model import Axis, Chart, Intervals, Level, Line, Sketch, Switch, marked
from results.tables.numbers import numbers

RATIO = "ratio_1e"
DECADES = 4
LIMIT = Switch("1: what any lambda > 0 must reach", "theory", "certified", dash=1)


def villani_charts(evidence: Evidence) -> Iterator[Chart]:
    """A chart for each loss and activation, and one of the chains."""
    for (loss, activation), part in evidence.tables["villani"].groupby(["loss", "activation"], sort=True):
        yield _growth(part, str(loss), str(activation))
    chains = evidence.tables["sampling"]
    chains = chains[chains["experiment"] == "langevin"]
    if chains["width"].nunique() > 1:
        yield _chains(chains)


def _growth(part: pd.DataFrame, loss: str, activation: str) -> Chart:
    sketch = Sketch()
    exponents = [int(name.removeprefix(RATIO)) for name in map(str, part) if name.startswith(RATIO)]
    for colour, row in enumerate(part.sort_values("strength").to_dict("records")):
        unit = "lambda_c" if loss == "two layers" else ""
        switch = sketch.switch(Switch(f"lambda = {row['strength']:g} {unit}".strip(), "data", colour=colour))
        found = (row[f"{RATIO}{exponent}"] for exponent in exponents)
        values = numbers(value if value > 0.0 else None for value in found)
        x = [10**exponent for exponent in exponents]
        sketch.layers.append(Line(switches=(switch,), x=x, y=values, colour=colour, mark=True))
    if loss != "poisson residual" and loss != "trained heads":
        sketch.layers.append(Level(switches=(sketch.switch(LIMIT),), y=1, dash=1))
    shown = any(value is not None for layer in sketch.layers if isinstance(layer, Line) for value in layer.y)
    return sketch.chart(
        section="companion",
        task="regularised losses",
        title=f"growth, {loss}, {activation}" + ("" if shown else ": negative throughout"),
        alt=f"Least (|grad F|^2 - Lap F) / (lambda |W|)^2 over directions against |W| for {loss}, {activation}; at |W| = 1e5 from"
        f" {part[f'{RATIO}5'].min():.3g} to {part[f'{RATIO}5'].max():.3g}. Negative values are not drawn.",
        figure="growth",
        caption="Growth along rays: least (|grad F|^2 - Lap F) / (lambda |W|)^2 over directions; negative values are not drawn,"
        f" and what lies more than {DECADES} decades below the largest lies on the lower edge",
        x=Axis("|W|"),
        y=Axis("growth", decades=DECADES),
    )


def _chains(rows: pd.DataFrame) -> Chart:
    sketch = Sketch()
    for colour, (activation, part) in enumerate(rows.groupby("activation", sort=True)):
        switch = sketch.switch(Switch(str(activation), "data", colour=colour))
        low, high = numbers(part["autocorrelation_low"]), numbers(part["autocorrelation_high"])
        said = [
            f"{activation}, width {width}: {time:.3g}"
            for width, time in zip(part["width"], part["autocorrelation_time"], strict=True)
        ]
        x, nowhere = numbers(part["width"]), [None] * len(part)
        sketch.layers += [
            Line(switches=(switch,), x=x, y=numbers(part["autocorrelation_time"]), colour=colour, mark=True),
            Intervals(switches=(switch,), x=x, low=low, high=high, text=said, row=nowhere, colour=colour),
        ]
    return sketch.chart(
        section="companion",
        task="regularised losses",
        title="autocorrelation time of the loss, Langevin dynamics",
        alt=f"Autocorrelation time of F against the width, means over seeds: from {rows['autocorrelation_time'].min():.3g} to"
        f" {rows['autocorrelation_time'].max():.3g}.",
        figure="mixing",
        caption="Langevin dynamics on two layers: integrated autocorrelation time of the loss against the width; bars: seeds",
        x=marked("width", rows["width"]),
        y=Axis("autocorrelation time"),
    )
