"""The frontier: the smallest d seen at each q, a colour for each n, above what is certified, with the slope of q^2 d = C n."""

from collections.abc import Hashable, Iterator, Mapping

import numpy as np
import pandas as pd

from results.charts.evidence import Evidence, task_label
from results.charts.model import COLOURS, Axis, Chart, Layer, Legend, Switch
from results.tables.brackets import IMPOSSIBLE
from results.tables.numbers import numbers
from results.tables.series import noise_label

GROUP = ["task", "parameters", "design", "target", "noise_law", "sigma"]
CERTIFIED = Switch("d certified to be needed at this q", "theory", "certified", dash=1)
SQUARED = Switch("q^2 d = C n, slope only", "theory", "asymptotic", dash=2)


def frontier_charts(evidence: Evidence) -> Iterator[Chart]:
    """For each task, design, target and noise whose questions fix q: d against q."""
    rows = evidence.written.get("brackets.csv")
    if rows is None or rows.empty:
        return
    rows = rows[rows["q"].notna()].fillna({"parameters": ""})
    for key, part in rows.groupby(GROUP, sort=True):
        if part["q"].nunique() > 1 and part["d_upper"].notna().any():
            yield _chart(part, *map(str, key[:4]), noise=noise_label(str(key[4]), float(str(key[5]))))


def _chart(part: pd.DataFrame, task: str, parameters: str, design: str, target: str, *, noise: str) -> Chart:
    legend, layers = Legend(), []
    for i, (n, line) in enumerate(part.groupby("n", sort=True)):
        colour, switch = i % COLOURS, legend.add(Switch(f"n = {n}", "data", colour=i % COLOURS))
        seen = line[line["d_upper"].notna()]
        if len(seen):
            medians = seen.groupby("q")["d_upper"].median()
            layers.append(Layer("line", (switch,), {"x": numbers(medians.index), "y": numbers(medians)}, colour=colour))
            ends = {"x": numbers(seen["q"]), "low": numbers(seen["d_lower"]), "high": numbers(seen["d_upper"])}
            said = [f"n = {n}, q = {row['q']}, replicate {row['replicate']}: {_ends(row)}" for row in seen.to_dict("records")]
            layers.append(Layer("interval", (switch,), {**ends, "text": said, "row": [None] * len(seen)}, colour=colour))
            falling = {"x": numbers(medians.index), "y": numbers(medians.iloc[0] * (medians.index[0] / medians.index) ** 2.0)}
            layers.append(Layer("line", (switch, legend.add(SQUARED)), falling, dash=2))
        least = line.groupby("q")["d_lower"].min()
        lower = {"x": numbers(least.index), "y": numbers(least)}
        layers.append(Layer("line", (switch, legend.add(CERTIFIED)), lower, colour=colour, dash=1))
    impossible = int((part["standing"] == IMPOSSIBLE).sum())
    alt = f"Smallest d seen against q for {task_label(task, parameters)}, {design}: {int(part['d_upper'].notna().sum())} of"
    alt += f" {len(part)} questions have a witness, {impossible} are certified impossible."
    title = f"smallest d that reaches {target}, {design}, {noise}"
    ticks = np.unique(part["q"].astype(int)).tolist()
    x, y = Axis("q (fixed)", ticks=ticks), Axis("parameters d")
    return Chart("brackets", task_label(task, parameters), title, alt, x, y, tuple(legend.switches), tuple(layers))


def _ends(row: Mapping[Hashable, object]) -> str:
    return f"a verified witness has d = {row['d_upper']}; d >= {row['d_lower']} ({row['d_status']}, {row['d_bound']})"
