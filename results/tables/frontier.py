"""frontier.csv: how the smallest witnessed d falls with q and rises with n, against what theory lets it.

For each class of nets, task, design, noise and target, by least squares over the witnessed (n, q, d) of a bracket study with
fixed q,

    log d = (an effect of q) + b log n + error    and    log d = (an effect of n) + c log q + error,

where the questions of one n, or of one q, may share an error (`results.statistics.regression`).

A bound d >= C n holds for any (b, c) with d above it; if it were sharp at every q it would give (b, c) = (1, 0). A bound
q^2 d >= C n, sharp at every q, would give (1, -2): the factor q^2 would buy parameters. The d here are upper ends, what a search
reached; intervals are Student's, and say how the witnessed frontier slopes, not how the true one must.
"""

import numpy as np
import pandas as pd

from results.statistics.interval_censored import NotIdentifiable
from results.statistics.regression import shared_slope
from results.tables.brackets import IMPOSSIBLE

GROUP = ("net_class", "nets", "task", "parameters", "design", "noise_law", "sigma", "target")
COLUMNS: dict[str, str] = {
    "net_class": "declared class of nets, as in brackets.csv",
    "nets": "its depths of branch and trunk, ends, activation",
    "task": "operator",
    "parameters": "constants of the task that differ from its defaults, as JSON",
    "design": "grid, scattered or triples",
    "noise_law": "law of the label noise",
    "sigma": "standard deviation of the noise over the RMS of clean outputs",
    "target": "what a fit must reach",
    "slope": "exponent: of n at fixed q, or of q at fixed n",
    "estimate": "least squares",
    "low": "lower end of its 95 % interval",
    "high": "upper end",
    "if_d_is_n": "slope of d = C n",
    "if_q2_d_is_n": "slope of q^2 d = C n",
    "verdict": "which of the two slopes the interval holds: d = C n, q^2 d = C n, both, neither",
    "witnessed": "questions with a witness: the points of the fit",
    "questions": "all questions",
    "impossible": "of them, certified impossible",
    "reason": "why there is no estimate",
}
PREDICTIONS = {"n": (1.0, 1.0), "q": (0.0, -2.0)}


def frontier(rows: pd.DataFrame) -> pd.DataFrame:
    """Fit the slopes of every group of a brackets table whose questions fix q."""
    asked = rows[rows["q"].notna()]
    table = [row for _, part in asked.groupby(list(GROUP), sort=True, dropna=False) for row in _slopes(part)]
    return pd.DataFrame(table, columns=list(COLUMNS)).astype(dict.fromkeys(("estimate", "low", "high"), "float"))


def _slopes(part: pd.DataFrame) -> list[dict[str, object]]:
    found = part[part["d_upper"].notna()]
    logs = {name: np.log(found[name].to_numpy(dtype=float)) for name in ("n", "q", "d_upper")}
    table = []
    for name, other in (("n", "q"), ("q", "n")):
        plain, squared = PREDICTIONS[name]
        row: dict[str, object] = {column: part[column].iloc[0] for column in GROUP}
        row |= {"slope": name, "if_d_is_n": plain, "if_q2_d_is_n": squared, "verdict": "not identifiable"}
        row |= {"witnessed": len(found), "questions": len(part), "impossible": int((part["standing"] == IMPOSSIBLE).sum())}
        try:
            fitted = shared_slope(logs[name], found[other].tolist(), logs["d_upper"])
        except NotIdentifiable as error:
            table.append(row | {"reason": f"{name}: {error}"})
            continue
        row["verdict"] = _verdict(fitted.low <= plain <= fitted.high, fitted.low <= squared <= fitted.high)
        table.append(row | {"estimate": fitted.value, "low": fitted.low, "high": fitted.high})
    return table


def _verdict(plain: bool, squared: bool) -> str:
    if plain and squared:
        return "both"
    return "d = C n" if plain else "q^2 d = C n" if squared else "neither"
