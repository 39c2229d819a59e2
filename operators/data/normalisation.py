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
from operators.errors import DataInvalid, UserError
from operators.magnitude import HARMLESS

ADDED, LEAST_POINTWISE = 1e-5, 1e-8
LEAST_FLOAT32, LARGEST_FLOAT32 = float(np.finfo(np.float32).tiny), float(np.finfo(np.float32).max)

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
    coordinates  raw: as they are; unit: each coordinate mapped to [-1, 1], a constant one to 0
    outputs      task: the task's mean and standard deviation; pointwise: mean and standard deviation (ddof 1, + 1e-5) of the
                 clean training outputs at each point (grid only)

    Inputs that do not vary at all become 0.

    Raises:
        UserError: pointwise output scaling on a design without common points, or of a single function.
        DataInvalid: scaled values that float32, in which nets are trained, cannot hold; outputs below pointwise scaling's 1e-5.
    """
    constants = dataset.constants
    train, test = dataset.inputs, dataset.test_inputs
    if inputs == "standard":
        train, test = ((u - constants.input_mean) / (constants.input_std or 1.0) for u in (train, test))
    elif inputs == "pca":
        train, test = _principal_components(train, test)
    points = to_unit(dataset.points) if coordinates == "unit" else dataset.points
    _require_float32(f"inputs scaled {inputs!r}", train, test)
    _require_float32(f"coordinates scaled {coordinates!r}", points)
    if outputs == "pointwise":
        mean, scale = _pointwise(dataset)
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


def to_unit(points: Array) -> Array:
    """Each coordinate mapped to [-1, 1]; one that is constant becomes 0."""
    powers = np.frexp(np.abs(points).max(axis=0))[1]
    if np.any(np.abs(powers) > HARMLESS):
        points = np.ldexp(points, -powers)
    low, high = points.min(axis=0), points.max(axis=0)
    return np.asarray(np.where(high > low, 2.0 * (points - low) / np.where(high > low, high - low, 1.0) - 1.0, 0.0))


def _pointwise(dataset: Dataset) -> tuple[Array, Array]:
    """Mean and scale of the clean training outputs at each point."""
    if dataset.design != "grid":
        raise UserError(
            f"expected output scaling 'task' for the design {dataset.design!r}, got 'pointwise'; it needs common points"
        )
    if len(dataset.clean) < 2:
        raise UserError("expected output scaling 'task' for one function, got 'pointwise'; it needs a deviation at each point")
    if dataset.constants.output_std < LEAST_POINTWISE:
        raise DataInvalid(
            f"expected outputs that vary by {LEAST_POINTWISE:g} or more, got a standard deviation of"
            f" {dataset.constants.output_std:.3g}, which pointwise scaling's {ADDED:g} would hide; choose other units"
        )
    return dataset.clean.mean(axis=0), dataset.clean.std(axis=0, ddof=1) + ADDED


def _require_float32(what: str, *arrays: Array) -> None:
    """Refuse values that float32 turns into infinity, or all into 0."""
    largest = max(float(np.max(np.abs(array), initial=0.0)) for array in arrays)
    if largest != 0.0 and not LEAST_FLOAT32 <= largest <= LARGEST_FLOAT32:
        between = f"between {LEAST_FLOAT32:.3g} and {LARGEST_FLOAT32:.3g}, which float32 can hold"
        raise DataInvalid(
            f"expected {what} whose largest value lies {between}, got {largest:.3g}; choose other units or another scaling"
        )


def _principal_components(train: Array, test: Array) -> tuple[Array, Array]:
    """Rotate to the principal components of `train` and standardise each (those below 1e-10 of the largest or beyond N are 0)."""
    mean = train.mean(axis=0)
    varying = train.max(axis=0) > train.min(axis=0)  # rounding of the mean is no variation
    _, singular, components = np.linalg.svd(np.where(varying, train - mean, 0.0), full_matrices=False)
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
