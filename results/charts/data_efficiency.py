"""Held-out error against N: nets, published and trained here, beside linear maps and a kernel on as many functions."""

from collections.abc import Iterator

import pandas as pd

from results.charts.evidence import Evidence
from results.charts.model import Axis, Chart, Line, Records, Sketch, Switch, marked
from results.tables.data_efficiency import HERE
from results.tables.numbers import numbers

LINES = {
    "least_squares": Switch("linear least squares", "fit", dash=0),
    "ridge": Switch("ridge regression", "fit", dash=1, shown=False),
    "kernel": Switch("kernel", "fit", dash=4, shown=False),
    "span": Switch("span of the training outputs (floor)", "theory", "measured", dash=2, shown=False),
}


def data_efficiency_charts(evidence: Evidence) -> Iterator[Chart]:
    """One chart per task with published curves."""
    frame = evidence.tables.frame.reset_index(drop=True)
    for task, rows in evidence.tables["data_efficiency"].groupby("task", sort=True):
        runs = frame[(frame["status"] == "done") & (frame["task"] == task) & frame["M"].isin(rows["M"])]
        yield _chart(str(task), rows, runs)


def _chart(task: str, rows: pd.DataFrame, runs: pd.DataFrame) -> Chart:
    sketch = Sketch()
    nets = list(rows.groupby(["source", "net"], sort=True))
    for colour, ((source, net), part) in enumerate(nets):
        switch = sketch.switch(Switch(str(net) if source == HERE else f"{net}, published", "data", colour=colour))
        sketch.layers.append(_line(part, "error", switch, colour=colour))
    if len(runs):
        switch = sketch.switch(Switch("runs", "data", colour=len(nets)))
        sketch.layers.append(
            Records(switches=(switch,), row=runs.index.tolist(), x="N", y="test_relative_mean", colour=len(nets))
        )
    for name, kind in LINES.items():
        mine = rows[rows[name] > 0].groupby("N")[[name]].median().reset_index()
        if len(mine):
            sketch.layers.append(_line(mine, name, sketch.switch(kind), dash=kind.dash))
    best, line = rows["error"].min(), rows["least_squares"].min()
    return sketch.chart(
        section="data-efficiency",
        task=task,
        title=f"held-out error against N: {task}",
        alt=f"Mean relative error on held-out functions against N for {task}: {len(nets)} nets, the best {best:.3g};"
        f" linear least squares at best {line:.3g}.",
        figure="data-efficiency",
        caption=f"Mean relative error of {task} on held-out functions against N: published nets and runs of this study, and"
        " linear least squares on as many functions",
        x=marked("N", rows["N"]),
        y=Axis("held-out relative error"),
    )


def _line(part: pd.DataFrame, column: str, switch: int, *, colour: int | None = None, dash: int = 0) -> Line:
    ordered = part.sort_values("N")
    x, y = ordered["N"].astype(int).tolist(), numbers(ordered[column])
    return Line(switches=(switch,), x=x, y=y, dash=dash, colour=colour, mark=colour is not None)
