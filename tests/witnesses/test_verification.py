"""Verifying witnesses: planted nets that attain the floor exactly, margins, and everything that must not pass."""

import dataclasses
import itertools
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from repository import REPOSITORY
from scipy.optimize import minimize_scalar

import results.witnesses.error
from operators import find_task
from operators.architectures import Architecture
from operators.architectures.activations import ACTIVATIONS
from operators.architectures.deeponet import DeepONet, Ends, deeponet_weights
from operators.architectures.weights import Layer, Weights, layers_of
from operators.arrays import Array
from operators.bounds.eckart_young import floors_of_deeponet
from operators.data.dataset import Request, build
from operators.data.normalisation import Problem, scaled
from operators.diagnostics.floor import floors_of
from operators.errors import UserError
from results.records.manifest import Target
from results.schema.cells import Net
from results.witnesses import verification
from results.witnesses.cost import Limits
from results.witnesses.error import allowed_error
from results.witnesses.file import Witness, encode, load_witness, save_witness
from results.witnesses.header import Header, Origin, Scaling, data_of
from results.witnesses.independent import independent_error
from results.witnesses.verification import request_of, verify, verify_folder

TASK = find_task("antiderivative")
CLEAN = Request(TASK, functions=16, points=14)
NOISY = Request(TASK, functions=16, points=14, noise_law="rademacher", sigma=0.3)
WIDTH = 80


def net_for(request: Request, q: int, ends: Ends = "linear", widths: tuple[int, ...] = (WIDTH,)) -> DeepONet:
    return DeepONet(len(request.task.sensors()), request.task.points().shape[1], widths, widths, q, "tanh", ends)


def header_for(request: Request, net: DeepONet, target: Target, scaling: Scaling | None = None) -> Header:
    origin = Origin(author="Planted", method="exact", created="2026-01-01")
    stated = Net(
        branch_widths=net.branch_widths, trunk_widths=net.trunk_widths, q=net.q, activation=net.activation, ends=net.ends
    )
    return Header(
        data=data_of(request),
        sensors=net.sensors,
        coordinates=net.coordinates,
        architecture=stated,
        scaling=scaling or Scaling(inputs="standard", coordinates="unit"),
        target=target,
        origin=origin,
    )


def target_of(request: Request, value: float) -> Target:
    return Target(kind="relative" if request.noise_law == "none" else "absorb", value=value)


def random_features(generator: np.random.Generator, inputs: Array, values: Array, slope: float) -> tuple[Layer, Layer]:
    """A hidden layer of random tanh features and the linear head that sends `inputs` to `values`."""
    hidden = Layer(generator.normal(size=(inputs.shape[1], WIDTH)) * slope, generator.uniform(-slope, slope, WIDTH))
    features = np.hstack([np.tanh(inputs @ hidden.kernel + hidden.bias), np.ones((len(inputs), 1))])
    head = np.linalg.lstsq(features, values, rcond=None)[0]
    return hidden, Layer(head[:-1], head[-1])


def tail(matrix: Array, q: int) -> float:
    return float(np.sum(np.linalg.svd(matrix, compute_uv=False)[q:] ** 2))


def planted_weights(problem: Problem, q: int) -> Weights:
    """The best rank-q matrix with the best offset c, reached exactly by random features: N - 1 < WIDTH and M - 1 < WIDTH."""
    labels = (problem.labels - problem.mean) / problem.scale
    starts = np.linspace(-3.0, 3.0, 61)
    best = starts[np.argmin([tail(labels - c, q) for c in starts])]
    offset = float(minimize_scalar(lambda c: tail(labels - c, q), bounds=(best - 0.1, best + 0.1), options={"xatol": 1e-9}).x)
    left, singular, right = np.linalg.svd(labels - offset, full_matrices=False)
    generator = np.random.default_rng(1)
    return deeponet_weights(
        branch=random_features(generator, problem.inputs, left[:, :q] * singular[:q], 0.3),
        trunk=random_features(generator, problem.points[problem.index], right[:q].T, 12.0),
        bias=offset,
    )


@pytest.fixture(scope="module", params=[(CLEAN, 3), (NOISY, 4)], ids=["clean", "noisy"])
def planted(request: pytest.FixtureRequest) -> tuple[Request, DeepONet, Weights, float]:
    """Data, net, weights that attain the floor, and the certified floor as a relative error."""
    data, q = request.param
    dataset = build(data)
    problem = scaled(dataset, "standard", "unit", "task")
    floor = floors_of_deeponet(problem.labels, problem.mean, problem.scale)[q]
    return data, net_for(data, q), planted_weights(problem, q), math.sqrt(floor / np.mean(problem.labels**2))


Planted = tuple[Request, DeepONet, Weights, float]


def quality(request: Request, error: float) -> float:
    """The target value whose allowed error is this: tau itself, or rho = 1 - error^2 mean y^2 / V."""
    dataset = build(request)
    return error if request.noise_law == "none" else 1.0 - error**2 * float(np.mean(dataset.labels**2)) / dataset.noise_energy


def test_a_net_that_attains_the_floor_passes_just_above_it_and_misses_just_below(planted: Planted) -> None:
    request, net, weights, floor = planted
    above = verify(
        Witness(header_for(request, net, target_of(request, quality(request, floor * (1 + 1e-5)))), weights), entering=True
    )
    assert above.passed
    assert above.reason.startswith("reaches the target")
    assert above.floor == pytest.approx(floor, rel=1e-12)
    assert above.error == pytest.approx(floor, rel=2e-6)
    assert above.error is not None
    assert above.error >= floor * (1 - 1e-9)
    below = verify(Witness(header_for(request, net, target_of(request, quality(request, floor * (1 - 1e-5)))), weights))
    assert not below.passed
    assert "misses the target" in below.reason
    assert (above.q, above.d, above.n) == (net.q, net.parameter_count(), request.functions * request.points)


def test_a_witness_without_hidden_layers_verifies_and_the_independent_evaluation_agrees(tmp_path: Path) -> None:
    """A linear operator: B = U A for any rows of coefficients of the outputs in 14 ridge functions of the point."""
    dataset = build(CLEAN)
    problem = scaled(dataset, "standard", "unit", "task")
    points = problem.points[problem.index]
    kernel, bias = np.full((1, 14), 8.0), -8.0 * points[:, 0]
    values = np.linalg.solve(np.tanh(points @ kernel + bias), ((problem.labels - problem.mean) / problem.scale).T).T
    head = np.linalg.lstsq(np.hstack([problem.inputs, np.ones((16, 1))]), values, rcond=1e-10)[0]
    weights = deeponet_weights([Layer(head[:-1], head[-1])], [Layer(kernel, bias)], 0.0)
    net = net_for(CLEAN, 14, "activated-trunk", ())
    witness = Witness(header_for(CLEAN, net, target_of(CLEAN, 0.01)), weights)
    path = tmp_path / f"{witness.sha256}.npz"
    save_witness(path, witness)
    found = verify(path, entering=True)
    assert (found.passed, found.d) == (True, 14 * 101 + 14 * 2 + 1)
    assert independent_error(load_witness(path), dataset) == pytest.approx(found.error, rel=1e-6, abs=1e-12)
    wrong = dataclasses.replace(witness, header=header_for(CLEAN, net_for(CLEAN, 14, "linear", ()), witness.header.target))
    assert not verify(wrong).passed


@pytest.mark.parametrize(("slack", "verifies", "enters"), [(0.5, False, False), (1.5, True, False), (2.5, True, True)])
def test_entering_needs_twice_the_margin_of_verifying(planted: Planted, slack: float, verifies: bool, enters: bool) -> None:
    request, net, weights, _ = planted
    error = verify(Witness(header_for(request, net, target_of(request, 0.5)), weights)).error
    assert error is not None
    witness = Witness(header_for(request, net, target_of(request, quality(request, error / (1 - slack * 1e-6)))), weights)
    assert verify(witness).passed is verifies
    assert verify(witness, entering=True).passed is enters


def test_data_that_differ_as_those_of_two_machines_do_not_change_the_verdict(
    planted: Planted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A witness at the edge of entering is verified on data disturbed by 1e-12 of their size, drawn anew each time."""
    request, net, weights, _ = planted
    dataset = build(request)
    error = verify(Witness(header_for(request, net, target_of(request, 0.5)), weights)).error
    assert error is not None
    witness = Witness(header_for(request, net, target_of(request, quality(request, error / (1 - 2.001e-6)))), weights)
    assert verify(witness, entering=True).passed
    generator = np.random.default_rng(0)

    def disturbed(values: Array) -> Array:
        return values + 1e-12 * np.max(np.abs(values)) * generator.uniform(-1, 1, values.shape)

    for _ in range(3):
        other = dataclasses.replace(dataset, inputs=disturbed(dataset.inputs), clean=disturbed(dataset.clean))
        monkeypatch.setattr(verification, "build", lambda request, cache, other=other: other)
        assert verify(witness).passed


def test_weights_whose_errors_are_rounding_do_not_enter(planted: Planted) -> None:
    """Two more hidden units, equal and with opposite heads of size 1e13, cancel in exact arithmetic only."""
    request, net, weights, floor = planted
    hidden, head = layers_of(weights, "branch")
    wild = deeponet_weights(
        branch=(
            Layer(
                np.hstack([hidden.kernel[:, :1], hidden.kernel, hidden.kernel[:, :1]]),
                np.r_[hidden.bias[0], hidden.bias, hidden.bias[0]],
            ),
            Layer(np.vstack([np.full((1, net.q), 1e13), head.kernel, np.full((1, net.q), -1e13)]), head.bias),
        ),
        trunk=layers_of(weights, "trunk"),
        bias=weights["bias"][0],
    )
    net = dataclasses.replace(net, branch_widths=(WIDTH + 2,))
    error = verify(Witness(header_for(request, net, target_of(request, 0.5)), wild)).error
    assert error is not None
    close = Witness(header_for(request, net, target_of(request, quality(request, error / (1 - 3e-6)))), wild)
    assert verify(close).passed
    assert "depends on rounding" in verify(close, entering=True).reason
    assert verify(
        Witness(header_for(request, net, target_of(request, quality(request, 1.1 * floor))), wild), entering=True
    ).passed


@pytest.mark.parametrize("ends", ["linear", "activated-trunk", "sigmoid"])
@pytest.mark.parametrize("design", ["grid", "scattered", "triples"])
@pytest.mark.parametrize("scaling", [("raw", "unit"), ("standard", "raw")])
def test_the_error_is_that_of_a_plain_loop_over_all_labels(ends: Ends, design: Any, scaling: tuple[Any, Any]) -> None:
    points = 1 if design == "triples" else 4
    request = Request(TASK, design, functions=6, points=points, noise_law="gaussian", sigma=0.4, replicate=3)
    net = dataclasses.replace(net_for(request, 3, ends, (5, 4)), activation="silu")
    generator = np.random.default_rng(2)

    def layers(sizes: tuple[int, ...]) -> tuple[Layer, ...]:
        return tuple(Layer(generator.normal(size=s) / 3, generator.normal(size=s[1])) for s in itertools.pairwise(sizes))

    weights = deeponet_weights(layers(net.branch_sizes()), layers(net.trunk_sizes()), 0.25)
    header = header_for(request, net, target_of(request, 0.5), Scaling(inputs=scaling[0], coordinates=scaling[1]))
    found = verify(Witness(header, weights))

    data = build(request)
    c, silu = data.constants, ACTIVATIONS["silu"]
    last = {"linear": (lambda x: x,) * 2, "activated-trunk": (lambda x: x, silu), "sigmoid": (ACTIVATIONS["sigmoid"],) * 2}[ends]
    squares = 0.0
    for i in range(6):
        for j in range(points):
            u = data.inputs[i] if scaling[0] == "raw" else (data.inputs[i] - c.input_mean) / c.input_std
            y = data.points[data.index[j] if design == "grid" else data.index[i, j]]
            y = y if scaling[1] == "raw" else 2 * y - 1
            for layer in layers_of(weights, "branch")[:-1]:
                u = silu(layer.kernel.T @ u + layer.bias)
            for layer in layers_of(weights, "trunk")[:-1]:
                y = silu(layer.kernel.T @ y + layer.bias)
            b, t = (
                layer.kernel.T @ x + layer.bias
                for layer, x in ((layers_of(weights, "branch")[-1], u), (layers_of(weights, "trunk")[-1], y))
            )
            h = c.output_mean + c.output_std * (sum(last[0](b) * last[1](t)) + 0.25)
            squares += (data.clean[i, j] + data.noise[i, j] - h) ** 2
    assert found.error == pytest.approx(math.sqrt(squares / np.sum(data.labels**2)), rel=1e-12)
    assert found.measured is not None
    assert found.measured.absorbed == pytest.approx(1 - squares / np.sum(data.noise**2), rel=1e-9)
    assert found.measured.allowed == pytest.approx(math.sqrt(0.5 * np.sum(data.noise**2) / np.sum(data.labels**2)), rel=1e-12)
    assert (found.floor is None) is (design != "grid")


def test_an_absorbed_fraction_is_an_allowed_error() -> None:
    target = Target(kind="absorb", value=0.75)
    assert allowed_error(target, label_energy=4.0, noise_energy=1.0) == pytest.approx(0.25)
    assert allowed_error(Target(kind="relative", value=0.1), label_energy=4.0, noise_energy=0.0) == 0.1


def test_lowering_the_target_or_altering_a_weight_makes_a_witness_fail(planted: Planted, tmp_path: Path) -> None:
    request, net, weights, floor = planted
    header = header_for(request, net, target_of(request, quality(request, floor * (1 + 1e-5))))
    bolder = header.model_copy(update={"target": target_of(request, quality(request, floor / 2))})
    assert "misses the target" in verify(Witness(bolder, weights)).reason
    kernel = weights["branch_0_kernel"].copy()
    kernel[0, 0] += 1.0
    altered = Weights({**weights.named, "branch_0_kernel": kernel})
    assert "misses the target" in verify(Witness(header, altered)).reason
    data = bytearray(encode(Witness(header, weights)))
    data[len(data) // 2] ^= 1
    (tmp_path / "flipped.npz").write_bytes(data)
    assert "damaged" in verify(tmp_path / "flipped.npz").reason


def test_other_data_than_those_of_the_witness_are_not_taken_for_them(planted: Planted) -> None:
    request, net, weights, floor = planted
    target = target_of(request, quality(request, floor * 1.01))
    assert verify(Witness(header_for(request, net, target), weights)).passed
    for other in (dataclasses.replace(request, replicate=1), dataclasses.replace(request, functions=40)):
        assert "misses the target" in verify(Witness(header_for(other, net, target), weights)).reason


def changed(witness: Witness, **data: Any) -> Witness:
    header = witness.header.model_copy(update={"data": witness.header.data.model_copy(update=data)})
    return dataclasses.replace(witness, header=header)


def test_witnesses_for_another_task_version_or_size_are_refused_before_data_are_made(
    planted: Planted, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, net, weights, _ = planted
    witness = Witness(header_for(request, net, target_of(request, 0.5)), weights)
    monkeypatch.setattr(verification, "build", None)
    heat = find_task("burgers")
    cases: dict[str, dict[str, Any]] = {
        "expected a task among": {"task": "no-such-task"},
        "identity of task 'burgers'": {"task": "burgers"},
        "expected a net on 128 sensors and 1 coordinates": {
            "task": "burgers",
            "task_identity": data_of(Request(heat)).task_identity,
        },
        "expected version 1 of task": {"task_version": 2},
        "identity of task 'antiderivative'": {"parameters": {"length": 0.3}},
        "parameters of task 'antiderivative' among": {"parameters": {"speed": 1.0}},
        "expected length of task": {"parameters": {"length": 1e-9}},
        "expected 1 <= M <= 100": {"points": 101},
        "expected M = 1 for the design": {"design": "triples"},
        "expected a data set of at most 4 GiB": {"functions": 2**24},
    }
    for reason, data in cases.items():
        found = verify(changed(witness, **data))
        assert not found.passed
        assert reason in found.reason
        assert found.error is None


def test_nets_too_wide_to_evaluate_in_memory_are_refused() -> None:
    request = Request(find_task("antiderivative", {"point_count": 4096}), "scattered", functions=200, points=4096)
    header = header_for(request, net_for(request, 512), target_of(request, 0.5))
    assert Limits().memory_bytes < 200 * 4096 * 512 * 8
    with pytest.raises(UserError, match=r"expected at most 2\.0 GiB of arrays .* raise --memory"):
        request_of(header)


def test_constants_of_a_task_come_back_from_the_header() -> None:
    request = Request(find_task("antiderivative", {"length": 0.5, "point_count": 40}), functions=5, points=3)
    data = data_of(request)
    assert data.parameters == {"length": 0.5, "point_count": 40}
    header = header_for(request, net_for(request, 2), target_of(request, 0.5))
    assert request_of(header) == dataclasses.replace(request, test_functions=1)


def test_predictions_that_overflow_are_refused(planted: Planted) -> None:
    request, net, weights, _ = planted
    huge = Weights({**weights.named, "branch_1_kernel": np.full_like(weights["branch_1_kernel"], 1e308)})
    found = verify(Witness(header_for(request, net, target_of(request, 0.5)), huge), entering=True)
    assert not found.passed
    assert "finite predictions" in found.reason


def test_an_error_below_the_certified_floor_is_refused(planted: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    request, net, weights, _ = planted
    witness = Witness(header_for(request, net, target_of(request, 0.01)), weights)
    monkeypatch.setattr(results.witnesses.error, "floors_of", lambda problem: 4.0 * floors_of(problem))
    assert "below the certified floor" in verify(witness).reason


def test_a_net_of_which_no_rank_limit_is_stated_has_no_floor_and_none_is_held_against_it(
    planted: Planted, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, net, weights, floor = planted
    witness = Witness(header_for(request, net, target_of(request, quality(request, floor * (1 + 1e-5)))), weights)
    monkeypatch.setattr(results.witnesses.error, "floors_of", lambda problem: 4.0 * floors_of(problem))
    assert "below the certified floor" in verify(witness).reason
    monkeypatch.setattr(DeepONet, "output_rank", Architecture.output_rank)
    found = verify(witness)
    assert (found.passed, found.floor) == (True, None)


def test_targets_finer_than_machines_agree_on_are_refused() -> None:
    """Rank 14 reaches 14 points exactly."""
    weights = planted_weights(scaled(build(CLEAN), "standard", "unit", "task"), 14)
    net = net_for(CLEAN, 14)
    assert verify(Witness(header_for(CLEAN, net, target_of(CLEAN, 1.1e-5)), weights), entering=True).passed
    assert "machines may differ" in verify(Witness(header_for(CLEAN, net, target_of(CLEAN, 0.9e-5)), weights)).reason


def test_invalid_data_are_a_reason_and_not_a_crash(planted: Planted) -> None:
    """A speed of 1e308 makes the characteristics overflow, or leaves data that no net fits; either way the outcome is told."""
    task = find_task("advection", {"speed": 1e308, "amplitude": 1e300})
    request = Request(task, functions=4, points=4)
    generator = np.random.default_rng(0)
    net = net_for(request, 1, "linear", (1,))
    shapes = [(100, 1), (1, 1), (net.coordinates, 1), (1, 1)]
    layers = [Layer(generator.normal(size=shape), np.zeros(1)) for shape in shapes]
    found = verify(
        Witness(header_for(request, net, target_of(request, 0.5)), deeponet_weights(tuple(layers[:2]), tuple(layers[2:]), 0.0))
    )
    assert not found.passed
    assert found.reason


def test_a_folder_is_verified_file_by_file_and_names_must_be_addresses(planted: Planted, tmp_path: Path) -> None:
    request, net, weights, floor = planted
    good = Witness(header_for(request, net, target_of(request, quality(request, floor * 1.01))), weights)
    folder = tmp_path / "witnesses"
    save_witness(folder / f"{good.sha256}.npz", good)
    save_witness(folder / f"{'f' * 64}.npz", good)
    (folder / "torn.npz").write_bytes(encode(good)[:-1])
    outcome = {path.name: found for path, found in verify_folder(tmp_path)}
    assert outcome[f"{good.sha256}.npz"].passed
    assert "altered or renamed" in outcome[f"{'f' * 64}.npz"].reason
    assert "npz archive" in outcome["torn.npz"].reason
    assert not outcome["torn.npz"].passed
    assert list(verify_folder(tmp_path / "nothing")) == []


PROGRAM = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("tensorflow", "keras", "deepxde", "torch", "jax"):
            raise ImportError(f"{name} must not be imported")
sys.meta_path.insert(0, Blocked())
from pathlib import Path
from results.witnesses.verification import verify
found = verify(Path(sys.argv[1]), entering=True)
print(repr(found.error), found.passed)
"""


def test_verification_needs_no_tensorflow_and_gives_the_same_bits_in_another_process(tmp_path: Path) -> None:
    weights = planted_weights(scaled(build(CLEAN), "standard", "unit", "task"), 3)
    witness = Witness(header_for(CLEAN, net_for(CLEAN, 3), target_of(CLEAN, 0.1)), weights)
    save_witness(tmp_path / "w.npz", witness)
    here = verify(witness).error
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "w.npz")]
    output = subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, text=True, timeout=60).stdout
    assert output == f"{here!r} True\n"
