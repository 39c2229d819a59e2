"""The course of a study of searches: all at once over one set of workers, every finished training kept and replayed.

Each search asks for one training at a time; with many searches the workers stay busy. What a search asks for depends on the
answers to it alone, so neither order nor executor nor an interruption changes what is trained.
"""

from abc import abstractmethod
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from bench.cell import Cell
from bench.drivers.course import Course
from bench.drivers.shard import WHOLE, Shard
from bench.execution.executors import Group
from bench.execution.runner import Outcome
from bench.study import Study, cell_key
from results.records.record import Record
from results.records.store import Store


@dataclass
class Running:
    """One search under way.

    Attributes:
        running: yields cells, takes answers, returns what was found.
        cell: what it waits for; None at its end.
        tried: what it asked for, by key.
        found: what it returned.
    """

    running: Generator[Cell, Any, Any]
    cell: Cell | None = None
    tried: dict[str, Cell] = field(default_factory=dict)
    found: Any = None

    def advance(self, *answer: Any) -> None:
        """Give the search its answer, none at the start, and take the next cell it asks for."""
        try:
            self.cell = self.running.send(*answer) if answer else next(self.running)
        except StopIteration as stop:
            self.cell, self.found = None, stop.value
        else:
            self.tried[cell_key(self.cell)] = self.cell


Search = TypeVar("Search", bound=Running)


class SearchCourse(Course, Generic[Search]):
    """All searches of a study, and the records that answer them."""

    open_ended = True

    def __init__(self, study: Study, store: Store, shard: Shard = WHOLE, *, retry: bool = False) -> None:
        super().__init__(study, store, shard, retry=retry)
        self.searches: list[Search] = []
        self.waiting: dict[str, list[Search]] = {}
        self.known: dict[str, Record] = {}

    @abstractmethod
    def opened(self) -> Iterator[Search]:
        """Every search of the study, at its start."""

    @abstractmethod
    def answer(self, search: Search, record: Record) -> Any:
        """What a record of the cell that a search waits for answers it."""

    def keep(self, outcome: Outcome) -> None:
        """Keep what an outcome says beyond its record, before it is written."""

    def read_others(self) -> None:
        """Bring up to date what other drivers keep beyond their records."""

    def pending(self) -> Iterable[Group]:
        """Start every search, also those of other shards, and replay what the store knows."""
        final = set(self.store.statuses()) - self.store.missing(self.store.statuses())
        self.known = {record.key: record for record in self.store.records(final)}
        self.read_others()
        for started in self.opened():
            self.searches.append(started)
            started.advance()
            self._replay(started)
        return self._ask(self.shard.of(self.searches))

    def rest(self, cells: Group) -> tuple[Group, Iterable[Group]]:
        """The group, unless another driver has trained its cell: then what the searches that waited for it ask next."""
        answered = [search for cell in cells for search in self._found_elsewhere(cell)]
        return (() if answered else cells), self._ask(answered)

    def advance(self, outcome: Outcome) -> Iterable[Group]:
        """Keep an outcome; what the searches it answers ask next."""
        self.keep(outcome)
        self.known[outcome.record.key] = outcome.record
        return self._ask(self.waiting.pop(outcome.record.key))

    def _replay(self, search: Search) -> None:
        """Answer a search as far as records go."""
        while search.cell is not None and cell_key(search.cell) in self.known:
            search.advance(self.answer(search, self.known[cell_key(search.cell)]))

    def _ask(self, searches: Iterable[Search]) -> Iterator[Group]:
        """Replay these searches as far as records go; yield the trainings they need next."""
        for search in searches:
            self._replay(search)
            if search.cell is not None:
                key = cell_key(search.cell)
                self.waiting.setdefault(key, []).append(search)
                if len(self.waiting[key]) == 1:
                    yield (search.cell,)

    def _found_elsewhere(self, cell: Cell) -> list[Search]:
        """Look for what another driver made of a cell that waits; return the searches it answers."""
        key = cell_key(cell)
        if self.store.missing([key]):
            return []
        self.known |= {record.key: record for record in self.store.records([key])}
        self.read_others()
        return self.waiting.pop(key)

    def tried(self) -> dict[str, Cell]:
        """Every cell asked for so far, by key."""
        return {key: cell for search in self.searches for key, cell in search.tried.items()}

    def status(self) -> str:
        """How the searches stand."""
        done = sum(search.cell is None for search in self.searches)
        return f"{len(self.known)} trainings, {done} of {len(self.searches)} searches finished"
