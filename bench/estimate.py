"""What a study will take: cells, bytes of data, CPU time.

CPU seconds of a cell are modelled as a + b steps + c flops, with a, b, c >= 0 fitted to the recorded costs of the same engine and
recipe (relative least squares); without at least FEWEST records a rough default serves, and the plan says so.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from bench.cell import Cell
from bench.flops import training_flops
from results.record import Record

FEWEST = 8
ROUGH = (2.0, 8e-4, 1.0 / 2e10)
ROUGH_ON_GRIDS = (0.2, 2e-4, 1.0 / 2e10)


@dataclass(frozen=True)
class Plan:
    """What remains to be done.

    Attributes:
        cells: cells of the study.
        finished: cells that have a record already.
        data_bytes: size of the distinct data sets still to be generated or loaded.
        cpu_seconds: estimated CPU time of the remaining cells, one entry a cell.
        measured: whether every estimate rests on recorded costs.
    """

    cells: int
    finished: int
    data_bytes: int
    cpu_seconds: tuple[float, ...]
    measured: bool

    @property
    def pending(self) -> int:
        """Cells without a record."""
        return self.cells - self.finished

    def hours(self, workers: int) -> float:
        """Estimated wall hours on this many workers."""
        return sum(self.cpu_seconds) / 3600.0 / max(1, min(workers, self.pending))


def _features(cell: Cell) -> tuple[float, float, float]:
    return (1.0, float(cell.steps), training_flops(cell))


def _method(cell: Cell) -> tuple[str, str]:
    return (cell.training.engine, cell.training.recipe)


def _rough(cell: Cell) -> NDArray[np.float64]:
    """Where nothing is recorded: variable projection on grids is cheaper than a compiled program and its start."""
    on_grid = cell.design == "grid" and cell.training.recipe in ("varpro", "best")
    return np.asarray(ROUGH_ON_GRIDS if on_grid else ROUGH)


def cost_models(records: Iterable[Record]) -> dict[tuple[str, str], NDArray[np.float64]]:
    """Fit (a, b, c) for every engine and recipe with at least FEWEST finished records."""
    samples: dict[tuple[str, str], list[tuple[float, ...]]] = {}
    for record in records:
        if record.status == "done" and record.cost is not None and record.cost.cpu_seconds > 0:
            cell = Cell.model_validate(record.cell)
            samples.setdefault(_method(cell), []).append((*_features(cell), record.cost.cpu_seconds))
    models = {}
    for method, rows in samples.items():
        if len(rows) >= FEWEST:
            table = np.asarray(rows)
            models[method] = nnls(table[:, :3] / table[:, 3:], np.ones(len(table)))[0]
    return models


def plan(cells: Sequence[Cell], pending: Sequence[Cell], records: Iterable[Record]) -> Plan:
    """Estimate what the pending cells of a study take."""
    models = cost_models(records)
    seconds = [float(np.dot(models.get(_method(cell), _rough(cell)), _features(cell))) for cell in pending]
    requests = {cell.request() for cell in pending}
    return Plan(
        cells=len(cells),
        finished=len(cells) - len(pending),
        data_bytes=sum(request.bytes() for request in requests),
        cpu_seconds=tuple(seconds),
        measured=all(_method(cell) in models for cell in pending),
    )
