"""Executors: groups of cells in, records out as they finish, behind one function. One line an entry.

An executor is a module with a function `run(tasks, resources, watch)`; it is imported when it is asked for, so that Dask is
needed only by those who use it.
"""

import importlib

from bench.execution.executors.base import Group, Limits, Outcomes, Resources, Tasks, Watch, unwatched
from operators.errors import UserError

EXECUTORS: dict[str, str] = {
    "local": "bench.execution.executors.local",
    "inline": "bench.execution.executors.inline",
    "dask": "bench.execution.executors.dask",
    "slurm": "bench.execution.executors.slurm",
}


def execute(name: str, tasks: Tasks, resources: Resources, watch: Watch = unwatched) -> Outcomes:
    """Run groups by the executor of this name and yield outcomes as they finish; what is added to `tasks` meanwhile runs too.

    Raises:
        UserError: an unknown name, a missing package, or a scheduler that cannot be reached.
    """
    if name not in EXECUTORS:
        raise UserError(f"expected an executor among {sorted(EXECUTORS)}, got {name!r}")
    try:
        module = importlib.import_module(EXECUTORS[name])
    except ModuleNotFoundError as error:
        if error.name not in ("dask", "dask_jobqueue", "distributed", "yaml"):
            raise
        raise UserError(
            f"expected package {error.name!r} for executor {name!r}, found none;"
            " run `pip install 'deeponet-size-bounds[cluster]'`"
        ) from None
    outcomes: Outcomes = module.run(tasks, resources, watch)
    return outcomes


__all__ = ["EXECUTORS", "Group", "Limits", "Outcomes", "Resources", "Tasks", "Watch", "execute"]
