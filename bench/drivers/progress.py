"""Progress of a run: a bar with the time left on a terminal, plain lines elsewhere."""

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bench.families import FAMILIES, execution_of
from results.records.record import Record

PLAIN_SECONDS = 15.0


class RunProgress:
    """Counts records and tells how long the rest will take, weighing cells by their estimated cost.

    Args:
        console: where to write; control codes only if it is a terminal.
        costs: estimated CPU seconds of the pending cells; none where the study chooses its cells as it goes.
        status: how far the study is, told in place of the time left where there are no costs.
        quiet: write nothing but the last line.
    """

    def __init__(
        self, console: Console, costs: Sequence[float], *, status: Callable[[], str] = lambda: "", quiet: bool = False
    ) -> None:
        self._console, self._status = console, status
        self._total_cost, self._cells = sum(costs), len(costs)
        self._done_cost, self._done = 0.0, 0
        self._counts: dict[str, int] = {}
        self._best: dict[str, tuple[float, str]] = {}
        self._started = self._last_line = time.monotonic()
        self._quiet = quiet
        self._bar: Progress | None = None
        if console.is_terminal and not console.is_dumb_terminal and not quiet:
            columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[left]}"), TimeElapsedColumn())
            texts = tuple(TextColumn(text, markup=False) for text in ("{task.description}", "{task.fields[best]}"))
            self._bar = Progress(*columns, *texts, console=console)
            self._bar_task = self._bar.add_task("", total=self._cells or None, left="", best="")

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar:
            self._bar.stop()

    def step(self, cell: Any, step: int) -> None:
        """Show what is being trained."""
        if self._bar:
            self._bar.update(self._bar_task, description=f"{execution_of(cell).label(cell)}, step {step}")

    def record(self, record: Record, cost: float) -> None:
        """Count a record of a cell estimated to take `cost` CPU seconds."""
        self._compare(record)
        self._count(record.status, cost)

    def elsewhere(self, cost: float) -> None:
        """Count a cell of this estimated cost that another driver has finished."""
        self._count("finished elsewhere", cost)

    def _count(self, how: str, cost: float) -> None:
        self._done += 1
        self._done_cost += cost
        self._counts[how] = self._counts.get(how, 0) + 1
        if self._bar:
            self._bar.update(self._bar_task, completed=self._done, left=self.left())
        elif not self._quiet and (time.monotonic() - self._last_line > PLAIN_SECONDS or self._done == self._cells):
            self._last_line = time.monotonic()
            line = f"{self._done}/{self._cells} cells, {self.left()} ({self.counts()})" if self._cells else self._status()
            self._console.print(f"{line}; {best}" if (best := self.best()) else line, highlight=False, markup=False)

    def _compare(self, record: Record) -> None:
        """Keep the best result of each subject, as the family compares them."""
        if record.status != "done" or record.measured is None:
            return
        said = FAMILIES[record.family].headline(record.cell, record.measured)
        if said is None:
            return
        subject, value, words = said
        known = self._best.get(subject)
        if known is None or value > known[0]:
            self._best[subject] = (value, words)
        if self._bar:
            self._bar.update(self._bar_task, best=f"best: {self._best[subject][1]}")

    def best(self) -> str:
        """The best result of each subject so far; empty if there is none."""
        return "best: " + ", ".join(text for _, (_, text) in sorted(self._best.items())) if self._best else ""

    def left(self) -> str:
        """Time left at the pace so far, or how far the study is."""
        if not self._cells:
            return self._status()
        share = self._done_cost / self._total_cost if self._total_cost > 0 else self._done / max(self._cells, 1)
        if share <= 0.0:
            return "time left unknown"
        seconds = (time.monotonic() - self._started) * max(1.0 - share, 0.0) / share
        return f"about {duration(seconds)} left"

    @property
    def failed(self) -> int:
        """Cells that ended as `failed`."""
        return self._counts.get("failed", 0)

    def counts(self) -> str:
        """How the cells so far ended."""
        return ", ".join(f"{count} {status}" for status, count in sorted(self._counts.items()))


def duration(seconds: float) -> str:
    """Human-readable duration."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
