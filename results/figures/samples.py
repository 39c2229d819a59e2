"""What there is to look at: functions of a task with the decay of its singular values, and the worst fitted function of a fit.

Decay of the outputs Y (N, P) of N functions of the stream `inputs` at all query points, as fractions of |Y|:

    singular values   s_k / |Y|;   in closed form sqrt(lambda_k / sum lambda)      (where `Task.output_spectrum` knows lambda)
    floors            least |Y - H| / |Y| at rank q with a trained scalar bias, certified for these N functions;
                      in closed form sqrt(sum_{k > q + 1} lambda_k / sum lambda), a lower bound over all functions
"""

from dataclasses import dataclass

import numpy as np

from operators.architectures import Architecture
from operators.architectures.weights import Weights
from operators.arrays import Array
from operators.bounds.eckart_young import relative_floors
from operators.bounds.population import population_floors
from operators.data.dataset import Dataset
from operators.data.function_cache import BlockCache, functions
from operators.data.normalisation import Problem, predict
from operators.tasks.task import Task

FUNCTIONS = 256


def coordinate_names(task: Task) -> tuple[str, ...]:
    """Names of the coordinates of the query points; those of a user's own data are numbered."""
    sensors, points = task.sensors().shape[1], task.points().shape[1]
    if points == 1:
        return ("x",)
    if (sensors, points) == (1, 2) and task.generated:
        return ("x", "t")
    return tuple(f"$x_{i + 1}$" for i in range(points))


@dataclass(frozen=True, eq=False)
class Sample:
    """Functions of a task.

    Attributes:
        task: the operator.
        inputs: (N, m) at the sensors.
        outputs: (N, P) at all query points.
        singular: s_k / |Y|, decreasing.
        floors: certified relative floors for q = 0, 1, ...
        closed_singular: sqrt(lambda_k / sum lambda); None where no closed form is known.
        closed_floors: relative floors over all functions, q = 0, 1, ...
    """

    task: Task
    inputs: Array
    outputs: Array
    singular: Array
    floors: Array
    closed_singular: Array | None
    closed_floors: Array | None


def sample(task: Task, replicate: int, cache: BlockCache, *, count: int = FUNCTIONS) -> Sample:
    """The first `count` functions of a replicate, fewer where a file holds fewer.

    Raises:
        UserError: outputs that all vanish, or a cache that cannot be written.
        DataInvalid: the task breaks its contract.
    """
    available = task.functions_available()
    count = count if available is None else min(count, available)
    inputs, outputs = functions(task, "inputs", replicate=replicate, count=count, cache=cache)
    floors = relative_floors(outputs).lower
    spectrum = task.output_spectrum()
    return Sample(
        task=task,
        inputs=inputs,
        outputs=outputs,
        singular=np.linalg.svd(outputs, compute_uv=False) / np.linalg.norm(outputs),
        floors=floors,
        closed_singular=None if spectrum is None else np.sqrt(spectrum / spectrum.sum()),
        closed_floors=None if spectrum is None else np.sqrt(population_floors(spectrum) / spectrum.sum()),
    )


@dataclass(frozen=True, eq=False)
class WorstFit:
    """The function of a data set that a fit misses most.

    Attributes:
        number: i = argmax_i e_i, e_i = |y_i - h_i| / |y_i| over the M points of function i.
        errors: e_i of all functions, decreasing; those with y_i = 0 are left out.
        points: (M, p) its query points.
        labels: (M,) y.
        clean: (M,) the labels without noise.
        fit: (M,) h.
        noisy: whether labels and clean values differ.
        names: of the coordinates.
    """

    number: int
    errors: Array
    points: Array
    labels: Array
    clean: Array
    fit: Array
    noisy: bool
    names: tuple[str, ...]


def worst_fit(net: Architecture, weights: Weights, problem: Problem, *, dataset: Dataset, task: Task) -> WorstFit:
    """Find the function whose relative error over its training labels is largest.

    Args:
        net: the architecture.
        weights: the fit.
        problem: the data in the units of the net.
        dataset: the data.
        task: where they are from.

    Raises:
        ValueError: labels that all vanish.
    """
    prediction = predict(net, weights, problem)
    norms = np.linalg.norm(problem.labels, axis=1)
    if not norms.any():
        raise ValueError("expected labels that do not all vanish, got zeros")
    missed = np.linalg.norm(prediction - problem.labels, axis=1)
    errors = np.divide(missed, norms, out=np.full(len(norms), -np.inf), where=norms > 0.0)
    number = int(errors.argmax())
    index = dataset.index if dataset.index.ndim == 1 else dataset.index[number]
    return WorstFit(
        number=number,
        errors=np.sort(errors[norms > 0.0])[::-1],
        points=dataset.points[index],
        labels=problem.labels[number],
        clean=dataset.clean[number],
        fit=prediction[number],
        noisy=bool(dataset.noise.any()),
        names=coordinate_names(task),
    )
