"""The course of a bracket study: all its searches at once over one set of workers, every finished training kept and replayed.

Before anything is trained, the explicit or spectral net of every question on a grid is constructed and entered. Each search asks
for one training at a time; with many questions the workers stay busy. A training that reaches the target of whoever asked for
it leaves a witness, verified on entering, before its record is written.
"""

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from bench.cell import Cell
from bench.drivers.search_course import Running, SearchCourse
from bench.drivers.shard import WHOLE, Shard
from bench.execution.cost_model import Plan, plan
from bench.execution.runner import Outcome
from bench.question import Question, claim_of
from bench.search.constructed import STATISTICAL_MARGIN, constructed_witness
from bench.search.expected import ASSUMED, expected_trainings
from bench.search.lower_ends import certified
from bench.search.strategy import Found, search
from bench.study import Study, expected_cell
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
from results.witnesses.submissions import claim_of as claim_of_weights

MARGIN = 1e-5


def reaches(record: Record, target: Target) -> bool:
    """Whether a record's fit reaches a target by a margin that outlasts rounding on any machine, or what a new sample may add."""
    errors = record.measured.errors if isinstance(record.measured, Measured) else None
    if record.status != "done" or errors is None:
        return False
    if target.kind == "population":
        return errors.test_relative <= target.value * (1.0 - STATISTICAL_MARGIN)
    if errors.relative <= 0.0:
        return True
    energy = errors.training_mse / errors.relative**2
    allowed = allowed_error(target, label_energy=energy, noise_energy=errors.noise_energy)
    return errors.relative <= allowed * (1.0 - MARGIN)


@dataclass
class Searching(Running):
    """One question under way."""

    question: Question = field(kw_only=True)
    bracket: Bracket = field(kw_only=True)

    def described(self) -> Bracket:
        """The bracket with what was tried so far."""
        finished = isinstance(self.found, Found) and not self.found.exhausted
        return self.bracket.model_copy(update={"tried": tuple(self.tried), "finished": finished})


class BracketCourse(SearchCourse[Searching]):
    """All searches of a study, and the records that answer them."""

    assumption = ASSUMED

    def __init__(self, study: Study, store: Store, shard: Shard = WHOLE, *, cache: BlockCache, retry: bool = False) -> None:
        super().__init__(study, store, shard, retry=retry)
        self.cache = cache
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

    def opened(self) -> Iterator[Searching]:
        """Compute the lower ends of every question."""
        for question in self.study.brackets:
            below = certified(question, self.cache)
            self._construct(question, below.bracket)
            yield Searching(search(question, below.needed), question=question, bracket=below.bracket)

    def _construct(self, question: Question, bracket: Bracket) -> None:
        """Enter the net that is constructed for a question, unless the folder holds it."""
        witness = constructed_witness(question, bracket.q_lower, self.cache)
        if witness is not None and claim_of_weights(witness) not in self.claims:
            self._enter(witness)

    def answer(self, searching: Searching, record: Record) -> bool:
        """Whether the record reaches the target, and its witness is held."""
        target = searching.question.target
        assert searching.cell is not None
        return reaches(record, target) and self._witnessed(searching.cell, target, record)

    def _witnessed(self, cell: Cell, target: Target, record: Record) -> bool:
        """Whether the folder holds the weights of a record as a witness of this target that was measured and passes."""
        weights = record.weights_sha256
        return weights is not None and claim_of(cell, target).identity(weights) in self.claims

    def read_others(self) -> None:
        """Bring the witnesses up to date: those that the folder holds and that pass."""
        known = {held.witness: held for held in self.claims.values()}
        self.claims |= {held.claim: held for held in entries(self.store.folder, self.cache, known).accepted}

    def keep(self, outcome: Outcome) -> None:
        """Keep the witnesses that an outcome makes for any question that may ask."""
        record, weights = outcome.record, outcome.weights
        trained = Cell.model_validate(record.cell)
        for searching in self.searches:
            asked = searching.question.cell(trained.architecture, trained.restart)
            if weights is not None and asked == trained and reaches(record, searching.question.target):
                self._witness(searching.question.target, trained, record=record, weights=weights)

    def _witness(self, target: Target, cell: Cell, *, record: Record, weights: Weights) -> None:
        """Enter a witness; one that is refused (its error hangs on rounding) leaves the size counted as missed."""
        self._enter(witness_of(cell, target, record=record, weights=weights))

    def _enter(self, witness: Witness) -> None:
        """Enter a witness, unless it is refused."""
        try:
            enter(witness, self.store.folder, cache=self.cache, claims=self.claims, limits=None)
        except WriteError:
            raise
        except UserError:
            return

    def manifest(self) -> Manifest:
        """The study with every cell tried so far and its brackets."""
        plain = self.study.manifest()
        expected = tuple(expected_cell(key, cell) for key, cell in self.tried().items())
        brackets = tuple(searching.described() for searching in self.searches)
        return plain.model_copy(update={"expected": expected, "brackets": brackets})


def witness_of(cell: Cell, target: Target, *, record: Record, weights: Weights) -> Witness:
    """The witness of a training of this cell that reached a target."""
    origin = Origin(
        author="bracket search",
        method=f"{cell.training.engine} {record.recipe or cell.training.recipe}",
        created=datetime.date.fromisoformat(record.finished[:10]),
        record=record.key,
        versions=record.versions.packages,
        made="trained",
    )
    return Witness(Header(**dict(claim_of(cell, target)), origin=origin), weights)
