"""Which eigenvalues of EDMD can be believed, and whether trunk functions span what a flow leaves in place."""

from collections.abc import Iterator

import pandas as pd

from results.answers.answer import Answer, listed, not_done
from results.programme import STRANDS
from results.tables.frame import counted as by_outcome
from results.tables.study_tables import StudyTables

PROBES = ("half", "minus_half", "i", "minus_one")
LEVELS = ("0.001", "0.01", "0.1", "0.3")
RIVALS = ("pod", "fourier")


def answers(study: StudyTables) -> Iterator[Answer]:
    """The figures of the Gauss map, then the question about trunk functions."""
    rows, falsified = study["koopman"], STRANDS["koopman"].falsified_by
    for _, row in rows[rows["met"] != ""].iterrows():
        counts = "/".join(f"{row[f'above_{level}']:g}" for level in LEVELS)
        least = ", ".join(f"{row[f'least_at_{name}']:.3g}" for name in PROBES)
        met = f"{'' if row['met'] == 'yes' else 'not '}as computed elsewhere (26/24/20/8; 2.6e-4, .0945, .116, .233)"
        yield Answer(
            f"Of {row['rank']} EDMD eigenvalues of the Gauss map {counts} have a residual above {'/'.join(LEVELS)}; the least"
            f" residuals at .5, -.5, i and -1 are {least}: {met}{not_done(by_outcome(study.frame['status']))}",
            "a mistake here or there: the same dictionary and nodes give the same figures",
            "koopman.csv",
            "companion",
            "gauss",
            setting="measured; residuals are exact up to quadrature",
        )
    waves = rows[rows["closed_form_gap"].notna()]
    if len(waves):
        yield Answer(
            f"Least residuals of {_ends(waves['q'], 'g')} waves on the rotation are the distances from the nearest e^(i k sqrt 2)"
            f" to {waves['closed_form_gap'].max():.1e}",
            falsified,
            "koopman.csv",
            "companion",
            "rotation",
            setting="closed form, up to rounding",
        )
    for system in sorted(set(rows[rows["dictionary"] == "trunk"]["system"])):
        yield _trunks(rows[rows["system"] == system], system)


def _trunks(rows: pd.DataFrame, system: str) -> Answer:
    """Whether trunk functions leave less than as many functions of other kinds."""
    trunks = rows[rows["dictionary"] == "trunk"]
    told = []
    for rival in RIVALS:
        others = rows[rows["dictionary"] == rival].set_index("q")["invariance_defect"]
        both = trunks[trunks["q"].isin(others.index)]
        closer = int((both["invariance_defect"] < both["q"].map(others)).sum())
        told.append(f"closer to invariant than {rival} in {closer} of {len(both)}")
    spurious = _ends(trunks["spurious"], ".0%")
    other = listed(f"{name} {_ends(rows[rows['dictionary'] == name]['spurious'], '.0%')}" for name in RIVALS)
    return Answer(
        f"Trunk functions of {len(trunks)} published witnesses for {system} (q = {_ends(trunks['q'], 'g')}): {', '.join(told)};"
        f" spurious eigenvalues {spurious} against {other}",
        "trunks of other trainings, other observables than the linear ones, or more functions",
        "koopman.csv",
        "companion",
        system,
        setting="measured, linear observables u -> mean of t_k u, mean over draws",
    )


def _ends(values: "pd.Series[float]", form: str) -> str:
    return " to ".join(dict.fromkeys(f"{value:{form}}" for value in (values.min(), values.max())))
