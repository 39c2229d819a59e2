"""Running cells: data -> floor -> training -> measurement -> record. The only place where they meet."""

import datetime
import hashlib
import os
import platform
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any, TypeVar

from bench.cell import Cell
from bench.engines import find_engine
from bench.engines.base import Control, Fit
from bench.engines.flops import training_flops
from bench.families.deeponet.evaluation import anatomy_values, audit_values, bits_of, bound_values, bounds, errors, sizes
from bench.study import cell_key
from operators import find_task
from operators.architectures.weights import Weights
from operators.arrays import Array
from operators.bounds.eckart_young import floors_of_deeponet
from operators.data.dataset import BlockCache, Dataset, Request, build
from operators.data.normalisation import Problem, scaled
from operators.errors import DataInvalid, UserError
from results.records.record import Cost, Record, Sizes, Status, Versions

PACKAGES = ("deeponet-size-bounds", "deepxde", "tensorflow", "keras", "numpy", "scipy")
KEPT = 8
LARGEST_GROUP = 8
TENSORFLOW_OUT_OF_MEMORY = "ResourceExhaustedError"

Key = TypeVar("Key")
Value = TypeVar("Value")


def group(cells: Iterable[Cell]) -> list[tuple[Cell, ...]]:
    """Split cells into groups of one data set, engine and recipe, at most LARGEST_GROUP each; costly groups first.

    A group is what a worker receives at once. It has no effect on any result.
    """
    buckets: OrderedDict[tuple[Any, ...], list[Cell]] = OrderedDict()
    for cell in cells:
        training = cell.training
        identity = (cell.request(), training.engine, training.recipe, training.input_scaling, training.output_scaling)
        buckets.setdefault(identity, []).append(cell)
    groups = [
        tuple(bucket[first : first + LARGEST_GROUP])
        for bucket in buckets.values()
        for first in range(0, len(bucket), LARGEST_GROUP)
    ]
    return sorted(groups, key=lambda g: -sum(training_flops(cell) for cell in g))


@dataclass(frozen=True)
class Outcome:
    """A record, and the weights it speaks of where there are any."""

    record: Record
    weights: Weights | None = None


@dataclass
class Runner:
    """Runs groups of cells in one process and keeps the last few data sets and their floors.

    Attributes:
        cache: where generated functions are kept; None keeps them nowhere.
        timeout_seconds: wall seconds for one cell.
    """

    cache: Path | None
    timeout_seconds: float | None = None
    _datasets: "OrderedDict[Request, Dataset]" = field(default_factory=OrderedDict)
    _floors: "OrderedDict[tuple[Request, str], Array]" = field(default_factory=OrderedDict)

    def run(self, cells: Sequence[Cell], report: Callable[[int, int], None] = lambda done, step: None) -> Iterator[Outcome]:
        """Yield one outcome a cell, in order. Whatever goes wrong with a cell becomes its record."""
        for position, cell in enumerate(cells):
            started = time.monotonic()
            try:
                outcome = self._run_cell(cell, started, report=partial(_at, report, position))
            except DataInvalid as error:
                outcome = Outcome(_record(cell, "data_invalid", message=str(error)))
            except MemoryError as error:
                outcome = Outcome(_record(cell, "oom", message=f"out of memory: {error}"))
            except Exception as error:
                kind = type(error).__name__
                status: Status = "oom" if kind == TENSORFLOW_OUT_OF_MEMORY else "failed"
                outcome = Outcome(_record(cell, status, message=f"{kind}: {error}"[:2000]))
            yield outcome

    def _run_cell(self, cell: Cell, started: float, *, report: Callable[[int, int], None]) -> Outcome:
        engine = find_engine(cell.training.engine)
        dataset = self._dataset(cell.request())
        training = cell.training
        problem = scaled(dataset, training.input_scaling, training.coordinate_scaling, training.output_scaling)
        floor = self._floor(cell, problem)
        control = Control(floors=(floor or 0.0,), timeout_seconds=self.timeout_seconds, report=report)
        fit = engine.train([cell], [problem], control)[0]
        outcome: dict[str, Any] = {}
        if fit.weights is not None:
            net = cell.deeponet()
            measured = errors(net, fit.weights, problem, dataset)
            outcome["errors"] = measured
            values = anatomy_values(cell, fit.weights, problem) | audit_values(cell, fit.weights, problem, dataset)
            values |= bound_values(cell, fit.weights, problem, dataset)
            outcome["bounds"] = bounds(
                cell, problem, floor, training_mse=measured.training_mse, bits=bits_of(fit.weights), values=values
            )
            outcome["weights_sha256"] = fit.weights.sha256()
        record = _record(
            cell,
            fit.status,
            message=fit.message,
            recipe=fit.recipe,
            cost=_cost(cell, fit, time.monotonic() - started),
            curve=[(step, loss if abs(loss) < float("inf") else None) for step, loss in fit.curve],
            data_sha256=_data_sha256(dataset),
            **outcome,
        )
        return Outcome(record, fit.weights)

    def _dataset(self, request: Request) -> Dataset:
        return _remember(self._datasets, request, lambda: build(request, BlockCache(self.cache)))

    def _floor(self, cell: Cell, problem: Problem) -> float | None:
        """The certified floor for the rank this net can reach, in physical units; None off the grid."""
        if cell.design != "grid":
            return None
        key = (cell.request(), cell.training.output_scaling)
        floors = _remember(self._floors, key, lambda: floors_of_deeponet(problem.labels, problem.mean, problem.scale))
        rank = min(cell.deeponet().effective_q(), len(floors) - 1)
        return float(floors[rank])


def _at(report: Callable[[int, int], None], position: int, _: int, step: int) -> None:
    """Report a step of the cell at this position of the group; the engine knows it as its first."""
    report(position, step)


def _remember(kept: "OrderedDict[Key, Value]", key: Key, make: Callable[[], Value]) -> Value:
    """Look up or make a value; the KEPT used last are kept."""
    if key not in kept:
        kept[key] = make()
        while len(kept) > KEPT:
            kept.popitem(last=False)
    kept.move_to_end(key)
    return kept[key]


def _data_sha256(dataset: Dataset) -> str:
    """Hash of inputs and labels, to tell data sets apart (equal across machines only up to rounding)."""
    digest = hashlib.sha256()
    for array in (dataset.inputs, dataset.labels):
        digest.update(array.tobytes())
    return digest.hexdigest()


def _cost(cell: Cell, fit: Fit, seconds: float) -> Cost:
    return Cost(
        steps=fit.steps,
        seconds=seconds,
        cpu_seconds=fit.cpu_seconds,
        compile_seconds=fit.compile_seconds,
        flops=training_flops(cell) * fit.steps / max(cell.steps, 1),
    )


def _record(cell: Cell, status: Status, **outcome: Any) -> Record:
    task = find_task(cell.task, cell.parameters)
    return Record(
        key=cell_key(cell),
        status=status,
        cell=cell.model_dump(mode="json"),
        versions=Versions(
            task=task.version,
            engine=find_engine(cell.training.engine).version,
            packages={"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}},
        ),
        sizes=_sizes(cell),
        host={"machine": platform.machine(), "processor": _processor(), "cores": str(os.cpu_count())},
        finished=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        **outcome,
    )


def _sizes(cell: Cell) -> Sizes | None:
    """Sizes of a cell; None where they cannot be told because a user's own data are gone."""
    try:
        return sizes(cell)
    except UserError:
        return None


def failed(cell: Cell, message: str, status: Status = "failed") -> Outcome:
    """The outcome of a cell whose worker did not survive it."""
    return Outcome(_record(cell, status, message=message))


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "absent"


def _processor() -> str:
    """The processor's model name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.processor())
