"""Errors and bounds of planted weights, computed by hand."""

import dataclasses
from itertools import pairwise

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
)
from operators.architectures.weights import Layer, Weights
from operators.bounds import BOUNDS, bit_counting
from operators.data.dataset import build
from operators.data.normalisation import predict, scaled

CELL = Cell(
    task="antiderivative",
    functions=6,
    points=5,
    test_functions=3,
    noise=Noise(law="gaussian", sigma=0.3),
    net=Net(branch_widths=(2,), trunk_widths=(2,), q=2, ends="linear"),
    training=Training(steps=1),
)


def constant_weights(value: float) -> Weights:
    """A net that outputs b0 = value for every input."""
    net = CELL.deeponet()

    def zeros(sizes: tuple[int, ...]) -> tuple[Layer, ...]:
        return tuple(Layer(np.zeros((a, b)), np.zeros(b)) for a, b in pairwise(sizes))

    return Weights(zeros(net.branch_sizes()), zeros(net.trunk_sizes()), value)


def test_errors_of_a_constant_net_are_those_of_the_constant() -> None:
    dataset = build(CELL.request())
    problem = scaled(dataset, "standard", "unit", "task")
    level = 0.25 * dataset.constants.output_std + dataset.constants.output_mean
    measured = errors(CELL.deeponet(), constant_weights(0.25), problem, dataset)
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
        dataset = build(cell.request())
        problem = scaled(dataset, "standard", "unit", "task")
        net = cell.deeponet()
        weights = dataclasses.replace(
            constant_weights(0.1),
            branch=tuple(Layer(generator.normal(size=layer.kernel.shape), layer.bias) for layer in constant_weights(0).branch),
            trunk=tuple(
                Layer(generator.normal(size=layer.kernel.shape), layer.bias + 0.2) for layer in constant_weights(0).trunk
            ),
        )
        prediction = predict(net, weights, problem)
        assert prediction.shape == dataset.labels.shape
        for i, j in np.ndindex(prediction.shape):
            row = problem.index[j] if design == "grid" else problem.index[i, j]
            pair = net.branch(weights, problem.inputs[i : i + 1]) @ net.trunk(weights, problem.points[row : row + 1]).T
            expected = dataset.constants.output_mean + dataset.constants.output_std * (pair[0, 0] + 0.1)
            assert prediction[i, j] == pytest.approx(expected, rel=1e-10)


def test_an_error_below_the_floor_is_an_alarm_and_one_at_the_floor_is_not() -> None:
    problem = scaled(build(CELL.request()), "standard", "unit", "task")
    floor = 0.1 * problem.unit**2
    assert bounds(CELL, problem, floor, training_mse=floor).optimality == 1.0
    with pytest.raises(BoundViolation, match="below its certified floor"):
        bounds(CELL, problem, floor, training_mse=0.999 * floor)


def test_floors_below_resolution_give_no_ratio() -> None:
    problem = scaled(build(CELL.request()), "standard", "unit", "task")
    tiny = bounds(CELL, problem, 1e-9 * problem.unit**2, training_mse=1e-6 * problem.unit**2)
    assert tiny.resolved is False
    assert tiny.optimality is None


def test_trivial_means_wide_enough_to_interpolate_with_random_features() -> None:
    wide = Net(branch_widths=(5,), trunk_widths=(4,), q=2)
    assert is_trivial(CELL.model_copy(update={"net": wide}))
    assert not is_trivial(CELL.model_copy(update={"net": wide.model_copy(update={"branch_widths": (4,)})}))
    assert not is_trivial(CELL.model_copy(update={"net": wide.model_copy(update={"trunk_widths": (3,)})}))
    assert not is_trivial(CELL.model_copy(update={"net": wide, "design": "scattered"}))


def test_anatomy_and_audit_of_a_constant_net() -> None:
    dataset = build(CELL.request())
    problem = scaled(dataset, "standard", "unit", "task")
    weights = constant_weights(0.25)
    level = 0.25 * dataset.constants.output_std + dataset.constants.output_mean
    parts = anatomy_values(CELL, weights, problem)
    measured = errors(CELL.deeponet(), weights, problem, dataset)
    assert parts["trunk_rank"] == 0
    assert parts["branch_error"] == pytest.approx(0.0, abs=1e-15)
    assert parts["missed_1"] == pytest.approx(1.0, rel=1e-9)
    terms = audit_values(CELL, weights, problem, dataset)
    cross = 2 * np.mean(dataset.noise * (dataset.clean - level))
    assert terms["cross_term"] == pytest.approx(cross, rel=1e-9)
    assert measured.training_mse == pytest.approx(measured.noise_energy + cross + measured.clean_mse, rel=1e-9)
    assert abs(terms["fresh_noise_score"] or 9.0) < 4.0


@pytest.mark.parametrize("control", ["permuted-noise", "permuted-labels"])
def test_controls_keep_the_identities_of_anatomy_and_audit(control: str) -> None:
    cell = CELL.model_copy(update={"noise": Noise(law="gaussian", sigma=0.3, control=control)})
    dataset = build(cell.request())
    problem = scaled(dataset, "standard", "unit", "task")
    weights = constant_weights(0.25)
    measured = errors(cell.deeponet(), weights, problem, dataset)
    parts, terms = anatomy_values(cell, weights, problem), audit_values(cell, weights, problem, dataset)
    assert measured.noise_energy == pytest.approx(build(CELL.request()).noise_energy, rel=1e-12)
    assert measured.training_mse == pytest.approx(measured.noise_energy + terms["cross_term"] + measured.clean_mse, rel=1e-9)
    labels = problem.labels - problem.mean - 0.25 * problem.scale
    floor = np.sum(np.linalg.svd(labels, compute_uv=False)[2:] ** 2) / labels.size
    assert measured.training_mse == pytest.approx(floor + parts["trunk_excess"] + parts["branch_error"], rel=1e-9)
    held_out = build(CELL.request())
    assert np.array_equal(dataset.test_outputs, held_out.test_outputs)


@pytest.mark.parametrize(("design", "points"), [("grid", 40), ("triples", 1)])
def test_every_noisy_record_carries_what_each_bound_allows_its_size(design: str, points: int) -> None:
    cell = CELL.model_copy(update={"design": design, "functions": 60, "points": points})
    dataset = build(cell.request())
    values = bound_values(cell, constant_weights(0.1), scaled(dataset, "standard", "unit", "task"), dataset)
    allowed = {name.removeprefix("allows_"): value for name, value in values.items() if name.startswith("allows_")}
    asked = {name for name, bound in BOUNDS.items() if bound.target == "absorb"} - {"noisy-grid", "rademacher-capacity"}
    assert set(allowed) == asked
    assert all(0.0 <= value <= 1.0 for value in allowed.values())
    d = cell.deeponet().parameter_count()
    assert allowed["bit-counting"] == bit_counting.absorbable_fraction(cell.n, d, law="gaussian", bits=64)
    assert (allowed["marchenko-pastur"] < 1.0) == (design == "grid")


def test_signal_tails_are_those_of_the_clean_outputs_less_the_mean() -> None:
    cell = CELL.model_copy(update={"functions": 20})
    dataset = build(cell.request())
    values = bound_values(cell, constant_weights(0.1), scaled(dataset, "standard", "unit", "task"), dataset)
    clean = (dataset.clean - dataset.constants.output_mean) / dataset.constants.output_rms
    squares = np.linalg.svd(clean, compute_uv=False) ** 2 / clean.size
    assert {name for name in values if name.startswith("signal_tail_")} == {f"signal_tail_{g}" for g in (0, 1, 2, 3, 4)}
    for g in (0, 1, 2, 3, 4):
        assert values[f"signal_tail_{g}"] == pytest.approx(squares[g:].sum(), rel=1e-9, abs=1e-12)
        assert values[f"signal_tail_{g}"] >= squares[g:].sum()


def test_off_the_grid_and_without_noise_there_is_nothing_to_split() -> None:
    quiet = CELL.model_copy(update={"design": "scattered", "noise": Noise()})
    dataset = build(quiet.request())
    problem = scaled(dataset, "standard", "unit", "task")
    assert anatomy_values(quiet, constant_weights(0.0), problem) == {}
    assert audit_values(quiet, constant_weights(0.0), problem, dataset) == {}
    assert bound_values(quiet, constant_weights(0.0), problem, dataset) == {}
