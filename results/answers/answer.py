"""An answer: a sentence with number, interval, status and verdict, what would change it, and where it is read off."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pandas as pd

ENDED_OTHERWISE = {
    "diverged": "diverged",
    "timeout": "over time",
    "oom": "out of memory",
    "data_invalid": "with invalid data",
    "failed": "failed",
    "missing": "missing",
}
LISTED = 4


@dataclass(frozen=True)
class Answer:
    """What a study says to one of its questions.

    Attributes:
        finding: the sentence without its full stop: number, interval, status and verdict, and the cells without a result.
        changed_by: what would change it, one clause.
        table: the CSV file that it is read off; empty: it rests on the records.
        chart: the section of the page whose charts show it; empty if none does.
        task: the task that it is about, as charts name it; empty: several.
        target: the target that it is about; empty: several.
        setting: what it holds of, and how it was measured.
        decides: whether the tables decide the question; what they leave open is told after what they decide.
    """

    finding: str
    changed_by: str
    table: str = ""
    chart: str = ""
    task: str = ""
    target: str = ""
    setting: str = ""
    decides: bool = True

    @property
    def text(self) -> str:
        """The whole sentence."""
        return f"{self.finding} ({self.setting})." if self.setting else f"{self.finding}."


def counted(number: int, what: str) -> str:
    """`1 run`, `3 runs`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def listed(words: Iterable[object]) -> str:
    """`a, b and c`; of many the first few and how many more."""
    found = list(dict.fromkeys(map(str, words)))
    if len(found) > LISTED + 1:
        return f"{', '.join(found[:LISTED])} and {len(found) - LISTED} more"
    return " and ".join(part for part in (", ".join(found[:-1]), found[-1]) if part) if found else ""


def fixed(value: float) -> str:
    """Two decimals, without a negative zero."""
    return f"{round(value, 2) + 0.0:.2f}"


def interval(low: float, high: float) -> str:
    """`[0.45, 0.61]`; an end that is not known is infinite."""
    left = f"[{fixed(low)}" if math.isfinite(low) else "(-inf"
    right = f"{fixed(high)}]" if math.isfinite(high) else "inf)"
    return f"{left}, {right}"


def excluded(low: float, high: float, candidates: Iterable[float]) -> str:
    """Which values an interval excludes: `1/4 excluded, 1/2 not`."""
    told = []
    for value in sorted({round(candidate, 6) for candidate in candidates}):
        told.append(f"{fraction(value)} {'not' if low <= value <= high else 'excluded'}")
    return ", ".join(told)


def fraction(value: float) -> str:
    """`1/4` for 0.25."""
    return str(Fraction(value).limit_denominator(12))


def spread(values: "pd.Series[float]") -> str:
    """The median, and the range if there are two: `0.297 (0.288 to 0.305)`."""
    middle = f"{values.median():.3g}"
    return middle if len(values) < 2 else f"{middle} ({values.min():.3g} to {values.max():.3g})"


def not_done(counts: Mapping[Any, Any]) -> str:
    """The cells that did not end as done, from counts of cells by outcome: `; of 24 cells 3 failed, 1 missing`, or nothing."""
    told = [f"{int(counts[name])} {words}" for name, words in ENDED_OTHERWISE.items() if int(counts.get(name, 0) or 0)]
    return f"; of {counted(int(counts['expected']), 'cell')} {', '.join(told)}" if told else ""


def summed(rows: pd.DataFrame) -> dict[str, int]:
    """Counts of cells by outcome over the rows of a table that share no cell."""
    return {name: int(rows[name].sum()) for name in ("expected", *ENDED_OTHERWISE) if name in rows}


def not_done_each(rows: pd.DataFrame) -> str:
    """The same over the rows of a table that may share cells, such as several fits or rays."""
    counts = summed(rows)
    without = sum(count for name, count in counts.items() if name != "expected")
    return f"; {without} of {counts['expected']} cells without a result, each counted once per row" if without else ""


def parts(words: Sequence[tuple[int, str]]) -> str:
    """Counts with their words, those that are not 0: `3 open, 1 certified impossible`."""
    return ", ".join(f"{count} {what}" for count, what in words if count)
