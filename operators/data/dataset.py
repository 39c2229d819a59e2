"""Data sets: a task sampled under a design, with frozen label noise.

Nesting: with the same task and replicate, the first N functions, the first M points of each and their noise are the
same, bit for bit, whatever N and M are; only a control experiment permutes each size for itself.

Pieces: `operators.data.request` says what is wanted, `operators.data.function_cache` generates and caches functions,
`operators.data.sampling` chooses query points and noise.
"""

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from operators.arrays import Array
from operators.data.function_cache import BLOCK, BlockCache, functions, validate
from operators.data.request import CONTROLS, DESIGNS, MEMORY_LIMIT_BYTES, NOISE_LAWS, Control, Design, NoiseLaw, Request
from operators.data.sampling import controlled, draw_noise, point_index
from operators.errors import DataInvalid
from operators.magnitude import squares_fit
from operators.tasks.task import Task

REFERENCE_FUNCTIONS = 256


@dataclass(frozen=True)
class Constants:
    """Clean, task-level constants that scale inputs and labels; from the stream `reference`, never from training labels.

    A deviation is 0 only of inputs that are all the same number.
    """

    input_mean: float
    input_std: float
    output_mean: float
    output_std: float
    output_rms: float


@dataclass(frozen=True)
class Dataset:
    """Labelled data; arrays are read-only.

    Attributes:
        design: `grid`, `scattered` or `triples`.
        inputs: (N, m) sensor values.
        points: (P, p) distinct query points.
        index: rows of `points`: (M,) for a grid, (N, M) otherwise.
        clean: (N, M) values of G; under the control `permuted-labels`, those of another function.
        noise: (N, M) frozen z, zero for the law `none`.
        test_inputs: (N', m) held-out sensor values.
        test_outputs: (N', M') clean held-out outputs at `points[test_index]`.
        test_index: (M',) rows of `points`: those of a grid, all otherwise.
        constants: the task's constants.
    """

    design: Design
    inputs: Array
    points: Array
    index: NDArray[np.int64]
    clean: Array
    noise: Array
    test_inputs: Array
    test_outputs: Array
    test_index: NDArray[np.int64]
    constants: Constants

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)

    @property
    def labels(self) -> Array:
        """(N, M) training labels y = g + z."""
        return self.clean + self.noise

    @property
    def n(self) -> int:
        """Number of labels N M."""
        return self.clean.size

    @property
    def noise_energy(self) -> float:
        """Realised noise energy V = mean of z^2."""
        return float(np.mean(self.noise**2))


def constants(task: Task, cache: BlockCache) -> Constants:
    """Task-level constants from REFERENCE_FUNCTIONS clean functions of the stream `reference`.

    Raises:
        DataInvalid: squares that float64 cannot hold, or outputs that do not vary.
    """
    inputs, outputs = functions(task, "reference", replicate=0, count=REFERENCE_FUNCTIONS, cache=cache)
    _require_squares(task, inputs=inputs, outputs=outputs)
    if _constant(outputs):
        raise DataInvalid(
            f"task {task.name!r}: expected outputs that vary, got {outputs.flat[0]:.6g} at all points of all functions"
        )
    return Constants(
        input_mean=float(inputs.mean()),
        input_std=0.0 if _constant(inputs) else float(inputs.std()),
        output_mean=float(outputs.mean()),
        output_std=float(outputs.std()),
        output_rms=float(np.sqrt(np.mean(outputs**2))),
    )


def _constant(values: Array) -> bool:
    """Whether all values are the same number; their computed deviation need not be 0."""
    return bool(values.max() == values.min())


def _require_squares(task: Task, **arrays: Array) -> None:
    """Refuse data whose mean squares, and so errors and floors, float64 cannot hold.

    Raises:
        DataInvalid: with what to do.
    """
    for name, values in arrays.items():
        if not squares_fit(values):
            raise DataInvalid(
                f"task {task.name!r}: expected {name.replace('_', ' ')} whose largest value lies between 2^-480 and 2^480 (about"
                f" 1e-144 and 1e144), got {np.max(np.abs(values)):.3g}; choose other units"
            )


def build(request: Request, cache: BlockCache | None = None) -> Dataset:
    """Generate (or load) the data set of a request.

    Raises:
        DataInvalid: the task produced data that break its contract.
        UserError: the cache cannot be written.
    """
    cache = cache or BlockCache(None)
    task, replicate = request.task, request.replicate
    scale = constants(task, cache)
    index = point_index(request)
    test_index = index if request.design == "grid" else np.arange(len(task.points()))
    inputs, clean = functions(task, "inputs", replicate=replicate, count=request.functions, cache=cache, index=index)
    test_inputs, test_outputs = functions(
        task, "test", replicate=replicate, count=request.test_functions, cache=cache, index=test_index
    )
    clean, noise = controlled(request, clean, draw_noise(request, scale.output_rms))
    _require_squares(task, inputs=inputs, outputs=clean, noise=noise, held_out_outputs=test_outputs)
    return Dataset(
        design=request.design,
        inputs=inputs,
        points=task.points(),
        index=index,
        clean=clean,
        noise=noise,
        test_inputs=test_inputs,
        test_outputs=test_outputs,
        test_index=test_index,
        constants=scale,
    )


__all__ = [
    "BLOCK",
    "CONTROLS",
    "DESIGNS",
    "MEMORY_LIMIT_BYTES",
    "NOISE_LAWS",
    "REFERENCE_FUNCTIONS",
    "BlockCache",
    "Constants",
    "Control",
    "Dataset",
    "Design",
    "NoiseLaw",
    "Request",
    "build",
    "constants",
    "controlled",
    "draw_noise",
    "functions",
    "point_index",
    "validate",
]
