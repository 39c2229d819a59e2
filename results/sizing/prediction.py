"""Heuristic: the q that trained nets would need, carried over from the measured thresholds of a study.

The table `exponents` has, for each series of a study, target and path of the data, a fitted q* ~ n^beta with its interval, the
table `thresholds` the intervals q_low < q* <= q_high it rests on. From the largest n with such an interval, n0:
q ~ sqrt(q_low q_high) (n / n0)^beta. This supposes that the outputs resemble those of the study's task, that sizes and optimiser
are the study's, and that the law goes on: nothing of it is proved.
"""

import math
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from operators.errors import UserError
from results.records.manifest import Target, load_manifest
from results.tables.csv_files import read_csv
from results.tables.exponents import THRESHOLD_LAW
from results.tables.series import SERIES, on_shapes, paths

OF_A_LAW = (*SERIES, "target")
LAW = (*OF_A_LAW, "law", "path", "identified", "exponent", "low", "high")
THRESHOLD = (*OF_A_LAW, "n", "N", "M", "q_low", "q_high")
REAL = ("sigma", "exponent", "low", "high", "q_low", "q_high")
WHOLE = ("n", "N", "M")


@dataclass(frozen=True)
class Prediction:
    """A heuristic q for n labels.

    Attributes:
        q: central value.
        low: from the lower end of all thresholds at n0 and of the exponent's interval.
        high: from the upper ends.
        series: task, target, path of the data, sizes and recipe.
        measured_n: n0.
        factor: n / n0, how far the law is carried.
    """

    q: float
    low: float
    high: float
    series: str
    measured_n: int
    factor: float


def predicted_sizes(folder: Path, n: int, *, target: float, absorbed: float) -> list[Prediction]:
    """`predictions` of a finished study, from its files: its records may be elsewhere.

    Args:
        folder: results folder of the study.
        n: see `predictions`.
        target: see `predictions`.
        absorbed: see `predictions`.

    Raises:
        UserError: no exponents.csv, thresholds.csv or study.json, or those of another release.
    """
    fits, located = _read(folder / "exponents.csv", LAW), _read(folder / "thresholds.csv", THRESHOLD)
    return predictions(fits, located, load_manifest(folder).targets, n, target=target, absorbed=absorbed)


def _read(path: Path, needed: tuple[str, ...]) -> pd.DataFrame:
    table = read_csv(path)
    missing = [name for name in needed if name not in table]
    if missing:
        raise UserError(f"expected the column {missing[0]!r} in {path}, found none; `python -m bench report` rebuilds the table")
    typed: dict[str, pd.Series[Any]] = {name: table[name].astype("str").fillna("") for name in needed}
    typed |= {name: pd.to_numeric(table[name], errors="coerce").astype(float) for name in needed if name in REAL + WHOLE}
    typed |= {name: pd.Series(np.nan_to_num(typed[name], posinf=0.0, neginf=0.0).astype(int)) for name in needed if name in WHOLE}
    return pd.DataFrame(typed)


def predictions(
    fits: pd.DataFrame, located: pd.DataFrame, targets: Iterable[Target], n: int, *, target: float, absorbed: float
) -> list[Prediction]:
    """Predictions of every identified series of a study whose target is nearest to the one asked for.

    Args:
        fits: the table exponents.
        located: the table thresholds.
        targets: those of the study.
        n: number of labels.
        target: relative error asked for; compared with targets of that kind if `absorbed` is 0.
        absorbed: fraction of the noise that must be absorbed; if positive, compared with targets of that kind.
    """
    kind, value = ("absorb", absorbed) if absorbed > 0.0 else ("relative", target)
    known = {asked.label: asked.value for asked in targets if asked.kind == kind}
    rows = fits[(fits["law"] == THRESHOLD_LAW) & (fits["identified"] == "yes") & fits["target"].isin(known)]
    distance = rows["target"].map(lambda label: abs(math.log(known[label] / value)))
    thresholds, found = dict(list(located.groupby(list(OF_A_LAW)))), []
    for fit in rows[distance == distance.min()].to_dict("records"):
        measured = thresholds.get(tuple(fit[name] for name in OF_A_LAW))
        if measured is not None:
            shapes = paths(zip(measured["N"], measured["M"], strict=True)).get(fit["path"], [])
            bounded = measured["q_low"].notna() & measured["q_high"].notna() & (measured["n"] > 0)
            found.append(_prediction(fit, measured[on_shapes(measured, shapes) & bounded], n))
    return sorted((one for one in found if one is not None), key=lambda one: (one.q, one.series))


def _prediction(fit: Mapping[Hashable, Any], measured: pd.DataFrame, n: int) -> Prediction | None:
    """The prediction of one fit from the intervals on its path; None where there are none, or an end of the exponent is open."""
    ends = [fit[name] for name in ("low", "exponent", "high")]
    if measured.empty or not all(map(math.isfinite, ends)):
        return None
    last = measured[measured["n"] == measured["n"].max()]
    low, high = (last[name].to_numpy(float) for name in ("q_low", "q_high"))
    exponent, n0 = fit["exponent"], int(last["n"].iloc[0])
    factor = n / n0
    powers = sorted(factor**end for end in ends)
    return Prediction(
        q=math.exp(np.mean(np.log(np.maximum(low, 1.0) * high)) / 2.0) * factor**exponent,
        low=low.min() * powers[0],
        high=high.max() * powers[-1],
        series=f"{fit['task']}, {fit['target']}, {fit['design']}, {fit['path']}, {fit['sizes']}, {fit['recipe']}",
        measured_n=n0,
        factor=factor,
    )
