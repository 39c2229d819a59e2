"""Held-out error against q: the nets of a study beside what regression reaches on the same data."""

from collections.abc import Iterator

import pandas as pd

from results.charts.evidence import Evidence
from results.charts.model import Axis, Chart, Level, Line, Records, Sketch, Switch, marked
from results.tables.frame import PROBLEM
from results.tables.numbers import number, numbers
from results.tables.series import NOISE, noise_label, task_label

NETS = Switch("nets", "data", colour=0)
RANKED = {
    "reduced-rank": Switch("linear map of rank q", "fit", dash=1),
    "projection": Switch("projection on q principal components", "fit", dash=2),
}
LEVELS = {
    "ridge": Switch("linear map", "fit", dash=3),
    "kernel": Switch("kernel", "fit", dash=4),
    "nearest-neighbour": Switch("nearest neighbour", "fit", dash=5, shown=False),
    "mean": Switch("mean function", "fit", dash=6, shown=False),
    "sensors": Switch("left open by the sensors", "theory", "asymptotic", dash=1, colour=1),
}
DECADES = 7


def baseline_charts(evidence: Evidence) -> Iterator[Chart]:
    """One chart for each data set with lines and a net that is done."""
    frame = evidence.tables.frame.reset_index(drop=True)
    done = frame[frame["status"] == "done"]
    nets = {key: part for key, part in done.groupby(list(PROBLEM), dropna=False)}
    rows = evidence.tables["baselines"].fillna({"parameters": ""})
    for key, part in rows.groupby(list(PROBLEM), sort=True, dropna=False):
        if key in nets:
            yield _chart(part, nets[key])


def _chart(lines: pd.DataFrame, runs: pd.DataFrame) -> Chart:
    first, sketch = lines.iloc[0], Sketch()
    sketch.layers.append(
        Records(switches=(sketch.switch(NETS),), row=runs.index.tolist(), x="q", y="test_relative", colour=NETS.colour)
    )
    for name, switch in RANKED.items():
        mine = lines[(lines["line"] == name) & (lines["test"] > 0)]
        if len(mine):
            x, y = mine["q"].astype(int).tolist(), numbers(mine["test"])
            sketch.layers.append(Line(switches=(sketch.switch(switch),), x=x, y=y, dash=switch.dash))
    for name, switch in LEVELS.items():
        mine = lines[(lines["line"] == name) & (lines["test"] > 0)]
        if len(mine):
            place, colour = sketch.switch(switch), switch.colour
            sketch.layers.append(Level(switches=(place,), y=number(mine["test"].iloc[0]), dash=switch.dash, colour=colour))
    task = task_label(first["task"], first["parameters"])
    labels, best = noise_label(*first[list(NOISE)]), runs["test_relative"].min()
    linear = lines["test"][lines["line"] == "ridge"]
    said = f"; linear map {linear.iloc[0]:.3g}" if len(linear) else ""
    return sketch.chart(
        section="baselines",
        task=task,
        title=f"held-out error: {first['N']} x {first['M']}, {labels}",
        alt=f"Relative error on held-out functions against q for {task}, {first['N']} x {first['M']}, {labels}: best of"
        f" {len(runs)} nets {best:.3g}{said}.",
        figure="baselines",
        caption=f"Relative error of {task} on held-out functions against q: nets (dots), and regression on the same data (lines)",
        x=marked("q", runs["q"]),
        y=Axis("held-out relative error", decades=DECADES),
    )
