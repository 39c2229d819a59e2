"""Running cells: whatever their family does with them, and whatever goes wrong, becomes their record."""

import datetime
import os
import platform
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from importlib import metadata
from pathlib import Path
from typing import Any

from bench import processor
from bench.families import execution_of
from bench.families.family import Context, Kept, Result
from operators.architectures.weights import Weights
from operators.errors import DataInvalid
from operators.threads import one_thread
from results.records.record import Cost, Record, Status, Versions

PACKAGES = ("deeponet-size-bounds", "deepxde", "tensorflow", "keras", "numpy", "scipy")
LARGEST_GROUP = 8
TENSORFLOW_OUT_OF_MEMORY = "ResourceExhaustedError"


def group(cells: Iterable[Any]) -> list[tuple[Any, ...]]:
    """Split cells into groups that share data, at most LARGEST_GROUP each; costly groups first.

    A group is what a worker receives at once. It has no effect on any result.
    """
    buckets: OrderedDict[tuple[Any, ...], list[Any]] = OrderedDict()
    for cell in cells:
        buckets.setdefault((cell.family, execution_of(cell).shares(cell)), []).append(cell)
    groups = [
        tuple(bucket[first : first + LARGEST_GROUP])
        for bucket in buckets.values()
        for first in range(0, len(bucket), LARGEST_GROUP)
    ]
    return sorted(groups, key=lambda g: -sum(execution_of(cell).work(cell).flops for cell in g))


@dataclass(frozen=True)
class Outcome:
    """A record, and the weights it speaks of where there are any."""

    record: Record
    weights: Weights | None = None


@dataclass
class Runner:
    """Runs groups of cells in one process, which keeps what they share.

    Attributes:
        cache: where generated functions are kept; None keeps them nowhere.
        timeout_seconds: wall seconds for one cell.
    """

    cache: Path | None
    timeout_seconds: float | None = None
    _kept: Kept = field(default_factory=Kept)

    def run(self, cells: Sequence[Any], report: Callable[[int, int], None] = lambda done, step: None) -> Iterator[Outcome]:
        """Yield one outcome per cell, in order. Whatever goes wrong with a cell becomes its record."""
        for position, cell in enumerate(cells):
            started = time.monotonic()
            context = Context(self.cache, self.timeout_seconds, partial(report, position), self._kept)
            try:
                with one_thread():  # whatever the process that runs it was started with
                    result = execution_of(cell).run(cell, context)
                cost = _with_seconds(result, time.monotonic() - started)
                outcome = Outcome(_record(cell, replace(result, cost=cost)), result.weights)
            except DataInvalid as error:
                outcome = failed(cell, str(error), "data_invalid")
            except MemoryError as error:
                outcome = failed(cell, f"out of memory: {error}", "oom")
            except Exception as error:
                kind = type(error).__name__
                status: Status = "oom" if kind == TENSORFLOW_OUT_OF_MEMORY else "failed"
                outcome = failed(cell, f"{kind}: {error}"[:2000], status)
            yield outcome


def _with_seconds(result: Result, seconds: float) -> Cost | None:
    """The cost of a result with the wall seconds that the whole cell took."""
    return None if result.cost is None else result.cost.model_copy(update={"seconds": seconds})


def failed(cell: Any, message: str, status: Status = "failed") -> Outcome:
    """The outcome of a cell that gave no result, or whose worker did not survive it."""
    return Outcome(_record(cell, Result(measured=None, status=status, message=message)))


def _record(cell: Any, result: Result) -> Record:
    execution = execution_of(cell)
    stated = cell.model_dump(mode="json")
    return Record(
        family=execution.name,
        key=execution.key(cell),
        status=result.status,
        message=result.message,
        task=execution.identity(stated),
        cell=stated,
        measured=result.measured,
        recipe=result.recipe,
        versions=Versions(method=execution.version(cell), packages=packages()),
        cost=result.cost,
        curve=[(step, loss if abs(loss) < float("inf") else None) for step, loss in result.curve],
        data_sha256=result.data_sha256,
        weights_sha256=None if result.weights is None else result.weights.sha256(),
        host=host(),
        finished=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )


@cache
def host() -> dict[str, str]:
    """The machine: what rounding depends on, and how many cores it has."""
    kind = {"processor": processor.model(), "instructions": processor.instructions()}
    return {"machine": platform.machine(), **kind, "cores": str(os.cpu_count())}


@cache
def packages() -> dict[str, str]:
    """Versions of Python and of the packages that compute."""
    return {"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}}


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "absent"
