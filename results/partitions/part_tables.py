"""Tables of a study group by group (`results.partitions.frame_files`): those of the whole, in the memory of one group.

What a group cannot know of the others is counted first, from a few columns: the budgets that name series of equal d, and how many
noisy runs there are, which sets the level of test B.3. Rows of every table are sorted by task, constants and design before all
else, so that the tables of the groups in this order, one below the other, are the table; but mechanism.csv, which is sorted by
test first, and says once of a test that it has nothing to compare.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from results.families import Family
from results.partitions.frame_files import PROVENANCE, FrameFiles
from results.tables.csv_files import csv_bytes
from results.tables.frame import numbered
from results.tables.mechanism import COLUMNS as MECHANISM
from results.tables.mechanism import NOTHING, TESTS, noisy_runs, nothing_found, typed_rows
from results.tables.mechanism_row import SHOWN
from results.tables.series import budgets_of
from results.tables.study_tables import StudyFacts, kinds, tables_of_frame, typed

Built = dict[str, pd.DataFrame]
Map = Callable[[Callable[[str], Built], Sequence[str]], Iterable[Built]]
OUTCOME = ("status",)


@dataclass(frozen=True)
class GroupTables:
    """Computes the tables of a group, wherever it runs.

    Attributes:
        parts: what was written; opened once, for telling the order of the groups reads a file of each.
        facts: of the whole study.
    """

    parts: FrameFiles
    facts: StudyFacts

    def __call__(self, group: str) -> Built:
        """The tables of one group."""
        parts = self.parts
        frame = numbered(parts.read(group, without=_of_no_table(parts.family)), parts.family)
        return tables_of_frame(parts.manifest, frame, facts=self.facts).frames


def _of_no_table(family: Family) -> tuple[str, ...]:
    """Columns that no table of a family is made of; `cells` shows all."""
    return PROVENANCE if family.tables else ()


def tables_of_parts(parts: FrameFiles, spread: Map = map) -> dict[str, bytes]:
    """Every table of a study as its CSV file.

    Args:
        parts: what was written.
        spread: applies a function to groups and returns the results in order; `map` does so one after another.

    Raises:
        FloorViolation: a record lies below its certified floor.
        UserError: a file is none of a writer's.
    """
    facts = study_facts(parts)
    found: dict[str, list[pd.DataFrame]] = {}
    for built in spread(GroupTables(parts, facts), parts.groups):
        for name, table in built.items():
            found.setdefault(name, []).append(table)
    columns = {name: kind.columns(parts.family) for name, kind in kinds(parts.family).items()}
    whole = {name: _joined(name, tables, parts) for name, tables in found.items() if columns[name]}
    return {f"{name}.csv": csv_bytes(table[list(columns[name])]) for name, table in whole.items()}


def study_facts(parts: FrameFiles) -> StudyFacts:
    """What all groups have to know, read from three columns of each."""
    if not {"schedule", "d", "sigma"} <= set(parts.family.asked_columns()):
        return StudyFacts()
    budgets: NDArray[np.int64] = np.array([], dtype=np.int64)
    runs = 0
    for group in parts.groups:
        cells = parts.read(group, ("schedule", "d", "sigma", "status"))
        budgets, runs = np.union1d(budgets, budgets_of(cells)), runs + noisy_runs(cells)
    return StudyFacts(budgets, runs)


def _joined(name: str, tables: Sequence[pd.DataFrame], parts: FrameFiles) -> pd.DataFrame:
    """Tables of the groups as one."""
    if name == "mechanism":
        return _mechanism(tables, parts)
    full = [table for table in tables if len(table)] or list(tables[:1])
    return typed(pd.concat(full, ignore_index=True))


def _mechanism(tables: Sequence[pd.DataFrame], parts: FrameFiles) -> pd.DataFrame:
    """By test; of a test that compares nothing in any group one row, over all noisy cells."""
    full = [table for table in tables if len(table)]
    if not full:
        return typed_rows([])
    return pd.concat([row for name in TESTS for row in _of_test(name, full, parts)], ignore_index=True)[list(MECHANISM)]


def _of_test(name: str, tables: Sequence[pd.DataFrame], parts: FrameFiles) -> Iterator[pd.DataFrame]:
    mine = [table[table["test"] == name] for table in tables]
    compared = [
        rows
        for rows in mine
        if not (len(rows) == 1 and rows["statistic"].iloc[0] == "" and rows["reason"].iloc[0] == NOTHING[name])
    ]
    if compared:
        yield from compared
        return
    cells = parts.read(columns=(*SHOWN, *OUTCOME))
    yield typed(typed_rows([nothing_found(name, cells[cells["sigma"] > 0])]))
