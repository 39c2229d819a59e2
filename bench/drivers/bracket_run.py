"""The course of a bracket study: all its searches at once over one set of workers, every finished training kept and replayed.

Each search asks for one training at a time; with many questions the workers stay busy. A training that reaches the target of
whoever asked for it leaves a witness, verified on entering, before its record is written.
"""

import datetime
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from bench.cell import Cell
from bench.drivers.course import Course
from bench.drivers.shard import WHOLE, Shard
from bench.execution.cost_model import Plan, plan
from bench.execution.executors import Group
from bench.execution.runner import Outcome
from bench.question import Question, claim_of
from bench.search.expected import ASSUMED, expected_trainings
from bench.search.lower_ends import certified
from bench.search.strategy import Answers, Found, search
from bench.study import Study, cell_key, expected_cell
from operators.architectures.weights import Weights
from operators.data.dataset import BlockCache
from operators.errors import UserError, WriteError
from results.families.deeponet import Measured
from results.records.manifest import Bracket, Manifest, Target, stated_manifest
from results.records.record import Record
from results.records.store import Store
from results.witnesses.error import allowed_error
from results.witnesses.file import Witness
from results.witnesses.header import Header, Origin
from results.witnesses.submissions import Held, enter, entries

MARGIN = 1e-5


def reaches(record: Record, target: Target) -> bool:
    """Whether a record's fit reaches a target by a margin that outlasts rounding on any machine."""
    errors = record.measured.errors if isinstance(record.measured, Measured) else None
    if record.status != "done" or errors is None or errors.relative <= 0.0:
        return record.status == "done" and errors is not None
    energy = errors.training_mse / errors.relative**2
    allowed = allowed_error(target, label_energy=energy, noise_energy=errors.noise_energy)
    return errors.relative <= allowed * (1.0 - MARGIN)


@dataclass
class Searching:
    """One question under way."""

    question: Question
    bracket: Bracket
    running: Answers
    cell: Cell | None = None
    tried: dict[str, Cell] = field(default_factory=dict)
    found: Found | None = None

    def advance(self, reached: bool | None) -> None:
        """Give the search its answer (None at the start) and take the next cell it asks for."""
        try:
            self.cell = next(self.running) if reached is None else self.running.send(reached)
        except StopIteration as stop:
            self.cell, self.found = None, stop.value
        else:
            self.tried[cell_key(self.cell)] = self.cell

    def described(self) -> Bracket:
        """The bracket with what was tried so far."""
        finished = self.found is not None and not self.found.exhausted
        return self.bracket.model_copy(update={"tried": tuple(self.tried), "finished": finished})


class BracketCourse(Course):
    """All searches of a study, and the records that answer them."""

    open_ended = True
    assumption = ASSUMED

    def __init__(self, study: Study, store: Store, shard: Shard = WHOLE, *, cache: BlockCache, retry: bool = False) -> None:
        super().__init__(study, store, shard, retry=retry)
        self.cache = cache
        self.searches: list[Searching] = []
        self.waiting: dict[str, list[Searching]] = {}
        self.known: dict[str, Record] = {}
        self.claims: dict[str, Held] = {}

    @property
    def cells(self) -> Sequence[Any]:
        """As many wide nets as the budgets of this shard's questions allow trainings."""
        return [q.cell(q.wide(1), restart) for q in self.shard.of(self.study.brackets) for restart in range(q.trainings)]

    @property
    def unfinished_cells(self) -> Sequence[Any]:
        """The same: which trainings a search asks for is not known before."""
        return self.cells

    @cached_property
    def _expected(self) -> list[tuple[Question, list[Cell]]]:
        """The questions of this shard, each with the trainings it is expected to take."""
        return [(question, expected_trainings(question)) for question in self.shard.of(self.study.brackets)]

    @cached_property
    def plan(self) -> Plan:
        """All that the budgets allow, each training as costly as the costliest that its search is expected to ask for."""
        tried = [(one, (one.cell(one.wide(one.q or 1), 0), *expected)) for one, expected in self._expected]
        cells = [cell for _, several in tried for cell in several]
        single = plan(cells, cells, self.store.records())
        costs, place = list[tuple[float, float]](), 0
        for question, several in tried:
            part = slice(place, place := place + len(several))
            costs += [(max(single.cpu_seconds[part]), max(single.wall_seconds[part]))] * question.trainings
        cpu, wall = (tuple(values) for values in zip(*costs, strict=True)) if costs else ((), ())
        return replace(single, cells=len(costs), cpu_seconds=cpu, wall_seconds=wall)

    @cached_property
    def estimate(self) -> Plan:
        """What the searches of this shard are expected to ask for (`bench.search.expected`), less what they have tried."""
        stated = stated_manifest(self.folder)
        known = stated.brackets if stated is not None else ()
        before: Sequence[Bracket | None] = known if len(known) == len(self.study.brackets) else [None] * len(self.study.brackets)
        cells, pending = list[Cell](), list[Cell]()
        for (_, expected), bracket in zip(self._expected, self.shard.of(before), strict=True):
            cells += expected
            if bracket is None or not bracket.finished:
                pending += expected[len(bracket.tried) if bracket is not None else 0 :]
        return plan(cells, pending, self.store.records())

    def pending(self) -> Iterable[Group]:
        """Compute the lower ends, start every search, also those of other shards, and replay what the store knows."""
        final = set(self.store.statuses()) - self.store.missing(self.store.statuses())
        self.known = {record.key: record for record in self.store.records(final)}
        self._read_witnesses()
        for question in self.study.brackets:
            below = certified(question, self.cache)
            started = Searching(question, below.bracket, search(question, below.needed))
            self.searches.append(started)
            started.advance(None)
            self._replay(started)
        return self._ask(self.shard.of(self.searches))

    def rest(self, cells: Group) -> tuple[Group, Iterable[Group]]:
        """The group, unless another driver has trained its cell: then what the searches that waited for it ask next."""
        answered = [searching for cell in cells for searching in self._found_elsewhere(cell)]
        return (() if answered else cells), self._ask(answered)

    def _replay(self, searching: Searching) -> None:
        """Answer a search as far as records go."""
        while searching.cell is not None and cell_key(searching.cell) in self.known:
            record, target = self.known[cell_key(searching.cell)], searching.question.target
            searching.advance(reaches(record, target) and self._witnessed(searching.cell, target, record))

    def _witnessed(self, cell: Cell, target: Target, record: Record) -> bool:
        """Whether the folder holds the weights of a record as a witness of this target that was measured and passes."""
        weights = record.weights_sha256
        return weights is not None and claim_of(cell, target).identity(weights) in self.claims

    def _read_witnesses(self) -> None:
        """Bring the witnesses up to date: those that the folder holds and that pass."""
        known = {held.witness: held for held in self.claims.values()}
        self.claims |= {held.claim: held for held in entries(self.store.folder, self.cache, known).accepted}

    def _ask(self, searches: Iterable[Searching]) -> Iterator[Group]:
        """Replay these searches as far as records go; yield the trainings they need next."""
        for searching in searches:
            self._replay(searching)
            if searching.cell is not None:
                key = cell_key(searching.cell)
                self.waiting.setdefault(key, []).append(searching)
                if len(self.waiting[key]) == 1:
                    yield (searching.cell,)

    def advance(self, outcome: Outcome) -> Iterable[Group]:
        """Keep the witnesses that an outcome makes for any question that may ask; what the searches it answers ask next."""
        record, weights = outcome.record, outcome.weights
        trained = Cell.model_validate(record.cell)
        for searching in self.searches:
            asked = searching.question.cell(trained.architecture, trained.restart)
            if weights is not None and asked == trained and reaches(record, searching.question.target):
                self._witness(searching.question.target, trained, record=record, weights=weights)
        self.known[record.key] = record
        return self._ask(self.waiting.pop(record.key))

    def _found_elsewhere(self, cell: Cell) -> list[Searching]:
        """Look for what another driver made of a cell that waits; return the searches it answers."""
        key = cell_key(cell)
        if self.store.missing([key]):
            return []
        self.known |= {record.key: record for record in self.store.records([key])}
        self._read_witnesses()
        return self.waiting.pop(key)

    def _witness(self, target: Target, cell: Cell, *, record: Record, weights: Weights) -> None:
        """Enter a witness; one that is refused (its error hangs on rounding) leaves the size counted as missed."""
        witness = witness_of(cell, target, record=record, weights=weights)
        try:
            enter(witness, self.store.folder, cache=self.cache, claims=self.claims, limits=None)
        except WriteError:
            raise
        except UserError:
            return

    def manifest(self) -> Manifest:
        """The study with every cell tried so far and its brackets."""
        tried = {key: cell for searching in self.searches for key, cell in searching.tried.items()}
        plain = self.study.manifest()
        expected = tuple(expected_cell(key, cell) for key, cell in tried.items())
        brackets = tuple(searching.described() for searching in self.searches)
        return plain.model_copy(update={"expected": expected, "brackets": brackets})

    def status(self) -> str:
        """How the searches stand."""
        done = sum(searching.cell is None for searching in self.searches)
        return f"{len(self.known)} trainings, {done} of {len(self.searches)} searches finished"


def witness_of(cell: Cell, target: Target, *, record: Record, weights: Weights) -> Witness:
    """The witness of a training of this cell that reached a target."""
    origin = Origin(
        author="bracket search",
        method=f"{cell.training.engine} {record.recipe or cell.training.recipe}",
        created=datetime.date.fromisoformat(record.finished[:10]),
        record=record.key,
        versions=record.versions.packages,
    )
    return Witness(Header(**dict(claim_of(cell, target)), origin=origin), weights)
