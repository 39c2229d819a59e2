"""One row of mechanism.csv: the cells that a test compares, what it claims of them, and the verdict."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from results.statistics.equivalence import Interval, Verdict, mean_interval, verdict
from results.tables.frame import counted

SETTING = (
    *("task", "parameters", "design", "ends", "activation", "engine", "recipe", "budget", "training"),
    *("noise_law", "sigma", "control"),
)
NET = ("branch_widths", "trunk_widths", "q")
SHAPE = ("N", "M")
MEASURED = (
    "status",
    "absorbed",
    "absorbable_bits",
    "optimality",
    "bound_fresh_noise_score",
    "bound_nats_per_effective_parameter",
)
USED = frozenset((*SETTING, *NET, *SHAPE, "n", "d", "d_eff", "replicate", *MEASURED))
SHOWN = (*(name for name in SETTING if name != "training"), "q", "d", "N", "M", "n")


@dataclass(frozen=True)
class Claim:
    """What a test says of a statistic: that it lies in [least, most], and what predicts so."""

    statistic: str
    prediction: str
    least: float = np.nan
    most: float = np.nan


def row_of(
    cells: pd.DataFrame, claim: Claim, *, values: Sequence[float] | None = None, used: int = 0, reason: str = ""
) -> dict[str, object]:
    """A row with the verdict of one value per replicate; without values the claim is not identifiable, for the reason given."""
    if values is None:
        return _row(cells, claim, None, "not identifiable", used=used, reason=reason)
    return row_of_interval(cells, claim, mean_interval(values), used=used, reason=reason)


def row_of_interval(
    cells: pd.DataFrame, claim: Claim, found: Interval | None, *, used: int = 0, reason: str = ""
) -> dict[str, object]:
    """A row with the verdict of an interval; None stands for fewer replicates than it takes."""
    said, why = verdict(found, claim.least, claim.most)
    return _row(cells, claim, found, said, used=used, reason="; ".join(part for part in (why, reason) if part))


def _row(
    cells: pd.DataFrame, claim: Claim, found: Interval | None, said: Verdict, *, used: int, reason: str
) -> dict[str, object]:
    return {
        **{name: _values(cells[name]) for name in SHOWN},
        "statistic": claim.statistic,
        **({"value": found.value, "low": found.low, "high": found.high} if found is not None else {}),
        "least": claim.least,
        "most": claim.most,
        "prediction": claim.prediction,
        "verdict": said,
        "reason": reason,
        "used": used,
        **counted(cells["status"]),
    }


def _values(column: "pd.Series[str]") -> str:
    """The distinct values of a column, or the range of many."""
    found = sorted(column.unique())
    return " / ".join(map(str, found)) if len(found) <= 4 else f"{found[0]} .. {found[-1]}"
