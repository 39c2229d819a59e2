"""Whether replicates support a statement: an interval for a mean, and a verdict against the values that the statement allows.

The interval is Student's, at 95 %, over the values of K >= 3 replicates, which are independent; what is compared within a
replicate (the same data, other sizes, laws or labels) is compared first and averaged then. A statement `value in [least, most]`

    holds              if the whole interval lies in [least, most]
    fails              if the interval and [least, most] have no point in common
    not identifiable   otherwise: the data do not tell

so that a wide interval supports nothing (equivalence testing: Schuirmann 1987, doi:10.1007/BF01068419).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy

Verdict = Literal["holds", "fails", "not identifiable"]
FEWEST_REPLICATES = 3
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """A mean with its confidence interval."""

    value: float
    low: float
    high: float


def mean_interval(values: Sequence[float]) -> Interval | None:
    """Student's interval of a mean; None for fewer than FEWEST_REPLICATES values."""
    if len(values) < FEWEST_REPLICATES:
        return None
    array = np.asarray(values, dtype=float)
    mean, error = float(array.mean()), float(array.std(ddof=1)) / len(array) ** 0.5
    half = float(scipy.special.stdtrit(len(array) - 1, 0.5 + CONFIDENCE / 2.0)) * error
    return Interval(mean, mean - half, mean + half)


def verdict(found: Interval | None, least: float, most: float) -> tuple[Verdict, str]:
    """The verdict on `value in [least, most]`, and the reason where the data do not tell."""
    if found is None:
        return "not identifiable", f"fewer than {FEWEST_REPLICATES} replicates to compare"
    if least <= found.low and found.high <= most:
        return "holds", ""
    if found.high < least or found.low > most:
        return "fails", ""
    return "not identifiable", "the interval lies neither within nor outside what the statement allows: more replicates"
