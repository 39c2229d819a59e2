"""How a study proceeds: the one protocol by which driver and commands run grids of cells and searches alike.

    plan       what is left, and what it may take
    pending    what to hand out at the start
    rest       what of it still needs to be run when a worker can start it
    advance    what an outcome is worth, and what to hand out because of it
    status     how far it is, in one sentence

Resuming needs no state of its own: what has a final record in the store is not run again, whichever driver wrote it.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from bench.drivers.shard import WHOLE, Shard
from bench.execution.cost_model import Plan, plan
from bench.execution.executors import Group
from bench.execution.runner import Outcome, group
from bench.study import Study, cell_key
from results.records.manifest import Manifest, stated_manifest
from results.records.store import Store


class Course(ABC):
    """A study opened on its folder. Opening it writes nothing.

    Args:
        study: what is asked.
        store: its records.
        shard: the part that this driver runs.
        retry: whether `timeout` and `oom` are not final.
    """

    open_ended = False
    """Whether the study chooses its cells as it goes, so that its plan is an upper bound."""
    assumption: str | None = None
    """What the estimate of an open-ended study assumes."""

    def __init__(self, study: Study, store: Store, shard: Shard = WHOLE, *, retry: bool = False) -> None:
        self.study, self.store, self.shard, self.retry = study, store, shard, retry

    @property
    def folder(self) -> Path:
        """The study's folder."""
        return self.store.folder

    def asks_anew(self) -> bool:
        """Whether the study asks something else of its cells than when its tables were computed."""
        stated = stated_manifest(self.folder)
        return stated is None or stated.asked() != self.manifest().asked()

    def tables_stand(self) -> bool:
        """Whether the page, which is written last, is no older than records, tables and question.

        It is, where a run or a report was ended before it had written all, or records came since.
        """
        rests_on = [self.folder / "study.json", *self.folder.glob("records/*.jsonl"), *self.folder.glob("*.csv")]
        try:
            page = (self.folder / "report.html").stat().st_mtime_ns
            return max(path.stat().st_mtime_ns for path in rests_on) <= page and (self.folder.parent / "index.html").exists()
        except FileNotFoundError:
            return False

    @property
    @abstractmethod
    def cells(self) -> Sequence[Any]:
        """The cells of this shard; of an open-ended course, as many as its budget allows."""

    @property
    @abstractmethod
    def unfinished_cells(self) -> Sequence[Any]:
        """Those of them that have no final record."""

    @cached_property
    def plan(self) -> Plan:
        """What is left, with its cost."""
        return plan(self.cells, self.unfinished_cells, self.store.records())

    @cached_property
    def estimate(self) -> Plan:
        """What is likely to be left; the plan itself unless the study is open-ended."""
        return self.plan

    def compared(self) -> str:
        """What the same would take in another way, in words; empty where there is nothing to compare."""
        return ""

    @abstractmethod
    def pending(self) -> Iterable[Group]:
        """Groups to hand out at the start."""

    @abstractmethod
    def rest(self, cells: Group) -> tuple[Group, Iterable[Group]]:
        """Those cells of a group that still need to be run, and what to hand out in place of the others."""

    def advance(self, outcome: Outcome) -> Iterable[Group]:
        """Keep what an outcome says beyond its record; what to hand out because of it, once its record is written."""
        return ()

    @abstractmethod
    def status(self) -> str:
        """How far the study is."""

    @abstractmethod
    def manifest(self) -> Manifest:
        """What the tables need to know of the study, as far as it is."""


class CellCourse(Course):
    """A grid of cells: all are known from the start."""

    @cached_property
    def _groups(self) -> list[Group]:
        if self.shard == WHOLE:
            keyed = {**self.study.keyed, **self.study.keyed_baselines}
            missing = self.store.missing(keyed, retry=self.retry)
            return group(cell for key, cell in keyed.items() if key in missing)
        return [rest for one in self.shard.of(group(self._asked)) if (rest := self._missing(one))]

    @property
    def _asked(self) -> tuple[Any, ...]:
        """The cells, and the data sets whose reference lines are drawn."""
        return (*self.study.cells, *self.study.baselines)

    def _missing(self, cells: Group) -> Group:
        keyed = {cell_key(cell): cell for cell in cells}
        missing = self.store.missing(keyed, retry=self.retry)
        return tuple(cell for key, cell in keyed.items() if key in missing)

    @property
    def cells(self) -> Sequence[Any]:
        """The cells of this shard."""
        if self.shard == WHOLE:
            return self._asked
        return tuple(cell for one in self.shard.of(group(self._asked)) for cell in one)

    @property
    def unfinished_cells(self) -> Sequence[Any]:
        """The cells without a final record when the study was opened, in the order in which they are handed out."""
        return tuple(cell for one in self._groups for cell in one)

    def pending(self) -> Iterable[Group]:
        """All unfinished cells, those that share data together."""
        return self._groups

    def rest(self, cells: Group) -> tuple[Group, Iterable[Group]]:
        """The cells that no other driver has finished meanwhile."""
        return self._missing(cells), ()

    def status(self) -> str:
        """Cells with a final record."""
        left = len(self.store.missing([cell_key(cell) for cell in self.cells], retry=self.retry))
        return f"{len(self.cells) - left} of {len(self.cells)} cells have a record"

    def manifest(self) -> Manifest:
        """The whole study."""
        return self.study.manifest()
