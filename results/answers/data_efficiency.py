"""Who needs how many functions: nets, published and trained here, beside linear least squares on as many."""

from collections.abc import Iterator

import pandas as pd

from results.answers.answer import Answer, listed
from results.tables.data_efficiency import HERE
from results.tables.study_tables import StudyTables

CHANGED = "other nets or recipes: that these are beaten by a linear map does not say that no net does better"


def answers(study: StudyTables) -> Iterator[Answer]:
    """One sentence per task: from which N on a linear map beats each net, and by how much at the largest."""
    for task, rows in study["data_efficiency"].groupby("task", sort=True):
        known = rows[rows["beaten"].notna()]
        if len(known):
            yield _of(str(task), known)


def _of(task: str, rows: pd.DataFrame) -> Answer:
    sizes = sorted(set(rows["N"]))
    published, here = rows[rows["source"] != HERE], rows[rows["source"] == HERE]
    told = [f"the published {net} {_beaten(part)}" for net, part in published.groupby("net", sort=True)]
    told += [f"the net {net} trained here {_beaten(part)}" for net, part in here.groupby("net", sort=True)]
    text = f"Linear least squares has a smaller held-out error than {'; than '.join(told)}"
    last = rows[rows["N"] == sizes[-1]]
    line, best = last["least_squares"].iloc[0], last.loc[last["error"].idxmin()]
    text += f"; at N = {sizes[-1]} it has {line:.3g} and the best net {best['error']:.3g} ({best['net']}, {best['source']})"
    setting = f"{task}, N = {listed(sizes)}; measured; mean relative error; published curves on another draw of the law"
    return Answer(text, CHANGED, "data_efficiency.csv", "data-efficiency", task, setting=setting)


def _beaten(part: pd.DataFrame) -> str:
    """At which N: `at every N`, `from N = 68 on`, `at N = 10 and 37`, `at no N`."""
    ordered = part.sort_values("N")
    verdicts, sizes = (ordered["beaten"] == "yes").tolist(), ordered["N"].tolist()
    if not any(verdicts):
        return "at no N"
    if all(verdicts):
        return "at every N"
    first = len(verdicts) - next((place for place, yes in enumerate(reversed(verdicts)) if not yes), len(verdicts))
    before = [size for size, yes in zip(sizes[:first], verdicts[:first], strict=True) if yes]
    if first == len(verdicts):
        return f"at N = {listed(before)} alone"
    return f"from N = {sizes[first]} on" + (f" and at N = {listed(before)}" if before else "")
