"""The course of a study of thresholds: the searches of all its series at once, each from small n to large."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from bench.drivers.search_course import Running, SearchCourse
from bench.drivers.shard import WHOLE, Shard
from bench.execution.cost_model import Plan, plan
from bench.search.expected_thresholds import ASSUMED, expected_trainings, grid_of_equal_resolution
from bench.search.thresholds import Located, search
from bench.study import Study, expected_cell
from bench.threshold_series import Shape, ThresholdSeries
from operators.data.dataset import BlockCache
from results.families.deeponet import Measured
from results.records.manifest import Manifest, SoughtThreshold, Target, stated_manifest
from results.records.record import Record
from results.records.store import Store
from results.witnesses.certified_q import certified_q

LEAST_ABSORBED = 1e-3


def margin(record: Record, target: Target) -> float:
    """ln(absorbed / rho), or ln(tau / error): >= 0 if the target is reached; -inf without an outcome."""
    errors = record.measured.errors if isinstance(record.measured, Measured) else None
    if record.status != "done" or errors is None:
        return -math.inf
    if target.kind == "relative":
        return math.log(target.value / errors.relative) if errors.relative > 0.0 else math.inf
    return math.log(max(errors.absorbed or 0.0, LEAST_ABSORBED) / target.value)


@dataclass
class Ascent(Running):
    """The search of one series under way.

    Attributes:
        series: what is asked.
        located: its thresholds so far.
        certified: by what each is certified, by shape.
    """

    series: ThresholdSeries = field(kw_only=True)
    located: list[Located] = field(kw_only=True)
    certified: dict[Shape, tuple[int, str]] = field(kw_only=True)

    def described(self) -> Iterator[SoughtThreshold]:
        """Its thresholds with what was tried so far."""
        for one in self.located:
            q_certified, by = self.certified[one.shape]
            tried = tuple(key for key, cell in self.tried.items() if (cell.functions, cell.points) == one.shape)
            found = {"q_certified": q_certified, "certified_by": by, "tried": tried, "finished": one.finished}
            yield self.series.sought(one.shape).model_copy(update=found)


class ThresholdCourse(SearchCourse[Ascent]):
    """All series of a study, and the records that answer them."""

    assumption = ASSUMED

    def __init__(self, study: Study, store: Store, shard: Shard = WHOLE, *, cache: BlockCache, retry: bool = False) -> None:
        super().__init__(study, store, shard, retry=retry)
        self.cache = cache
        self._certified: dict[tuple[Any, ...], tuple[int, str]] = {}

    def opened(self) -> Iterator[Ascent]:
        """The search of every series; what is certified is computed as each n is come to."""
        for series in self.study.thresholds:
            located, certified = list[Located](), dict[Shape, tuple[int, str]]()
            yield Ascent(
                search(series, self._certifier(series, certified), located),
                series=series,
                located=located,
                certified=certified,
            )

    def _certifier(self, series: ThresholdSeries, certified: dict[Shape, tuple[int, str]]) -> Any:
        def largest(shape: Shape) -> int:
            sought = series.sought(shape)
            assert sought.nets is not None
            certified[shape] = certified_q(sought, sought.nets, self.cache)
            return certified[shape][0]

        return largest

    def answer(self, search: Ascent, record: Record) -> float:
        """The margin of a record."""
        return margin(record, search.series.target)

    @property
    def _mine(self) -> list[ThresholdSeries]:
        return self.shard.of(self.study.thresholds)

    @property
    def cells(self) -> Sequence[Any]:
        """As many nets as the budgets of this shard's series allow trainings."""
        return [
            series.cell(shape, 1, restart)
            for series in self._mine
            for shape in series.shapes
            for restart in range(series.trainings)
        ]

    @property
    def unfinished_cells(self) -> Sequence[Any]:
        """The same: which trainings a search asks for is not known before."""
        return self.cells

    @cached_property
    def _expected(self) -> list[list[Any]]:
        """The trainings that each series of this shard is expected to take."""
        return [expected_trainings(series) for series in self._mine]

    @cached_property
    def plan(self) -> Plan:
        """All that the budgets allow, each training as costly as the costliest expected at its n."""
        costly = []
        for series, expected in zip(self._mine, self._expected, strict=True):
            for shape in series.shapes:
                largest = max((one.deeponet().q for one in expected if (one.functions, one.points) == shape), default=1)
                costly += [series.cell(shape, largest, 0)] * series.trainings
        return plan(costly, costly, self.store.records())

    @cached_property
    def estimate(self) -> Plan:
        """What the searches of this shard are expected to ask for, less what they have tried at each n."""
        stated = stated_manifest(self.folder)
        known = {_place(one): one for one in (stated.thresholds if stated is not None else ())}
        cells, pending = list[Any](), list[Any]()
        for series, expected in zip(self._mine, self._expected, strict=True):
            cells += expected
            for shape in series.shapes:
                cell = series.template
                before = known.get((cell.task, cell.design, cell.replicate, series.target, series.schedule, shape))
                mine = [one for one in expected if (one.functions, one.points) == shape]
                if before is None or not before.finished:
                    pending += mine[len(before.tried) if before is not None else 0 :]
        return plan(cells, pending, self.store.records())

    def compared(self) -> str:
        """What a grid of equal resolution would take, in words."""
        grid = grid_of_equal_resolution(self._mine)
        hours = sum(plan(grid, grid, self.store.records()).cpu_seconds) / 3600.0
        return f"a grid of equal resolution: {len(grid):,} trainings, {hours:,.1f} CPU h"

    def manifest(self) -> Manifest:
        """The study with every cell tried so far and its thresholds."""
        expected = tuple(expected_cell(key, cell) for key, cell in self.tried().items())
        thresholds = tuple(one for search in self.searches for one in search.described())
        return self.study.manifest().model_copy(update={"expected": expected, "thresholds": thresholds})


def _place(threshold: SoughtThreshold) -> tuple[Any, ...]:
    """What tells the thresholds of a study apart, as far as its estimate needs."""
    shape = (threshold.functions, threshold.points)
    return (threshold.task, threshold.design, threshold.replicate, threshold.target, threshold.schedule, shape)
