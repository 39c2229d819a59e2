"""Reproducing a published study: tables from records, errors of witnesses from weights, a sample of records from nothing.

A record is trained again where this code still has the method that made it (its key is then the same). On the recorded kind of
processor, which is its model and its instruction sets, its weights, or without weights all that was measured, must be the same
bits. On another kind rounding differs and training amplifies it, now and then into another minimum; there the training error, or
whatever the family compares, must agree within MARGIN of itself for SHARE of the records; the others are named. So it must for
records that do not state the instruction sets, unless the bits are the same.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, TypeVar

from bench.execution.runner import Runner
from bench.families import FAMILIES, execution_of
from bench.processes import mapping
from operators.data.function_cache import BlockCache
from operators.errors import UserError, WriteError
from results.editions.checks import checks
from results.editions.overview import overview_changed
from results.editions.published import Published, published
from results.exchange.record_tables import read_records
from results.families import FAMILIES as EVIDENCE
from results.records.record import Record

Given = TypeVar("Given")
Told = TypeVar("Told")
Part = Literal["evidence", "training", "overview"]
PARTS: tuple[Part, ...] = ("evidence", "training")
MARGIN, SHARE = 0.1, 0.75
ROUNDING = 1e-9


@dataclass(frozen=True)
class Finding:
    """One thing that holds or does not, in words."""

    holds: bool
    text: str


@dataclass(frozen=True)
class Job:
    """One part of the check of one study, which a process of its own can do."""

    study: str
    part: Part


@dataclass(frozen=True)
class Sampling:
    """Which records are trained again.

    Attributes:
        one_in: one record in so many; 0: none.
        cpu_seconds: or as many as their recorded costs allow, over all studies.
        seed: of the draw.
    """

    one_in: int
    cpu_seconds: float | None
    seed: int

    @property
    def draws(self) -> bool:
        """Whether a record may be drawn."""
        return bool(self.one_in or self.cpu_seconds)

    def shared(self, among: int) -> "Sampling":
        """The share of one study in the CPU seconds: all have the same."""
        share = None if self.cpu_seconds is None else self.cpu_seconds / max(among, 1)
        return Sampling(self.one_in, share, self.seed)

    def draw(self, records: Iterable[Record]) -> list[Record]:
        """The records of the sample: `done` ones, in the order drawn."""
        done = [record for record in records if record.status == "done"]
        random.Random(self.seed).shuffle(done)
        if self.cpu_seconds is None:
            return done[: -(-len(done) // self.one_in)] if self.one_in else []
        chosen, left = list[Record](), self.cpu_seconds
        for record in done:
            cost = record.cost.cpu_seconds if record.cost is not None else self.cpu_seconds
            if cost <= left:
                chosen.append(record)
                left -= cost
        return chosen


def readable(findings: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """Findings, the last of which says what could not be read, if something could not."""
    try:
        yield from findings()
    except WriteError:
        raise
    except UserError as error:
        yield Finding(False, str(error))


def each(function: Callable[[Given], Told], jobs: Sequence[Given], workers: int) -> Iterator[Told]:
    """What a function says of each job, in their order, so many of them at once."""
    with mapping(min(workers, len(jobs))) as over:
        yield from over(function, jobs)


def jobs_of(studies: Sequence[str], sampling: Sampling, *, overview: bool) -> list[Job]:
    """What there is to check: the evidence of each study, what is computed over all of them, and then trainings.

    Trainings come last, because they leave no process without work while the overview is computed.
    """
    evidence = [Job(study, "evidence") for study in studies]
    over_all = [Job("overview", "overview")] if overview and studies else []
    return [*evidence, *over_all, *(Job(study, "training") for study in studies if sampling.draws)]


def rebuilt(reference: Path, cache: BlockCache, name: str) -> None:
    """Write the tables of a published study again.

    Raises:
        UserError: it is not published, or a file cannot be read or written.
    """
    published(reference, name, cache).rebuild()


def reproduced(reference: Path, cache: BlockCache, sampling: Sampling, job: Job) -> list[Finding]:
    """Everything that a job can check, and what could not be read."""
    if job.part == "overview":
        return list(readable(partial(reproduce_overview, reference, cache)))
    return list(readable(partial(reproduce_named, reference, job.study, cache, sampling, (job.part,))))


def reproduce_overview(reference: Path, cache: BlockCache) -> Iterator[Finding]:
    """What is computed over all published studies."""
    changed = overview_changed(reference, cache)
    said = f"{' and '.join(changed)} differ from what" if changed else "standings.csv, contributions.csv and findings.md are what"
    yield Finding(not changed, f"{said} the published studies give")


def reproduce_named(
    reference: Path, name: str, cache: BlockCache | None, sampling: Sampling, parts: Sequence[Part] = PARTS
) -> Iterator[Finding]:
    """What can be checked of these parts of the published study of a name.

    Raises:
        UserError: it is not published, or one of its files cannot be read.
    """
    yield from reproduce_study(published(reference, name, cache), sampling, parts)


def reproduce_study(study: Published, sampling: Sampling, parts: Sequence[Part] = PARTS) -> Iterator[Finding]:
    """What can be checked of these parts of a published study, in the order of PARTS."""
    if "evidence" in parts:
        witnesses = any((study.folder / "witnesses").glob("*.npz"))
        of_witnesses = [_witnesses(study)] if witnesses else []  # first: the tables take what is measured here
        yield from (_tables(study), _origin(study), *of_witnesses)
    if "training" in parts and (sample := sampling.draw(read_records(study.folder))):
        yield from _trained(study, sample)


def _tables(study: Published) -> Finding:
    changed, count = study.changed(), len(study.edition.tables)
    if changed:
        return Finding(False, f"{len(changed)} of {count} tables differ from what the records give: {', '.join(changed)}")
    return Finding(True, f"{count} tables are, byte for byte, what {study.edition.records} records give")


def _origin(study: Published) -> Finding:
    wrong = study.misstated()
    if wrong:
        return Finding(False, f"edition.json states other {', '.join(wrong)} than records and tables have")
    return Finding(True, "edition.json states what records and tables have")


def _witnesses(study: Published) -> Finding:
    found, stated = checks(study.folder, study.cache), study.checks()
    failed = [
        name
        for name, passed in zip(found["witness"], found["passed"], strict=True)
        if not stated.get(name) or not set(stated[name].split()) <= set(passed.split())
    ]
    if failed:
        return Finding(False, f"{len(failed)} of {len(found)} witnesses do not pass what they passed: {', '.join(failed)}")
    return Finding(True, f"{len(found)} of {len(found)} witnesses pass their checks")


def _trained(study: Published, sample: list[Record]) -> Iterator[Finding]:
    """Train a sample again; records of a method that has changed since are counted and left to their commit."""
    cells = {record.key: FAMILIES[record.family].cell.model_validate(record.cell) for record in sample}
    known = [record for record in sample if execution_of(cells[record.key]).key(cells[record.key]) == record.key]
    if len(known) < len(sample):
        yield Finding(
            True,
            f"{len(sample) - len(known)} records were made by a method that has changed since; train them at their commit:"
            f" git checkout {study.edition.trained} && {study.edition.command}",
        )
    runner = Runner(study.cache.root if study.cache is not None else None)
    again = {record.key: outcome.record for record in known for outcome in runner.run([cells[record.key]])}
    yield agreement([(record, again[record.key]) for record in known])


def agreement(pairs: list[tuple[Record, Record]]) -> Finding:
    """Whether records of the same cells, made at different times, agree as far as their processors allow."""
    here = [pair for pair in pairs if _same_kind(*pair) or _same_bits(*pair)]
    same = [old for old, new in here if _same_bits(old, new)]
    other = [pair for pair in pairs if pair not in here]
    near = [old for old, new in other if _near(old, new)]
    trained = any(old.weights_sha256 is not None for old, _ in pairs)
    done, what, error = ("trained", "weights", "their training error") if trained else ("measured", "figures", "each figure")
    text = f"{len(same)} of {len(here)} records {done} again on the recorded kind of processor have the same {what}"
    if other:
        text += (
            f"; {len(near)} of {len(other)} on another kind, or on one that is not stated, agree within {MARGIN:.0%} of {error}"
        )
    wrong = [old.key[:12] for old, _ in pairs if old not in same and old not in near]
    holds = len(same) == len(here) and len(near) >= SHARE * len(other)
    return Finding(holds, text + (f"; not these: {', '.join(wrong)}" if wrong else ""))


def _same_bits(old: Record, new: Record) -> bool:
    return old.outcome_sha256() == new.outcome_sha256()


def _same_kind(old: Record, new: Record) -> bool:
    """Whether both state the same model and instruction sets; nothing is known of a record that states no sets."""
    return "instructions" in old.host and all(old.host[name] == new.host.get(name) for name in ("processor", "instructions"))


def _near(old: Record, new: Record) -> bool:
    if old.measured is None or new.measured is None:
        return False
    return EVIDENCE[old.family].agree(old.measured, new.measured, MARGIN)
