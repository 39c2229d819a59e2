"""From weights to evidence: sizes, errors and bounds of one fit, in float64 and physical units.

Errors sum over all n labels in one deterministic pass of `operators.data.normalisation.predict`.
"""

import dataclasses

import numpy as np

from bench.cell import Cell
from bench.families.deeponet.linear_reconstruction import linear_values
from bench.families.deeponet.trial import Trial
from operators.architectures import DeepONet, Weights
from operators.arrays import Array
from operators.bounds import BOUNDS, Setting, bit_counting
from operators.bounds.bound import on_q
from operators.bounds.lemmas.signal import signal_tails
from operators.bounds.outward import rounded_down
from operators.data.normalisation import predict, predict_test
from operators.data.sampling import draw_noise
from operators.diagnostics.error_decomposition import anatomy_of_fit
from operators.diagnostics.noise_audit import NoiseModel, audit, fresh_noise_score, violations
from operators.magnitude import root_mean_square, row_norms
from results.families.deeponet import Bounds, Errors, Measured, Sizes

FRESH = 10**6
ABSORPTION = tuple(on_q(BOUNDS, "absorb", of_labels=False))


class BoundViolation(RuntimeError):
    """A fit that a certified bound excludes: a defect in the accounting or a leak of labels."""


def measure(trial: Trial, weights: Weights) -> Measured:
    """All that is measured of a fit.

    Raises:
        BoundViolation: the fit lies below its floor, or breaks what holds for any fit.
    """
    found = errors(trial, weights)
    values = anatomy_values(trial, weights) | audit_values(trial, weights) | bound_values(trial, weights)
    values |= linear_values(trial, found)
    said = bounds(trial, training_mse=found.training_mse, bits=weights.bits(), values=values)
    return Measured(sizes=sizes(trial, weights), errors=found, bounds=said)


def sizes(trial: Trial, weights: Weights) -> Sizes:
    """Sizes of a fit."""
    net = trial.net
    return Sizes(
        n=trial.cell.n,
        sensors=net.sensors,
        d=net.parameter_count(),
        q_eff=net.output_rank(),
        d_eff=net.effective_parameter_count(),
        stored_bits=weights.bits(),
    )


def errors(trial: Trial, weights: Weights) -> Errors:
    """Training and held-out errors of a fit."""
    net, problem, dataset = trial.net, trial.problem, trial.dataset
    labels, clean = dataset.labels, dataset.clean
    prediction = predict(net, weights, problem)
    training_mse = float(np.mean((labels - prediction) ** 2))
    energy = dataset.noise_energy
    per_function = _relative(prediction, labels)
    held_out = predict_test(net, weights, problem, dataset.test_index)
    single = predict(net, weights.rounded(), problem)
    return Errors(
        training_mse=training_mse,
        training_mse_float32=float(np.mean((labels - single) ** 2)),
        noise_energy=energy,
        absorbed=1.0 - training_mse / energy if energy > 0 else None,
        relative=float(np.sqrt(training_mse / np.mean(labels**2))),
        relative_mean=float(np.mean(per_function)),
        relative_rms=root_mean_square(per_function),
        clean_mse=float(np.mean((clean - prediction) ** 2)),
        test_relative=float(np.linalg.norm(held_out - dataset.test_outputs) / np.linalg.norm(dataset.test_outputs)),
        test_relative_mean=float(np.mean(_relative(held_out, dataset.test_outputs))),
        relative_l1=_relative_l1(prediction, labels),
        test_relative_l1=_relative_l1(held_out, dataset.test_outputs),
    )


def _relative_l1(prediction: Array, truth: Array) -> float:
    """Sum |y - h| / sum |y| over all values; the largest |y| is taken out first, so that no sum overflows."""
    largest = float(np.max(np.abs(truth))) or 1.0
    return float(np.mean(np.abs((prediction - truth) / largest)) / (np.mean(np.abs(truth / largest)) or 1.0))


def _relative(prediction: Array, truth: Array) -> Array:
    """|y_i - h_i| / |y_i| for each function; functions with y_i = 0 are left out."""
    norms = row_norms(truth)
    return row_norms(prediction - truth)[norms > 0] / norms[norms > 0]


def bounds(trial: Trial, *, training_mse: float, bits: int = 64, values: dict[str, float | None] | None = None) -> Bounds:
    """Bounds of a fit, and the assertion that it respects its floor.

    Raises:
        BoundViolation: the floor excludes the error (`operators.diagnostics.floor`).
    """
    cell, floor = trial.cell, trial.floor
    if floor is not None and floor.excludes(training_mse):
        raise BoundViolation(f"training error {training_mse:.9g} lies below its certified floor {rounded_down(floor.value, 9)}")
    absorbable = None
    if cell.noise.law != "none":
        d = trial.net.parameter_count()
        absorbable = bit_counting.absorbable_fraction(cell.n, d, law=cell.noise.law, bits=bits)
    return Bounds(
        floor=None if floor is None else floor.value,
        unit=trial.problem.unit,
        optimality=training_mse / floor.value if floor is not None and floor.resolved else None,
        resolved=None if floor is None else floor.resolved,
        trivial=is_trivial(cell),
        absorbable_bits=absorbable,
        values=values or {},
    )


def anatomy_values(trial: Trial, weights: Weights) -> dict[str, float | None]:
    """The error anatomy of a grid fit, by name; empty off the grid and for what is no product of branch and trunk."""
    parts = anatomy_of_fit(trial.net, weights, trial.problem) if trial.cell.design == "grid" else None
    if parts is None:
        return {}
    missed = {f"missed_{k}": float(share) if np.isfinite(share) else None for k, share in enumerate(parts.missed, start=1)}
    return {
        "trunk_excess": parts.trunk_excess,
        "branch_error": parts.branch_error,
        "branch_capacity": parts.branch_capacity,
        "head_solve_gain": parts.head_solve_gain,
        "trunk_rank": float(parts.trunk_rank),
        **missed,
    }


def audit_values(trial: Trial, weights: Weights) -> dict[str, float | None]:
    """The proof-term audit of a noisy fit, by name; empty without noise.

    Raises:
        BoundViolation: the terms break a consequence that holds for any fit.
    """
    cell, net, dataset = trial.cell, trial.net, trial.dataset
    if cell.noise.law == "none":
        return {}
    model = NoiseModel(cell.noise.law, cell.noise.sigma * dataset.constants.output_rms)
    prediction = predict(net, weights, trial.problem)
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


def bound_values(trial: Trial, weights: Weights) -> dict[str, float | None]:
    """What each bound allows this size to absorb of this noise, by name, 1 where it excludes nothing; empty without noise.

    allows_<bound>: the largest absorbed fraction that the bound does not exclude. Norms are assumed (`operators.bounds.Norms`).
    signal_tail_<g>: on a grid, mean square of the clean outputs beyond rank g, over the mean square of the task's.
    """
    cell, net, dataset = trial.cell, trial.net, trial.dataset
    if cell.noise.law == "none":
        return {}
    tails = {}
    if cell.design == "grid":
        tails = signal_tails((dataset.clean - trial.problem.mean) / dataset.constants.output_rms)
    values: dict[str, float | None] = {f"signal_tail_{g}": tail for g, tail in tails.items()}
    if not isinstance(net, DeepONet):
        return values
    setting = Setting(
        n=cell.n,
        size=lambda _: net,
        shape=(cell.functions, cell.points) if tails else None,
        law=cell.noise.law,
        sigma=cell.noise.sigma,
        bits=weights.bits(),
        signal=tuple((g + 1, tail) for g, tail in tails.items()),
    )
    allowed = {name: bound.attainable(setting, net.q) for name, bound in BOUNDS.items() if name in ABSORPTION}
    return values | {f"allows_{name}": 1.0 if said.vacuous else said.value for name, said in allowed.items()}


def is_trivial(cell: Cell) -> bool:
    """Whether random features and solved heads reach the floor untrained: last hidden widths >= N - 1 and >= M - 1."""
    net = cell.net()
    if cell.design != "grid" or not isinstance(net, DeepONet) or not (net.branch_widths and net.trunk_widths):
        return False
    return net.branch_widths[-1] >= cell.functions - 1 and net.trunk_widths[-1] >= cell.points - 1
