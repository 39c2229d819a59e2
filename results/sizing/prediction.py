"""Heuristic: the q that trained nets would need, carried over from the measured thresholds of a study.

exponents.csv gives, for each series of a study, thresholds q*(n) as intervals and a fitted q* ~ n^beta with its interval.
From the largest n with a threshold, n0: q ~ sqrt(q_low q_high) (n / n0)^beta. This supposes that the outputs resemble those of
the study's task, that sizes and optimiser are the study's, and that the law goes on: nothing of it is proved.
"""

import math
import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from operators.errors import UserError
from results.tables.exponents import THRESHOLD_LAW

NEEDED = (
    "task",
    "design",
    "schedule",
    "sizes",
    "recipe",
    "law",
    "target",
    "path",
    "identified",
    "exponent",
    "low",
    "high",
    "thresholds",
)
LARGEST_BYTES = 64 * 2**20
AT_N = re.compile(r"n=(\d+): ([^;]*)")
INTERVAL = re.compile(r"\((\d+), (\d+)\]")


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
        UserError: no exponents.csv, or one of another release.
    """
    table = _exponents(folder)
    kind, value = ("absorb", absorbed) if absorbed > 0.0 else ("relative error", target)
    rows = table[(table["law"] == THRESHOLD_LAW) & (table["identified"] == "yes") & table["target"].str.startswith(f"{kind} ")]
    if rows.empty:
        return []
    distance = rows["target"].map(lambda text: _distance(text, value))
    found = [_prediction(row, n) for row in rows[distance == distance.min()].to_dict("records")]
    return sorted((one for one in found if one is not None), key=lambda one: (one.q, one.series))


def _exponents(folder: Path) -> pd.DataFrame:
    path = folder / "exponents.csv"
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
    missing = [name for name in NEEDED if name not in table.columns]
    if missing:
        raise UserError(f"expected the column {missing[0]!r} in {path}, found none; `python -m bench report` rebuilds the table")
    return table


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _distance(target: str, value: float) -> float:
    """How far the value in a target's label is from the one asked for, in logarithms."""
    asked = _number(target.rsplit(" ", 1)[-1])
    return abs(math.log(asked / value)) if asked > 0.0 else math.inf


def _prediction(row: dict[str, str], n: int) -> Prediction | None:
    """The prediction of one row; None where no threshold is an interval."""
    seen = {
        int(at): [(int(low), int(high)) for low, high in INTERVAL.findall(text)] for at, text in AT_N.findall(row["thresholds"])
    }
    measured = max((at for at, intervals in seen.items() if intervals and at > 0), default=None)
    exponent = _number(row["exponent"])
    if measured is None or not math.isfinite(exponent):
        return None
    ends = [end if math.isfinite(end) else exponent for end in (_number(row["low"]), _number(row["high"]))]
    factor = n / measured
    powers = sorted(factor**end for end in (*ends, exponent))
    middle = math.exp(sum(math.log(max(low, 1) * high) / 2 for low, high in seen[measured]) / len(seen[measured]))
    return Prediction(
        q=middle * factor**exponent,
        low=min(low for low, _ in seen[measured]) * powers[0],
        high=max(high for _, high in seen[measured]) * powers[-1],
        series=f"{row['task']}, {row['target']}, {row['design']}, {row['path']}, {row['sizes']}, {row['recipe']}",
        measured_n=measured,
        factor=factor,
    )
