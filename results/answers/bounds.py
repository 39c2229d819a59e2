"""Whether a certified demand is contradicted by a measured q*; what is asymptotic, heuristic or vacuous is told apart.

Only a certified demand that assumes nothing beyond what is recorded can be contradicted (`results.tables.bounds`); an asymptotic
or heuristic one above the measured q* is no contradiction.
"""

from collections.abc import Iterator

import pandas as pd

from results.answers.answer import Answer, counted, parts
from results.tables.numbers import decimal_text
from results.tables.series import noise_label, task_label
from results.tables.study_tables import StudyTables

CHANGED = "a run that reaches a target below a certified demand"
MISTAKE = "a mistake in the bound, in a floor or in a run: one of the two sides is wrong until it is found"


def answers(study: StudyTables) -> Iterator[Answer]:
    """The contradictions one by one; otherwise how many demands were held against measurement."""
    rows = study["bounds"]
    if rows.empty:
        return
    against = rows[rows["agrees"] == "no"]
    said = rows[~rows["vacuous"]]
    free = said["assumptions"].fillna("") == ""
    certified = said[(said["status"] == "certified") & free]
    for _, row in against.iterrows():
        task = task_label(row["task"], row["parameters"])
        yield Answer(_contradicted(row), MISTAKE, "bounds.csv", "thresholds", task, str(row["target"]))
    if len(against) == 0:
        met = int(certified["q_high"].notna().sum())
        text = (
            f"No certified demand is contradicted in {counted(len(certified), 'row')}" if len(certified) else _silent(len(rows))
        )
        known = f" ({met} of them with a q* that is bounded above on every replicate)" if len(certified) else ""
        yield Answer(f"{text}{known}{_others(rows, said)}", CHANGED, "bounds.csv", "thresholds", decides=len(certified) > 0)


def _silent(count: int) -> str:
    return f"No certified demand says anything here ({counted(count, 'row')})"


def _contradicted(row: "pd.Series[str]") -> str:
    demanded = decimal_text(float(row["q_demanded"]), "q_demanded", 4)
    noise = noise_label(row["noise_law"], float(row["sigma"]), row["control"])
    task = task_label(row["task"], row["parameters"])
    chance = f", probability {row['probability']}" if isinstance(row["probability"], str) and row["probability"] else ""
    return (
        f"Contradicted: {row['bound']} (certified{chance}) demands q >= {demanded} of {task},"
        f" {row['design']}, {row['sizes']}, {noise}, {row['target']} at n = {row['n']}, and a run reached the target below it"
    )


def _others(rows: pd.DataFrame, said: pd.DataFrame) -> str:
    """Demands that nothing measured can contradict, by what they are worth."""
    assumed = said[(said["status"] == "certified") & (said["assumptions"].fillna("") != "")]
    told = [(len(assumed), "certified under assumptions")]
    for status in ("asymptotic", "heuristic"):
        mine = said[said["status"] == status]
        above = int((mine["q_demanded"] > mine["q_high"].astype("float")).sum())
        worth = f"{above} above the measured q*, which contradicts nothing" if above else "none above the measured q*"
        told.append((len(mine), f"{status} ({worth})"))
    told.append((int(rows["vacuous"].sum()), "vacuous"))
    counts = parts(told)
    return f"; of the other rows {counts}" if counts else ""
