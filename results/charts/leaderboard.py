"""The smallest sizes that were seen to reach each target, against n, above what the floors of the data certify.

Curves of one task share a chart unless some of them lie on each other (within SAME at half of the n they have in common, and at
two): then each has a panel of its own.
"""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from results.charts.evidence import KEY_DIGITS, Evidence
from results.charts.model import Axis, Chart, Line, Records, Sketch, Switch, marked
from results.tables.numbers import numbers
from results.tables.series import NOISE, noise_label, task_label

SIZES = {"q": "smallest q seen", "d": "smallest d seen"}
FLOOR = Switch("q certified to be needed", "theory", "certified", dash=1)
SAME = 0.02

Curve = tuple[str, pd.DataFrame]


def leader_charts(evidence: Evidence) -> Iterator[Chart]:
    """For each task with entries at two n: the smallest q and the smallest d, a colour for each target, design and noise."""
    rows = evidence.tables["leaderboard"]
    rows = rows[(rows["standing"] == "reached") & rows["key"].notna()]
    for (task, parameters), part in rows.groupby(["task", "parameters"], sort=True):
        for size in SIZES:
            curves = list(_curves(part[part["smallest"] == size], size))
            if not curves:
                continue
            together = [[curve] for curve in curves] if lie_on_each_other(curves, size) else [curves]
            for shown in together:
                if pd.concat([line["n"] for _, line in shown]).nunique() > 1:
                    yield _chart(evidence, shown, task=task_label(task, parameters), size=size)


def _curves(rows: pd.DataFrame, size: str) -> Iterator[Curve]:
    """The entries of each target, design and noise in order of n, with what they are of."""
    for key, line in rows.groupby(["target", "design", *NOISE], sort=True):
        target, design, law, sigma, control = *key[:3], float(str(key[3])), key[4]
        noise = f", {noise_label(law, sigma, control)}" if sigma > 0 or control != "none" else ""
        yield f"{target}, {design}{noise}", line.sort_values(["n", size])


def lie_on_each_other(curves: Sequence[Curve], size: str) -> bool:
    """Whether two of the curves cannot be told apart."""
    logs = [dict(zip(line["n"][::-1], np.log(line[size].astype(float))[::-1], strict=True)) for _, line in curves]
    for one, other in itertools.combinations(logs, 2):
        same = [abs(one[n] - other[n]) <= SAME for n in one.keys() & other.keys()]
        if sum(same) > 1 and 2 * sum(same) >= len(same):
            return True
    return False


def _chart(evidence: Evidence, curves: Sequence[Curve], *, task: str, size: str) -> Chart:
    sketch, rows, what = Sketch(), pd.concat([line for _, line in curves]), SIZES[size]
    place = {key: row for row, key in enumerate(evidence.records["key"])}
    for colour, (label, line) in enumerate(curves):
        switch = sketch.switch(Switch(label, "data", colour=colour))
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
    alone = curves[0][0] if len(curves) == 1 else ""
    return sketch.chart(
        section="leaderboard",
        task=task,
        title=f"{what}, by n" + (f": {alone}" if alone else ""),
        alt=f"{what.capitalize()} to reach {alone or 'each target'} against n, for {task}: {len(rows)} entries at"
        f" {rows['n'].nunique()} values of n, from {rows[size].min()} to {rows[size].max()}.",
        figure="leaderboard",
        caption=f"Smallest q and d of {task} that were seen to reach each target, against n",
        x=marked("n (labels)", rows["n"]),
        y=Axis(size),
    )
