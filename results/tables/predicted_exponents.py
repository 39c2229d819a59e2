"""Exponents that theory predicts for q*(n), each with what it is worth.

q* ~ n^beta for absorbing a fixed fraction of frozen label noise. Each bound states how size must grow with n (`Bound.growth`);
how d follows q decides beta where capacity must grow, d ~ q^s:

    growth          beta         d fixed (s = 0)    fixed widths (s = 1)    tied (s = 2)
    q^2 d >= C n    1 / (2 + s)  1/2                1/3                     1/4
    d >= C n        1 / s        none               1                       1/2

q >= C min(N, M), what the rank of the noise matrix on a grid demands whatever d is: min(a, 1 - a) for N = n^a. Without noise the
spectrum of the outputs sets q*, and it does not grow with n once N >> q.

An observed 1/2 does not tell the rank of the grid from d ~ q^2: vary N : M at fixed n, and d at fixed q. Sources: those of the
bounds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from operators.bounds import BOUNDS, Bound
from operators.bounds.bound import Growth, on_q
from operators.bounds.setting import Need

Status = Literal["asymptotic", "heuristic"]
Shapes = Iterable[tuple[int, int]]


@dataclass(frozen=True)
class Prediction:
    """An exponent of n.

    Attributes:
        name: which bounds, or which law.
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


POWER_OF_Q_IN_D: dict[str, int] = {"fixed-budget": 0, "fixed-width": 1, "free": 1, "tied": 2}
CAPACITY: dict[Growth, int] = {"q^2 d >= C n": 2, "d >= C n": 0}
OF_SERIES: frozenset[Need] = frozenset({"grid", "signal"})


def predicted_exponents(
    schedule: str, *, design: str, noisy: bool, shapes: Shapes, bounds: Mapping[str, Bound] = BOUNDS
) -> tuple[Prediction, ...]:
    """Predictions for q*(n) of a series; bounds of equal exponent, status and remark share one.

    Args:
        schedule: how widths follow q; `free` series have fixed widths.
        design: grid, scattered or triples.
        noisy: whether the target is to absorb noise.
        shapes: the data shapes (N, M) along which n grows (see `results.tables.series.paths`).
        bounds: the bounds that predict; those that need more than a design and a signal are left out.
    """
    if not noisy:
        return (Prediction("output spectrum", 0.0, "asymptotic", "once N >> q"),)
    alike: dict[tuple[Growth, Status, str], list[str]] = {}
    for name, bound in on_q(bounds, "absorb", of_labels=False).items():
        if bound.growth is not None and bound.needs <= OF_SERIES:
            status: Status = "heuristic" if bound.status == "heuristic" else "asymptotic"
            alike.setdefault((bound.growth, status, bound.remark), []).append(name)
    rank = rank_exponent(set(shapes)) if design == "grid" else None
    found = []
    for (growth, status, remark), names in alike.items():
        if growth == "q >= C min(N, M)":
            if rank is not None:
                found.append(Prediction(", ".join(names), rank, status, remark or ("saturates" if rank == 0.0 else "")))
        elif schedule in POWER_OF_Q_IN_D:
            power = CAPACITY[growth] + POWER_OF_Q_IN_D[schedule]
            found.append(Prediction(", ".join(names), 1.0 / power if power else None, status, remark))
    return tuple(found)


def rank_exponent(shapes: set[tuple[int, int]]) -> float | None:
    """The exponent of min(N, M) in n = N M along shapes of one N, of one M, or of N = M; None for others."""
    if 1 in (len({functions for functions, _ in shapes}), len({points for _, points in shapes})):
        return 0.0
    return 1 / 2 if all(functions == points for functions, points in shapes) else None


@dataclass(frozen=True)
class Guide:
    """A line of a predicted slope: its exponent, and which bounds predict it."""

    n: NDArray[np.float64]
    q: NDArray[np.float64]
    exponent: float
    names: str


def slope_guides(located: pd.DataFrame) -> list[Guide]:
    """A line for each distinct exponent predicted for some series of a path, through the middle of their bounded thresholds."""
    bounded = located[located["kind"] == "interval"]
    if bounded["n"].nunique() < 2:
        return []
    n = np.geomspace(bounded["n"].min(), bounded["n"].max(), 2)
    middle = float(np.exp(np.mean(np.log(bounded[["q_low", "q_high"]].to_numpy(np.float64)))))
    shapes = set(zip(located["N"], located["M"], strict=True))
    names: dict[float, dict[str, None]] = {}
    for row in located.drop_duplicates("series").to_dict("records"):
        for found in predicted_exponents(row["schedule"], design=row["design"], noisy=row["sigma"] > 0, shapes=shapes):
            if found.exponent is not None:
                names.setdefault(found.exponent, {})[f"{found.name} ({found.status})"] = None
    return [
        Guide(n, middle * (n / np.sqrt(n[0] * n[1])) ** exponent, exponent, "; ".join(said))
        for exponent, said in sorted(names.items())
    ]
