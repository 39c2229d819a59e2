"""From weights to evidence: sizes, errors and bounds of one fit, in float64 and physical units.

The only place that evaluates a fit. Errors sum over all n labels in one deterministic pass of `operators.scaling.predict`.
"""

import numpy as np

from bench.cell import Cell
from operators.bounds import bit_counting
from operators.dataset import Dataset
from operators.deeponet import DeepONet, Layer, Weights
from operators.scaling import Problem, predict, predict_test
from operators.task import Array
from results.record import Bounds, Errors, Sizes

RESOLUTION = 1e-7
FAILURE_PROBABILITY = 0.05


class FloorViolation(RuntimeError):
    """A training error below its certified floor: a defect in the rank accounting or a leak of labels."""


def sizes(cell: Cell) -> Sizes:
    """Sizes of a cell."""
    net = cell.deeponet()
    return Sizes(
        n=cell.n,
        sensors=net.sensors,
        d=net.parameter_count(),
        q_eff=net.effective_q(),
        d_eff=net.effective_parameter_count(),
    )


def errors(net: DeepONet, weights: Weights, problem: Problem, dataset: Dataset) -> Errors:
    """Training and held-out errors of a fit."""
    labels, clean = dataset.labels, dataset.clean
    prediction = predict(net, weights, problem)
    training_mse = float(np.mean((labels - prediction) ** 2))
    energy = dataset.noise_energy
    per_function = _relative(prediction, labels)
    held_out = predict_test(net, weights, problem, dataset.test_index)
    single = predict(net, _float32(weights), problem)
    return Errors(
        training_mse=training_mse,
        training_mse_float32=float(np.mean((labels - single) ** 2)),
        noise_energy=energy,
        absorbed=1.0 - training_mse / energy if energy > 0 else None,
        relative=float(np.sqrt(training_mse / np.mean(labels**2))),
        relative_mean=float(np.mean(per_function)),
        relative_rms=float(np.sqrt(np.mean(per_function**2))),
        clean_mse=float(np.mean((clean - prediction) ** 2)),
        test_relative=float(np.linalg.norm(held_out - dataset.test_outputs) / np.linalg.norm(dataset.test_outputs)),
        test_relative_mean=float(np.mean(_relative(held_out, dataset.test_outputs))),
    )


def _relative(prediction: Array, truth: Array) -> Array:
    """|y_i - h_i| / |y_i| for each function; functions with y_i = 0 are left out."""
    norms = np.linalg.norm(truth, axis=1)
    return np.linalg.norm(prediction - truth, axis=1)[norms > 0] / norms[norms > 0]


def _float32(weights: Weights) -> Weights:
    """The weights rounded to float32, to be evaluated in float64."""

    def rounded(layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
        return tuple(
            Layer(layer.kernel.astype(np.float32).astype(np.float64), layer.bias.astype(np.float32).astype(np.float64))
            for layer in layers
        )

    return Weights(rounded(weights.branch), rounded(weights.trunk), float(np.float32(weights.bias)))


def bounds(cell: Cell, problem: Problem, floor: float | None, training_mse: float) -> Bounds:
    """Bounds of a fit, and the assertion that it respects its floor.

    Raises:
        FloorViolation: training_mse < floor (1 - 1e-6) - 1e-12 unit^2.
    """
    variance = problem.unit**2
    if floor is not None and training_mse < floor * (1 - 1e-6) - 1e-12 * variance:
        raise FloorViolation(f"training error {training_mse:.9g} lies below its certified floor {floor:.9g}")
    resolved = None if floor is None else floor > RESOLUTION * variance
    absorbable = None
    if cell.noise.law != "none":
        law = cell.noise.law
        absorbable = bit_counting.absorbable_fraction(
            cell.n, cell.deeponet().parameter_count(), law=law, failure_probability=FAILURE_PROBABILITY
        )
    return Bounds(
        floor=floor,
        optimality=training_mse / floor if floor is not None and resolved else None,
        resolved=resolved,
        trivial=is_trivial(cell),
        absorbable_bits=absorbable,
    )


def is_trivial(cell: Cell) -> bool:
    """Whether random features and solved heads reach the floor untrained: last hidden widths >= N - 1 and >= M - 1."""
    wide = cell.net.branch_widths[-1] >= cell.functions - 1 and cell.net.trunk_widths[-1] >= cell.points - 1
    return cell.design == "grid" and wide
