"""Running a cell in this process: on one thread of linear algebra, however the process was started."""

from typing import Any

import pytest
import threadpoolctl

from bench.cell import Cell
from bench.execution.runner import Runner
from bench.families import FAMILIES
from bench.families.deeponet.execution import DeepONetExecution
from bench.families.family import Context, Result


class Counting(DeepONetExecution):
    """Says how many threads linear algebra has, and no more."""

    def run(self, cell: Any, context: Context) -> Result:
        """Count."""
        threads = {pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"}
        raise RuntimeError(f"threads {sorted(threads)}")


def test_a_cell_has_one_thread_where_the_process_has_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FAMILIES, "deeponet", Counting())
    with threadpoolctl.threadpool_limits(2):
        (outcome,) = Runner(None).run([Cell(task="advection", functions=4, points=4)])
    assert outcome.record.message == "RuntimeError: threads [1]"
