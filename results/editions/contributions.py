"""contributions.csv of the reference: what each way of making witnesses contributed to the smallest d known.

    study, net_class    whose questions; those about sigmoid ends apart
    made                explicit (constructed), trained or pruned, as declared; `no hidden layer` for the nets of that class
    questions           questions that have a verified witness so made, in their declared class
    smallest            of these, those where none made otherwise is smaller
    alone               of these, those where every one made otherwise is larger, or there is none
    d_ratio             median of its smallest d over the certified lower end of d, of the questions that have one

A d that several ways reach counts as smallest for each of them, and for none alone.
"""

from collections.abc import Iterator

import pandas as pd

from results.tables.brackets import MADE

FILE = "contributions.csv"
COLUMNS = ("study", "net_class", "made", "questions", "smallest", "alone", "d_ratio")
NO_HIDDEN_CLASS, NO_HIDDEN = "no-hidden-layer", "no hidden layer"


def contributions(standing: pd.DataFrame) -> pd.DataFrame:
    """The table, from standings.csv (`results.editions.standings`)."""
    rows = [
        row
        for (study, net_class), asked in standing.groupby(["study", classes(standing)], sort=True)
        for row in _rows(str(study), str(net_class), asked)
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.astype({**dict.fromkeys(("questions", "smallest", "alone"), "Int64"), "d_ratio": "float"})


def classes(standing: pd.DataFrame) -> pd.Series:
    """The class of nets that each question declares; `..., sigmoid ends` of those, which need more than others."""
    named = standing["net_class"].astype(str)
    return named.mask(standing["nets"].astype(str).str.contains(" sigmoid "), named + ", sigmoid ends").rename("net_class")


def _rows(study: str, net_class: str, asked: pd.DataFrame) -> Iterator[dict[str, object]]:
    least = {made: asked[f"d_{made}"].astype(float) for made in MADE}
    for made, mine in least.items():
        others = pd.DataFrame({name: values for name, values in least.items() if name != made}).min(axis=1)
        known, certified = mine.notna(), (asked["d_status"] == "certified") & mine.notna()
        if known.any():
            yield {
                "study": study,
                "net_class": net_class,
                "made": NO_HIDDEN if net_class == NO_HIDDEN_CLASS else made,
                "questions": int(known.sum()),
                "smallest": int((known & ~(others < mine)).sum()),
                "alone": int((known & ~(others <= mine)).sum()),
                "d_ratio": (mine / asked["d_lower"].astype(float))[certified].median(),
            }


def told(table: pd.DataFrame) -> str:
    """What each contributed over all studies, as a clause; empty of no witness."""
    found = []
    for made, rows in table.groupby("made", sort=True):
        questions, smallest, alone = (int(rows[name].sum()) for name in ("questions", "smallest", "alone"))
        found.append(f"{made} nets in {smallest} of {questions} ({alone} alone)")
    return f"among the smallest known of the questions that have one: {', '.join(found)}" if found else ""
