"""How many brackets are closed, how far apart the ends of d are, and what of the lower ends is vacuous."""

from collections.abc import Iterator

import pandas as pd

from operators.bounds.outward import rounded_up
from results.answers.answer import Answer, counted, parts
from results.records.manifest import POPULATION, STATISTICAL
from results.tables.brackets import IMPOSSIBLE
from results.tables.study_tables import StudyTables

UPPER_ENDS = "upper ends statistical: confidence 1 - 1e-6, on functions that the hash of the witness draws) "
NEW_FUNCTIONS = f"On new functions (lower ends certified by the spectrum, {UPPER_ENDS}"
SAMPLED = f"On new functions of operators that are not linear (lower ends statistical, too, from samples; {UPPER_ENDS}"
CHANGED = "a smaller witness (`python -m bench submit`) or a stronger certified bound"


def answers(study: StudyTables) -> Iterator[Answer]:
    """For each class of nets and kind of error one sentence for the questions of q, and one for those that fix it."""
    table = study["brackets"]
    new = table["target"].astype(str).str.startswith(POPULATION).rename("new")
    sampled = (table["q_status"] == STATISTICAL).rename("sampled")
    classes = list(table.groupby(["net_class", "nets", new, sampled], sort=True, dropna=False))
    for (net_class, nets, of_new_functions, from_samples), rows in classes:
        named = f"Nets {net_class}, {nets}: " if len(classes) > 1 else ""
        named += (SAMPLED if from_samples else NEW_FUNCTIONS) if of_new_functions else ""
        asked, fixed = rows[rows["q"].isna()], rows[rows["q"].notna()]
        if len(asked):
            yield Answer(named + _free(asked) + _unfinished(asked), CHANGED, "brackets.csv", "brackets")
        if len(fixed):
            yield Answer(named + _fixed(fixed) + _unfinished(fixed), CHANGED, "brackets.csv", "brackets")


def _free(rows: pd.DataFrame) -> str:
    closed = rows["standing"] == "closed"
    others = parts([(int((rows["standing"] == name).sum()), name) for name in ("open", "no witness")])
    vacuous = int((rows["q_status"] == "vacuous").sum())
    below = "estimated" if (rows["q_status"] == STATISTICAL).any() else "certified"
    text = f"{int(closed.sum())} of {counted(len(rows), 'q-bracket')} closed: {below} below, reached by a verified witness above"
    text += f"; {others}" if others else ""
    text += f"; {vacuous} with a vacuous lower end" if vacuous else ""
    return text + _of_d(rows)


def _fixed(rows: pd.DataFrame) -> str:
    counts = parts(
        [
            (int((rows["standing"] == name).sum()), words)
            for name, words in (
                ("witnessed", "have a verified witness"),
                (IMPOSSIBLE, f"are {IMPOSSIBLE}"),
                ("no witness", "have neither witness nor certificate"),
            )
        ]
    )
    return f"Of {counted(len(rows), 'question')} at a fixed q {counts}{_of_d(rows)}"


def _of_d(rows: pd.DataFrame) -> str:
    """The ratio of the ends of d, where the lower end is certified, and where it is estimated."""
    text = ""
    for status, lower in (("certified", "certified"), (STATISTICAL, "estimated")):
        ratios = rows[(rows["d_status"] == status) & rows["d_ratio"].notna()]["d_ratio"].astype(float)
        if len(ratios):
            middle, most = rounded_up(float(ratios.median()), 2), rounded_up(float(ratios.max()), 2)
            text += f"; d within a factor {middle} of its {lower} lower end (median of {len(ratios)}, at most {most})"
    vacuous = int(((rows["d_status"] == "vacuous") & rows["d_ratio"].notna()).sum())
    return text + (f"; {vacuous} more with a witness and a vacuous lower end of d" if vacuous else "")


def _unfinished(rows: pd.DataFrame) -> str:
    """Searches that ended before they were finished."""
    ended = int((rows["search"] != "finished").sum())
    return f"; {ended} of {len(rows)} searches ended by budget or interruption" if ended else ""
