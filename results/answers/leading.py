"""The rows of a table that matter first: what a report shows of it, and a page before it is asked for the rest.

What contradicts theory comes first, then what is identified or reached, at the most labels; what says nothing comes last. Within
equals the order of the file decides, as it does in tables that are not named here.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

MOST = 10

Key = NDArray[np.float64]


def ranked(column: "pd.Series[str]", words: Sequence[str]) -> Key:
    """The place of each text among some words; texts that are not among them come last."""
    place = {word: rank for rank, word in enumerate(words)}
    return np.array([place.get(str(text), len(words)) for text in column], dtype=np.float64)


def falling(column: "pd.Series[int]") -> Key:
    """Large numbers first, missing ones last."""
    return np.negative(column.astype("float64").fillna(-np.inf).to_numpy(np.float64))


ORDERS: Mapping[str, Callable[[pd.DataFrame], Sequence[Key]]] = {
    "brackets": lambda rows: (
        ranked(rows["standing"], ("open", "no witness", "certified impossible", "witnessed")),
        falling(rows["d_ratio"]),
    ),
    "frontier": lambda rows: (ranked(rows["verdict"], ("d = C n", "q^2 d = C n", "neither", "both")),),
    "leaderboard": lambda rows: (
        ranked(rows["standing"], ("reached", "not reached", "certified impossible")),
        ranked(rows["smallest"], ("q", "d")),
        falling(rows["n"]),
    ),
    "thresholds": lambda rows: (ranked(rows["kind"], ("interval", "right", "left")), falling(rows["n"])),
    "exponents": lambda rows: (ranked(rows["identified"], ("yes", "one-sided")), ranked(rows["law"], ("q* ~ n^beta",))),
    "bounds": lambda rows: (
        ranked(rows["agrees"], ("no",)),
        rows["vacuous"].to_numpy(np.float64),
        ranked(rows["status"], ("certified", "asymptotic", "heuristic")),
        falling(rows["n"]),
    ),
    "data_efficiency": lambda rows: (falling(rows["N"]),),
    "baselines": lambda rows: (ranked(rows["line"], ("ridge", "kernel", "least-squares")), falling(rows["N"])),
    "rays": lambda rows: (ranked(rows["verdict"], ("falls", "no evidence of a fall")),),
    "mechanism": lambda rows: (ranked(rows["verdict"], ("fails", "holds")),),
    "scaling": lambda rows: (
        ranked((rows["reached"] > 0).astype("str"), ("True",)),
        falling(rows["n"]),
        rows["q"].to_numpy(np.float64),
    ),
}


def leading(name: str, rows: pd.DataFrame, most: int = MOST) -> list[int]:
    """Positions of the rows of a table that matter first, in this order."""
    if len(rows) <= most or name not in ORDERS:
        return list(range(min(len(rows), most)))
    keys = ORDERS[name](rows)
    return [int(row) for row in np.lexsort(tuple(reversed(keys)))[:most]]
