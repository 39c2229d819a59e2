"""The smallest sizes that were seen to reach each target, against n, above what the floors of the data certify."""

from collections.abc import Iterator

import pandas as pd

from results.charts.evidence import KEY_DIGITS, Evidence, task_label
from results.charts.model import COLOURS, Axis, Chart, Layer, Legend, Switch
from results.tables.numbers import numbers
from results.tables.series import NOISE, noise_label

FEW_TICKS = 8
SIZES = {"q": "smallest q seen", "d": "smallest d seen"}


def leader_charts(evidence: Evidence) -> Iterator[Chart]:
    """For each task with entries at two n: the smallest q and the smallest d, a colour for each target, design and noise."""
    rows = evidence.written.get("leaderboard.csv")
    if rows is None or rows.empty:
        return
    rows = rows[(rows["standing"] == "reached") & rows["key"].notna()].fillna({"parameters": ""})
    for (task, parameters), part in rows.groupby(["task", "parameters"], sort=True):
        for size, what in SIZES.items():
            mine = part[part["smallest"] == size]
            if mine["n"].nunique() > 1:
                yield _chart(evidence, mine, task=task_label(task, parameters), size=size, what=what)


def _chart(evidence: Evidence, rows: pd.DataFrame, *, task: str, size: str, what: str) -> Chart:
    legend, layers = Legend(), []
    place = {key: row for row, key in enumerate(evidence.records["key"])}
    floor = Switch("q certified to be needed", "theory", "certified", dash=1)
    for i, (key, line) in enumerate(rows.groupby(["target", "design", *NOISE], sort=True)):
        target, design, law, sigma, control = *key[:3], float(str(key[3])), key[4]
        colour, line = i % COLOURS, line.sort_values(["n", size])
        label = f"{target}, {design}" + (f", {noise_label(law, sigma, control)}" if sigma > 0 or control != "none" else "")
        switch = legend.add(Switch(label, "data", colour=colour))
        least = line.drop_duplicates("n")
        layers.append(Layer("line", (switch,), {"x": least["n"].tolist(), "y": numbers(least[size])}, colour=colour))
        behind = [place.get(str(key)[:KEY_DIGITS]) for key in line["key"]]
        known = [row for row in behind if row is not None]
        layers.append(Layer("record", (switch,), {"row": known, "x": "n", "y": size}, colour=colour))
        under = line[line["q_certified"].notna()].drop_duplicates("n")
        if size == "q" and (under["q_certified"] > 1).any():
            data = {"x": under["n"].tolist(), "y": numbers(under["q_certified"])}
            layers.append(Layer("line", (switch, legend.add(floor)), data, colour=colour, dash=1))
    n = sorted(set(rows["n"]))
    alt = f"{what.capitalize()} to reach each target against n, for {task}: {len(rows)} entries at {len(n)} values of n,"
    alt += f" from {rows[size].min()} to {rows[size].max()}."
    x, y = Axis("n (labels)", ticks=n if len(n) <= FEW_TICKS else []), Axis(size)
    return Chart("leaderboard", task, f"{what}, by n", alt, x, y, tuple(legend.switches), tuple(layers))
