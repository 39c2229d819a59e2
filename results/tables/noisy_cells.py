"""Noisy cells column by column, so that a group of them is an array of row numbers and thousands of groups cost little."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from operators.arrays import Array
from results.tables.frame import OUTCOMES, tallied

Places = NDArray[np.intp]
MOST_LISTED = 4


@dataclass(frozen=True)
class Extent:
    """What a row tells of its cells: the distinct values of some columns, increasing, and how many cells ended in which way."""

    values: Mapping[str, Sequence[Any]]
    outcomes: Mapping[str, int]
    cells: int

    def told(self) -> dict[str, object]:
        """As columns of a table."""
        return {**{name: values_text(found) for name, found in self.values.items()}, **tallied(self.outcomes, self.cells)}


def joined(extents: Iterable[Extent]) -> Extent:
    """That of the cells of several, at least one, together."""
    every = list(extents)
    return Extent(
        {name: sorted({value for one in every for value in one.values[name]}) for name in every[0].values},
        {name: sum(one.outcomes[name] for one in every) for name in OUTCOMES},
        sum(one.cells for one in every),
    )


def values_text(found: Sequence[Any]) -> str:
    """Distinct values in order, or the range of many."""
    return " / ".join(map(str, found)) if len(found) <= MOST_LISTED else f"{found[0]} .. {found[-1]}"


@dataclass(frozen=True, eq=False)
class NoisyCells:
    """Noisy cells of a tidy frame.

    Attributes:
        frame: the rows.
        shown: columns of which a row of the table tells the values.
    """

    frame: pd.DataFrame
    shown: tuple[str, ...]
    _known: dict[Any, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        """How many."""
        return len(self.frame)

    def __contains__(self, name: str) -> bool:
        """Whether the frame has such a column."""
        return name in self.frame

    def real(self, name: str) -> Array:
        """A column of numbers; missing ones are NaN."""
        if name not in self._known:
            self._known[name] = self.frame[name].to_numpy(float)
        return self._known[name]

    @cached_property
    def done(self) -> NDArray[np.bool_]:
        """Which cells ended as done."""
        return (self.frame["status"] == "done").to_numpy(bool)

    @cached_property
    def shapes(self) -> list[tuple[int, int]]:
        """(N, M) of each cell."""
        return list(zip(self.frame["N"].tolist(), self.frame["M"].tolist(), strict=True))

    def number(self, *parts: tuple[str, ...]) -> Array:
        """Of each cell the number of its combination of values, in sorted order; not >= 0 where a value is missing."""
        if parts not in self._known:
            by = [self.frame[name] for name in parts[0]] if len(parts) == 1 else [pd.Series(self.number(part)) for part in parts]
            frame = pd.DataFrame({place: one.array for place, one in enumerate(by)})
            self._known[parts] = frame.groupby(list(frame)).ngroup().to_numpy(float)
        return self._known[parts]

    def groups(self, *parts: tuple[str, ...]) -> list[Places]:
        """Rows of each combination of values, in sorted order of the combinations."""
        return list(split(self.number(*parts)).values())

    def told(self, rows: Places) -> dict[str, object]:
        """As `Extent.told` of some rows."""
        codes = self._codes[rows]
        low, high = codes.min(axis=0).tolist(), codes.max(axis=0).tolist()
        texts = {
            name: levels[first] if first == last else values_text([levels[code] for code in np.unique(codes[:, place])])
            for place, (name, levels, first, last) in enumerate(zip(self.shown, self._texts, low, high, strict=True))
        }
        counts = np.bincount(self._outcome[rows], minlength=len(OUTCOMES)).tolist()
        return {**texts, **tallied(dict(zip(OUTCOMES, counts, strict=False)), len(rows))}

    def extent(self) -> Extent:
        """Of all cells."""
        counts = np.bincount(self._outcome, minlength=len(OUTCOMES)).tolist()
        values = {name: levels for name, (_, levels) in zip(self.shown, self._levels, strict=True)}
        return Extent(values, dict(zip(OUTCOMES, counts, strict=False)), len(self))

    @cached_property
    def _levels(self) -> list[tuple[NDArray[np.intp], list[Any]]]:
        """Of each shown column: the place of every cell's value among the distinct ones, and these, increasing."""
        found = [pd.factorize(self.frame[name], sort=True, use_na_sentinel=False) for name in self.shown]
        return [(codes, list(levels.tolist())) for codes, levels in found]

    @cached_property
    def _codes(self) -> NDArray[np.intp]:
        return np.column_stack([codes for codes, _ in self._levels])

    @cached_property
    def _texts(self) -> list[list[str]]:
        return [list(map(str, levels)) for _, levels in self._levels]

    @cached_property
    def _outcome(self) -> NDArray[np.intp]:
        """Place of each status in OUTCOMES, beyond them for any other."""
        codes, names = pd.factorize(self.frame["status"])
        places = [OUTCOMES.index(name) if name in OUTCOMES else len(OUTCOMES) for name in names]
        return np.asarray([*places, len(OUTCOMES)])[codes]


def split(labels: Array, among: Places | None = None) -> dict[int, Places]:
    """Rows by their label >= 0, in order of the labels; those of a label in the order given.

    Args:
        labels: of all rows.
        among: the rows to split; all by default.
    """
    rows = np.arange(len(labels)) if among is None else among
    rows = rows[labels[rows] >= 0]
    rows = rows[np.argsort(labels[rows], kind="stable")]
    names, starts = np.unique(labels[rows], return_index=True)
    return dict(zip(names.astype(int).tolist(), np.split(rows, starts[1:]), strict=True)) if len(rows) else {}
