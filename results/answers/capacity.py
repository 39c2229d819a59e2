"""Whether any gap lies above its bound, and whether bound and gap are correlated where the number of labels cannot do it."""

from collections.abc import Iterator

import pandas as pd

from results.answers.answer import Answer, counted, listed, not_done
from results.programme import STRANDS
from results.tables.frame import counted as by_outcome
from results.tables.study_tables import StudyTables

ALL = "all sizes"
LEVEL = 0.05


def answers(study: StudyTables) -> Iterator[Answer]:
    """The bound, then the correlations."""
    rows, ranked = study["capacity"], study["correlations"]
    above, runs = int(rows["above"].sum()), int(rows["runs"].sum())
    ratio = (rows["bound"] / rows["gap"].abs()).min()
    text = (
        f"{above or 'None'} of {counted(runs, 'trained net')} has a generalisation gap above its bound (certified with"
        " probability 1 - 1e-6 each, if fresh functions are no larger than those of the training); the bound is at least"
        f" {ratio:.2g} times the gap, so it says little of its size"
    )
    text += not_done(by_outcome(study.frame["status"]))
    yield Answer(text, STRANDS["capacity"].falsified_by, "capacity.csv", "companion")
    for layers, part in ranked.groupby("layers", sort=True):
        told = "; ".join(text for text in (_over_all(part), _at_one_size(part)) if text)
        yield Answer(
            f"With {layers} matrices {told}",
            "other sizes, recipes or more replicates: these are correlations over these trainings",
            "correlations.csv",
            "companion",
            setting="measured, Spearman's rank correlation of gap and 2 delta Rad",
        )


def _over_all(part: pd.DataFrame) -> str:
    told = [
        f"over {ALL} {row['spearman']:.2f} ({row['runs']} runs), 1/sqrt(N P) alone {row['spearman_size']:.2f}"
        for row in part[(part["over"] == ALL) & part["spearman_size"].notna()].to_dict("records")
    ]
    return "; ".join(told)


def _at_one_size(part: pd.DataFrame) -> str:
    rows = part[part["over"] != ALL]
    if rows.empty:
        return ""
    told = listed(f"{row['spearman']:.2f} at {row['over']}" for row in rows.to_dict("records"))
    said = int(((rows["p_value"] < LEVEL) & (rows["spearman"] > 0.0)).sum())
    return f"at one N P {told}, {said} of {len(rows)} positive at the level {LEVEL:g}"
