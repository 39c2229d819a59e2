"""What a linear map and a kernel reach on the data of a study, whether a recorded net does better, and what others published."""

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import pandas as pd

from results.answers.answer import Answer, counted, listed
from results.tables.frame import PROBLEM
from results.tables.series import task_label
from results.tables.study_tables import StudyTables

FEW = 3
CHANGED = "other nets or a better training: that no recorded net beats a line says nothing of nets that were not trained"
PUBLISHED = "data of another law, or nets trained anew by their recipes"
WORDS = {"ridge": "the linear map (ridge regression)", "kernel": "the kernel (Matern-5/2)"}
WORTH = "held-out relative error, measured; each line on the same data as the nets it is compared with"


def answers(study: StudyTables) -> Iterator[Answer]:
    """Of few data sets one sentence each, of many one for each line of WORDS."""
    rows = study["baselines"].fillna({"parameters": ""})
    sets = [part for _, part in rows[rows["line"].isin(WORDS)].groupby(list(PROBLEM), sort=False, dropna=False)]
    if len(sets) <= FEW:
        yield from map(_of_data, sets)
    else:
        yield from (_of_line(rows[rows["line"] == line], words) for line, words in WORDS.items())


def of_literature(study: StudyTables) -> Iterator[Answer]:
    """One sentence: which published errors a linear map goes below."""
    rows = study["literature"]
    below, above = (rows[rows["linear_map_below"] == verdict] for verdict in ("yes", "no"))
    told = listed(f"{_figure(row)} against {row['linear_map']:.3g}" for row in below.to_dict("records")) or "none"
    text = f"Of {counted(len(rows), 'published error')} of operator nets a linear map, on data drawn here, goes below {told}"
    text += f"; not below {listed(map(_figure, above.to_dict('records')))}" if len(above) else ""
    setting = "mean relative error on held-out functions; the laws are those that the sources state"
    yield Answer(text, PUBLISHED, "literature.csv", setting=setting)


def _figure(row: Mapping[Hashable, Any]) -> str:
    return f"{row['net']} on {row['task']}, N = {row['N']} ({row['published']:.3g})"


def _of_data(part: pd.DataFrame) -> Answer:
    """The errors of the lines on one data set, and the nets that beat them."""
    first, lines = part.iloc[0], {row["line"]: row for row in part.to_dict("records")}
    told = "; ".join(f"{words} {_errors(lines[line])}{_beaten(lines[line])}" for line, words in WORDS.items() if line in lines)
    task = task_label(first["task"], first["parameters"])
    over = f"median over {counted(int(first['replicates']), 'replicate')}; " if first["replicates"] > 1 else ""
    setting = f"{task}, {first['N']} x {first['M']}; {over}{WORTH}"
    return Answer(
        f"Relative error in training and on held-out functions: {told}",
        CHANGED,
        "baselines.csv",
        "baselines",
        task,
        setting=setting,
    )


def _errors(row: Mapping[Hashable, Any]) -> str:
    means = f"in the mean over functions {row['train_mean']:.3g} and {row['test_mean']:.3g}"
    return f"{row['train']:.3g} and {row['test']:.3g}, {means}"


def _beaten(row: Mapping[Hashable, Any]) -> str:
    if row["beaten"] == "yes":
        return f", beaten on held-out functions by a recorded net with q = {row['q_test']} and one with d = {row['d_test']}"
    return f", beaten on held-out functions by none of {counted(int(row['nets']), 'recorded net')}" if row["nets"] else ""


def _of_line(rows: pd.DataFrame, words: str) -> Answer:
    """On how many data sets some recorded net does better than a line."""
    known = rows[rows["beaten"].notna()]
    better, worse = (known[known["beaten"] == verdict] for verdict in ("yes", "no"))
    text = f"{words[0].upper()}{words[1:]} has a smaller held-out error than every recorded net"
    text += f" on {len(worse)} of {counted(len(known), 'data set')}"
    text += f", {listed(map(_data, worse.to_dict('records')))}" if len(worse) else ""
    if len(better):
        text += f"; where nets do better, the smallest that does has q = {listed(sorted(set(better['q_test'])))}"
    return Answer(text, CHANGED, "baselines.csv", "baselines", setting=WORTH)


def _data(row: Mapping[Hashable, Any]) -> str:
    return f"{task_label(row['task'], row['parameters'])} at N = {row['N']}"
