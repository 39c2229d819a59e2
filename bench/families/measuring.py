"""Families whose cells are one measurement: nothing is trained by an engine, and no weights are kept."""

import time
from abc import abstractmethod
from typing import Any

from bench.families.family import Context, Execution, Result, Work
from results.records.record import Cost
from results.schema.model import Model


class Measuring(Execution):
    """Measures a cell and notes what it cost."""

    rough_seconds = 0.1

    @abstractmethod
    def measure(self, cell: Any, context: Context) -> Model:
        """What is measured of a cell."""

    def run(self, cell: Any, context: Context) -> Result:
        """Measure."""
        started = time.process_time()
        measured = self.measure(cell, context)
        return Result(measured=measured, cost=Cost(steps=0, seconds=0.0, cpu_seconds=time.process_time() - started))

    def work(self, cell: Any) -> Work:
        """Like other cells of the family."""
        return Work(kinds=((),), rough=(self.rough_seconds, 0.0, 0.0))
