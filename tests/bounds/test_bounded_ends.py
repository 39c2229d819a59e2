"""What sigmoid ends span: against brute force over the bias, nets of random weights, and its own laws."""

import numpy as np
import pytest

from bench.cell import Cell, Net, Noise
from bench.question import Question
from bench.search.lower_ends import certified
from operators.architectures.deeponet import DeepONet, deeponet_weights
from operators.architectures.weights import Layer
from operators.bounds import BOUNDS, Setting
from operators.bounds.bounded_ends import least_error, least_q
from operators.data.dataset import BlockCache, Design, build
from operators.data.normalisation import Problem, predict
from results.records.manifest import Target


@pytest.mark.parametrize("seed", range(5))
def test_the_error_is_the_least_over_the_bias_and_is_never_above_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.standard_normal(200) * 3.0
    for q in (1, 3, 8):
        grid = np.linspace(values.min() - 1.0, values.max(), 20001)[:, None]
        tried = np.mean((values - np.clip(values, grid, grid + q)) ** 2, axis=1).min()
        assert least_error(values, q) <= tried
        assert least_error(values, q) == pytest.approx(tried, rel=1e-5, abs=1e-9)


def test_it_does_not_increase_with_q_and_vanishes_where_q_spans_all() -> None:
    values = np.array([0.0, 0.5, 2.5, 7.0])
    errors = [least_error(values, q) for q in range(1, 10)]
    assert errors == sorted(errors, reverse=True)
    assert errors[6:] == [0.0, 0.0, 0.0]
    assert least_q(values, 0.0) == 7
    assert least_q(values, 10.0) == 1


def test_two_values_far_apart_leave_half_of_what_is_between_them_each() -> None:
    assert least_error(np.array([0.0, 10.0]), 4) == pytest.approx(9.0, rel=1e-9)


@pytest.mark.parametrize("seed", range(30))
def test_no_net_with_sigmoid_ends_is_better(seed: int) -> None:
    rng = np.random.default_rng(seed)
    q, labels = int(rng.integers(1, 5)), rng.standard_normal((6, 7)) * 4.0
    net = DeepONet(3, 2, (5,), (5,), q, "tanh", "sigmoid")
    layers = [
        [
            Layer(rng.standard_normal((inputs, 5)), rng.standard_normal(5)),
            Layer(20.0 * rng.standard_normal((5, q)), np.zeros(q)),
        ]
        for inputs in (3, 2)
    ]
    bias = float(rng.uniform(-q, 1.0))
    problem = Problem(
        design="grid",
        inputs=rng.standard_normal((6, 3)),
        points=rng.standard_normal((7, 2)),
        index=np.arange(7),
        labels=labels,
        mean=np.asarray(0.3),
        scale=np.asarray(1.7),
        unit=1.0,
        test_inputs=np.zeros((1, 3)),
    )
    error = float(np.mean((predict(net, deeponet_weights(*layers, bias), problem) - labels) ** 2))
    assert error >= 1.7**2 * least_error((labels - 0.3) / 1.7, q)


def test_the_bound_speaks_of_sigmoid_ends_alone() -> None:
    bound, labels = BOUNDS["bounded-ends"], np.array([0.0, 10.0])
    sigmoid, linear = (
        Setting(n=2, size=lambda q, ends=ends: DeepONet(3, 2, (q,), (q,), q, "tanh", ends), labels=labels, label_energy=50.0)
        for ends in ("sigmoid", "linear")
    )
    assert (bound.necessary(sigmoid, 0.1).value, bound.necessary(sigmoid, 0.1).worth) == (9.0, "certified")
    assert bound.necessary(linear, 0.1).worth == "vacuous"
    assert bound.attainable(sigmoid, 4).value == pytest.approx(3.0 / np.sqrt(50.0), rel=1e-9)
    assert bound.attainable(linear, 4).worth == "vacuous"
    assert bound.necessary(Setting(n=2, size=sigmoid.size), 0.1).note == "needs these labels"


@pytest.mark.parametrize("design", ["grid", "scattered", "triples"])
def test_lower_ends_of_sigmoid_nets_span_the_labels_on_any_design(design: Design) -> None:
    functions, points = (64, 1) if design == "triples" else (12, 12)
    cell = Cell(
        task="antiderivative",
        design=design,
        functions=functions,
        points=points,
        architecture=Net(branch_widths=(8, 8), trunk_widths=(8, 8), ends="sigmoid"),
    )
    below = certified(Question(cell, Target(kind="relative", value=0.01)), BlockCache(None))
    dataset = build(cell.request())
    scaled = dataset.labels / dataset.constants.output_std
    allowed = 0.01**2 * float(np.mean(scaled**2))
    spanned = least_q(scaled.ravel(), allowed)
    assert spanned > 1
    assert below.bracket.q_lower >= spanned
    assert (below.bracket.q_bound == "bounded-ends") == (below.bracket.q_lower == spanned != below.needed.rank)
    assert below.bracket.q_status == below.bracket.d_status == "certified"
    linear = cell.model_copy(update={"architecture": Net(branch_widths=(8, 8), trunk_widths=(8, 8), ends="linear")})
    assert certified(Question(linear, Target(kind="relative", value=0.01)), BlockCache(None)).bracket.q_bound != "bounded-ends"


def test_noise_that_is_to_be_absorbed_has_to_be_spanned_too() -> None:
    cell = Cell(
        task="antiderivative",
        functions=12,
        points=12,
        noise=Noise(law="rademacher", sigma=6.0),
        architecture=Net(branch_widths=(8, 8), trunk_widths=(8, 8), ends="sigmoid"),
    )
    asked = [certified(Question(cell, Target(kind="absorb", value=rho)), BlockCache(None)).bracket for rho in (0.1, 0.9)]
    assert asked[0].q_lower <= asked[1].q_lower
    assert asked[1].q_bound == "bounded-ends"
