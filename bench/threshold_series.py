"""A series of which a search locates q*(n), the smallest q that reaches a target, at growing amounts of data n = N M."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from bench.cell import Cell, Net
from bench.question import require_template_and_target, validated
from operators.errors import UserError
from results.records.manifest import NetsByQ, SoughtThreshold, Target
from results.schema.size_schedules import resized

COUNTS = ("restarts", "trainings", "largest_q")
Shape = tuple[int, int]


@dataclass(frozen=True)
class ThresholdSeries:
    """What is asked of one series.

    The task is the template's at every n: its constants are set for the largest.

    Attributes:
        template: task, design, noise, replicate, training; of its net the schedule, depths, activation and ends, and of the
            schedule `fixed-width` the widths. Its N, M and q are ignored.
        shapes: (N, M), n increasing.
        target: what a fit must reach.
        tolerance: a search ends where q_high <= tolerance q_low, or at consecutive integers.
        restarts: trainings before a q counts as not found.
        trainings: budget of each threshold.
        largest_q: where a search gives up.
        budget: D of the schedule `fixed-budget`.

    Raises:
        UserError: counts that are no whole numbers >= 1, no shapes, shapes that do not grow, or a schedule without a rule.
    """

    template: Cell
    shapes: tuple[Shape, ...]
    target: Target
    tolerance: float = 1.06
    restarts: int = 1
    trainings: int = 12
    largest_q: int = 1024
    budget: int | None = None

    def __post_init__(self) -> None:
        require_template_and_target(self, "series")
        for name in COUNTS:
            count = getattr(self, name)
            if type(count) is not int or count < 1:
                raise UserError(f"series: {name}: expected a whole number >= 1, got {ascii(count)[:80]}")
        if not (isinstance(self.tolerance, float) and 1.0 < self.tolerance < math.inf):
            raise UserError(f"series: tolerance: expected a number > 1, got {ascii(self.tolerance)[:80]}")
        self._require_growing_shapes()
        if self.target.kind == "absorb" and self.template.noise.law == "none":
            raise UserError(
                f"series: target: expected noise for the target '{self.target.label}', got noise law 'none'; ask for a relative"
                " error or give the template noise"
            )
        if self.schedule == "free" or (self.schedule == "fixed-budget") != (self.budget is not None):
            raise UserError(
                f"series: expected the schedule tied, fixed-width, or fixed-budget with a budget, got {self.schedule!r} with"
                f" {self.budget}"
            )
        for shape in self.shapes:
            validated(self.cell(shape, self.largest_q, 0), f"series: N, M = {shape}")

    def _require_growing_shapes(self) -> None:
        """Raise UserError unless the shapes are pairs of counts whose product grows."""
        if isinstance(self.shapes, str | Mapping) or not all(
            isinstance(shape, tuple) and len(shape) == 2 and all(type(side) is int and side >= 1 for side in shape)
            for shape in self.shapes
        ):
            raise UserError(f"series: shapes: expected pairs (N, M) of whole numbers >= 1, got {ascii(self.shapes)[:80]}")
        object.__setattr__(self, "shapes", tuple(self.shapes))
        counts = [functions * points for functions, points in self.shapes]
        if not counts or any(later <= former for former, later in pairwise(counts)):
            raise UserError(f"series: shapes: expected at least one, n = N M increasing, got n = {counts}")

    @property
    def schedule(self) -> str:
        """How the widths follow q."""
        return self.template.architecture.schedule

    def net(self, q: int) -> Net:
        """The net of one q.

        Raises:
            UserError: an architecture without q, or a budget that no net of this q meets.
        """
        like = self.template.architecture
        if not isinstance(like, Net):
            raise UserError(f"series: expected the architecture 'deeponet', got {like.name!r}")
        sensors, coordinates = self._inputs
        return resized(like, q, budget=self.budget, sensors=sensors, coordinates=coordinates)

    @cached_property
    def _inputs(self) -> tuple[int, int]:
        """Sensors and coordinates of the task."""
        net = self.template.deeponet()
        return net.sensors, net.coordinates

    def sought(self, shape: Shape) -> SoughtThreshold:
        """What is asked at one shape, before anything is certified or tried."""
        cell = self.template
        assert isinstance(cell.architecture, Net)
        return SoughtThreshold(
            task=cell.task,
            parameters=cell.parameters,
            design=cell.design,
            functions=shape[0],
            points=shape[1],
            noise_law=cell.noise.law,
            sigma=cell.noise.sigma,
            replicate=cell.replicate,
            target=self.target,
            schedule=cell.architecture.schedule,
            control=cell.noise.control,
            nets=NetsByQ(
                like=cell.architecture,
                budget=self.budget,
                largest_q=self.largest_q,
                output_scaling=cell.training.output_scaling,
            ),
            tolerance=self.tolerance,
            restarts=self.restarts,
            trainings=self.trainings,
        )

    def cell(self, shape: Shape, q: int, restart: int) -> Cell:
        """The cell that tries one q on data of one shape."""
        update = {"functions": shape[0], "points": shape[1], "architecture": self.net(q), "restart": restart}
        return self.template.model_copy(update=update)
