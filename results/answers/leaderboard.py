"""How many problems were solved, and where the smallest q seen is also certified to be the smallest."""

from collections.abc import Iterator

import pandas as pd

from results.answers.answer import Answer, listed, not_done, parts, summed
from results.tables.frame import PROBLEM
from results.tables.study_tables import StudyTables

CHANGED = "a run or a witness of a smaller size: these are upper bounds, as far as these trainings went"
OTHERS = ("not reached", "certified impossible", "no outcome")


def answers(study: StudyTables) -> Iterator[Answer]:
    """One sentence over all problems and targets."""
    table = study["leaderboard"]
    rows = table[table["smallest"] == "q"]
    if rows.empty:
        return
    reached = rows["standing"] == "reached"
    others = parts([(int((rows["standing"] == name).sum()), name) for name in OTHERS])
    tight = rows[reached & (rows["q_certified"].fillna(0) > 1)]
    least, smaller = int((tight["q"] == tight["q_certified"]).sum()), _smaller(rows)
    text = f"{int(reached.sum())} of {len(rows)} pairs of problem and target reached" + (f", {others}" if others else "")
    if len(tight):
        text += f"; in {least} of the {len(tight)} whose floors certify some q > 1 the smallest q seen is the certified one"
    text += f"; in {smaller} a verified witness is smaller than every run" if smaller else ""
    worth = f"upper ends, by {listed(f'{engine} {recipe}' for engine, recipe in _trained(study))}"
    counts = summed(rows.drop_duplicates(list(PROBLEM)))
    yield Answer(f"{text}{not_done(counts)}", CHANGED, "leaderboard.csv", "leaderboard", setting=worth)


def _trained(study: StudyTables) -> list[tuple[str, str]]:
    """Engines and recipes of the cells."""
    return sorted(set(zip(study.frame["engine"], study.frame["recipe"], strict=True)))


def _smaller(rows: pd.DataFrame) -> int:
    """Rows with a witness below the smallest run, or with a witness and no such run."""
    witnessed = rows[rows["witness_size"].notna()]
    return int((witnessed["q"].isna() | (witnessed["witness_size"] < witnessed["q"]).fillna(False)).sum())
