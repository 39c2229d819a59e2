"""Tables of a study by batches of groups (`results.partitions.frame_files`): those of the whole, in the memory of one batch.

What a batch cannot know of the others is counted first, from a few columns: the budgets that name series of equal d, and how many
noisy runs there are, which sets the level of test B.3. Rows of every table are sorted by task, constants and design before all
else, so that the tables of the batches in this order, one below the other, are the table; but mechanism.csv, which is sorted by
test first, and says once of a test that it has nothing to compare.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from results.families import Family
from results.partitions.frame_files import BATCH, PROVENANCE, FrameFiles
from results.tables.csv_files import csv_of
from results.tables.frame import numbered
from results.tables.mechanism import NOTHING, TESTS, noisy_cells, noisy_runs, nothing_found, typed_rows
from results.tables.noisy_cells import Extent, joined
from results.tables.series import budgets_of
from results.tables.study_tables import StudyFacts, kinds, tables_of_frame, typed

Batch = tuple[str, ...]


@dataclass(frozen=True)
class Built:
    """What was made of a batch: its tables, and what is told of its noisy cells, if there are any."""

    tables: dict[str, pd.DataFrame]
    noisy: Extent | None


Map = Callable[[Callable[[Batch], Built], Sequence[Batch]], Iterable[Built]]


@dataclass(frozen=True)
class BatchTables:
    """Computes the tables of a batch, wherever it runs.

    Attributes:
        parts: what was written; opened once, for telling the order of the groups reads a file of each.
        facts: of the whole study.
    """

    parts: FrameFiles
    facts: StudyFacts

    def __call__(self, batch: Batch) -> Built:
        """The tables of some groups."""
        parts = self.parts
        frame = numbered(parts.read(batch, without=_of_no_table(parts.family)), parts.family)
        study = tables_of_frame(parts.manifest, frame, facts=self.facts)
        noisy = noisy_cells(frame).extent() if "mechanism" in study and (frame["sigma"] > 0).any() else None
        return Built(dict(study.written()), noisy)


def _of_no_table(family: Family) -> tuple[str, ...]:
    """Columns that no table of a family is made of; `cells` shows all."""
    return PROVENANCE if family.tables else ()


def tables_of_parts(parts: FrameFiles, spread: Map = map, cells: int = BATCH) -> dict[str, bytes]:
    """Every table of a study as its CSV file.

    Args:
        parts: what was written.
        spread: applies a function to batches and returns the results in order; `map` does so one after another.
        cells: of a batch (`FrameFiles.batches`).

    Raises:
        FloorViolation: a record lies below its certified floor.
        UserError: a file is none of a writer's.
    """
    found: dict[str, list[pd.DataFrame]] = {}
    noisy: list[Extent] = []
    for built in spread(BatchTables(parts, study_facts(parts)), parts.batches(cells)):
        noisy += [] if built.noisy is None else [built.noisy]
        for name, table in built.tables.items():
            found.setdefault(name, []).append(table)
    if noisy:
        found["mechanism"] = list(_by_test(found["mechanism"], noisy))
    return {f"{name}.csv": _csv(found.pop(name)) for name in kinds(parts.family) if name in found}


def study_facts(parts: FrameFiles) -> StudyFacts:
    """What all groups have to know, read from a few columns of each."""
    if not {"schedule", "d", "sigma"} <= set(parts.family.asked_columns()):
        return StudyFacts()
    budgets: NDArray[np.int64] = np.array([], dtype=np.int64)
    runs = 0
    for batch in parts.batches():
        cells = parts.read(batch, ("schedule", "d", "sigma", "status"))
        budgets, runs = np.union1d(budgets, budgets_of(cells)), runs + noisy_runs(cells)
    return StudyFacts(budgets, runs)


def _csv(tables: Sequence[pd.DataFrame]) -> bytes:
    """Tables of the batches as the file of one, in the types that they have together."""
    full = [table for table in tables if len(table)] or list(tables[:1])
    types = pd.concat([table.iloc[:0] for table in full]).dtypes
    return csv_of((table.astype(types) for table in full), list(full[0].columns))


def _by_test(tables: Sequence[pd.DataFrame], noisy: Sequence[Extent]) -> Iterator[pd.DataFrame]:
    """Rows by test; of a test that compares nothing in any batch one row, over all noisy cells."""
    full = [table for table in tables if len(table)]
    for name in TESTS:
        mine = [table[table["test"] == name] for table in full]
        compared = [rows for rows in mine if not _says_nothing(rows, name)]
        yield from compared or [typed(typed_rows([nothing_found(name, joined(noisy))]))]


def _says_nothing(rows: pd.DataFrame, name: str) -> bool:
    """Whether the rows of a test are the one that says that it has nothing to compare."""
    return len(rows) == 1 and rows["statistic"].iloc[0] == "" and rows["reason"].iloc[0] == NOTHING[name]
