"""What square and rectangular sections say of a point that lies off the spectrum."""

from collections.abc import Iterator

import pandas as pd

from results.answers.answer import Answer, counted, listed, not_done
from results.programme import STRANDS
from results.tables.frame import counted as by_outcome
from results.tables.study_tables import StudyTables

ROUNDING = 1e-12


def answers(study: StudyTables) -> Iterator[Answer]:
    """One sentence: is there a section that understates the distance, and what do square ones do?"""
    rows = study["sci"]
    below = int((rows["excess"] < -ROUNDING).sum())
    said = "none of" if not below else f"{below} of"
    opening = (
        f"{said} {counted(len(rows), 'rectangular section')} understates the distance from the spectrum"
        f" (certified, up to rounding), {_falling(rows)}"
    )
    text = (
        opening[0].upper() + opening[1:] + _at_zero(rows[(rows["cut"] == "strong") & (rows["re"] == 0.0) & (rows["im"] == 0.0)])
    )
    text += not_done(by_outcome(study.frame["status"]))
    yield Answer(text, STRANDS["sci"].falsified_by, "sci.csv", "companion")


def _falling(rows: pd.DataFrame) -> str:
    """Whether the moduli fall with n."""
    steps = rows.groupby(["cut", "re", "im"])["injection_modulus"].diff().dropna()
    grows = int((steps > ROUNDING).sum())
    return f"and {grows or 'none'} of {counted(len(steps), 'step')} to a larger one makes it grow"


def _at_zero(rows: pd.DataFrame) -> str:
    """The figures at z = 0, where the square section cuts strong bonds."""
    if rows.empty:
        return ""
    shown = rows[rows["reference_modulus"].notna()]
    shown = shown if len(shown) else rows
    moduli, smallest = ([f"{value:{form}}" for value in shown[name]] for name, form in FIGURES)
    inside = listed(sorted(set(rows["gap_eigenvalues"])))
    return (
        f"; at z = 0, at distance 1, it says {listed(moduli)} at n = {listed(shown['n'])}, while square sections that cut the"
        f" strong bond have {inside} eigenvalues in the gap, the smallest {listed(smallest)}"
    )


FIGURES = (("injection_modulus", ".4g"), ("smallest_eigenvalue", ".2g"))
