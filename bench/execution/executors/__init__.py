"""Executors: groups of cells in, records out as they finish, behind one function. One line per entry.

An executor is a module with a function `run(tasks, resources, report)`; it is imported when it is asked for, so that Dask is
needed only by those who use it.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from operators.public_names import loaded_on_use

if TYPE_CHECKING:
    from bench.execution.executors.base import Group, Limits, Outcomes, Resources, StepReport, Tasks
    from bench.execution.executors.dispatch import execute
else:
    BASE = ("Group", "Limits", "Outcomes", "Resources", "StepReport", "Tasks")
    __getattr__ = loaded_on_use(__name__, {**dict.fromkeys(BASE, f"{__name__}.base"), "execute": f"{__name__}.dispatch"})


@dataclass(frozen=True)
class Executor:
    """Where an executor is, and the extras of the installation that it needs."""

    module: str
    extras: tuple[str, ...]


EXECUTORS: dict[str, Executor] = {
    "local": Executor("bench.execution.executors.local", ("train",)),
    "inline": Executor("bench.execution.executors.inline", ("train",)),
    "dask": Executor("bench.execution.executors.dask", ("train", "cluster")),
    "slurm": Executor("bench.execution.executors.slurm", ("train", "cluster")),
}

__all__ = ["EXECUTORS", "Executor", "Group", "Limits", "Outcomes", "Resources", "StepReport", "Tasks", "execute"]
