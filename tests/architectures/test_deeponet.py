"""Sizes by formula against real variables, the size schedules, and the forward pass against an independent one."""

import math
import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.cell import Net
from bench.size_schedules import NETS, fixed_budget, fixed_width, tied
from operators.architectures.activations import ACTIVATIONS
from operators.architectures.deeponet import ENDS, DeepONet, deeponet_weights
from operators.architectures.weights import Layer, Weights, layers_of
from operators.errors import UserError

BUDGETS = [
    (2_000, 100, 1, 64),
    (3_000, 100, 2, 64),
    (6_000, 128, 1, 96),
    (10_000, 200, 1, 128),
    (20_000, 841, 2, 128),
    (50_000, 100, 2, 256),
]
LINEAR_BRANCH = ("linear", "activated-trunk")
WIDTHS = st.lists(st.integers(1, 12), max_size=4).map(tuple)
SHAPES = st.builds(
    DeepONet,
    sensors=st.integers(1, 30),
    coordinates=st.integers(1, 3),
    branch_widths=WIDTHS,
    trunk_widths=WIDTHS,
    q=st.integers(1, 15),
    activation=st.sampled_from(sorted(ACTIVATIONS)),
    ends=st.sampled_from(ENDS),
)


def random_weights(net: DeepONet, seed: int = 0) -> Weights:
    generator = np.random.default_rng(seed)

    def layers(sizes: tuple[int, ...]) -> tuple[Layer, ...]:
        return tuple(Layer(generator.standard_normal((a, b)), generator.standard_normal(b)) for a, b in pairwise(sizes))

    return deeponet_weights(layers(net.branch_sizes()), layers(net.trunk_sizes()), float(generator.standard_normal()))


def unflattened(net: DeepONet, theta: np.ndarray) -> Weights:
    """The weights whose numbers, in canonical order, are theta (real or complex)."""
    rest = iter(np.split(theta, np.cumsum([array.size for array in random_weights(net).arrays()])[:-1]))

    def layers(sizes: tuple[int, ...]) -> tuple[Layer, ...]:
        return tuple(Layer(next(rest).reshape(a, b), next(rest)) for a, b in pairwise(sizes))

    branch, trunk = layers(net.branch_sizes()), layers(net.trunk_sizes())
    return deeponet_weights(branch, trunk, next(rest)[0])


@given(net=SHAPES)
def test_parameter_count_is_the_number_of_entries_of_the_arrays(net: DeepONet) -> None:
    assert net.parameter_count() == sum(array.size for array in random_weights(net).arrays())


@pytest.mark.parametrize(("width", "count"), [(16, 4_609), (64, 33_793)])
def test_published_sizes_of_the_outside_run(width: int, count: int) -> None:
    net = tied(width, like=Net(branch_widths=(1, 1, 1), trunk_widths=(1, 1)))
    assert DeepONet(200, 1, net.branch_widths, net.trunk_widths, net.q).parameter_count() == count


@given(q=st.integers(1, 200), width=st.integers(1, 300), branch=st.integers(1, 4), trunk=st.integers(1, 4))
def test_tied_and_fixed_width_keep_depth_activation_and_ends(q: int, width: int, branch: int, trunk: int) -> None:
    like = Net(branch_widths=(7,) * branch, trunk_widths=(9,) * trunk, activation="relu", ends="sigmoid")
    one, other = tied(q, like=like), fixed_width(q, width=width, like=like)
    assert (one.branch_widths, one.trunk_widths, one.q, one.schedule) == ((q,) * branch, (q,) * trunk, q, "tied")
    assert (other.branch_widths, other.trunk_widths, other.q) == ((width,) * branch, (width,) * trunk, q)
    assert other.schedule == "fixed-width"
    assert {(net.activation, net.ends) for net in (one, other)} == {("relu", "sigmoid")}


@pytest.mark.parametrize(
    ("budget", "sensors", "coordinates", "largest_q"),
    [
        (2_000, 100, 1, 64),
        (3_000, 100, 2, 64),
        (6_000, 128, 1, 96),
        (10_000, 200, 1, 128),
        (20_000, 841, 2, 128),
        (50_000, 100, 2, 256),
    ],
)
def test_fixed_budget_is_met_within_two_percent_for_every_q(budget: int, sensors: int, coordinates: int, largest_q: int) -> None:
    for q in range(1, largest_q + 1):
        net = fixed_budget(q, budget=budget, sensors=sensors, coordinates=coordinates)
        d = DeepONet(sensors, coordinates, net.branch_widths, net.trunk_widths, q).parameter_count()
        assert abs(d - budget) <= 0.02 * budget
        assert 0.5 <= net.trunk_widths[0] / net.branch_widths[0] <= 2.0
        assert (net.q, net.schedule, len(net.branch_widths), len(net.trunk_widths)) == (q, "fixed-budget", 2, 2)


@given(
    q=st.integers(1, 40),
    width=st.integers(1, 40),
    sensors=st.integers(1, 300),
    depths=st.tuples(st.integers(1, 3), st.integers(1, 3)),
)
def test_fixed_budget_finds_equal_widths_when_they_meet_the_budget_exactly(
    q: int, width: int, sensors: int, depths: tuple[int, int]
) -> None:
    like = Net(branch_widths=(1,) * depths[0], trunk_widths=(1,) * depths[1])
    target = fixed_width(q, width=width, like=like)
    budget = DeepONet(sensors, 2, target.branch_widths, target.trunk_widths, q).parameter_count()
    found = fixed_budget(q, budget=budget, sensors=sensors, coordinates=2, like=like)
    assert (found.branch_widths, found.trunk_widths) == (target.branch_widths, target.trunk_widths)


@pytest.mark.parametrize(("q", "budget", "sensors"), [(4, 50, 100), (1, 3_000, 841), (500, 1_000, 100), (4, 1, 100)])
def test_an_infeasible_budget_names_a_size_that_is_feasible(q: int, budget: int, sensors: int) -> None:
    with pytest.raises(UserError, match="within 2 %") as caught:
        fixed_budget(q, budget=budget, sensors=sensors, coordinates=1)
    found = re.search(r"nearest feasible size is d = (\d+)$", str(caught.value))
    assert found is not None
    nearest = int(found[1])
    net = fixed_budget(q, budget=nearest, sensors=sensors, coordinates=1)
    d = DeepONet(sensors, 1, net.branch_widths, net.trunk_widths, q).parameter_count()
    assert abs(d - nearest) <= 0.02 * nearest


def test_the_registry_describes_every_kind_of_ends() -> None:
    assert tuple(NETS) == ENDS
    assert all(NETS.values())


@given(
    w=st.integers(1, 6),
    v=st.integers(1, 6),
    q=st.integers(1, 9),
    ends=st.sampled_from(LINEAR_BRANCH),
    depths=st.tuples(st.integers(0, 2), st.integers(0, 2)),
)
def test_the_output_rank_bounds_that_of_the_outputs_and_linear_ends_reach_it(
    w: int, v: int, q: int, ends: str, depths: tuple[int, int]
) -> None:
    net = DeepONet(10, 1, (9, w)[2 - depths[0] :], (9, v)[2 - depths[1] :], q, "tanh", ends)
    weights = random_weights(net)
    generator = np.random.default_rng(1)
    branch = net.branch(weights, generator.standard_normal((60, 10)))
    trunk = net.trunk(weights, np.linspace(-4.0, 4.0, 80)[:, None])
    singular = np.linalg.svd(branch @ trunk.T, compute_uv=False)
    assert singular[net.output_rank() :].max(initial=0.0) < 1e-13 * singular[0]
    if ends == "linear":
        assert singular[net.output_rank() - 1] > 1e-9 * singular[0]


@pytest.mark.parametrize("q", [1, 2, 3, 4, 5, 6, 8])
@pytest.mark.parametrize(("branch", "trunk"), [((3,), (3,)), ((2,), (4,)), ((4,), (2,)), ((), (3,)), ((2,), ()), ((), ())])
def test_effective_parameter_count_is_the_rank_of_the_jacobian(q: int, branch: tuple[int, ...], trunk: tuple[int, ...]) -> None:
    """Complex steps give the Jacobian of the outputs to rounding; b0 is redundant once the heads span all features and biases."""
    net = DeepONet(3, 1, branch, trunk, q, "tanh", "linear")
    generator = np.random.default_rng(2)
    theta = np.concatenate([array.ravel() for array in random_weights(net, seed=3).arrays()])
    inputs, points = generator.standard_normal((25, 3)), np.linspace(-2.0, 2.0, 25)[:, None]
    columns = []
    for index in range(theta.size):
        step = theta.astype(complex)
        step[index] += 1e-30j
        weights = unflattened(net, step)
        columns.append((net.branch(weights, inputs) @ net.trunk(weights, points).T + weights["bias"][0]).imag.ravel() / 1e-30)
    jacobian = np.stack(columns, axis=1)
    singular = np.linalg.svd(jacobian / np.linalg.norm(jacobian, axis=0), compute_uv=False)
    rank = int(np.sum(singular > 1e-10))
    assert singular[rank - 1] > 1e3 * singular[rank:].max(initial=1e-17)
    assert rank == net.effective_parameter_count() - (1 if q >= min(net.branch_features(), net.trunk_features()) + 1 else 0)


@pytest.mark.parametrize("ends", ["activated-trunk", "sigmoid"])
def test_ends_without_gauge_keep_all_parameters(ends: str) -> None:
    net = DeepONet(3, 1, (2,), (2,), 9, "tanh", ends)
    assert net.effective_parameter_count() == net.parameter_count()


SCALAR = {
    "tanh": math.tanh,
    "relu": lambda x: x if x > 0 else 0.0,
    "sigmoid": lambda x: 1.0 / (1.0 + math.exp(-x)),
    "gelu": lambda x: x * 0.5 * math.erfc(-x / math.sqrt(2.0)),
    "silu": lambda x: x / (1.0 + math.exp(-x)),
}


def scalar_net(layers: tuple[Layer, ...], values: list[float], activation: str, end: str) -> list[float]:
    """One net at one point, number by number."""
    for position, layer in enumerate(layers):
        fan_in, fan_out = layer.kernel.shape
        values = [math.fsum([layer.bias[b], *(values[a] * layer.kernel[a, b] for a in range(fan_in))]) for b in range(fan_out)]
        name = activation if position < len(layers) - 1 else end
        values = [SCALAR[name](x) for x in values] if name else values
    return values


@given(net=SHAPES, seed=st.integers(0, 99))
def test_forward_pass_equals_a_scalar_one(net: DeepONet, seed: int) -> None:
    weights = random_weights(net, seed)
    generator = np.random.default_rng(seed)
    u, y = generator.standard_normal((2, net.sensors)), generator.standard_normal((3, net.coordinates))
    branch_end = "sigmoid" if net.ends == "sigmoid" else ""
    trunk_end = {"linear": "", "activated-trunk": net.activation, "sigmoid": "sigmoid"}[net.ends]
    expected_branch = [scalar_net(layers_of(weights, "branch"), list(row), net.activation, branch_end) for row in u]
    expected_trunk = [scalar_net(layers_of(weights, "trunk"), list(row), net.activation, trunk_end) for row in y]
    np.testing.assert_allclose(net.branch(weights, u), expected_branch, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(net.trunk(weights, y), expected_trunk, rtol=1e-10, atol=1e-10)


def test_wrong_shapes_are_refused() -> None:
    net = DeepONet(3, 1, (2,), (2,), 4)
    weights = random_weights(net)
    net.check(weights)
    with pytest.raises(ValueError, match=r"expected weights of shapes .*'trunk_0_kernel'"):
        net.check(deeponet_weights(layers_of(weights, "branch"), layers_of(weights, "branch"), 0.0))
    with pytest.raises(ValueError, match=r"expected weights of shapes .*'bias'"):
        net.check(Weights({name: array for name, array in weights.named.items() if name != "bias"}))


@pytest.mark.parametrize("widths", [(0,), (4, -1)])
@pytest.mark.parametrize("part", ["branch", "trunk"])
def test_widths_that_are_no_widths_are_refused(part: str, widths: tuple[int, ...]) -> None:
    stated = {"branch_widths": (2,), "trunk_widths": (2,), f"{part}_widths": widths}
    with pytest.raises(ValueError, match=rf"expected {part} widths >= 1, or none for no hidden layer, got \[.*\]"):
        DeepONet(3, 1, q=4, **stated)


@given(net=SHAPES, seed=st.integers(0, 99))
def test_arrays_come_in_the_order_of_the_shapes_and_the_layers_come_back(net: DeepONet, seed: int) -> None:
    weights = random_weights(net, seed)
    net.check(weights)
    assert [array.shape for array in weights.arrays()] == list(net.shapes().values())
    branch, trunk = layers_of(weights, "branch"), layers_of(weights, "trunk")
    assert [len(branch), len(trunk)] == [len(net.branch_widths) + 1, len(net.trunk_widths) + 1]
    assert deeponet_weights(branch, trunk, weights["bias"][0]).sha256() == weights.sha256()


@given(net=SHAPES, seed=st.integers(0, 99), own=st.booleans())
def test_values_at_some_points_are_those_of_the_whole_matrix(net: DeepONet, seed: int, own: bool) -> None:
    weights, generator = random_weights(net, seed), np.random.default_rng(seed)
    inputs, points = generator.standard_normal((4, net.sensors)), generator.standard_normal((6, net.coordinates))
    index = generator.integers(0, 6, size=(4, 3) if own else 3)
    whole = net.apply(weights, inputs, points)
    expected = np.array([[whole[i, j] for j in (index[i] if own else index)] for i in range(4)])
    np.testing.assert_allclose(net.apply_at(weights, inputs, points, index), expected, rtol=1e-10, atol=1e-10)


@given(net=SHAPES, seed=st.integers(0, 99))
def test_reversed_weights_are_the_same_function_of_reversed_data(net: DeepONet, seed: int) -> None:
    weights, generator = random_weights(net, seed), np.random.default_rng(seed)
    inputs, points = generator.standard_normal((4, net.sensors)), generator.standard_normal((6, net.coordinates))
    turned = net.reversed(weights)
    np.testing.assert_allclose(
        net.apply(turned, inputs[:, ::-1], points[:, ::-1]), net.apply(weights, inputs, points), rtol=1e-9, atol=1e-9
    )


@given(net=SHAPES, seed=st.integers(0, 99))
def test_factors_multiply_to_the_outputs_and_linear_heads_follow_from_their_features(net: DeepONet, seed: int) -> None:
    weights, generator = random_weights(net, seed), np.random.default_rng(seed)
    inputs, points = generator.standard_normal((4, net.sensors)), generator.standard_normal((6, net.coordinates))
    parts = net.factors(weights, inputs, points)
    product = parts.branch @ parts.trunk.T + parts.bias
    np.testing.assert_allclose(product, net.apply(weights, inputs, points), rtol=1e-10, atol=1e-10)
    assert (parts.features is None) == (net.ends == "sigmoid")
    if parts.features is not None:
        head = layers_of(weights, "branch")[-1]
        np.testing.assert_allclose(parts.features @ np.vstack([head.kernel, head.bias]), parts.branch, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("ends", ENDS)
def test_without_hidden_layers_d_is_that_of_two_matrices_and_the_features_are_the_inputs(ends: str) -> None:
    net = DeepONet(7, 2, (), (), 5, ends=ends)
    assert (net.branch_features(), net.trunk_features()) == (7, 2)
    assert net.parameter_count() == 5 * (7 + 1) + 5 * (2 + 1) + 1
    assert net.output_rank() == {"linear": 3, "activated-trunk": 5, "sigmoid": 5}[ends]
    assert DeepONet(3, 2, (), (), 9, ends=ends).output_rank() == {"linear": 3, "activated-trunk": 4, "sigmoid": 9}[ends]


def test_ends_of_which_nothing_is_stated_have_no_rank_limit() -> None:
    net = DeepONet(3, 1, (2,), (2,), 4, ends="softmax")  # type: ignore[arg-type]
    assert (net.output_rank(), net.rank_limit(), net.rank_at_most(7)) == (None, math.inf, 7)
    assert net.effective_parameter_count() == net.parameter_count()
