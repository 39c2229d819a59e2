"""Exponents that theory predicts for q*(n), each with what it is worth.

q* ~ n^beta for absorbing a fixed fraction of frozen label noise; how d follows q decides beta for the bounds on capacity:

    bound                                   d fixed    d ~ q (fixed widths)    d ~ q^2 (tied)
    paper-shaped, q^2 d >= c n              1/2        1/3                     1/4
    localised and bit counting, d >= c n    none       1                       1/2
    effective parameters, d_eff ~ n         none       1                       1/2

On a grid with N = n^a the rank of the noise matrix alone demands min(a, 1 - a), whatever d is (Marchenko-Pastur law). Without
noise the spectrum of the outputs sets q*, and it does not grow with n once N >> q.

An observed 1/2 does not tell "grid rank" from "d ~ q^2": vary N : M at fixed n, and d at fixed q. Sources: the paper's shape is
that of Mukherjee and Roy (arXiv 2308.06338; its versions differ in the exponent); the rest is derived in docs/theory.md.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Status = Literal["asymptotic", "heuristic"]


@dataclass(frozen=True)
class Prediction:
    """An exponent of n.

    Attributes:
        name: which law.
        exponent: beta; None where the law predicts none (q does not help).
        status: asymptotic (a lower bound of this shape) or heuristic.
        note: what to know when comparing.
    """

    name: str
    exponent: float | None
    status: Status
    note: str = ""

    def sentence(self) -> str:
        """One phrase for a table."""
        value = "none" if self.exponent is None else f"{self.exponent:.3g}"
        return f"{self.name} {value} ({self.status}{'; ' + self.note if self.note else ''})"


CAPACITY: dict[str, tuple[float, float | None]] = {
    "fixed-budget": (1 / 2, None),
    "fixed-width": (1 / 3, 1.0),
    "free": (1 / 3, 1.0),
    "tied": (1 / 4, 1 / 2),
}
GRID_RANK: dict[str, float] = {"N = M": 1 / 2}


def predicted_exponents(schedule: str, *, design: str, noisy: bool, path: str) -> tuple[Prediction, ...]:
    """Predictions for q*(n) of a series.

    Args:
        schedule: how widths follow q; `free` series have fixed widths.
        design: grid, scattered or triples.
        noisy: whether the target is to absorb noise.
        path: how the data grow with n (see `results.tables.series.paths`).
    """
    if not noisy:
        return (Prediction("output spectrum", 0.0, "asymptotic", "once N >> q"),)
    paper, counting = CAPACITY.get(schedule, (None, None))
    found = [Prediction("paper-shaped", paper, "asymptotic", "vacuous at any n that can be run")] if paper is not None else []
    if schedule in CAPACITY:
        found += [
            Prediction("localised, bit counting", counting, "asymptotic"),
            Prediction("effective parameters", counting, "heuristic"),
        ]
    if design == "grid" and path in GRID_RANK:
        found.append(Prediction("grid rank", GRID_RANK[path], "asymptotic"))
    elif design == "grid" and path.startswith(("M = ", "N = ")):
        found.append(Prediction("grid rank", 0.0, "asymptotic", "saturates"))
    return tuple(found)


@dataclass(frozen=True)
class Guide:
    """A line of a predicted slope."""

    n: NDArray[np.float64]
    q: NDArray[np.float64]
    label: str


def slope_guides(located: pd.DataFrame, path: str) -> list[Guide]:
    """A line for each distinct exponent predicted for some series, through the middle of their bounded thresholds."""
    bounded = located[located["kind"] == "interval"]
    if bounded["n"].nunique() < 2:
        return []
    n = np.geomspace(bounded["n"].min(), bounded["n"].max(), 2)
    middle = float(np.exp(np.mean(np.log(bounded[["q_low", "q_high"]].to_numpy(np.float64)))))
    names: dict[float, dict[str, None]] = {}
    for row in located.drop_duplicates("series").to_dict("records"):
        for found in predicted_exponents(row["schedule"], design=row["design"], noisy=row["sigma"] > 0, path=path):
            if found.exponent is not None:
                names.setdefault(found.exponent, {})[f"{found.name} ({found.status})"] = None
    return [
        Guide(n, middle * (n / np.sqrt(n[0] * n[1])) ** exponent, f"n^{exponent:.3g}, slope only: " + "; ".join(said))
        for exponent, said in sorted(names.items())
    ]
