"""Exponents with their intervals, which theoretical ones these exclude, and what the certified floors alone would give.

Where a law has more than FEW fits, those that differ only in task and widths share a sentence.
"""

import math
from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import pandas as pd

from results.answers.answer import Answer, counted, excluded, fixed, interval, listed, not_done, not_done_each
from results.tables.exponents import THRESHOLD_LAW
from results.tables.predicted_exponents import predicted_exponents
from results.tables.series import noise_label, of_shapes, paths, task_label
from results.tables.study_tables import StudyTables

Row = Mapping[Hashable, Any]
FEW = 6
COMPARED = (0.25, 0.5, 1.0)
ALIKE = ("law", "target", "design", "schedule", "noise_law", "sigma", "control")
CHANGED = "a longer range of n, or trainings that reach the target at a smaller q"
OF_ERROR = "a longer range of q, or trainings that end nearer to the best of their rank"
UNSEEN = "more n, or q on both sides of the thresholds"


def answers(study: StudyTables) -> Iterator[Answer]:
    """For each law its identified fits, then how many are not and why."""
    fits = study["exponents"]
    for law in sorted(set(fits["law"]), reverse=True):
        mine = fits[fits["law"] == law]
        found = mine[mine["identified"] != "no"]
        if len(found) > FEW:
            for _, alike in found.groupby(list(ALIKE), sort=True):
                yield _one(study, alike.iloc[0].to_dict()) if len(alike) == 1 else _several(study, alike)
        else:
            yield from (_one(study, row) for row in found.to_dict("records"))
        if len(mine) > len(found):
            yield _none(mine[mine["identified"] == "no"], len(mine), law)


def _one(study: StudyTables, row: Row) -> Answer:
    task, target = task_label(row["task"], row["parameters"]), row["target"]
    noise = noise_label(row["noise_law"], float(row["sigma"]), row["control"])
    place = ", ".join(filter(None, (task, row["design"], f"{row['schedule']}: {row['sizes']}", noise, target, row["path"])))
    where = f"{place}; trained by {row['engine']} {row['recipe']}; measured, 95 % interval"
    if row["law"] != THRESHOLD_LAW:
        text = f"E(q) falls like q^-{_value(row)}{_floors(row)}{not_done(row)}"
        return Answer(text, OF_ERROR, "exponents.csv", "errors", task, setting=where)
    low, high = _ends(row)
    against = _predicted(study, row)
    text = f"q* ~ n^{_value(row)} over {_range(study, row)}{_floors(row)}: {excluded(low, high, against)}{not_done(row)}"
    decides = any(not low <= value <= high for value in against)
    return Answer(text, CHANGED, "exponents.csv", "thresholds", task, str(target), where, decides)


def _value(row: Row) -> str:
    """The exponent with its interval; of a fit that has none, the interval alone."""
    ends = interval(*_ends(row))
    return f"b with b in {ends}" if pd.isna(row["exponent"]) else f"{fixed(row['exponent'])} {ends}"


def _ends(row: Row, name: str = "") -> tuple[float, float]:
    """The ends of an interval; one that there is none of lies at infinity."""
    low, high = float(row[f"{name}low"]), float(row[f"{name}high"])
    return (-math.inf if math.isnan(low) else low), (math.inf if math.isnan(high) else high)


def _floors(row: Row) -> str:
    """What the same fit to the certified floors alone gives, where the table says it."""
    if "floor_exponent" not in row or pd.isna(row["floor_exponent"]):
        return ""
    return f", the floors alone would give {fixed(row['floor_exponent'])} {interval(*_ends(row, 'floor_'))}"


def _thresholds(study: StudyTables, row: Row) -> pd.DataFrame:
    """The thresholds that a fit of q* rests on."""
    table = study["thresholds"]
    mine = table[(table["series"] == row["series"]) & (table["target"] == row["target"])]
    return of_shapes(mine, paths(zip(mine["N"], mine["M"], strict=True))[str(row["path"])])


def _range(study: StudyTables, row: Row) -> str:
    n = _thresholds(study, row)["n"]
    return f"n = {n.min()} .. {n.max()}"


def _predicted(study: StudyTables, row: Row) -> list[float]:
    """The exponents that an interval is held against: with noise 1/4, 1/2 and 1 and those that bounds predict, else 0."""
    of = _thresholds(study, row)
    shapes, noisy = set(zip(of["N"], of["M"], strict=True)), float(row["sigma"]) > 0.0
    said = predicted_exponents(str(row["schedule"]), design=str(row["design"]), noisy=noisy, shapes=shapes)
    return [*(COMPARED if noisy else ()), *(found.exponent for found in said if found.exponent is not None)]


def _several(study: StudyTables, rows: pd.DataFrame) -> Answer:
    first = rows.iloc[0]
    tasks = dict.fromkeys(task_label(*pair) for pair in zip(rows["task"], rows["parameters"], strict=True))
    noise = noise_label(first["noise_law"], float(first["sigma"]), first["control"])
    recipes = listed(f"{engine} {recipe}" for engine, recipe in zip(rows["engine"], rows["recipe"], strict=True))
    place = ", ".join(filter(None, (str(first["design"]), str(first["schedule"]), noise, str(first["target"]))))
    where = f"{counted(len(rows), 'fit')}: {listed(tasks)}; {place}; trained by {recipes}; measured, 95 % intervals"
    value, bounds = rows["exponent"].dropna(), [_ends(row) for row in rows.to_dict("records")]
    lowest, highest = min(low for low, _ in bounds), max(high for _, high in bounds)
    ends = f"between {fixed(value.min())} and {fixed(value.max())}, intervals within {interval(lowest, highest)}"
    task, ended = (next(iter(tasks)) if len(tasks) == 1 else ""), not_done_each(rows)
    if first["law"] != THRESHOLD_LAW:
        return Answer(f"E(q) falls like q^-a with a {ends}{ended}", OF_ERROR, "exponents.csv", "errors", task, setting=where)
    against: dict[float, list[bool]] = {}
    for row in rows.to_dict("records"):
        low, high = _ends(row)
        for candidate in set(_predicted(study, row)):
            against.setdefault(candidate, []).append(not low <= candidate <= high)
    verdict = ", ".join(f"{excluded(1, 0, [value])} by {sum(out)} of {len(out)}" for value, out in sorted(against.items()))
    text, decides = f"q* ~ n^b with b {ends}: {verdict}{ended}", any(map(any, against.values()))
    return Answer(text, CHANGED, "exponents.csv", "thresholds", task, first["target"], where, decides)


def _none(rows: pd.DataFrame, asked: int, law: str) -> Answer:
    """How many fits of a law are not identified, with the reasons by how often they are given."""
    reasons = rows["reason"].value_counts(sort=True).sort_index().sort_values(ascending=False, kind="stable")
    told = "; ".join(f"{reason} ({count})" for reason, count in reasons.head(3).items())
    more = f"; {len(reasons) - 3} other reasons" if len(reasons) > 3 else ""
    whole = "No exponent is identified" if len(rows) == asked else f"No exponent is identified in {len(rows)} of {asked} fits"
    chart, what = ("thresholds", "q*(n)") if law == THRESHOLD_LAW else ("errors", "E(q)")
    text = f"{whole} of {what}{f' ({asked} fits)' if len(rows) == asked else ''}: {told}{more}{not_done_each(rows)}"
    return Answer(text, UNSEEN if law == THRESHOLD_LAW else OF_ERROR, "exponents.csv", chart, decides=False)
