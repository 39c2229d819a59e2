"""Driving a study: run what its course asks for, keep every record, build the tables."""

import contextlib
import os
import signal
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from rich.console import Console

from bench.drivers.bracket_run import BracketCourse
from bench.drivers.course import CellCourse, Course
from bench.drivers.options import Options
from bench.drivers.progress import RunProgress
from bench.drivers.shard import WHOLE, Shard
from bench.drivers.threshold_run import ThresholdCourse
from bench.execution.executors import Group, Tasks, execute
from bench.study import Study, cell_key
from operators.atomic_files import sweep_results
from operators.data.dataset import BlockCache
from results.records.manifest import PAPER, save_manifest, stated_manifest
from results.records.store import Store

STOPPED_BY = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Interrupted(BaseException):
    """A signal of STOPPED_BY arrived; what was finished is kept."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number


def at_preset(study: Study, options: Options, preset: str | None) -> Study:
    """A study at a preset; None for that with which its folder was run before, or the whole if there is none.

    Raises:
        UserError: the study has no such preset.
    """
    stated = stated_manifest(options.out / study.name) if preset is None else None
    return study.at(preset or (stated.preset if stated is not None else PAPER))


def open_course(study: Study, options: Options, *, shard: Shard = WHOLE) -> Course:
    """Open a study on its folder; writes nothing.

    Raises:
        UserError: the folder holds records of another schema.
    """
    store = Store(options.out / study.name)
    stated_manifest(store.folder)
    if study.brackets:
        return BracketCourse(study, store, shard, cache=BlockCache(options.cache), retry=options.retry)
    if study.thresholds:
        return ThresholdCourse(study, store, shard, cache=BlockCache(options.cache), retry=options.retry)
    return CellCourse(study, store, shard, retry=options.retry)


@dataclass(frozen=True)
class Finished:
    """How a run ended: one sentence, the cells that failed, and the report if one was built."""

    sentence: str
    failed: int
    report: Path | None = None


def run(course: Course, options: Options, console: Console) -> Finished:
    """Run what is pending, then write tables, figures and report; of a shard, only the records.

    Raises:
        UserError: the folder cannot be written, or the executor cannot serve.
        Interrupted: on a signal of STOPPED_BY.
    """
    course.store.require_writable()
    sweep_results(options.out)
    with _signals():
        part = _run_pending(course, options, console)
        if course.shard == WHOLE:
            from results.report.write import write_tables  # the only part of a run that needs plotting libraries

            summary = write_tables(course.folder, figures=options.figures, cache=BlockCache(options.cache))
            return Finished(summary.sentence(), summary.failed, course.folder / "report.html")
    return part


def _run_pending(course: Course, options: Options, console: Console) -> Finished:
    """Run the pending groups and whatever follows from them; keep every record. `study.json` says how far all came."""
    plan = course.plan
    costs = dict(zip(map(cell_key, course.unfinished_cells), plan.cpu_seconds, strict=True))
    total = [] if course.open_ended else list(costs.values())
    groups = course.pending()
    save_manifest(course.folder, course.manifest())
    try:
        with RunProgress(console, total, status=course.status, quiet=options.quiet) as progress, course.store.writer() as writer:

            def still_to_run(cells: Group) -> Group:
                rest, more = course.rest(cells)
                tasks.add(more)
                for cell in cells:
                    if cell not in rest:
                        progress.elsewhere(costs.get(cell_key(cell), 0.0))
                return rest

            tasks = Tasks(groups, still_to_run)
            with closing(execute(options.executor, tasks, options.resources(console), progress.step)) as outcomes:
                for outcome in outcomes:
                    more = course.advance(outcome)
                    writer.append(outcome.record)
                    tasks.add(more)
                    progress.record(outcome.record, costs.get(outcome.record.key, 0.0))
    finally:
        if course.open_ended:
            save_manifest(course.folder, course.manifest())
    return Finished(f"study {course.study.name}: {course.status()}", progress.failed)


@contextlib.contextmanager
def _signals() -> Iterator[None]:
    """Turn the first signal of STOPPED_BY into Interrupted; the second ends the process at once.

    One that is ignored, as `nohup` has it of SIGHUP, stays so.
    """
    received: list[int] = []

    def handle(number: int, _: FrameType | None) -> None:
        if received:
            os._exit(128 + number)
        received.append(number)
        raise Interrupted(number)

    heard = [number for number in STOPPED_BY if signal.getsignal(number) is not signal.SIG_IGN]
    previous = {number: signal.signal(number, handle) for number in heard}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
