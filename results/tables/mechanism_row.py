"""One row of mechanism.csv: the cells that a test compares, what it claims of them, and the verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from results.statistics.equivalence import Interval, Verdict, mean_interval, verdict

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
    cells: Mapping[str, object], claim: Claim, *, values: Sequence[float] | None = None, used: int = 0, reason: str = ""
) -> dict[str, object]:
    """A row with the verdict of one value per replicate; without values the claim is not identifiable, for the reason given.

    Args:
        cells: what is told of the cells (`results.tables.noisy_cells`).
        claim: what is said of them.
        values: one per replicate.
        used: runs that the value rests on.
        reason: what to know.
    """
    if values is None:
        return _row(cells, claim, None, "not identifiable", used=used, reason=reason)
    return row_of_interval(cells, claim, mean_interval(values), used=used, reason=reason)


def row_of_interval(
    cells: Mapping[str, object], claim: Claim, found: Interval | None, *, used: int = 0, reason: str = ""
) -> dict[str, object]:
    """A row with the verdict of an interval; None stands for fewer replicates than it takes."""
    said, why = verdict(found, claim.least, claim.most)
    return _row(cells, claim, found, said, used=used, reason="; ".join(part for part in (why, reason) if part))


def _row(
    cells: Mapping[str, object], claim: Claim, found: Interval | None, said: Verdict, *, used: int, reason: str
) -> dict[str, object]:
    return {
        **cells,
        "statistic": claim.statistic,
        **({"value": found.value, "low": found.low, "high": found.high} if found is not None else {}),
        "least": claim.least,
        "most": claim.most,
        "prediction": claim.prediction,
        "verdict": said,
        "reason": reason,
        "used": used,
    }
