"""searches.csv: for each threshold that a search sought, what is certified, what was not found, and what was found.

Three words are kept apart. A q is

    certified    if a floor or a bound excludes the target at it: no net of these sizes reaches it
    not found    if every training of it missed; restarts, steps and the ratio of the best error to its floor stand beside
    resolved     if it is not found and that ratio is at most RESOLVED: rank, not training, is left to blame. Still no proof

so that  q_certified < q* of any optimiser,  and  q_low < q* <= q_found of this one. A training without an outcome says nothing.
"""

import math
from collections.abc import Iterable
from typing import Any

import pandas as pd

from results.families.deeponet import parameters_text
from results.records.manifest import SoughtThreshold
from results.tables import series
from results.tables.frame import reached

RESOLVED = 1.01
COLUMNS: dict[str, str] = {
    **series.COLUMNS,
    "target": "what a fit must reach",
    "n": "training labels, N M",
    "N": "input functions",
    "M": "query points per function",
    "replicate": "replicate",
    "q_certified": "the largest q that is certified not to reach the target, and with it every smaller one; 0: none is",
    "certified_by": "the bound that says so, computed again from the data; `none` where nothing does, or data are not here",
    "q_low": "the larger of q_certified and q_not_found: this search knows of no smaller q that reaches the target",
    "below": "what q_low is: certified, resolved, not found, or nothing",
    "q_not_found": "the largest q below q_found all of whose trainings missed the target and that is not certified to",
    "not_found_trainings": "its trainings",
    "not_found_steps": "optimiser steps of its best training",
    "not_found_absorbed": "fraction of the noise that its best training absorbed",
    "not_found_optimality": "error of its best training over the floor of its rank, which is certified",
    "q_found": "the smallest q that reached the target",
    "d_found": "its parameters",
    "found_absorbed": "fraction of the noise that it absorbed",
    "ratio": "q_found / q_low",
    "tolerance": "ratio at which a search ends, if q_low and q_found are not consecutive before",
    "search": "what the search says of itself: finished; open (its budget is out, no q up to the largest reached the target, or"
    " it was interrupted)",
    "trainings": "trainings that the search asked for",
    "cpu_seconds": "of those that ended",
}
WHOLE = (
    *("q_certified", "q_low", "q_not_found", "not_found_trainings", "q_found", "d_found", "n", "N", "M", "replicate"),
    "trainings",
)
REAL = ("not_found_steps", "not_found_absorbed", "not_found_optimality", "found_absorbed", "ratio", "cpu_seconds")
ORDER = ("series", "target", "n", "N", "replicate")


def searches(sought: Iterable[SoughtThreshold], frame: pd.DataFrame) -> pd.DataFrame:
    """One row per threshold of which a training was asked for; beside COLUMNS `series`, and `rho` of absorbed noise.

    Args:
        sought: the thresholds of the manifest.
        frame: the tidy frame with series.
    """
    places = {key: place for place, key in enumerate(frame["key"])}
    rows = [_row(one, frame.iloc[[places[key] for key in one.tried]]) for one in sought if one.tried]
    table = pd.DataFrame(rows, columns=[*COLUMNS, "series", "rho"])
    table = table.astype({**dict.fromkeys(WHOLE, "Int64"), **dict.fromkeys((*REAL, "rho"), "float")})
    return table.sort_values([*series.SERIES, *ORDER[1:]], kind="stable", ignore_index=True)


def _row(one: SoughtThreshold, tried: pd.DataFrame) -> dict[str, object]:
    found = tried[reached(tried, one.target)]
    q_found = int(found["q"].min()) if len(found) else None
    known = tried[tried["status"] == "done"]
    missed = known[(known["q"] < (q_found or math.inf)) & (known["q"] > one.q_certified) & ~known["q"].isin(found["q"])]
    row: dict[str, object] = {name: tried[name].iloc[0] for name in (*series.SERIES, "series")}
    row |= {
        "parameters": parameters_text(one.parameters),
        "target": one.target.label,
        "rho": one.target.value if one.target.kind == "absorb" else None,
        "n": one.functions * one.points,
        "N": one.functions,
        "M": one.points,
        "replicate": one.replicate,
        "q_certified": one.q_certified,
        "certified_by": one.certified_by,
        "q_low": one.q_certified,
        "below": "certified" if one.q_certified else "nothing",
        "tolerance": one.tolerance,
        "search": "finished" if one.finished else "open",
        "trainings": len(one.tried),
        "cpu_seconds": float(tried["cpu_seconds"].sum()),
    }
    if len(missed):
        row |= _of_missed(missed[missed["q"] == missed["q"].max()])
    if q_found is not None:
        best = found[found["q"] == q_found].sort_values("training_mse", kind="stable").iloc[0]
        row |= {"q_found": q_found, "d_found": int(best["d"]), "found_absorbed": best["absorbed"]}
        row["ratio"] = q_found / row["q_low"] if row["q_low"] else None  # type: ignore[operator]
    return row


def _of_missed(trainings: pd.DataFrame) -> dict[str, Any]:
    """Columns of the largest q that was not found."""
    best = trainings.sort_values("training_mse", kind="stable").iloc[0]
    optimality = best["optimality"]
    return {
        "q_low": int(best["q"]),
        "below": "resolved" if optimality <= RESOLVED else "not found",
        "q_not_found": int(best["q"]),
        "not_found_trainings": len(trainings),
        "not_found_steps": best["steps"],
        "not_found_absorbed": best["absorbed"],
        "not_found_optimality": optimality,
    }
