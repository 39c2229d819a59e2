"""What searches for thresholds found: how many are closed, and by what; the two exponents; the joint law; bounds that bite."""

import math
from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import pandas as pd

from results.answers.answer import Answer, counted, excluded, fixed, interval, listed, parts
from results.tables.search_exponents import CERTIFIED, OPTIMISER
from results.tables.series import task_label
from results.tables.study_tables import StudyTables

Row = Mapping[Hashable, Any]
CHANGED = "trainings that reach a target at a smaller q, or a larger n"
OF_BOUNDS = "other sizes, another precision of the parameters, or a sharper bound"
COMPARED = (0.0, 0.25, 0.5, 1.0)


def answers(study: StudyTables) -> Iterator[Answer]:
    """The thresholds; for each target, design and path the exponents; the joint law; the bounds that bite."""
    rows = study["searches"]
    if rows.empty:
        return
    yield _located(rows)
    fits = study["search_exponents"]
    for (target, *how), alike in fits.groupby(["target", "design", "path", "schedule"], sort=True):
        mine = alike[(alike["between"] == OPTIMISER) & alike["exponent"].notna()]
        if len(mine):
            yield _exponents(mine, alike[alike["between"] == CERTIFIED], str(target), ", ".join(map(str, (target, *how))))
    law = study["joint_law"]
    for (design, name), terms in law[law["coefficient"].notna()].groupby(["design", "law"], sort=True):
        yield _law(terms, str(design), str(name))
    yield from _bites(study["least_n"])


def _located(rows: pd.DataFrame) -> Answer:
    closed = rows["search"] == "finished"
    ends = [
        (int((rows["below"] == word).sum()), f"where a smaller q is {word}") for word in ("certified", "resolved", "not found")
    ]
    lowest = int((rows["below"] == "nothing").sum())
    text = f"{int(closed.sum())} of {counted(len(rows), 'threshold')} q* are located to their tolerance by"
    text += f" {int(rows['trainings'].sum()):,} trainings: {parts([*ends, (lowest, 'at q = 1')])}"
    text += f"; n from {int(rows['n'].min()):,} to {int(rows['n'].max()):,}"
    setting = "found by this optimiser within its budget; only `certified` excludes a q for any optimiser"
    return Answer(text, CHANGED, "searches.csv", "thresholds", setting=setting)


def _exponents(mine: pd.DataFrame, certified: pd.DataFrame, target: str, where: str) -> Answer:
    told = "; ".join(
        f"{task_label(row['task'], '')} {fixed(row['exponent'])} {interval(row['low'], row['high'])}"
        f" ({excluded(row['low'], row['high'], COMPARED)})"
        for row in mine.to_dict("records")
    )
    known = certified[certified["low"].notna()]
    of_any = "; ".join(f"{row['task']} {interval(row['low'], row['high'])}" for row in known.to_dict("records"))
    p = mine["equal_slopes"].iloc[0]
    text = f"q*(n) of this optimiser goes like n to the {told}"
    text += f"; of any optimiser, between certified and found: {of_any or 'no exponent'}"
    text += f"; equal slopes: p = {p:.2g}" if math.isfinite(p) and len(mine) > 1 else ""
    return Answer(text, CHANGED, "search_exponents.csv", "thresholds", target=target, setting=f"{where}; 95 % intervals")


def _law(terms: pd.DataFrame, design: str, name: str) -> Answer:
    told = ", ".join(
        f"{row['term']} {fixed(row['coefficient'])} {interval(row['low'], row['high'])}" for row in terms.to_dict("records")
    )
    out = listed(word for row in terms["excluded"] for word in str(row).split(", ") if word != "none")
    text = f"One law for all {terms['thresholds'].iloc[0]} thresholds of {name} has the exponents {told}"
    text += f"; {out} excluded as its shape" if out else "; it excludes none of the shapes compared"
    setting = f"{design}, {terms['data_sets'].iloc[0]} data sets; sizes found by this optimiser, 95 % intervals"
    return Answer(text, CHANGED, "joint_law.csv", "thresholds", setting=setting)


def _bites(rows: pd.DataFrame) -> Iterator[Answer]:
    certified = rows[(rows["status"] == "certified")]
    for (target, design, path), alike in certified.groupby(["target", "design", "path"], sort=True):
        found = alike.groupby("bound")["least_n"].min().dropna().sort_values()
        if found.empty:
            continue
        largest = int(alike["largest_n"].max())
        told = listed(
            f"{bound} from n = {int(n):,}" + ("" if n <= largest else " (beyond the study)") for bound, n in found.items()
        )
        yield Answer(
            f"Bounds exclude something: {told}", OF_BOUNDS, "least_n.csv", "thresholds", setting=f"{target}, {design}, {path}"
        )
