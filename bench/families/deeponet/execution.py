"""How a training cell is run: data -> floor -> training -> measurement."""

from collections.abc import Hashable, Iterable, Mapping
from functools import partial
from typing import Any

from bench.cell import Cell
from bench.engines import find_engine
from bench.engines.base import Control
from bench.engines.flops import training_flops
from bench.families.deeponet.evaluation import is_trivial, measure
from bench.families.deeponet.trial import open_trial
from bench.families.family import Context, Execution, Result, Work
from operators.data.dataset import BlockCache
from results.families.deeponet import Measured, net_sizes
from results.records.record import Cost
from results.schema.model import Model

ROUGH = (1.4, 3e-4, 5e-11)  # CPU seconds per cell, step and flop, from a few hundred trainings on one core of a 2.5 GHz server
ROUGH_ON_GRIDS = (0.05, 1.5e-4, 1e-11)
ROUGH_TRIVIAL = (0.01, 3e-5, 0.0)


class DeepONetExecution(Execution):
    """Trains cells by their engines."""

    name = "deeponet"
    cell = Cell

    def run(self, cell: Cell, context: Context) -> Result:
        """Train and measure."""
        trial = open_trial(cell, BlockCache(context.cache), context.kept)
        floor = trial.floor.value if trial.floor is not None else 0.0
        control = Control((floor,), context.timeout_seconds, partial(_step, context))
        fit = find_engine(cell.training.engine).train([cell], [trial.problem], control)[0]
        return Result(
            measured=None if fit.weights is None else measure(trial, fit.weights),
            status=fit.status,
            message=fit.message,
            recipe=fit.recipe,
            cost=Cost(
                steps=fit.steps,
                seconds=0.0,
                cpu_seconds=fit.cpu_seconds,
                compile_seconds=fit.compile_seconds,
                flops=training_flops(cell) * fit.steps / max(cell.steps, 1),
            ),
            curve=fit.curve,
            data_sha256=trial.data_sha256(),
            weights=fit.weights,
        )

    def version(self, cell: Cell) -> int:
        """Version of the recipe in its engine."""
        return find_engine(cell.training.engine).version(cell.training.recipe)

    def refuses(self, cell: Cell) -> str | None:
        """Why the engine cannot run a cell, or None."""
        return find_engine(cell.training.engine).refuses(cell)

    def sizes(self, cell: Cell) -> dict[str, int]:
        """Sizes of the net on the task's inputs."""
        return net_sizes(cell.net())

    def shares(self, cell: Cell) -> Hashable:
        """Data set, engine, recipe and scaling."""
        training = cell.training
        return (cell.request(), training.engine, training.recipe, training.input_scaling, training.output_scaling)

    def data(self, cells: Iterable[Cell]) -> int:
        """Bytes of the distinct data sets."""
        return sum(request.bytes() for request in {cell.request() for cell in cells})

    def work(self, cell: Cell) -> Work:
        """Steps and flops of the budget; kinds are engine, recipe, trivial or not, grid or not."""
        trivial, grid = is_trivial(cell), cell.design == "grid"
        wider = (cell.training.engine, cell.training.recipe, "trivial" if trivial else "")
        rough = ROUGH
        if grid and cell.training.recipe in ("variable-projection", "best"):
            rough = ROUGH_TRIVIAL if trivial else ROUGH_ON_GRIDS
        kinds = ((*wider, "grid" if grid else "scattered"), wider)
        return Work(float(cell.steps), training_flops(cell), kinds, rough)

    def label(self, cell: Cell) -> str:
        """Task, design, n, size and budget."""
        q = getattr(cell.architecture, "q", None)
        size = f"q={q}" if q is not None else f"d={cell.net().parameter_count()}"
        return f"{cell.task} {cell.design} n={cell.n} {size}, {cell.steps} steps"

    def headline(self, cell: Mapping[str, Any], measured: Model) -> tuple[str, float, str] | None:
        """Most noise absorbed, or without noise the least relative error, per task."""
        assert isinstance(measured, Measured)
        task, q, errors = cell["task"], cell["architecture"].get("q"), measured.errors
        size = f"q = {q}" if q is not None else f"d = {measured.sizes.d}"
        if errors.absorbed is not None:
            return f"{task} absorbed", errors.absorbed, f"{task} absorbed {errors.absorbed:.3g} at {size}"
        return f"{task} relative error", -errors.relative, f"{task} relative error {errors.relative:.3g} at {size}"


def _step(context: Context, _: int, step: int) -> None:
    """Report a step of the only cell of a call."""
    context.report(step)
