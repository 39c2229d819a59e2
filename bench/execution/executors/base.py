"""What every executor shares: the queue of groups, the limits of a worker, and where the workers are.

The store is the truth, not a scheduler. A group is handed out only when a worker can start it, and then without the cells that
need no training any more; so several drivers may work on one store at once.
"""

import secrets
from collections import deque
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.execution.runner import Outcome

CHOICE = 8
GIB = 2**30
WAIT_SECONDS = 3600.0

Group = tuple[Any, ...]
StepReport = Callable[[Any, int], None]
Outcomes = Generator[Outcome, None, None]


def unreported(cell: Any, step: int) -> None:
    """Report nothing."""


class Tasks:
    """Groups that wait, the costliest first; groups may be added while others run.

    Args:
        groups: what is to be run.
        unfinished: asked before a group is handed out; returns those of its cells that still need to be run.
    """

    def __init__(self, groups: Iterable[Group], unfinished: Callable[[Group], Group] = lambda group: group) -> None:
        self._waiting = deque(groups)
        self._unfinished = unfinished

    def add(self, groups: Iterable[Group]) -> None:
        """Put groups at the end of the queue."""
        self._waiting.extend(group for group in groups if group)

    def take(self) -> Group:
        """Hand out one of the next CHOICE groups, or () if nothing is left to do.

        Drawn at random (by the system, not by a seed), so that two drivers on one store seldom run the same group.
        """
        while self._waiting:
            position = secrets.randbelow(min(len(self._waiting), CHOICE))
            group = self._waiting[position]
            del self._waiting[position]
            rest = self._unfinished(group)
            if rest:
                return rest
        return ()


@dataclass(frozen=True)
class Limits:
    """What one worker may use.

    Attributes:
        cache: folder of generated data and compiled programs; None keeps them nowhere.
        timeout_seconds: wall seconds for one cell; a worker that overruns it by half and a minute is killed.
        memory_bytes: resident memory of one worker; above it the worker is killed and its cell recorded as `oom`.
        recycle_bytes: a worker that holds more between groups is replaced.
    """

    cache: Path | None
    timeout_seconds: float | None = None
    memory_bytes: int | None = None
    recycle_bytes: int = 2 * GIB


@dataclass(frozen=True)
class Resources:
    """Where groups run.

    Attributes:
        limits: of each worker.
        workers: how many there are; with an existing scheduler, which has its own, it is ignored.
        scheduler: address of an existing Dask scheduler.
        cluster: file of Slurm options.
        wait_seconds: how long a Dask scheduler may have no workers.
        notify: called with a sentence that a user should read while it runs.
    """

    limits: Limits
    workers: int = 1
    scheduler: str | None = None
    cluster: Path | None = None
    wait_seconds: float = WAIT_SECONDS
    notify: Callable[[str], None] = field(default=lambda sentence: None)
