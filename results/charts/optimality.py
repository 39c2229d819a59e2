"""R / floor against q: how far training stops short of the best rank-q model."""

from collections.abc import Iterator

import pandas as pd

from results.charts.evidence import Evidence
from results.charts.model import Axis, Chart, Level, Records, Sketch, Switch, marked
from results.tables.series import NOISE, noise_label, task_label

FLOOR = Switch("R = floor", "theory", "certified", dash=1)


def optimality_charts(evidence: Evidence) -> Iterator[Chart]:
    """One chart for each task whose runs have resolved floors."""
    records = evidence.records.reset_index(drop=True)
    if "optimality" not in records:
        return
    done = records[(records["status"] == "done") & records["optimality"].notna()]
    for (task, parameters), part in done.groupby(["task", "parameters"], sort=True):
        yield _chart(part, task_label(task, parameters))


def _chart(runs: pd.DataFrame, task: str) -> Chart:
    sketch, ratio = Sketch(), runs["optimality"]
    for colour, (key, part) in enumerate(runs.groupby(["design", "schedule", *NOISE, "engine", "recipe"], sort=True)):
        design, schedule, law, sigma, control, engine, recipe = key
        where = f"{design}, {schedule}, {noise_label(law, float(str(sigma)), control)}"
        label = f"{where}, {engine} {recipe}: median {part['optimality'].median():.3g}"
        switch = sketch.switch(Switch(label, "data", colour=colour))
        sketch.layers.append(Records(switches=(switch,), row=part.index.tolist(), x="q", y="optimality", colour=colour))
    sketch.layers.append(Level(switches=(sketch.switch(FLOOR),), y=1, dash=1))
    return sketch.chart(
        section="optimality",
        task=task,
        title="error over floor, R / floor, by q",
        alt=f"Optimality ratio R / floor against q for {len(runs)} runs of {task}: median {ratio.median():.3g}, largest"
        f" {ratio.max():.3g}. 1 is the certified optimum of any rank-q model.",
        figure="optimality",
        caption=f"Training error of {task} over its certified floor, R / floor, against q",
        x=marked("q", runs["q"]),
        y=Axis("R / floor"),
    )
