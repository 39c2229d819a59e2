"""`inline`: one cell after the other in this process, for debuggers and notebooks.

Nothing stands between a cell and the driver: a cell that kills its process, or takes more memory than there is, ends the run.
"""

from functools import partial

from bench.execution.executors.base import Outcomes, Resources, StepReport, Tasks, unreported
from bench.execution.runner import Runner


def run(tasks: Tasks, resources: Resources, report: StepReport = unreported) -> Outcomes:
    """Run groups here; `workers` and the memory limit are not looked at."""
    limits = resources.limits
    runner = Runner(limits.cache, limits.timeout_seconds)
    while group := tasks.take():
        yield from runner.run(group, partial(_step, group, report))


def _step(group: tuple[object, ...], report: StepReport, position: int, step: int) -> None:
    report(group[position], step)
