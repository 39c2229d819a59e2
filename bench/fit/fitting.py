"""From a user's arrays to a small, good DeepONet, in four steps that are told apart.

    lines      what a linear map, a kernel and other reference methods reach (`bench.fit.lines`)
    certified  the least q and d that the training outputs do not exclude from the target (`operators.sizing.required_size`);
               nothing without common points, where the outputs are no matrix that a rank could bound
    capacity   the smallest q and d found that reach the target on the training functions (`bench.fit.capacity`)
    selection  the size and regularisation that are best on validation functions (`bench.fit.selection`)

Errors are |Y - H| / |Y| over all functions and points of a part, of the weights that are returned. Nothing is chosen by test
functions.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bench.fit.arrays import PARTS, FitData, Part
from bench.fit.budget import Budget, silent
from bench.fit.capacity import Capacity, Reached, Search
from bench.fit.hidden import Ground, ground_of
from bench.fit.lines import Lines, measured_lines
from bench.fit.selection import Selected, norm, select
from bench.fit.unaligned.ground import UnalignedGround
from bench.fit.unaligned.labels import UnalignedData
from bench.fit.unaligned.lines import measured_lines as lines_without_grid
from bench.fit.unaligned.selection import UnalignedSearch
from bench.fit.unaligned.selection import select as select_without_grid
from bench.fit.units import units_of
from operators.bounds.rank_to_parameters import NetClass
from operators.errors import UserError
from operators.sizing.noise import Noise, known_noise
from operators.sizing.required_size import Size, required_size
from operators.threads import one_thread
from results.models.deeponet_model import DeepONetModel

CPU_SECONDS = 120.0
TARGET, LEAST_TARGET = 0.01, 1e-7
DEPTH = 2
SEARCH_SHARE = 0.4
BLOCK = 2**22


@dataclass(frozen=True, eq=False)
class Measured:
    """A net that is returned.

    Attributes:
        model: the net.
        errors: relative errors of its weights by part.
        float32: the relative test error with weights rounded to float32.
    """

    model: DeepONetModel
    errors: dict[Part, float]
    float32: float

    @property
    def parameters(self) -> int:
        """d."""
        return self.model.net.parameter_count()


@dataclass(frozen=True, eq=False)
class Fitted:
    """The answer.

    Attributes:
        data: the arrays as they were split.
        target: relative error asked for on the training functions.
        size: what is certified; None for unaligned data.
        lines: reference lines.
        capacity: what the search on training functions found.
        selected: what validation chose.
        best: the net that validation chose.
        economical: the smallest net tried whose validation error meets the target; None if none does.
        narrowest: the net of least q that reached the target on the training functions; None if none did.
        smallest: likewise of least d.
        cpu_seconds: of everything.
        wall_seconds: likewise.
    """

    data: FitData
    target: float
    size: Size | None
    lines: Lines
    capacity: Capacity
    selected: Selected
    best: Measured
    economical: Measured | None
    narrowest: Measured | None
    smallest: Measured | None
    cpu_seconds: float
    wall_seconds: float


def fit(
    data: FitData,
    target: float = TARGET,
    *,
    noise: float | None = None,
    cpu_seconds: float = CPU_SECONDS,
    depth: int = DEPTH,
    say: Callable[[str], None] = silent,
) -> Fitted:
    """Fit a DeepONet to arrays, see the module.

    Args:
        data: from `bench.fit.arrays.fit_data`.
        target: relative error on the training functions to be reached, at least LEAST_TARGET.
        noise: standard deviation of Gaussian noise in the outputs, for what is certified of the clean ones.
        cpu_seconds: budget of searches; what is certified and the lines are computed in any case.
        depth: hidden layers of branch and trunk.
        say: told what is being done.

    Raises:
        UserError: a target or budget that makes no sense, or outputs that `required_size` refuses.
    """
    if not LEAST_TARGET <= target < 1.0:
        raise UserError(
            f"expected a target in [{LEAST_TARGET:g}, 1), got {target:g}; 0.01 asks for a relative error of one per cent"
        )
    if not (math.isfinite(cpu_seconds) and cpu_seconds > 0.0):
        raise UserError(f"expected a budget of CPU seconds > 0, got {cpu_seconds:g}")
    if depth < 1:
        raise UserError(f"expected a depth of at least 1, got {depth}")
    known = None if noise is None else known_noise(noise)
    cpu, wall = time.process_time(), time.perf_counter()
    with one_thread():
        return _fitted(data, target, known, depth, Budget(cpu_seconds, say), (cpu, wall))


@dataclass(frozen=True, eq=False)
class Stages:
    """The data in units of training, and what the four steps gave."""

    ground: Ground
    size: Size | None
    lines: Lines
    capacity: Capacity
    selected: Selected


def _aligned(data: FitData, target: float, noise: Noise | None, depth: int, budget: Budget) -> Stages:
    ground = ground_of(data)
    nets = NetClass(data.inputs.shape[1], data.points.shape[1], depth, depth, "activated-trunk")
    with budget.counted("certified size"):
        size = required_size(data.outputs_of("training"), target, noise=noise, nets=nets)
    lines = measured_lines(ground, budget)
    budget.restart(share=SEARCH_SHARE)
    least = size.ranks["scalar"].certified
    capacity = Search(ground, target, least_q=least, depth=depth, budget=budget).run()
    budget.next_stage()
    return Stages(ground, size, lines, capacity, select(ground, target, depth=depth, budget=budget))


def _unaligned(data: UnalignedData, target: float, noise: Noise | None, depth: int, budget: Budget) -> Stages:
    if noise is not None:
        raise UserError(
            "expected no noise level for functions without common points, got one: it serves what is certified, and nothing is"
            " certified there; leave it out"
        )
    ground = UnalignedGround(data, units_of(data))
    lines = lines_without_grid(ground, budget)
    budget.restart(share=SEARCH_SHARE)
    capacity = UnalignedSearch(ground, target, least_q=1, depth=depth, budget=budget).run()
    budget.next_stage()
    return Stages(ground, None, lines, capacity, select_without_grid(ground, target, depth=depth, budget=budget))


def _fitted(
    data: FitData, target: float, noise: Noise | None, depth: int, budget: Budget, started: tuple[float, float]
) -> Fitted:
    if isinstance(data, UnalignedData):
        stages = _unaligned(data, target, noise, depth, budget)
    else:
        stages = _aligned(data, target, noise, depth, budget)
    ground, capacity, selected = stages.ground, stages.capacity, stages.selected
    return Fitted(
        data=data,
        target=target,
        size=stages.size,
        lines=stages.lines,
        capacity=capacity,
        selected=selected,
        best=_measured(ground, selected.net),
        economical=None if selected.economical is None else _measured(ground, selected.economical),
        narrowest=_attained(ground, capacity.smallest_q, target),
        smallest=_attained(ground, capacity.smallest_d, target),
        cpu_seconds=time.process_time() - started[0],
        wall_seconds=time.perf_counter() - started[1],
    )


def _measured(ground: Ground, found: Reached) -> Measured:
    """Put a net together and measure it by its forward pass."""
    weights = ground.assembled(found.hidden, found.heads, found.bias)
    model = DeepONetModel(ground.net(found.hidden, found.heads[0].shape[1]), weights, ground.data.places)
    errors = {part: relative_error(model, ground.data, part) for part in PARTS}
    return Measured(model, errors, relative_error(model.rounded(), ground.data, "test"))


def _attained(ground: Ground, found: Reached | None, target: float) -> Measured | None:
    """The net, if its own forward pass reaches the target on the training functions, too."""
    measured = None if found is None else _measured(ground, found)
    return measured if measured is not None and measured.errors["training"] <= target else None


def relative_error(model: DeepONetModel, data: FitData, part: Part) -> float:
    """|Y - H| / |Y| over a part, a block of functions at a time."""
    inputs, outputs = data.inputs_of(part), data.outputs_of(part)
    if isinstance(data, UnalignedData):
        predicted = model.predict_labels(inputs, data.labels_of(part)[1], data.points_of(part))
        return float(np.linalg.norm(predicted - outputs)) / norm(outputs)
    step, missed = max(1, BLOCK // outputs.shape[1]), 0.0
    for start in range(0, len(inputs), step):
        residual = model.predict(inputs[start : start + step]) - outputs[start : start + step]
        missed += float(np.vdot(residual, residual))
    return math.sqrt(missed) / norm(outputs)
