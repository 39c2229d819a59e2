"""Heuristic: the q that trained nets would need, carried over from the measured thresholds of a study.

exponents.csv gives, for each series of a study, a fitted q* ~ n^beta with its interval, thresholds.csv the thresholds q*(n) it
rests on. From the largest n with a threshold, n0: q ~ sqrt(q_low q_high) (n / n0)^beta. This supposes that the outputs resemble
those of the study's task, that sizes and optimiser are the study's, and that the law goes on: nothing of it is proved.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from operators.errors import UserError
from results.records.manifest import load_manifest
from results.tables.exponents import THRESHOLD_LAW
from results.tables.series import SERIES, on_shapes, paths

LAWS = (*SERIES, "law", "target", "path", "identified", "exponent", "low", "high")
THRESHOLDS = (*SERIES, "target", "n", "N", "M", "kind", "q_low", "q_high")
NUMBERS = ("exponent", "low", "high", "n", "N", "M", "q_low", "q_high")
LARGEST_BYTES = 64 * 2**20


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
    """Predictions of every identified series of a study whose target is nearest to the one asked for.

    Args:
        folder: results folder of the study, with exponents.csv.
        n: number of labels.
        target: relative error asked for; compared with targets of that kind if `absorbed` is 0.
        absorbed: fraction of the noise that must be absorbed; if positive, compared with targets of that kind.

    Raises:
        UserError: no exponents.csv, thresholds.csv or study.json, or those of another release.
    """
    kind, value = ("absorb", absorbed) if absorbed > 0.0 else ("relative", target)
    laws, located = _table(folder / "exponents.csv", LAWS), _table(folder / "thresholds.csv", THRESHOLDS)
    known = {asked.label: asked.value for asked in load_manifest(folder).targets if asked.kind == kind}
    rows = laws[(laws["law"] == THRESHOLD_LAW) & (laws["identified"] == "yes") & laws["target"].isin(known)]
    distance = rows["target"].map(lambda label: abs(math.log(known[label] / value)))
    near = rows[distance == distance.min()].to_dict("records")
    found = [_prediction(row, intervals_of(row, located), n) for row in near]
    return sorted((one for one in found if one is not None), key=lambda one: (one.q, one.series))


def _table(path: Path, needed: Iterable[str]) -> pd.DataFrame:
    """A table of a study: the columns of NUMBERS as numbers, the others as text."""
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise UserError(
                f"expected {path} of at most {LARGEST_BYTES} bytes, got {path.stat().st_size}; give a study's results folder"
            )
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except OSError as error:
        raise UserError(f"expected a study's results folder with {path}, got '{error.strerror}'; run the study first") from error
    except ValueError as error:
        raise UserError(f"expected a table in {path}, got what is none; `python -m bench report` rebuilds it") from error
    missing = [name for name in needed if name not in table.columns]
    if missing:
        raise UserError(f"expected the column {missing[0]!r} in {path}, found none; `python -m bench report` rebuilds the table")
    return table.assign(**{name: pd.to_numeric(table[name], errors="coerce") for name in NUMBERS if name in table})


def intervals_of(law: Mapping[Any, Any], located: pd.DataFrame) -> pd.DataFrame:
    """The thresholds that are intervals, of the series, target and path of a row of exponents.csv."""
    mine = located[np.all([located[name] == law[name] for name in (*SERIES, "target")], axis=0)]
    shapes = paths(zip(mine["N"], mine["M"], strict=True)).get(law["path"], [])
    return mine[on_shapes(mine, shapes) & (mine["kind"] == "interval")]


def _prediction(law: Mapping[Any, Any], intervals: pd.DataFrame, n: int) -> Prediction | None:
    """The prediction of one row of exponents.csv; None where no threshold is an interval."""
    if intervals.empty or not math.isfinite(law["exponent"]):
        return None
    measured = int(intervals["n"].max())
    last = intervals[intervals["n"] == measured]
    exponent, ends = law["exponent"], (law["low"], law["high"])
    factor = n / measured
    powers = sorted(factor ** (end if math.isfinite(end) else exponent) for end in (*ends, exponent))
    middle = math.exp((np.log(last["q_low"].clip(lower=1)) + np.log(last["q_high"])).mean() / 2)
    return Prediction(
        q=middle * factor**exponent,
        low=last["q_low"].min() * powers[0],
        high=last["q_high"].max() * powers[-1],
        series=f"{law['task']}, {law['target']}, {law['design']}, {law['path']}, {law['sizes']}, {law['recipe']}",
        measured_n=measured,
        factor=factor,
    )
