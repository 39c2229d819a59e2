"""How a study is run: the options of `python -m bench run`, and what they become."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.execution.executors import EXECUTORS
from bench.platforms import usable_cores
from operators.errors import UserError

if TYPE_CHECKING:
    from rich.console import Console

    from bench.execution.executors import Resources


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
        wait_seconds: how long a Dask scheduler may have no workers; None for the executor's own limit.
        figures: whether the figures for print are drawn.
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
    wait_seconds: float | None = None
    figures: bool = True

    def check(self) -> None:
        """Refuse options that do not go together.

        Raises:
            UserError: naming them.
        """
        if self.executor not in EXECUTORS:
            raise UserError(f"expected --executor among {sorted(EXECUTORS)}, got {self.executor!r}")
        for name, value, executor in (
            ("scheduler", self.scheduler, "dask"),
            ("wait", self.wait_seconds, "dask"),
            ("cluster", self.cluster, "slurm"),
        ):
            if value is not None and self.executor != executor:
                raise UserError(f"expected --{name} with --executor {executor} only, got it with {self.executor!r}")

    @property
    def cache(self) -> Path:
        """Folder of generated data; absolute, since workers may have another working directory."""
        return (self.out / ".data").resolve()

    def resources(self, console: "Console") -> "Resources":
        """Where groups run."""
        from bench.execution.executors import Limits, Resources
        from bench.execution.executors.base import WAIT_SECONDS

        limits = Limits(self.cache, self.timeout_seconds, self.memory_bytes)
        notify = (lambda sentence: None) if self.quiet else console.print
        wait = WAIT_SECONDS if self.wait_seconds is None else self.wait_seconds
        return Resources(limits, self.workers, self.scheduler, self.cluster, wait, notify)


def check_workers(workers: int, executor: str = "local") -> int:
    """Return the number of workers; 0 stands for one per core of this machine.

    Raises:
        UserError: a negative number, or 0 for jobs of a cluster.
    """
    if workers < 0 or (workers == 0 and executor == "slurm"):
        least = "1 (the number of jobs)" if executor == "slurm" else "0"
        raise UserError(f"expected --workers >= {least}, got {workers}")
    return workers or usable_cores()
