"""The proof-term audit of noisy runs: information about the noise per effective parameter against n."""

from collections.abc import Iterator

import pandas as pd

from results.charts.evidence import AUDITS, Evidence
from results.charts.model import Axis, Chart, Line, Records, Sketch, Switch, marked
from results.tables.numbers import numbers
from results.tables.series import task_label

NATS = "bound_nats_per_effective_parameter"


def audit_charts(evidence: Evidence) -> Iterator[Chart]:
    """One chart for each task, a colour for each q: a plateau is what the proof of n^(1/2) rests on."""
    records = evidence.records.reset_index(drop=True)
    if NATS not in records:
        return
    done = records[(records["status"] == "done") & (records["sigma"] > 0) & (records[NATS] > 0)]
    for (task, parameters), part in done.groupby(["task", "parameters"], sort=True):
        yield _chart(part, task_label(task, parameters))


def _chart(runs: pd.DataFrame, task: str) -> Chart:
    sketch, groups = Sketch(), list(runs.groupby("q", sort=True))
    for colour, (q, part) in enumerate(groups):
        switch, middle = sketch.switch(Switch(f"q = {q}", "data", colour=colour)), part.groupby("n")[NATS].median()
        sketch.layers += [
            Line(switches=(switch,), x=middle.index.tolist(), y=numbers(middle), colour=colour),
            Records(switches=(switch,), row=part.index.tolist(), x="n", y=NATS, colour=colour),
        ]
    return sketch.chart(
        section="audit",
        task=task,
        title="noise information per effective parameter",
        alt=f"{AUDITS[NATS].capitalize()}, against n, for {len(runs)} noisy runs of {task} with some noise absorbed.",
        figure="audit",
        caption=f"Information about the noise per effective parameter of {task} against n: runs and their medians",
        x=marked("n (labels)", runs["n"]),
        y=Axis("nats per effective parameter"),
        shades=len(groups),
    )
