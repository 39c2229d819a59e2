"""Driving a study: what is missing, run it, keep every record, build the tables.

Resuming is a set difference: cells whose key has a final record in the store are not run again.
"""

import contextlib
import os
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from rich.console import Console

from bench.bracketing import Bracketing, run_brackets
from bench.cell import Cell
from bench.estimate import Plan, plan
from bench.progress import Watch
from bench.run import group
from bench.schedule import Limits, run_local
from bench.study import Study, cell_key
from operators.dataset import BlockCache
from operators.errors import UserError
from results.report import Summary, write_tables
from results.store import Store
from results.study import save_manifest


@dataclass(frozen=True)
class Options:
    """How a study is run; nothing here changes a result.

    Attributes:
        out: results folder; the study goes to `<out>/<study name>`.
        workers: local worker processes.
        retry: run cells again that ended as `timeout` or `oom`.
        timeout_seconds: wall seconds for one cell.
        memory_bytes: resident memory of one worker.
        quiet: no progress.
    """

    out: Path
    workers: int = 2
    retry: bool = False
    timeout_seconds: float | None = None
    memory_bytes: int | None = None
    quiet: bool = False


class Interrupted(BaseException):
    """SIGINT or SIGTERM arrived; what was finished is kept."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number


@dataclass(frozen=True)
class Work:
    """A study opened on its folder: what there is and what is missing (of a bracket study, the trainings of its budget)."""

    study: Study
    store: Store
    pending: tuple[Cell, ...]

    @property
    def folder(self) -> Path:
        """The study's folder."""
        return self.store.folder

    def plan(self) -> Plan:
        """Estimate the pending cells."""
        return plan(tuple(self.study.cells) or self.pending, self.pending, self.store.records())


def open_work(study: Study, out: Path, *, retry: bool = False) -> Work:
    """Read a study's store and find the missing cells; writes nothing."""
    store = Store(out / study.name)
    if study.brackets:
        return Work(study, store, study.most_trainings())
    missing = store.missing(study.keyed, retry=retry)
    return Work(study, store, tuple(cell for key, cell in study.keyed.items() if key in missing))


def run(work: Work, options: Options, console: Console) -> Summary:
    """Run the pending cells and write tables, figures and report.

    Raises:
        UserError: the folder cannot be written.
        Interrupted: on SIGINT or SIGTERM.
    """
    work.store.require_writable()
    limits = Limits(options.out / ".data", options.timeout_seconds, options.memory_bytes)
    if work.study.brackets:
        bracketing = Bracketing(work.study, work.store, BlockCache(limits.cache))
        with _signals():
            run_brackets(bracketing, limits, console, workers=options.workers, quiet=options.quiet)
        return write_tables(work.folder)
    save_manifest(work.folder, work.study.manifest())
    todo = work.plan()
    costs = {cell_key(cell): cost for cell, cost in zip(work.pending, todo.cpu_seconds, strict=True)}
    groups = group(work.pending)
    with _signals(), Watch(console, list(costs.values()), quiet=options.quiet) as watch, work.store.writer() as writer:
        for outcome in run_local(groups, limits, workers=options.workers, watch=watch.step):
            writer.append(outcome.record)
            watch.record(outcome.record, costs[outcome.record.key])
    return write_tables(work.folder)


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


def check_workers(workers: int) -> int:
    """Return the number of workers; 0 stands for one a core."""
    if workers < 0:
        raise UserError(f"expected workers >= 0, got {workers}")
    return workers or len(os.sched_getaffinity(0))


def all_folders(out: Path) -> Sequence[Path]:
    """Study folders below a results folder."""
    return sorted(path.parent for path in out.glob("*/study.json"))
