"""Running groups by the executor of a name."""

import importlib

from bench.execution.executors import EXECUTORS
from bench.execution.executors.base import Outcomes, Resources, StepReport, Tasks, unreported
from bench.extras import require
from operators.errors import UserError


def execute(name: str, tasks: Tasks, resources: Resources, report: StepReport = unreported) -> Outcomes:
    """Run groups by the executor of this name and yield outcomes as they finish; what is added to `tasks` meanwhile runs too.

    Raises:
        UserError: an unknown name, a missing package, or a scheduler that cannot be reached.
    """
    if name not in EXECUTORS:
        raise UserError(f"expected an executor among {sorted(EXECUTORS)}, got {name!r}")
    executor = EXECUTORS[name]
    require(f"executor {name!r}", *executor.extras)
    outcomes: Outcomes = importlib.import_module(executor.module).run(tasks, resources, report)
    return outcomes
