"""Driving a study: what is missing, run it, keep every record, build the tables.

Resuming is a set difference: cells whose key has a final record in the store are not run again, whichever driver wrote it.
"""

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import FrameType

from rich.console import Console

from bench.cell import Cell
from bench.drivers.bracket_run import Bracketing, run_brackets
from bench.drivers.options import Options
from bench.drivers.progress import Watch
from bench.drivers.shard import WHOLE, Shard
from bench.execution.cost_model import Plan, plan
from bench.execution.executors import Group, Tasks, execute
from bench.execution.runner import group
from bench.study import Study, cell_key
from operators.data.dataset import BlockCache
from results.records.manifest import save_manifest
from results.records.store import Store


class Interrupted(BaseException):
    """SIGINT or SIGTERM arrived; what was finished is kept."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number


@dataclass(frozen=True)
class Work:
    """A study opened on its folder: what there is and what is missing (of a bracket study, the trainings of its budget).

    Attributes:
        cells: the cells of this shard.
        pending: those of them that have no final record.
        groups: `pending` as workers receive it.
        retry: whether `timeout` and `oom` are not final.
    """

    study: Study
    store: Store
    cells: tuple[Cell, ...]
    pending: tuple[Cell, ...]
    groups: tuple[Group, ...]
    shard: Shard = WHOLE
    retry: bool = False

    @property
    def folder(self) -> Path:
        """The study's folder."""
        return self.store.folder

    @cached_property
    def plan(self) -> Plan:
        """Estimate the pending cells."""
        return plan(self.cells, self.pending, self.store.records())


def open_work(study: Study, out: Path, *, retry: bool = False, shard: Shard = WHOLE) -> Work:
    """Read a study's store and find the missing cells; writes nothing."""
    store = Store(out / study.name)
    if study.brackets:
        mine = tuple(shard.of(study.brackets))
        cells = replace(study, brackets=mine).most_trainings() if mine else ()
        return Work(study, store, cells, cells, (), shard, retry)
    if shard == WHOLE:
        missing = store.missing(study.keyed, retry=retry)
        cells, groups = tuple(study.cells), group(cell for key, cell in study.keyed.items() if key in missing)
    else:
        dealt = shard.of(group(study.cells))
        cells, groups = tuple(cell for one in dealt for cell in one), list(filter(None, map(unfinished(store, retry), dealt)))
    return Work(study, store, cells, tuple(cell for one in groups for cell in one), tuple(groups), shard, retry)


def unfinished(store: Store, retry: bool) -> Callable[[Group], Group]:
    """Picks those cells of a group that still have no final record, from whichever driver."""

    def pick(cells: Group) -> Group:
        keyed = {cell_key(cell): cell for cell in cells}
        missing = store.missing(keyed, retry=retry)
        return tuple(cell for key, cell in keyed.items() if key in missing)

    return pick


@dataclass(frozen=True)
class Finished:
    """How a run ended: one sentence, the cells that failed, and the report if one was built."""

    sentence: str
    failed: int
    report: Path | None = None


def run(work: Work, options: Options, console: Console) -> Finished:
    """Run the pending cells, then write tables, figures and report; of a shard, only the records.

    Raises:
        UserError: the folder cannot be written, or the executor cannot serve.
        Interrupted: on SIGINT or SIGTERM.
    """
    work.store.require_writable()
    with _signals():
        if work.study.brackets:
            bracketing = Bracketing(work.study, work.store, BlockCache(options.cache), shard=work.shard)
            run_brackets(bracketing, options.executor, options.resources(console), console=console, quiet=options.quiet)
            part = Finished(bracketing.sentence(), 0)
        else:
            part = _run_cells(work, options, console)
        if work.shard == WHOLE:
            from results.report.write import write_tables  # the only part of a run that needs plotting libraries

            summary = write_tables(work.folder)
            return Finished(summary.sentence(), summary.failed, work.folder / "report.html")
    return part


def _run_cells(work: Work, options: Options, console: Console) -> Finished:
    """Run the pending groups and keep every record."""
    save_manifest(work.folder, work.study.manifest())
    costs = {cell_key(cell): cost for cell, cost in zip(work.pending, work.plan.cpu_seconds, strict=True)}
    pick = unfinished(work.store, work.retry)
    with Watch(console, list(costs.values()), quiet=options.quiet) as watch, work.store.writer() as writer:

        def still_to_run(cells: Group) -> Group:
            rest = pick(cells)
            for cell in cells:
                if cell not in rest:
                    watch.elsewhere(costs[cell_key(cell)])
            return rest

        tasks = Tasks(work.groups, still_to_run)
        with closing(execute(options.executor, tasks, options.resources(console), watch.step)) as outcomes:
            for outcome in outcomes:
                writer.append(outcome.record)
                watch.record(outcome.record, costs[outcome.record.key])
    return Finished(f"study {work.study.name}: {watch.counts() or 'nothing to do'}", watch.failed)


@contextlib.contextmanager
def _signals() -> Iterator[None]:
    """Turn the first SIGINT or SIGTERM into Interrupted; the second ends the process at once."""
    received: list[int] = []

    def handle(number: int, _: FrameType | None) -> None:
        if received:
            os._exit(128 + number)
        received.append(number)
        raise Interrupted(number)

    previous = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
