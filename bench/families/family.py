"""The execution half of a family: how one of its cells is run.

Runner, executors, shards, drivers and cost model know families by this contract only; the evidence half of the same name is in
`results.families`. What a cell gives depends on the cell alone: not on other cells, nor on order, process or thread count.
"""

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from operators.architectures.weights import Weights
from results.families import FAMILIES as EVIDENCE
from results.records.record import Cost, Status, record_key
from results.schema.model import Model

KEPT = 8

Value = TypeVar("Value")


@dataclass
class Kept:
    """Values that cells of one process share, such as data sets; of each kind the KEPT used last are kept."""

    _values: dict[str, "OrderedDict[Hashable, Any]"] = field(default_factory=dict)

    def get(self, kind: str, key: Hashable, make: Callable[[], Value]) -> Value:
        """Look up or make a value."""
        values = self._values.setdefault(kind, OrderedDict())
        if key not in values:
            values[key] = make()
            while len(values) > KEPT:
                values.popitem(last=False)
        values.move_to_end(key)
        found: Value = values[key]
        return found


@dataclass(frozen=True)
class Context:
    """What a running cell may use.

    Attributes:
        cache: folder of generated data; None keeps them nowhere.
        timeout_seconds: wall seconds for one cell; None for no limit.
        report: called with the step now and then.
        kept: values shared with earlier cells of this process.
    """

    cache: Path | None = None
    timeout_seconds: float | None = None
    report: Callable[[int], None] = lambda step: None
    kept: Kept = field(default_factory=Kept)


@dataclass(frozen=True, eq=False)
class Result:
    """What came of a cell.

    Attributes:
        measured: the family's measurement; None where there is nothing to measure.
        cost: of the cell, without what is around it; `seconds` is filled in by the runner.
        weights: trained weights the measurement speaks of, where there are any.
    """

    measured: Model | None
    status: Status = "done"
    message: str = ""
    recipe: str = ""
    cost: Cost | None = None
    curve: tuple[tuple[int, float], ...] = ()
    data_sha256: str | None = None
    weights: Weights | None = None


@dataclass(frozen=True)
class Work:
    """What a cell is expected to take.

    Attributes:
        steps: iterations.
        flops: floating-point operations.
        kinds: names of the kind of cell whose recorded costs foretell this one's, the closest first.
        rough: CPU seconds per cell, per step and per flop where no costs are recorded.
    """

    steps: float = 0.0
    flops: float = 0.0
    kinds: tuple[tuple[str, ...], ...] = ()
    rough: tuple[float, float, float] = (1.0, 0.0, 0.0)


class Execution(ABC):
    """Runs cells of one family. Concrete executions hold no state.

    Attributes:
        name: the family's.
        cell: its cells as they are run: the evidence half's model or a subclass.
    """

    name: ClassVar[str]
    cell: ClassVar[type[Model]]

    @abstractmethod
    def run(self, cell: Any, context: Context) -> Result:
        """Run a cell. What it raises becomes its record: DataInvalid, MemoryError, or `failed`."""

    def version(self, cell: Any) -> int:
        """Version of the method that answers a cell; changes when the same cell would give other bits."""
        return 1

    def refuses(self, cell: Any) -> str | None:
        """One sentence why a cell cannot be run, or None."""
        return None

    def sizes(self, cell: Any) -> dict[str, int]:
        """Facts of a cell that the tables need before it has run."""
        return {}

    def shares(self, cell: Any) -> Hashable:
        """Cells with equal values go to a worker together, because they share data."""
        return ()

    def data(self, cells: Iterable[Any]) -> int:
        """Bytes of the distinct data sets that cells need."""
        return 0

    def work(self, cell: Any) -> Work:
        """What the cell is expected to take."""
        return Work()

    def label(self, cell: Any) -> str:
        """A cell in a few words, for progress."""
        return self.name

    def headline(self, cell: Mapping[str, Any], measured: Model) -> tuple[str, float, str] | None:
        """What to compare a recorded result by: its subject, a number (larger is better) and words; None for nothing."""
        return None

    def key(self, cell: Any) -> str:
        """The key of the record that answers a cell."""
        stated = cell.model_dump(mode="json")
        return record_key(self.name, stated, self.identity(stated), self.version(cell))

    def identity(self, stated: dict[str, Any]) -> dict[str, Any]:
        """Identity of the data of a cell in canonical form.

        Raises:
            ValueError: this release does not know them.
        """
        found = EVIDENCE[self.name].identity(stated)
        if found is None:
            raise ValueError(f"expected data that this release knows, got those of {stated}")
        return found
