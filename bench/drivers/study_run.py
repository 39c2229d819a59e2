"""Driving a study: run what its course asks for, keep every record, build the tables."""

import contextlib
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from rich.console import Console

from bench.drivers.bracket_run import BracketCourse
from bench.drivers.course import CellCourse, Course
from bench.drivers.progress import Watch
from bench.drivers.shard import WHOLE, Shard
from bench.execution.executors import EXECUTORS, Group, Limits, Resources, Tasks, execute
from bench.study import Study, cell_key
from operators.data.dataset import BlockCache
from operators.errors import UserError
from results.records.manifest import load_manifest, save_manifest
from results.records.store import Store
from results.report.write import write_tables


@dataclass(frozen=True)
class Options:
    """How a study is run; nothing here changes a result.

    Attributes:
        out: results folder; the study goes to `<out>/<study name>`.
        executor: a name of `bench.execution.executors.EXECUTORS`.
        workers: processes, Dask workers or Slurm jobs.
        scheduler: address of an existing Dask scheduler.
        cluster: file of Slurm options.
        retry: run cells again that ended as `timeout` or `oom`.
        timeout_seconds: wall seconds for one cell.
        memory_bytes: resident memory of one worker.
        quiet: no progress.
    """

    out: Path
    executor: str = "local"
    workers: int = 2
    scheduler: str | None = None
    cluster: Path | None = None
    retry: bool = False
    timeout_seconds: float | None = None
    memory_bytes: int | None = None
    quiet: bool = False

    def check(self) -> None:
        """Refuse options that do not go together.

        Raises:
            UserError: naming them.
        """
        if self.executor not in EXECUTORS:
            raise UserError(f"expected --executor among {sorted(EXECUTORS)}, got {self.executor!r}")
        for name, value, executor in (("scheduler", self.scheduler, "dask"), ("cluster", self.cluster, "slurm")):
            if value is not None and self.executor != executor:
                raise UserError(f"expected --{name} with --executor {executor} only, got it with {self.executor!r}")

    @property
    def cache(self) -> Path:
        """Folder of generated data; absolute, since workers may have another working directory."""
        return (self.out / ".data").resolve()

    def resources(self, console: Console) -> Resources:
        """Where groups run."""
        limits = Limits(self.cache, self.timeout_seconds, self.memory_bytes)
        say = (lambda sentence: None) if self.quiet else console.print
        return Resources(limits, self.workers, self.scheduler, self.cluster, say)


class Interrupted(BaseException):
    """SIGINT or SIGTERM arrived; what was finished is kept."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number


def open_course(study: Study, options: Options, *, shard: Shard = WHOLE) -> Course:
    """Open a study on its folder; writes nothing.

    Raises:
        UserError: the folder holds records of another schema.
    """
    store = Store(options.out / study.name)
    if (store.folder / "study.json").exists():
        load_manifest(store.folder)
    if study.brackets:
        return BracketCourse(study, store, shard, cache=BlockCache(options.cache), retry=options.retry)
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
        Interrupted: on SIGINT or SIGTERM.
    """
    course.store.require_writable()
    with _signals():
        part = _run_pending(course, options, console)
        if course.shard == WHOLE:
            summary = write_tables(course.folder)
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
        with Watch(console, total, status=course.status, quiet=options.quiet) as watch, course.store.writer() as writer:

            def still_to_run(cells: Group) -> Group:
                rest, more = course.rest(cells)
                tasks.add(more)
                for cell in cells:
                    if cell not in rest:
                        watch.elsewhere(costs.get(cell_key(cell), 0.0))
                return rest

            tasks = Tasks(groups, still_to_run)
            with closing(execute(options.executor, tasks, options.resources(console), watch.step)) as outcomes:
                for outcome in outcomes:
                    more = course.advance(outcome)
                    writer.append(outcome.record)
                    tasks.add(more)
                    watch.record(outcome.record, costs.get(outcome.record.key, 0.0))
    finally:
        if course.open_ended:
            save_manifest(course.folder, course.manifest())
    return Finished(f"study {course.study.name}: {course.status()}", watch.failed)


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


def check_workers(workers: int, executor: str = "local") -> int:
    """Return the number of workers; 0 stands for one a core of this machine.

    Raises:
        UserError: a negative number, or 0 for jobs of a cluster.
    """
    if workers < 0 or (workers == 0 and executor == "slurm"):
        least = "1 (the number of jobs)" if executor == "slurm" else "0"
        raise UserError(f"expected --workers >= {least}, got {workers}")
    return workers or len(os.sched_getaffinity(0))


def study_folder(out: Path, name: str) -> Path:
    """The folder of a study that has been run.

    Raises:
        UserError: there is none.
    """
    folder = out / name
    if not (folder / "study.json").exists():
        raise UserError(f"expected a study folder at {folder}, found none; `python -m bench status --out {out}` lists them")
    return folder


def all_folders(out: Path) -> Sequence[Path]:
    """Study folders below a results folder."""
    return sorted(path.parent for path in out.glob("*/study.json"))
