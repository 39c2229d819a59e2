"""Errors and bounds of planted weights, computed by hand."""

import dataclasses
import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from bench.cell import Cell, Net, Noise, Training
from bench.families.deeponet.evaluation import (
    BoundViolation,
    anatomy_values,
    audit_values,
    bound_values,
    bounds,
    errors,
    is_trivial,
    measure,
    sizes,
)
from bench.families.deeponet.trial import Trial, open_trial
from bench.families.family import Kept
from operators.architectures import DeepONet, Weights
from operators.architectures.deeponet import deeponet_weights
from operators.architectures.weights import Layer
from operators.bounds import BOUNDS, bit_counting
from operators.bounds.eckart_young import floors_of_deeponet
from operators.bounds.lemmas.rates import absorbable_fraction
from operators.data.dataset import BlockCache
from operators.data.normalisation import predict
from operators.diagnostics.floor import Floor

CELL = Cell(
    task="antiderivative",
    functions=6,
    points=5,
    test_functions=3,
    noise=Noise(law="gaussian", sigma=0.3),
    architecture=Net(branch_widths=(2,), trunk_widths=(2,), q=2, ends="linear"),
    training=Training(steps=1),
)


def trial_of(cell: Cell) -> Trial:
    return open_trial(cell, BlockCache(None), Kept())


def weights_of(value: float, layer: Any) -> Weights:
    """Layers of CELL's net made by layer(fan in, fan out), and b0 = value."""
    net = CELL.deeponet()
    parts = [[layer(a, b) for a, b in pairwise(sizes)] for sizes in (net.branch_sizes(), net.trunk_sizes())]
    return deeponet_weights(*parts, value)


def constant_weights(value: float) -> Weights:
    """A net that outputs b0 = value for every input."""
    return weights_of(value, lambda a, b: Layer(np.zeros((a, b)), np.zeros(b)))


def test_errors_of_a_constant_net_are_those_of_the_constant() -> None:
    trial = trial_of(CELL)
    dataset = trial.dataset
    level = 0.25 * dataset.constants.output_std + dataset.constants.output_mean
    measured = errors(trial, constant_weights(0.25))
    labels, clean, noise = dataset.labels, dataset.clean, dataset.noise
    assert measured.training_mse == pytest.approx(np.mean((labels - level) ** 2), rel=1e-12)
    assert measured.clean_mse == pytest.approx(np.mean((clean - level) ** 2), rel=1e-12)
    assert measured.noise_energy == pytest.approx(np.mean(noise**2), rel=1e-12)
    assert measured.absorbed == pytest.approx(1 - np.mean((labels - level) ** 2) / np.mean(noise**2), rel=1e-12)
    assert measured.relative == pytest.approx(np.linalg.norm(labels - level) / np.linalg.norm(labels), rel=1e-12)
    ratios = [np.linalg.norm(y - level) / np.linalg.norm(y) for y in labels]
    assert measured.relative_mean == pytest.approx(np.mean(ratios), rel=1e-12)
    assert measured.relative_rms == pytest.approx(np.sqrt(np.mean(np.square(ratios))), rel=1e-12)
    held_out = dataset.test_outputs
    assert measured.test_relative == pytest.approx(np.linalg.norm(held_out - level) / np.linalg.norm(held_out), rel=1e-12)


def test_all_designs_predict_what_the_net_says_point_by_point() -> None:
    generator = np.random.default_rng(0)
    for design, points in (("grid", 5), ("scattered", 5), ("triples", 1)):
        cell = CELL.model_copy(update={"design": design, "points": points})
        trial = trial_of(cell)
        net, problem, dataset = trial.net, trial.problem, trial.dataset
        assert isinstance(net, DeepONet)
        weights = weights_of(0.1, lambda a, b: Layer(generator.normal(size=(a, b)), generator.normal(size=b)))
        prediction = predict(net, weights, problem)
        assert prediction.shape == dataset.labels.shape
        for i, j in np.ndindex(prediction.shape):
            row = problem.index[j] if design == "grid" else problem.index[i, j]
            pair = net.branch(weights, problem.inputs[i : i + 1]) @ net.trunk(weights, problem.points[row : row + 1]).T
            expected = dataset.constants.output_mean + dataset.constants.output_std * (pair[0, 0] + 0.1)
            assert prediction[i, j] == pytest.approx(expected, rel=1e-10)


def test_the_floor_of_a_trial_is_the_tail_of_its_labels_beyond_the_rank_of_its_net() -> None:
    trial = trial_of(CELL)
    labels, unit = trial.problem.labels, trial.problem.unit
    floors = floors_of_deeponet(labels, trial.problem.mean, trial.problem.scale)
    assert trial.floor == Floor(float(floors[2]), unit)
    limited = Net(branch_widths=(2,), trunk_widths=(2,), q=5, ends="linear")
    assert trial_of(CELL.model_copy(update={"architecture": limited})).floor == Floor(float(floors[3]), unit)
    assert trial_of(CELL.model_copy(update={"design": "scattered"})).floor is None


def test_an_error_below_the_floor_is_an_alarm_and_one_at_the_floor_is_not() -> None:
    trial = trial_of(CELL)
    unit = trial.problem.unit
    trial = dataclasses.replace(trial, floor=Floor(0.1 * unit**2, unit))
    said = bounds(trial, training_mse=0.1 * unit**2)
    assert (said.floor, said.unit, said.optimality, said.resolved) == (0.1 * unit**2, unit, 1.0, True)
    with pytest.raises(BoundViolation, match="below its certified floor"):
        bounds(trial, training_mse=0.0999 * unit**2)
    bounds(trial, training_mse=(0.1 * (1 - 0.9e-6)) * unit**2)
    with pytest.raises(BoundViolation, match="below its certified floor"):
        bounds(trial, training_mse=(0.1 * (1 - 1.1e-6)) * unit**2)


def test_floors_below_resolution_give_no_ratio() -> None:
    trial = trial_of(CELL)
    unit = trial.problem.unit
    tiny = bounds(dataclasses.replace(trial, floor=Floor(1e-9 * unit**2, unit)), training_mse=1e-6 * unit**2)
    assert tiny.resolved is False
    assert tiny.optimality is None


def test_nets_of_which_no_rank_limit_is_stated_are_certified_against_by_nothing() -> None:
    """Ends that no cell can state; the same error at linear ends is an alarm."""
    stated = trial_of(CELL)
    assert stated.floor is not None
    free = dataclasses.replace(stated, net=dataclasses.replace(CELL.deeponet(), ends="softmax"), floor=None)
    said = bounds(free, training_mse=0.0)
    assert (said.floor, said.optimality, said.resolved) == (None, None, None)
    assert sizes(free, constant_weights(0.25)).q_eff is None
    with pytest.raises(BoundViolation, match="below its certified floor"):
        bounds(stated, training_mse=0.0)


def test_sizes_are_those_of_the_net_and_the_bits_those_of_its_weights() -> None:
    trial = trial_of(CELL)
    net = CELL.deeponet()
    measured = measure(trial, constant_weights(0.25)).sizes
    assert measured == sizes(trial, constant_weights(0.25))
    assert (measured.n, measured.sensors, measured.q_eff) == (30, net.sensors, 2)
    assert (measured.d, measured.d_eff) == (net.parameter_count(), net.effective_parameter_count())
    assert [sizes(trial, constant_weights(value)).stored_bits for value in (0.25, 0.1)] == [32, 64]


def test_trivial_means_wide_enough_to_interpolate_with_random_features() -> None:
    wide = Net(branch_widths=(5,), trunk_widths=(4,), q=2)
    assert is_trivial(CELL.model_copy(update={"architecture": wide}))
    assert not is_trivial(CELL.model_copy(update={"architecture": wide.model_copy(update={"branch_widths": (4,)})}))
    assert not is_trivial(CELL.model_copy(update={"architecture": wide.model_copy(update={"trunk_widths": (3,)})}))
    assert not is_trivial(CELL.model_copy(update={"architecture": wide, "design": "scattered"}))


def test_anatomy_and_audit_of_a_constant_net() -> None:
    trial, weights = trial_of(CELL), constant_weights(0.25)
    dataset = trial.dataset
    level = 0.25 * dataset.constants.output_std + dataset.constants.output_mean
    parts = anatomy_values(trial, weights)
    measured = errors(trial, weights)
    assert parts["trunk_rank"] == 0
    assert parts["branch_error"] == pytest.approx(0.0, abs=1e-15)
    assert parts["missed_1"] == pytest.approx(1.0, rel=1e-9)
    terms = audit_values(trial, weights)
    cross = 2 * np.mean(dataset.noise * (dataset.clean - level))
    assert terms["cross_term"] == pytest.approx(cross, rel=1e-9)
    assert measured.training_mse == pytest.approx(measured.noise_energy + cross + measured.clean_mse, rel=1e-9)
    assert abs(terms["fresh_noise_score"] or 9.0) < 4.0


@pytest.mark.parametrize("control", ["permuted-noise", "permuted-labels"])
def test_controls_keep_the_identities_of_anatomy_and_audit(control: str) -> None:
    cell = CELL.model_copy(update={"noise": Noise(law="gaussian", sigma=0.3, control=control)})
    trial, plain, weights = trial_of(cell), trial_of(CELL), constant_weights(0.25)
    dataset, problem = trial.dataset, trial.problem
    measured = errors(trial, weights)
    parts, terms = anatomy_values(trial, weights), audit_values(trial, weights)
    assert measured.noise_energy == pytest.approx(plain.dataset.noise_energy, rel=1e-12)
    assert measured.training_mse == pytest.approx(measured.noise_energy + terms["cross_term"] + measured.clean_mse, rel=1e-9)
    labels = problem.labels - problem.mean - 0.25 * problem.scale
    floor = np.sum(np.linalg.svd(labels, compute_uv=False)[2:] ** 2) / labels.size
    assert measured.training_mse == pytest.approx(floor + parts["trunk_excess"] + parts["branch_error"], rel=1e-9)
    assert np.array_equal(dataset.test_outputs, plain.dataset.test_outputs)


@pytest.mark.parametrize(("design", "points"), [("grid", 40), ("triples", 1)])
def test_every_noisy_record_carries_what_each_bound_allows_its_size(design: str, points: int) -> None:
    cell = CELL.model_copy(update={"design": design, "functions": 60, "points": points})
    values = bound_values(trial_of(cell), constant_weights(0.1))
    allowed = {name.removeprefix("allows_"): value for name, value in values.items() if name.startswith("allows_")}
    asked = {name for name, bound in BOUNDS.items() if bound.target == "absorb"} - {"noisy-grid", "rademacher-capacity"}
    assert set(allowed) == asked
    assert all(0.0 <= value <= 1.0 for value in allowed.values())
    net = cell.deeponet()
    bits = 64 * net.parameter_count()
    described = min(bits, bit_counting.described_bits(net, (60, points), 64)) if design == "grid" else bits
    nats = described * math.log(2.0)
    by_count = absorbable_fraction("gaussian", cell.n, nats, failure_probability=bit_counting.FAILURE_PROBABILITY)
    assert allowed["bit-counting"] == by_count
    assert (by_count < bit_counting.absorbable_fraction(cell.n, net.parameter_count(), law="gaussian", bits=64)) == (
        design == "grid"
    )
    assert (allowed["marchenko-pastur"] < 1.0) == (design == "grid")


def test_signal_tails_are_those_of_the_clean_outputs_less_the_mean() -> None:
    cell = CELL.model_copy(update={"functions": 20})
    trial = trial_of(cell)
    dataset, values = trial.dataset, bound_values(trial, constant_weights(0.1))
    clean = (dataset.clean - dataset.constants.output_mean) / dataset.constants.output_rms
    squares = np.linalg.svd(clean, compute_uv=False) ** 2 / clean.size
    assert {name for name in values if name.startswith("signal_tail_")} == {f"signal_tail_{g}" for g in (0, 1, 2, 3, 4)}
    for g in (0, 1, 2, 3, 4):
        assert values[f"signal_tail_{g}"] == pytest.approx(squares[g:].sum(), rel=1e-9, abs=1e-12)
        assert values[f"signal_tail_{g}"] >= squares[g:].sum()


def test_off_the_grid_and_without_noise_there_is_nothing_to_split() -> None:
    quiet = CELL.model_copy(update={"design": "scattered", "noise": Noise()})
    trial = trial_of(quiet)
    assert anatomy_values(trial, constant_weights(0.0)) == {}
    assert audit_values(trial, constant_weights(0.0)) == {}
    assert bound_values(trial, constant_weights(0.0)) == {}
