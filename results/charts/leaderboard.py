"""The smallest sizes that were seen to reach each target, against n, above what the floors of the data certify."""

from collections.abc import Iterator

import pandas as pd

from results.charts.evidence import KEY_DIGITS, Evidence
from results.charts.model import Axis, Chart, Line, Records, Sketch, Switch, marked
from results.tables.numbers import numbers
from results.tables.series import NOISE, noise_label, task_label

SIZES = {"q": "smallest q seen", "d": "smallest d seen"}
FLOOR = Switch("q certified to be needed", "theory", "certified", dash=1)


def leader_charts(evidence: Evidence) -> Iterator[Chart]:
    """For each task with entries at two n: the smallest q and the smallest d, a colour for each target, design and noise."""
    rows = evidence.tables["leaderboard"]
    rows = rows[(rows["standing"] == "reached") & rows["key"].notna()]
    for (task, parameters), part in rows.groupby(["task", "parameters"], sort=True):
        for size, what in SIZES.items():
            mine = part[part["smallest"] == size]
            if mine["n"].nunique() > 1:
                yield _chart(evidence, mine, task=task_label(task, parameters), size=size, what=what)


def _chart(evidence: Evidence, rows: pd.DataFrame, *, task: str, size: str, what: str) -> Chart:
    sketch = Sketch()
    place = {key: row for row, key in enumerate(evidence.records["key"])}
    for colour, (key, line) in enumerate(rows.groupby(["target", "design", *NOISE], sort=True)):
        target, design, law, sigma, control = *key[:3], float(str(key[3])), key[4]
        label = f"{target}, {design}" + (f", {noise_label(law, sigma, control)}" if sigma > 0 or control != "none" else "")
        switch, line = sketch.switch(Switch(label, "data", colour=colour)), line.sort_values(["n", size])
        least = line.drop_duplicates("n")
        behind = [place.get(str(key)[:KEY_DIGITS]) for key in line["key"]]
        sketch.layers += [
            Line(switches=(switch,), x=least["n"].tolist(), y=numbers(least[size]), colour=colour),
            Records(switches=(switch,), row=[row for row in behind if row is not None], x="n", y=size, colour=colour),
        ]
        under = line[line["q_certified"].notna()].drop_duplicates("n")
        if size == "q" and (under["q_certified"] > 1).any():
            floor, y = (switch, sketch.switch(FLOOR)), numbers(under["q_certified"])
            sketch.layers.append(Line(switches=floor, x=under["n"].tolist(), y=y, colour=colour, dash=1))
    return Chart(
        section="leaderboard",
        task=task,
        title=f"{what}, by n",
        alt=f"{what.capitalize()} to reach each target against n, for {task}: {len(rows)} entries at {rows['n'].nunique()} values"
        f" of n, from {rows[size].min()} to {rows[size].max()}.",
        figure="leaderboard",
        caption=f"Smallest q and d of {task} that were seen to reach each target, against n",
        x=marked("n (labels)", rows["n"]),
        y=Axis(size),
        switches=tuple(sketch.switches),
        layers=tuple(sketch.layers),
    )
