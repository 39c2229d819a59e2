"""Progress: counts, time left, and the best fit of each task so far; nothing where it is to be quiet."""

import io
from typing import Any

import pytest
from rich.console import Console

from bench.drivers.progress import RunProgress


def watched(planted: Any, *, terminal: bool = False, quiet: bool = False) -> tuple[RunProgress, str]:
    """The progress that has counted all records of a planted study, and what it wrote."""
    text = io.StringIO()
    console = Console(file=text, force_terminal=terminal, width=200)
    with RunProgress(console, [1.0] * len(planted.records), quiet=quiet) as progress:
        for record in planted.records:
            progress.record(record, 1.0)
    return progress, text.getvalue()


@pytest.fixture
def study(planted: Any) -> Any:
    planted.add(task="one", q=2, relative=0.4)
    planted.add(task="one", q=4, relative=0.1)
    planted.add(task="one", q=8, relative=0.2)
    planted.add(task="one", q=16, status="diverged")
    planted.add(task="two", q=3, absorbed=-0.5)
    planted.add(task="two", q=5, absorbed=-0.25)
    return planted


def test_the_best_fit_of_each_task_is_named_with_its_q(study: Any) -> None:
    progress, text = watched(study)
    assert progress.best() == "best: one relative error 0.1 at q = 4, two absorbed -0.25 at q = 5"
    assert text.splitlines()[-1] == f"6/6 cells, about 0 s left (1 diverged, 5 done); {progress.best()}"


def test_a_terminal_shows_the_best_beside_the_bar(study: Any) -> None:
    assert "best: two absorbed -0.25 at q = 5" in watched(study, terminal=True)[1]


@pytest.mark.parametrize("terminal", [True, False])
def test_quiet_writes_nothing(study: Any, terminal: bool) -> None:
    assert watched(study, terminal=terminal, quiet=True)[1] == ""


def test_without_fits_there_is_no_best(planted: Any) -> None:
    planted.add(status="failed")
    progress, text = watched(planted)
    assert progress.best() == ""
    assert text == "1/1 cells, about 0 s left (1 failed)\n"
    assert progress.failed == 1


def test_names_of_tasks_are_no_markup(planted: Any) -> None:
    planted.add(task="[red]x[/red]", relative=0.5)
    assert "[red]x[/red] relative error 0.5" in watched(planted)[1]
