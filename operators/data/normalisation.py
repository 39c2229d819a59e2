"""Data in the units a net sees, and predictions back in physical units.

    h(u, y) = mu + s f(u', y')        of a DeepONet: f = <branch(u'), trunk(y')> + b0

u' and y' are scaled inputs and coordinates; mu and s are clean constants (of the task, or per query point from the clean
outputs). Nothing here reads the noisy labels, so nothing here counts as a parameter (see `operators.bounds`).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from operators.architectures.architecture import Architecture
from operators.architectures.weights import Weights
from operators.arrays import Array
from operators.data.dataset import Dataset, Design
from operators.errors import UserError

InputScaling = Literal["raw", "standard", "pca"]
CoordinateScaling = Literal["raw", "unit"]
OutputScaling = Literal["task", "pointwise"]


@dataclass(frozen=True)
class Problem:
    """One training problem.

    Attributes:
        design: the design of the data.
        inputs: (N, m) scaled inputs u'.
        points: (P, p) scaled coordinates y' of the distinct points.
        index: rows of `points`: (M,) for a grid, (N, M) otherwise.
        labels: (N, M) labels in physical units.
        mean: mu, shape () or (M,).
        scale: s, shape () or (M,).
        unit: the training loss is mean((h - label)^2) / unit^2.
        test_inputs: (N', m) scaled held-out inputs.
    """

    design: Design
    inputs: Array
    points: Array
    index: NDArray[np.int64]
    labels: Array
    mean: Array
    scale: Array
    unit: float
    test_inputs: Array


def scaled(dataset: Dataset, inputs: InputScaling, coordinates: CoordinateScaling, outputs: OutputScaling) -> Problem:
    """Scale a data set.

    inputs       raw: as they are; standard: the task's mean and standard deviation; pca: rotated to the principal components
                 of the training inputs and standardised per component
    coordinates  raw: as they are; unit: each coordinate mapped to [-1, 1]
    outputs      task: the task's mean and standard deviation; pointwise: mean and standard deviation (ddof 1, + 1e-5) of the
                 clean training outputs at each point (grid only)

    Raises:
        UserError: pointwise output scaling on a design without common points.
    """
    constants = dataset.constants
    train, test = dataset.inputs, dataset.test_inputs
    if inputs == "standard":
        train, test = ((u - constants.input_mean) / constants.input_std for u in (train, test))
    elif inputs == "pca":
        train, test = _principal_components(train, test)
    points = dataset.points
    if coordinates == "unit":
        low, high = points.min(axis=0), points.max(axis=0)
        points = 2.0 * (points - low) / (high - low) - 1.0
    if outputs == "pointwise":
        if dataset.design != "grid":
            raise UserError(
                f"expected output scaling 'task' for the design {dataset.design!r}, got 'pointwise'; it needs common points"
            )
        mean, scale = dataset.clean.mean(axis=0), dataset.clean.std(axis=0, ddof=1) + 1e-5
    else:
        mean, scale = np.asarray(constants.output_mean), np.asarray(constants.output_std)
    return Problem(
        design=dataset.design,
        inputs=train,
        points=points,
        index=dataset.index,
        labels=dataset.labels,
        mean=mean,
        scale=scale,
        unit=constants.output_std,
        test_inputs=test,
    )


def _principal_components(train: Array, test: Array) -> tuple[Array, Array]:
    """Rotate to the principal components of `train` and standardise each (those below 1e-10 of the largest or beyond N are 0)."""
    mean = train.mean(axis=0)
    _, singular, components = np.linalg.svd(train - mean, full_matrices=False)
    signs = np.sign(components[np.arange(len(components)), np.abs(components).argmax(axis=1)])
    std = singular / np.sqrt(max(len(train) - 1, 1))
    factor = np.where(singular > 1e-10 * singular[0], signs / np.where(std > 0, std, 1.0), 0.0)
    rotation = np.zeros((train.shape[1], train.shape[1]))
    rotation[:, : len(components)] = components.T * factor
    return (train - mean) @ rotation, (test - mean) @ rotation


def predict(net: Architecture, weights: Weights, problem: Problem) -> Array:
    """Predictions (N, M) at the training labels, in physical units and float64."""
    return problem.mean + problem.scale * net.apply_at(weights, problem.inputs, problem.points, problem.index)


def predict_test(net: Architecture, weights: Weights, problem: Problem, index: NDArray[np.int64]) -> Array:
    """Predictions (N', M') for the held-out functions at the points of these rows."""
    return problem.mean + problem.scale * net.apply(weights, problem.test_inputs, problem.points[index])
