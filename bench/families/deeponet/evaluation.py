"""From weights to evidence: sizes, errors and bounds of one fit, in float64 and physical units.

The only place that evaluates a fit. Errors sum over all n labels in one deterministic pass of
`operators.data.normalisation.predict`.
"""

import dataclasses

import numpy as np

from bench.cell import Cell
from operators.architectures.deeponet import DeepONet
from operators.architectures.weights import Layer, Weights
from operators.arrays import Array
from operators.bounds import BOUNDS, Setting, bit_counting
from operators.bounds.bound import on_q
from operators.bounds.lemmas.signal import signal_tails
from operators.data.dataset import Dataset
from operators.data.normalisation import Problem, predict, predict_test
from operators.data.sampling import draw_noise
from operators.diagnostics.error_decomposition import anatomy_of_fit
from operators.diagnostics.noise_audit import NoiseModel, audit, fresh_noise_score, violations
from results.records.record import Bounds, Errors, Sizes

RESOLUTION = 1e-7
FAILURE_PROBABILITY = 0.05
FRESH = 10**6
ABSORPTION = tuple(on_q(BOUNDS, "absorb", of_labels=False))


class BoundViolation(RuntimeError):
    """A fit that a certified bound excludes: a defect in the accounting or a leak of labels."""


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


def bounds(
    cell: Cell,
    problem: Problem,
    floor: float | None,
    *,
    training_mse: float,
    bits: int = 64,
    values: dict[str, float | None] | None = None,
) -> Bounds:
    """Bounds of a fit, and the assertion that it respects its floor.

    `bits` is the storage of one weight: see `bits_of`.

    Raises:
        BoundViolation: training_mse < floor (1 - 1e-6) - 1e-12 unit^2.
    """
    variance = problem.unit**2
    if floor is not None and training_mse < floor * (1 - 1e-6) - 1e-12 * variance:
        raise BoundViolation(f"training error {training_mse:.9g} lies below its certified floor {floor:.9g}")
    resolved = None if floor is None else floor > RESOLUTION * variance
    absorbable = None
    if cell.noise.law != "none":
        d = cell.deeponet().parameter_count()
        absorbable = bit_counting.absorbable_fraction(
            cell.n, d, law=cell.noise.law, bits=bits, failure_probability=FAILURE_PROBABILITY
        )
    return Bounds(
        floor=floor,
        optimality=training_mse / floor if floor is not None and resolved else None,
        resolved=resolved,
        trivial=is_trivial(cell),
        absorbable_bits=absorbable,
        values=values or {},
    )


def bits_of(weights: Weights) -> int:
    """Bits that store one weight: 32 if every value is a float32, else 64."""
    return 32 if all(np.array_equal(array.astype(np.float32), array) for array in weights.arrays()) else 64


def anatomy_values(cell: Cell, weights: Weights, problem: Problem) -> dict[str, float | None]:
    """The error anatomy of a grid fit, by name; empty off the grid."""
    if cell.design != "grid":
        return {}
    parts = anatomy_of_fit(cell.deeponet(), weights, problem)
    missed = {f"missed_{k}": float(share) if np.isfinite(share) else None for k, share in enumerate(parts.missed, start=1)}
    return {
        "trunk_excess": parts.trunk_excess,
        "branch_error": parts.branch_error,
        "branch_capacity": parts.branch_capacity,
        "head_solve_gain": parts.head_solve_gain,
        "trunk_rank": float(parts.trunk_rank),
        **missed,
    }


def audit_values(cell: Cell, weights: Weights, problem: Problem, dataset: Dataset) -> dict[str, float | None]:
    """The proof-term audit of a noisy fit, by name; empty without noise.

    Raises:
        BoundViolation: the terms break a consequence that holds for any fit.
    """
    if cell.noise.law == "none":
        return {}
    net = cell.deeponet()
    model = NoiseModel(cell.noise.law, cell.noise.sigma * dataset.constants.output_rms)
    prediction = predict(net, weights, problem)
    d, d_eff = net.parameter_count(), net.effective_parameter_count()
    terms = audit(dataset.clean, dataset.noise, prediction, model=model, d=d, d_eff=d_eff)
    broken = violations(terms)
    if broken:
        raise BoundViolation(f"the proof terms break {broken[0]!r}, which holds for any fit")
    fresh = draw_noise(dataclasses.replace(cell.request(), replicate=cell.replicate + FRESH), dataset.constants.output_rms)
    values = {
        "cross_term": terms.cross,
        "degrees_of_freedom": terms.degrees_of_freedom,
        "cosine": terms.cosine,
        "nats_per_parameter": terms.nats_per_parameter,
        "nats_per_effective_parameter": terms.nats_per_effective_parameter,
        "fresh_noise_score": fresh_noise_score(fresh, dataset.clean, prediction, sigma=model.sigma),
    }
    return {name: value if np.isfinite(value) else None for name, value in values.items()}


def bound_values(cell: Cell, weights: Weights, problem: Problem, dataset: Dataset) -> dict[str, float | None]:
    """What each bound allows this size to absorb of this noise, by name, 1 where it excludes nothing; empty without noise.

    allows_<bound>: the largest absorbed fraction that the bound does not exclude. Norms are assumed (`operators.bounds.Norms`).
    signal_tail_<g>: on a grid, mean square of the clean outputs beyond rank g, over the mean square of the task's.
    """
    if cell.noise.law == "none":
        return {}
    tails = {}
    if cell.design == "grid":
        tails = signal_tails((dataset.clean - problem.mean) / dataset.constants.output_rms)
    net = cell.deeponet()
    setting = Setting(
        n=cell.n,
        size=lambda _: net,
        shape=(cell.functions, cell.points) if tails else None,
        law=cell.noise.law,
        sigma=cell.noise.sigma,
        failure_probability=FAILURE_PROBABILITY,
        bits=bits_of(weights),
        signal=tuple((g + 1, tail) for g, tail in tails.items()),
    )
    allowed = {name: bound.attainable(setting, net.q) for name, bound in BOUNDS.items() if name in ABSORPTION}
    values: dict[str, float | None] = {f"signal_tail_{g}": tail for g, tail in tails.items()}
    return values | {f"allows_{name}": 1.0 if said.vacuous else said.value for name, said in allowed.items()}


def is_trivial(cell: Cell) -> bool:
    """Whether random features and solved heads reach the floor untrained: last hidden widths >= N - 1 and >= M - 1."""
    wide = cell.net.branch_widths[-1] >= cell.functions - 1 and cell.net.trunk_widths[-1] >= cell.points - 1
    return cell.design == "grid" and wide
