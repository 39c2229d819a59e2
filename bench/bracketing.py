"""Driving a bracket study: all its searches at once over one set of workers, every finished training kept and replayed.

Each search asks for one training at a time; with many questions the workers stay busy. A training that reaches the target of
whoever asked for it leaves a witness, verified on entering, before its record is written.
"""

import contextlib
import datetime
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from rich.console import Console

from bench.cell import Cell
from bench.progress import PLAIN_SECONDS
from bench.questions import lower_ends
from bench.run import Outcome
from bench.schedule import Group, Limits, run_local
from bench.search import Answers, Found, Question, search
from bench.study import Study, cell_key, expected_cell
from operators.dataset import BlockCache
from operators.deeponet import Weights
from operators.errors import UserError
from results.record import Record
from results.store import Store
from results.study import Bracket, Manifest, Target, save_manifest
from results.submit import enter, entries
from results.witness_error import allowed_error
from results.witness_file import Witness
from results.witness_header import Header, Origin, Scaling, data_of, net_of

MARGIN = 1e-5


def reaches(record: Record, target: Target) -> bool:
    """Whether a record's fit reaches a target by a margin that outlasts rounding on any machine."""
    errors = record.errors
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


@dataclass
class Bracketing:
    """All searches of a study, and the records that answer them."""

    study: Study
    store: Store
    cache: BlockCache
    searches: list[Searching] = field(default_factory=list)
    waiting: dict[str, list[Searching]] = field(default_factory=dict)
    known: dict[str, Record] = field(default_factory=dict)
    witnessed: set[tuple[str | None, Target]] = field(default_factory=set)

    def open(self) -> None:
        """Compute the lower ends, start every search and replay what the store knows."""
        final = set(self.store.statuses()) - self.store.missing(self.store.statuses())
        self.known = {record.key: record for record in self.store.records(final)}
        accepted = entries(self.store.folder).accepted
        self.witnessed = {(entry.header.origin.record, entry.header.target) for entry in accepted}
        for question in self.study.brackets:
            bracket = lower_ends(question, self.cache)
            started = Searching(question, bracket, search(question, bracket.q_lower))
            self.searches.append(started)
            started.advance(None)

    def ask(self, searches: Iterable[Searching]) -> Iterator[Group]:
        """Replay these searches as far as records go; yield the trainings they need next."""
        for searching in searches:
            while searching.cell is not None and cell_key(searching.cell) in self.known:
                key, target = cell_key(searching.cell), searching.question.target
                searching.advance(reaches(self.known[key], target) and (key, target) in self.witnessed)
            if searching.cell is not None:
                key = cell_key(searching.cell)
                self.waiting.setdefault(key, []).append(searching)
                if len(self.waiting[key]) == 1:
                    yield (searching.cell,)

    def take(self, outcome: Outcome) -> list[Searching]:
        """Keep a record and the witnesses it makes; return the searches it answers."""
        record = outcome.record
        answered = self.waiting.pop(record.key)
        for searching in answered:
            if outcome.weights is not None and reaches(record, searching.question.target):
                self._witness(searching, record, outcome.weights)
        self.known[record.key] = record
        return answered

    def _witness(self, searching: Searching, record: Record, weights: Weights) -> None:
        """Enter a witness; one that is refused (its error hangs on rounding) leaves the size counted as missed."""
        with contextlib.suppress(UserError):
            enter(witness_of(searching, record, weights), self.store.folder, cache=self.cache)
            self.witnessed.add((record.key, searching.question.target))

    def manifest(self) -> Manifest:
        """The study with every cell tried so far and its brackets."""
        tried = {key: cell for searching in self.searches for key, cell in searching.tried.items()}
        plain = self.study.manifest()
        expected = tuple(expected_cell(key, cell) for key, cell in tried.items())
        brackets = tuple(searching.described() for searching in self.searches)
        return plain.model_copy(update={"expected": expected, "brackets": brackets})

    def sentence(self) -> str:
        """How the searches stand."""
        done = sum(searching.cell is None for searching in self.searches)
        return f"{len(self.known)} trainings, {done} of {len(self.searches)} searches finished"


def witness_of(searching: Searching, record: Record, weights: Weights) -> Witness:
    """The witness of a training that reached its target."""
    cell, training = searching.tried[record.key], searching.tried[record.key].training
    if training.input_scaling == "pca" or training.output_scaling != "task":
        raise ValueError(f"expected a scaling a witness can state, got {training.input_scaling}, {training.output_scaling}")
    header = Header(
        data=data_of(cell.request()),
        net=net_of(cell.deeponet()),
        scaling=Scaling(inputs=training.input_scaling, coordinates=training.coordinate_scaling),
        target=searching.question.target,
        origin=Origin(
            author="bracket search",
            method=f"{training.engine} {record.recipe or training.recipe}",
            created=datetime.date.fromisoformat(record.finished[:10]),
            record=record.key,
            versions=record.versions.packages,
        ),
    )
    return Witness(header, weights)


def run_brackets(bracketing: Bracketing, limits: Limits, console: Console, *, workers: int, quiet: bool = False) -> None:
    """Run all searches to their ends; `study.json` says how far they came, also after an interruption."""
    folder = bracketing.store.folder
    bracketing.store.require_writable()
    bracketing.open()
    queue = deque(bracketing.ask(bracketing.searches))
    last = time.monotonic()
    try:
        with bracketing.store.writer() as writer:
            for outcome in run_local(queue, limits, workers=workers):
                answered = bracketing.take(outcome)
                writer.append(outcome.record)
                queue.extend(bracketing.ask(answered))
                if not quiet and time.monotonic() - last > PLAIN_SECONDS:
                    last = time.monotonic()
                    console.print(bracketing.sentence())
    finally:
        save_manifest(folder, bracketing.manifest())
