"""Held-out errors against the number of terms, a colour for each architecture, with the floor of linear reconstruction."""

from collections.abc import Iterator

import pandas as pd

from results.charts.evidence import Evidence
from results.charts.model import Axis, Chart, Line, Sketch, Switch, marked
from results.tables.barrier import GROUP
from results.tables.numbers import numbers
from results.tables.series import task_label

FLOOR = Switch("linear reconstruction of as many terms", "theory", "certified", dash=1)
SLOPE = Switch("1 / q, as linear reconstruction of jumps at best", "theory", "slope only", dash=2)
MEASURES = (("test_relative", "L2"), ("test_relative_l1", "L1"))


def barrier_charts(evidence: Evidence) -> Iterator[Chart]:
    """For each task and size of data a chart in L2, with the floor, and one in L1, with the slope -1."""
    for key, part in evidence.tables["barrier"].groupby(list(GROUP), sort=True):
        for column, norm in MEASURES:
            seen = part[part[column].notna()]
            if seen["rank"].nunique() > 1:
                yield _chart(seen, column, norm, task=task_label(str(key[0]), str(key[1])), where=f"N = {key[2]}, M = {key[3]}")


def _chart(part: pd.DataFrame, column: str, norm: str, *, task: str, where: str) -> Chart:
    sketch = Sketch()
    terms = part[part["rank"].notna()]
    ends = [int(terms["rank"].min()), int(terms["rank"].max())]
    for colour, (name, rows) in enumerate(part.groupby("architecture", sort=True)):
        _add(sketch, str(name), rows, column, colour=colour, ends=ends)
    if norm == "L2":
        floor = terms.groupby("rank")["floor_held_out"].min().dropna()
        if len(floor):
            sketch.layers.append(Line(switches=(sketch.switch(FLOOR),), x=numbers(floor.index), y=numbers(floor), dash=1))
    else:
        linear = terms[terms["reconstruction"] == "linear"].groupby("rank")[column].min()
        if len(linear):
            falling = linear.iloc[0] * linear.index[0] / linear.index.to_series().astype(float)
            sketch.layers.append(Line(switches=(sketch.switch(SLOPE),), x=numbers(linear.index), y=numbers(falling), dash=2))
    crossing = sorted(set(part.loc[part["below"].fillna(0) > 0, "architecture"]))
    said = f" Below the floor, which is allowed: {', '.join(crossing)}." if crossing else ""
    return sketch.chart(
        section="barrier",
        task=task,
        title=f"held-out error in {norm}, {where}",
        alt=f"Relative held-out error in {norm} of {task} against the number of terms, by architecture.{said}",
        figure="barrier",
        caption=f"Held-out errors of {task} against the number of terms, and what linear reconstruction cannot go below",
        x=marked("terms (rank of linear reconstruction)", terms["rank"]),
        y=Axis(f"relative held-out error, {norm}"),
    )


def _add(sketch: Sketch, name: str, rows: pd.DataFrame, column: str, *, colour: int, ends: list[int]) -> None:
    """The medians of one architecture: the smallest at each number of terms, or of all, which is then a level."""
    best = rows.groupby("rank")[column].min()
    switch = sketch.switch(Switch(name if len(best) else f"{name}, without terms", "data", colour=colour))
    if len(best):
        sketch.layers.append(Line(switches=(switch,), x=numbers(best.index), y=numbers(best), mark=True, colour=colour))
    else:
        sketch.layers.append(Line(switches=(switch,), x=numbers(ends), y=numbers([rows[column].min()] * 2), colour=colour))
