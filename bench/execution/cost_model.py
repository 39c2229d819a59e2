"""What a study will take: cells, bytes of data, CPU time and wall time.

Seconds of a cell are modelled as a + b steps + c flops with a, b, c >= 0, for each kind of cell as its family tells kinds apart
(`bench.families.family.Work`). The coefficients
are those of greatest likelihood if seconds were Poisson counts: then the modelled sum over the recorded cells is the sum that was
recorded, however unequal they are, which suits totals. (Least squares on relative errors follows the many cheap cells; it missed
totals of recorded studies by a factor of 30.) Steps and flops are those of the budget; early stops are in the recorded costs.

Without FEWEST records of a kind, those of the next wider one serve, without those a rough default, and the plan says so.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from bench.families import FAMILIES, execution_of
from results.records.record import Record

FEWEST = 4
ITERATIONS = 1000
LEAST_SECONDS = 1e-3
ROUGH_AROUND = 0.2  # seconds of a cell that are not training: data, floors, measurement

Floats = NDArray[np.float64]
Kind = tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """What remains to be done.

    Attributes:
        cells: cells of the study.
        finished: cells that have a record already.
        data_bytes: size of the distinct data sets still to be generated or loaded.
        cpu_seconds: estimated CPU time of training the remaining cells, one entry per cell.
        wall_seconds: estimated time that a worker spends on each, data and measurement included.
        measured: whether every estimate rests on recorded costs.
    """

    cells: int
    finished: int
    data_bytes: int
    cpu_seconds: tuple[float, ...]
    wall_seconds: tuple[float, ...]
    measured: bool

    @property
    def pending(self) -> int:
        """Cells without a record."""
        return self.cells - self.finished

    def hours(self, workers: int) -> float:
        """Estimated wall hours on this many workers."""
        return sum(self.wall_seconds) / 3600.0 / max(1, min(workers, self.pending))


@dataclass(frozen=True, eq=False)
class CostModel:
    """Costs of each kind of cell that has been recorded: coefficients (3, 2) of CPU seconds and wall seconds."""

    coefficients: dict[Kind, Floats]

    def knows(self, cell: Any) -> bool:
        """Whether costs of a kind of this cell are recorded."""
        return any(kind in self.coefficients for kind in _kinds(cell))

    def seconds(self, cell: Any) -> tuple[float, float]:
        """CPU seconds and wall seconds of a cell, if need be by the rough default."""
        known = next((self.coefficients[kind] for kind in _kinds(cell) if kind in self.coefficients), None)
        if known is None:
            cpu = float(np.dot(execution_of(cell).work(cell).rough, _features(cell)))
            return cpu, cpu + ROUGH_AROUND
        cpu, wall = np.asarray(_features(cell)) @ known
        return float(cpu), float(wall)


def _features(cell: Any) -> tuple[float, float, float]:
    work = execution_of(cell).work(cell)
    return (1.0, work.steps, work.flops)


def _kinds(cell: Any) -> tuple[Kind, ...]:
    """The kinds of a cell, the closest first."""
    return tuple((cell.family, *kind) for kind in execution_of(cell).work(cell).kinds)


def cost_model(records: Iterable[Record]) -> CostModel:
    """Fit the costs of every kind, and every wider one, with at least FEWEST finished records.

    Records whose cells this release or this machine does not know are left out.
    """
    samples: dict[Kind, list[tuple[float, ...]]] = {}
    for record in records:
        if record.status == "done" and record.cost is not None and record.cost.cpu_seconds > 0:
            try:
                cell = FAMILIES[record.family].cell.model_validate(record.cell)
            except ValidationError:
                continue
            row = (*_features(cell), record.cost.cpu_seconds, record.cost.seconds)
            for kind in _kinds(cell):
                samples.setdefault(kind, []).append(row)
    tables = {kind: np.asarray(rows) for kind, rows in samples.items() if len(rows) >= FEWEST}
    fits = {kind: [poisson_fit(table[:, :3], table[:, column]) for column in (3, 4)] for kind, table in tables.items()}
    return CostModel({kind: np.stack(fit, axis=1) for kind, fit in fits.items()})


def poisson_fit(features: Floats, values: Floats) -> Floats:
    """Non-negative coefficients of the means of Poisson counts, by the multiplicative iteration of Richardson and Lucy.

    It is expectation maximisation, so the likelihood rises at every step, and it keeps sum(features @ coefficients) = sum(values)
    (Shepp and Vardi 1982, doi:10.1109/TMI.1982.4307558).
    """
    sums = features.sum(axis=0)
    scaled, values = features / np.where(sums > 0, sums, 1.0), np.maximum(values, LEAST_SECONDS)
    coefficients = np.where(sums > 0, values.sum() / np.count_nonzero(sums), 0.0)
    for _ in range(ITERATIONS):
        coefficients = coefficients * (scaled.T @ (values / (scaled @ coefficients)))
    return coefficients / np.where(sums > 0, sums, 1.0)


def plan(cells: Sequence[Any], pending: Sequence[Any], records: Iterable[Record]) -> Plan:
    """Estimate what the pending cells of a study take."""
    model = cost_model(records)
    seconds = [model.seconds(cell) for cell in pending]
    families = {cell.family for cell in pending}
    return Plan(
        cells=len(cells),
        finished=len(cells) - len(pending),
        data_bytes=sum(FAMILIES[name].data([cell for cell in pending if cell.family == name]) for name in families),
        cpu_seconds=tuple(cpu for cpu, _ in seconds),
        wall_seconds=tuple(wall for _, wall in seconds),
        measured=all(map(model.knows, pending)),
    )
