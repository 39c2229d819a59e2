"""Brackets as bars: from what is certified impossible to what a verified witness reaches."""

from collections.abc import Iterator

import pandas as pd

from results.charts.evidence import Evidence
from results.charts.model import Axis, Ranges
from results.tables.series import noise_label, task_label

CLASS = ["net_class", "nets"]
SIZES = {"q": "output dimension q", "d": "parameters d"}


def bracket_charts(evidence: Evidence) -> Iterator[Ranges]:
    """For each task and class of nets a chart of q and one of d, a bar for each question that does not fix q."""
    rows = evidence.tables["brackets"]
    asked = rows[rows["q"].isna()]
    several = len(asked[CLASS].drop_duplicates()) > 1
    for (task, parameters, net_class, nets), part in asked.groupby(["task", "parameters", *CLASS], sort=True, dropna=False):
        named = f", {net_class} ({nets})" if several else ""
        for size, meaning in SIZES.items():
            yield _ranges(part, task_label(task, parameters), size, meaning, named)


def _ranges(part: pd.DataFrame, task: str, size: str, meaning: str, named: str) -> Ranges:
    low, high = ([None if pd.isna(end) else int(end) for end in part[f"{size}_{name}"]] for name in ("lower", "upper"))
    labels, text = [], []
    for row, below, above in zip(part.to_dict("records"), low, high, strict=True):
        noise = "" if row["sigma"] == 0 else f", {noise_label(row['noise_law'], row['sigma'])}"
        labels.append(f"{row['target']}, {row['N']} x {row['M']} {row['design']}{noise}")
        upper = f"a verified witness has {size} = {above}" if above is not None else "no witness yet"
        status = f"{row[f'{size}_status']}, {row[f'{size}_bound']}"
        text.append(f"{labels[-1]}: {size} >= {below} ({status}); {upper}")
    closed = sum(below == above for below, above in zip(low, high, strict=True))
    without = sum(end is None for end in high)
    return Ranges(
        section="brackets",
        task=task,
        title=f"{meaning}{named}: certified below, witnessed above",
        alt=f"Brackets of {size} for {task}{named}: {len(part)} questions, {closed} closed, {without} without a witness.",
        figure="brackets",
        caption=f"Brackets of q and d for {task}{named}: certified below, witnessed above",
        x=Axis(meaning),
        labels=labels,
        low=low,
        high=high,
        text=text,
    )
