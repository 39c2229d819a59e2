"""Whether a net that reads some bits stays above the error that nothing which reads so many can beat."""

from collections.abc import Iterator

import pandas as pd

from results.answers.answer import Answer, counted, listed, not_done
from results.programme import STRANDS
from results.tables.frame import counted as by_outcome
from results.tables.study_tables import StudyTables

ROUNDING = 1e-9
PROVED = 1e-12


def answers(study: StudyTables) -> Iterator[Answer]:
    """The closed form, and one sentence for the nets."""
    rows, falsified = study["digits"], STRANDS["digits"].falsified_by
    proved = int((rows["duality_gap"] <= PROVED).sum())
    apart = listed(f"{value:.3f}" for value in sorted(set(rows["separation"].round(3))))
    digits = listed(sorted(set(rows["digits"])))
    yield Answer(
        f"The minimisers of two matrices that agree to n bits are {apart} x 10^-K apart for K = {digits}"
        f" (certified by duality in {proved} of {counted(len(rows), 'row')}); the matrices {_range(rows['perturbation'])} x 2^-n",
        falsified,
        "digits.csv",
        "companion",
    )
    yield Answer(_nets(study.frame, rows) + not_done(by_outcome(study.frame["status"])), falsified, "digits.csv", "companion")


def _nets(frame: pd.DataFrame, rows: pd.DataFrame) -> str:
    """How the nets stand to the line."""
    done = frame[frame["status"] == "done"]
    below = int(((done["mean"] < done["least_mean"] - ROUNDING) | (done["worst"] < done["least_worst"] - ROUNDING)).sum())
    bound = int((done["least_worst"] > 0.0).sum())
    rounded, whole = rows[rows["reading"] > 0], rows[rows["reading"] == 0]
    text = (
        f"{below or 'None'} of {counted(bound, 'net')} that read rounded matrices comes below the closed-form line (mechanism"
        " demonstration: no finite run confirms a theorem about computability)"
    )
    if len(rounded):
        text += (
            f": worst error at least {rounded['worst'].min():.3g} x 10^-K against {rounded['least_worst'].max():.3g}, right to"
            f" 10^-K on {_range(rounded['within_K'], '.0%')} of the instances and to 10^-(K-1) on"
            f" {_range(rounded['within_one_less'], '.0%')}"
        )
    if len(whole):
        text += f"; nets that read all bits are right to 10^-K on {_range(whole['within_K'], '.0%')}"
    return text


def _range(values: "pd.Series[float]", form: str = ".3g") -> str:
    """One value, or the least and the largest."""
    ends = list(dict.fromkeys(f"{value:{form}}" for value in (values.min(), values.max())))
    return " to ".join(ends)
