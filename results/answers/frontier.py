"""How the smallest witnessed d slopes in n and q, and which of d = C n and q^2 d = C n its intervals hold."""

from collections.abc import Iterator

import pandas as pd

from results.answers.answer import Answer, fixed, interval
from results.tables.frontier import GROUP
from results.tables.series import noise_label, task_label
from results.tables.study_tables import StudyTables

CHANGED = "smaller witnesses: upper ends slope as the search found them, not as the true frontier must"


def answers(study: StudyTables) -> Iterator[Answer]:
    """One sentence for each class of nets, task, design, noise and target."""
    several = study["frontier"]["net_class"].nunique() > 1
    for _, rows in study["frontier"].groupby(list(GROUP), sort=True, dropna=False):
        first = rows.iloc[0]
        task = task_label(first["task"], first["parameters"])
        named = f"{first['net_class']} nets, " if several else ""
        where = f"{named}{task}, {first['design']}, {noise_label(first['noise_law'], first['sigma'])}, {first['target']}"
        seen = f"{first['witnessed']} of {first['questions']} questions witnessed, {first['impossible']} certified impossible"
        slopes = rows[rows["estimate"].notna()]
        if slopes.empty:
            text = f"The frontier of d has no identified slope: {first['reason']}; {seen}"
        else:
            told = "; ".join(_slope(row) for _, row in slopes.iterrows())
            text = f"Witnessed d (upper ends) goes like {told}; {seen}"
        yield Answer(text, CHANGED, "frontier.csv", "brackets", task, first["target"], f"{where}; 95 % intervals")


def _slope(row: "pd.Series[float]") -> str:
    """One exponent, and what it does to the two shapes."""
    verdict = {
        "both": "excludes neither d = C n nor q^2 d = C n",
        "neither": "excludes both d = C n and q^2 d = C n",
        "d = C n": "excludes q^2 d = C n, not d = C n",
        "q^2 d = C n": "excludes d = C n, not q^2 d = C n",
    }[str(row["verdict"])]
    return f"{row['slope']}^{fixed(row['estimate'])} {interval(row['low'], row['high'])}, which {verdict}"
