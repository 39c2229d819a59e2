"""The frontier: the smallest d seen at each q, a colour for each n, above what is certified, with the slope of q^2 d = C n."""

from collections.abc import Hashable, Iterator, Mapping

import pandas as pd

from results.charts.evidence import Evidence
from results.charts.model import Axis, Chart, Intervals, Line, Sketch, Switch, marked
from results.tables.brackets import IMPOSSIBLE
from results.tables.numbers import numbers
from results.tables.series import noise_label, task_label

GROUP = ["task", "parameters", "design", "target", "noise_law", "sigma", "net_class", "nets"]
CERTIFIED = Switch("d certified to be needed at this q", "theory", "certified", dash=1)
SQUARED = Switch("q^2 d = C n, slope only", "theory", "asymptotic", dash=2)


def frontier_charts(evidence: Evidence) -> Iterator[Chart]:
    """For each task, design, target, noise and class of nets whose questions fix q: d against q."""
    rows = evidence.tables["brackets"]
    for key, part in rows[rows["q"].notna()].groupby(GROUP, sort=True, dropna=False):
        if part["q"].nunique() > 1 and part["d_upper"].notna().any():
            yield _chart(part, *map(str, key[:4]), noise=noise_label(str(key[4]), float(str(key[5]))))


def _chart(part: pd.DataFrame, task: str, parameters: str, design: str, target: str, *, noise: str) -> Chart:
    sketch, label = Sketch(), task_label(task, parameters)
    groups = list(part.groupby("n", sort=True))
    for colour, (n, line) in enumerate(groups):
        _add(sketch, int(str(n)), line, colour)
    impossible = int((part["standing"] == IMPOSSIBLE).sum())
    witnessed = int(part["d_upper"].notna().sum())
    return sketch.chart(
        section="brackets",
        task=label,
        title=f"smallest d that reaches {target}, {design}, {noise}",
        alt=f"Smallest d seen against q for {label}, {design}: {witnessed} of {len(part)} questions have a witness,"
        f" {impossible} are certified impossible.",
        figure="frontier",
        caption=f"Smallest d at each q for {label}: certified below, witnessed above; lines join the medians",
        target=target,
        x=marked("q (fixed)", part["q"]),
        y=Axis("parameters d"),
        shades=len(groups),
    )


def _add(sketch: Sketch, n: int, line: pd.DataFrame, colour: int) -> None:
    """What is known at one n."""
    switch = sketch.switch(Switch(f"n = {n}", "data", colour=colour))
    seen = line[line["d_upper"].notna()]
    if len(seen):
        medians = seen.groupby("q")["d_upper"].median()
        q, d = numbers(medians.index), numbers(medians)
        falling = numbers(medians.iloc[0] * (medians.index[0] / medians.index) ** 2.0)
        said = [f"n = {n}, q = {row['q']}, replicate {row['replicate']}: {_ends(row)}" for row in seen.to_dict("records")]
        at, low, high = (numbers(seen[name]) for name in ("q", "d_lower", "d_upper"))
        sketch.layers += [
            Line(switches=(switch,), x=q, y=d, colour=colour),
            Intervals(switches=(switch,), x=at, low=low, high=high, text=said, row=[None] * len(seen), colour=colour),
            Line(switches=(switch, sketch.switch(SQUARED)), x=q, y=falling, dash=2),
        ]
    least = line.groupby("q")["d_lower"].min()
    certified = (switch, sketch.switch(CERTIFIED))
    sketch.layers.append(Line(switches=certified, x=numbers(least.index), y=numbers(least), colour=colour, dash=1))


def _ends(row: Mapping[Hashable, object]) -> str:
    return f"a verified witness has d = {row['d_upper']}; d >= {row['d_lower']} ({row['d_status']}, {row['d_bound']})"
