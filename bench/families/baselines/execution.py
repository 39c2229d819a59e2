"""How the reference lines of a data set are measured: data -> every method of `operators.baselines` that applies."""

import time
from collections.abc import Hashable, Iterable
from typing import Any

from bench.data_sets import DataSet
from bench.families.family import Context, Execution, Result, Work
from operators.arrays import Array
from operators.baselines import BASELINES, Errors, Sample
from operators.data.dataset import BlockCache, build
from results.families.baselines import DIGITS, NOTHING, Line, Measured
from results.records.record import Cost

ROUGH = (0.05, 0.0, 5e-10)


class BaselinesExecution(Execution):
    """Measures the reference lines of data sets."""

    name = "baselines"
    cell = DataSet

    def run(self, cell: DataSet, context: Context) -> Result:
        """Build the data and measure."""
        request = cell.request()
        data = context.kept.get("data", request, lambda: build(request, BlockCache(context.cache)))
        sample = Sample(data.inputs, data.labels, data.test_inputs, data.test_outputs)
        started = time.process_time()
        applied = [baseline for baseline in BASELINES.values() if baseline.applies(cell.functions)]
        lines = {baseline.name: line_of(baseline.measure(sample)) for baseline in applied}
        measured = Measured(lines=lines, sensor_floor=request.task.sensor_floor())
        return Result(measured, cost=Cost(seconds=0.0, cpu_seconds=time.process_time() - started))

    def shares(self, cell: DataSet) -> Hashable:
        """The data set."""
        return cell.request()

    def data(self, cells: Iterable[DataSet]) -> int:
        """Bytes of the distinct data sets."""
        return sum(request.bytes() for request in {cell.request() for cell in cells})

    def work(self, cell: DataSet) -> Work:
        """The singular value decompositions, N m min(N, m) and N M min(N, M), and N^3 where the kernel applies."""
        request = cell.request()
        count, sensors = cell.functions, len(request.task.sensors())
        flops = 10.0 * count * (sensors * min(count, sensors) + cell.points * min(count, cell.points))
        kernel = 100.0 * count**3 if BASELINES["kernel"].applies(count) else 0.0
        return Work(flops=flops + kernel, kinds=((),), rough=ROUGH)

    def label(self, cell: DataSet) -> str:
        """Task and sizes."""
        return f"{cell.task} {cell.functions} x {cell.points}, reference lines"


def line_of(errors: Errors) -> Line:
    """Errors as they are recorded."""
    names = ("relative", "relative_mean", "test_relative", "test_relative_mean")
    values: dict[str, Any] = {name: rounded(getattr(errors, name)) for name in names}
    return Line(**values, q=errors.q)


def rounded(values: Array) -> tuple[float, ...]:
    """Errors to DIGITS significant digits, 0 below NOTHING."""
    return tuple(float(f"{value:.{DIGITS}g}") if value >= NOTHING else 0.0 for value in values)
