"""Variable projection: gradients, floors, planted nets, restarts, bits."""

from itertools import pairwise

import numpy as np
import pytest

from bench.engines.variable_projection.heads import exact_heads
from bench.engines.variable_projection.hidden_layers import HiddenNet
from bench.engines.variable_projection.matrix_completion import complete
from bench.engines.variable_projection.phases import Run
from bench.engines.variable_projection.rank_targets import grid_labels
from bench.engines.variable_projection.reduced_inputs import reduced
from bench.engines.variable_projection.subnet import Subnet
from bench.engines.variable_projection.train import Options, Result, roughened, target_miss, train_by_variable_projection
from operators import find_task
from operators.architectures.activations import Activation
from operators.architectures.deeponet import DeepONet, Ends, deeponet_weights
from operators.architectures.weights import Layer, Weights, layers_of
from operators.arrays import Array
from operators.bounds.lemmas.offset import offset_tails
from operators.data.dataset import Design, Request, build
from operators.data.normalisation import Problem, predict, scaled
from operators.seeds import stream

ACTIVATIONS: tuple[Activation, ...] = ("tanh", "relu", "sigmoid", "gelu", "silu")


def problem_of(task: str, *, functions: int = 80, points: int = 60, design: Design = "grid", sigma: float = 0.0) -> Problem:
    """A problem of a registered task with Rademacher noise."""
    law = "rademacher" if sigma else "none"
    request = Request(
        find_task(task, {}), design, functions=functions, points=points, noise_law=law, sigma=sigma, test_functions=1
    )
    return scaled(build(request), "standard", "unit", "task")


@pytest.fixture(scope="module")
def advection() -> Problem:
    return problem_of("advection-speed")


def net_for(
    problem: Problem, *, branch: tuple[int, ...], trunk: tuple[int, ...], q: int, ends: Ends = "activated-trunk"
) -> DeepONet:
    return DeepONet(problem.inputs.shape[1], problem.points.shape[1], branch, trunk, q, ends=ends)


def initial(net: DeepONet, *, seed: int = 0, scale: float = 1.0) -> Weights:
    """Random weights of a net: normal kernels over the root of the fan in, normal biases."""

    def layers(part: str, sizes: tuple[int, ...]) -> tuple[Layer, ...]:
        shapes = enumerate(pairwise(sizes))
        generators = {number: stream("init", "test", part, seed, number) for number in range(len(sizes))}
        return tuple(
            Layer(scale * generators[number].normal(size=(a, b)) / np.sqrt(a), generators[number].normal(size=b))
            for number, (a, b) in shapes
        )

    return deeponet_weights(layers("branch", net.branch_sizes()), layers("trunk", net.trunk_sizes()), 0.0)


def train(net: DeepONet, problem: Problem, *, steps: int, seed: int = 0, restarts: int | None = None) -> Result:
    options = Options(steps, restarts=restarts)
    return train_by_variable_projection(net, problem, lambda number: initial(net, seed=seed + 1000 * number), options=options)


def floor(problem: Problem, q: int) -> float:
    """The certified floor of rank q and a scalar bias, from the theory side of the suite."""
    ones = [np.ones(size) for size in problem.labels.shape]
    return float(offset_tails(problem.labels, *ones, ranks=[q]).lower[q]) / problem.labels.size


def mse(net: DeepONet, weights: Weights | None, problem: Problem) -> float:
    assert weights is not None
    net.check(weights)
    return float(np.mean((predict(net, weights, problem) - problem.labels) ** 2))


def shifted(net: HiddenNet, matrices: list[Array], directions: list[Array], step: float) -> HiddenNet:
    net.matrices = [matrix + step * direction for matrix, direction in zip(matrices, directions, strict=True)]
    return net


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("widths", [(7,), (6, 5), (5, 4, 6)])
def test_the_gradient_in_hidden_weights_is_that_of_the_projected_loss(activation: Activation, widths: tuple[int, ...]) -> None:
    rng = np.random.default_rng(1)
    planted = rng.normal(size=(30, 3)) @ rng.normal(size=(3, 20))
    labels = grid_labels(planted + 0.3 * rng.normal(size=(30, 20)), 3)
    nets = []
    for rows, fan_in in ((30, 4), (20, 2)):
        sizes = (fan_in, *widths)
        matrices = [rng.normal(size=(a + 1, b)) for a, b in pairwise(sizes)]
        nets.append(HiddenNet(rng.normal(size=(rows, fan_in)), matrices, activation))
    run = Run(Subnet(nets[0]), Subnet(nets[1]), labels, count=lambda loss: True)
    for _ in range(300):
        loss, *outers = run.joint()
    assert loss == pytest.approx(exact_heads(nets[0].features(), nets[1].features(), labels.matrix, q=3).loss, rel=2e-4)

    def projected(step: float, which: int, start: list[Array], directions: list[Array]) -> float:
        moved = [shifted(net, start, directions, step) if net is nets[which] else net for net in nets]
        factors = [np.linalg.svd(net.features(), full_matrices=False) for net in moved]
        bases = [left[:, values > 1e-9 * values[0]] for left, values, _ in factors]
        return float(np.sum(labels.matrix**2) - np.sum(np.linalg.svd(bases[0].T @ labels.matrix @ bases[1])[1][:3] ** 2))

    for which, outer in enumerate(outers):
        nets[which].features()
        gradients = nets[which].gradients(2.0 * outer)
        start = list(nets[which].matrices)
        directions = [rng.normal(size=matrix.shape) for matrix in start]
        slope = sum(float(np.vdot(g, d)) for g, d in zip(gradients, directions, strict=True))
        h = 1e-6
        difference = (projected(h, which, start, directions) - projected(-h, which, start, directions)) / (2.0 * h)
        nets[which].matrices = start
        assert slope == pytest.approx(difference, rel=1e-4, abs=1e-4)


def test_the_gradient_of_a_trunk_without_a_head_and_of_a_branch_without_hidden_layers() -> None:
    """T = phi(Y C + c) acts on no head and has no constant; the branch has nothing to train."""
    rng = np.random.default_rng(4)
    labels = grid_labels(rng.normal(size=(30, 20)), 3)
    branch = HiddenNet(rng.normal(size=(30, 4)), [], "tanh")
    trunk = HiddenNet(rng.normal(size=(20, 2)), [rng.normal(size=(3, 3))], "tanh", constant=False)
    assert (branch.features().shape, trunk.features().shape) == ((30, 5), (20, 3))
    run = Run(Subnet(branch), Subnet(trunk), labels, count=lambda loss: True)
    for _ in range(50):
        loss, _, outer = run.joint()
    assert branch.gradients(np.zeros((30, 4))) == []
    start, direction = trunk.matrices[0], rng.normal(size=(3, 3))

    def projected(step: float) -> float:
        trunk.matrices = [start + step * direction]
        bases = [np.linalg.qr(net.features())[0] for net in (branch, trunk)]
        return float(np.sum(labels.matrix**2) - np.sum((bases[0].T @ labels.matrix @ bases[1]) ** 2))

    assert loss == pytest.approx(projected(0.0), rel=1e-6)
    slope = float(np.vdot(trunk.gradients(2.0 * outer)[0], direction))
    assert slope == pytest.approx((projected(1e-6) - projected(-1e-6)) / 2e-6, rel=1e-4)


def test_reduced_inputs_give_the_same_features_and_lead_back() -> None:
    rng = np.random.default_rng(2)
    inputs = rng.normal(size=(20, 4)) @ rng.normal(size=(4, 30)) + rng.normal(size=30)
    small = reduced(inputs)
    assert small.values.shape == (20, 4)
    layers = (Layer(rng.normal(size=(30, 5)), rng.normal(size=5)), Layer(rng.normal(size=(5, 3)), rng.normal(size=3)))
    matrices = small.matrices(layers)
    before = inputs @ layers[0].kernel + layers[0].bias
    np.testing.assert_allclose(small.values @ matrices[0][:-1] + matrices[0][-1], before, atol=1e-10)
    back = small.layers(matrices)
    np.testing.assert_allclose(inputs @ back[0].kernel + back[0].bias, before, atol=1e-10)
    np.testing.assert_array_equal(back[1].kernel, layers[1].kernel)


@pytest.mark.parametrize("ends", ["linear", "activated-trunk"])
@pytest.mark.parametrize(("task", "q"), [("advection-speed", 6), ("antiderivative", 3), ("burgers-low-viscosity", 6)])
def test_wide_nets_stop_at_the_floor_and_never_below(task: str, q: int, ends: Ends) -> None:
    problem = problem_of(task)
    net = net_for(problem, branch=(24, 24), trunk=(24, 24), q=q, ends=ends)
    result = train(net, problem, steps=3000)
    least = floor(problem, q)
    assert least * (1.0 - 1e-9) <= result.training_mse <= least * 1.0011
    assert result.training_mse == pytest.approx(mse(net, result.weights, problem), rel=1e-12)
    assert 0 < result.steps < 3000
    assert result.status == "done"


def test_noisy_labels_are_fitted_to_their_floor() -> None:
    problem = problem_of("advection-speed", sigma=0.1)
    result = train(net_for(problem, branch=(32, 32), trunk=(32, 32), q=6), problem, steps=3000)
    assert floor(problem, 6) * (1.0 - 1e-9) <= result.training_mse <= floor(problem, 6) * 1.0011


def test_noise_that_no_smooth_trunk_represents_is_fitted_to_its_floor() -> None:
    problem = problem_of("antiderivative", sigma=0.1)
    result = train(net_for(problem, branch=(48, 48), trunk=(48, 48), q=12), problem, steps=8000)
    assert floor(problem, 12) * (1.0 - 1e-9) <= result.training_mse <= floor(problem, 12) * 1.01


def test_a_rough_first_layer_keeps_the_others_and_spans_a_rough_target_better(advection: Problem) -> None:
    layers = layers_of(initial(net_for(advection, branch=(16,), trunk=(16, 16), q=4)), "trunk")[:-1]
    changed = roughened(layers)
    np.testing.assert_allclose(changed[0].kernel, layers[0].kernel * np.geomspace(10.0, 30.0, 16))
    np.testing.assert_allclose(changed[0].bias, layers[0].bias * np.geomspace(10.0, 30.0, 16))
    assert changed[1] is layers[1]
    inputs = reduced(advection.points)
    smooth, rough = (HiddenNet(inputs.values, inputs.matrices(start), "tanh") for start in (layers, changed))
    for favoured, other in ((smooth, rough), (rough, smooth)):
        target = favoured.features()[:, :4] @ np.ones((4, 2))
        assert target_miss(favoured, target) < 1e-6 < target_miss(other, target)


def test_the_float32_copy_is_as_good(advection: Problem) -> None:
    net = net_for(advection, branch=(24, 24), trunk=(24, 24), q=6)
    result = train(net, advection, steps=3000)
    assert result.weights is not None

    def rounded(layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
        return tuple(Layer(*(np.float64(np.float32(array)) for array in (layer.kernel, layer.bias))) for layer in layers)

    copy = deeponet_weights(
        rounded(layers_of(result.weights, "branch")),
        rounded(layers_of(result.weights, "trunk")),
        float(np.float32(result.weights["bias"][0])),
    )
    assert mse(net, copy, advection) == pytest.approx(result.training_mse, rel=1e-5)


@pytest.mark.parametrize(
    ("activation", "ends"),
    [("silu", "activated-trunk"), ("gelu", "activated-trunk"), ("relu", "linear"), ("sigmoid", "linear")],
)
def test_other_activations_reach_the_floor_too(advection: Problem, activation: Activation, ends: Ends) -> None:
    sizes = advection.inputs.shape[1], advection.points.shape[1]
    net = DeepONet(*sizes, (40, 40), (40, 40), 5, activation=activation, ends=ends)
    result = train(net, advection, steps=3000)
    assert floor(advection, 5) * (1.0 - 1e-9) <= mse(net, result.weights, advection) <= 1.01 * floor(advection, 5)


def test_branch_and_trunk_may_differ_in_width_and_depth(advection: Problem) -> None:
    net = net_for(advection, branch=(12, 16, 20), trunk=(24,), q=5)
    result = train(net, advection, steps=3000)
    assert floor(advection, 5) * (1.0 - 1e-9) <= mse(net, result.weights, advection) <= 1.01 * floor(advection, 5)


def test_narrow_nets_reach_a_tenth_above_the_floor() -> None:
    problem = problem_of("advection-speed", functions=200, points=100)
    least = floor(problem, 8)
    for seed in range(2):
        result = train(net_for(problem, branch=(8, 8), trunk=(8, 8), q=8), problem, steps=4000, seed=seed)
        assert least * (1.0 - 1e-9) <= result.training_mse <= 1.1 * least
        assert result.steps == 4000


def test_restarts_share_the_budget(advection: Problem) -> None:
    net, asked = net_for(advection, branch=(5, 5), trunk=(5, 5), q=5), []

    def start(number: int) -> Weights:
        asked.append(number)
        return initial(net, seed=number)

    result = train_by_variable_projection(net, advection, start, options=Options(400, restarts=3))
    assert asked == [0, 1, 2]
    assert result.steps == 400
    assert [step for step, _ in result.curve] == sorted({step for step, _ in result.curve})
    assert (result.curve[0][0], result.curve[-1][0]) == (0, 400)


def test_random_features_with_solved_heads_reach_the_floor_untrained() -> None:
    problem = problem_of("advection-speed", functions=30, points=25)
    result = train(net_for(problem, branch=(40, 40), trunk=(40, 40), q=5), problem, steps=1000)
    assert result.steps == 0
    assert floor(problem, 5) * (1.0 - 1e-9) <= result.training_mse <= 1.001 * floor(problem, 5)


def test_no_steps_keep_the_hidden_weights_and_solve_the_heads(advection: Problem) -> None:
    net = net_for(advection, branch=(10, 9), trunk=(8,), q=4, ends="linear")
    start = initial(net)
    result = train_by_variable_projection(net, advection, lambda number: start, options=Options(0))
    assert result.weights is not None
    hidden = [net.branch(result.weights, advection.inputs), net.branch(start, advection.inputs)]
    np.testing.assert_allclose(layers_of(result.weights, "trunk")[0].kernel, layers_of(start, "trunk")[0].kernel, atol=1e-12)
    np.testing.assert_allclose(layers_of(result.weights, "branch")[1].kernel, layers_of(start, "branch")[1].kernel, atol=1e-12)
    assert hidden[0].shape == hidden[1].shape
    assert result.training_mse < mse(net, start, advection)


def test_labels_of_exact_rank_are_fitted_exactly() -> None:
    problem = problem_of("advection-speed", functions=40, points=30)
    planted = net_for(problem, branch=(6,), trunk=(6,), q=3, ends="linear")
    labels = predict(planted, initial(planted, seed=9), problem)
    exact = Problem(**{**vars(problem), "labels": labels})
    result = train(net_for(problem, branch=(24, 24), trunk=(24, 24), q=3, ends="linear"), exact, steps=1500)
    assert result.training_mse < 1e-6 * labels.var()


@pytest.mark.parametrize(("functions", "points"), [(1, 30), (30, 1), (1, 1)])
def test_a_single_function_or_point_is_fitted_exactly(functions: int, points: int) -> None:
    problem = problem_of("advection-speed", functions=functions, points=points)
    result = train(net_for(problem, branch=(40,), trunk=(40,), q=2), problem, steps=200)
    assert result.training_mse < 1e-8 * problem.unit**2


def test_constant_labels_are_fitted_exactly(advection: Problem) -> None:
    constant = Problem(**{**vars(advection), "labels": np.full_like(advection.labels, 2.5)})
    result = train(net_for(advection, branch=(6,), trunk=(6,), q=2), constant, steps=20)
    assert result.training_mse < 1e-12
    assert result.status == "done"


def test_rank_beyond_the_features_is_not_asked_for(advection: Problem) -> None:
    net = net_for(advection, branch=(4, 4), trunk=(9, 9), q=12)
    result = train(net, advection, steps=600)
    assert mse(net, result.weights, advection) >= floor(advection, 5) * (1.0 - 1e-9)
    assert result.training_mse < 1.3 * floor(advection, 5)


def test_same_bits_again_and_after_other_work(advection: Problem) -> None:
    net = net_for(advection, branch=(6, 7), trunk=(7, 6), q=5)
    first = train(net, advection, steps=300)
    train(net_for(advection, branch=(9,), trunk=(9,), q=3), advection, steps=50, seed=5)
    second = train(net, advection, steps=300)
    assert first.weights is not None
    assert second.weights is not None
    assert first.weights.sha256() == second.weights.sha256()
    assert first.curve == second.curve
    assert first.weights.sha256() != getattr(train(net, advection, steps=300, seed=1).weights, "sha256", str)()


def test_a_timeout_returns_what_there_is(advection: Problem) -> None:
    net = net_for(advection, branch=(6, 6), trunk=(6, 6), q=6)
    result = train_by_variable_projection(net, advection, lambda number: initial(net), options=Options(5000, timeout_seconds=0.0))
    assert result.status == "timeout"
    assert result.steps < 200
    assert mse(net, result.weights, advection) < advection.labels.var()


def test_weights_that_are_not_finite_are_divergence(advection: Problem) -> None:
    net = net_for(advection, branch=(6,), trunk=(6,), q=3)
    bad = initial(net, scale=np.nan)
    result = train_by_variable_projection(net, advection, lambda number: bad, options=Options(10))
    assert (result.status, result.weights) == ("diverged", None)


def test_scattered_labels_are_fitted_to_their_completion() -> None:
    problem = problem_of("advection-speed", functions=100, points=50, design="scattered")
    net = net_for(problem, branch=(32, 32), trunk=(32, 32), q=5)
    result = train(net, problem, steps=3000)
    labels, observed = np.zeros((100, 100)), np.zeros((100, 100), dtype=bool)
    rows = np.arange(100)[:, None]
    labels[rows, problem.index], observed[rows, problem.index] = problem.labels, True
    completed = complete(labels, observed, 5).tail / problem.labels.size
    assert mse(net, result.weights, problem) == pytest.approx(result.training_mse, rel=1e-12)
    assert result.training_mse == pytest.approx(completed, rel=0.01)
    assert completed < 0.4 * problem.labels.var()


def linear_floor(problem: Problem, q: int) -> float:
    """What rank q on affine functions of the inputs leaves of labels centred in each column; no bias lowers that."""
    features = np.hstack([problem.inputs, np.ones((len(problem.inputs), 1))])
    labels = problem.labels - problem.labels.mean(axis=0)
    fitted = features @ np.linalg.lstsq(features, labels, rcond=1e-12)[0]
    tail = np.sum(np.linalg.svd(fitted, compute_uv=False)[q:] ** 2)
    return float((np.sum((labels - fitted) ** 2) + tail) / labels.size)


def test_a_branch_without_hidden_layers_represents_a_linear_operator_to_its_floor() -> None:
    problem = problem_of("antiderivative", functions=160, points=40)
    result = train(net_for(problem, branch=(), trunk=(24, 24), q=4), problem, steps=1500)
    assert floor(problem, 4) * (1.0 - 1e-9) <= result.training_mse <= 1.01 * floor(problem, 4)
    assert result.training_mse == pytest.approx(mse(net_for(problem, branch=(), trunk=(24, 24), q=4), result.weights, problem))


def test_on_a_nonlinear_operator_it_stays_above_what_linear_maps_leave() -> None:
    problem = problem_of("burgers-low-viscosity", functions=160, points=40)
    least = linear_floor(problem, 6)
    result = train(net_for(problem, branch=(), trunk=(24, 24), q=6), problem, steps=200)
    assert least > 1.5 * floor(problem, 6)
    assert least * (1.0 - 1e-9) <= result.training_mse <= 1.2 * least


@pytest.mark.parametrize("q", [2, 3, 5])
def test_without_hidden_layers_and_with_linear_ends_the_heads_are_solved_and_nothing_is_trained(q: int) -> None:
    """Rank p + 1 = 3 at most: from q = 3 on the fit is that of all products of features, an ordinary least-squares problem."""
    problem = problem_of("advection-speed", functions=160, points=30, sigma=0.1)
    net = net_for(problem, branch=(), trunk=(), q=q, ends="linear")
    result = train(net, problem, steps=500)
    assert (result.steps, result.status) == (0, "done")
    assert mse(net, result.weights, problem) == pytest.approx(result.training_mse, rel=1e-9)
    left, singular, _ = np.linalg.svd(np.hstack([problem.inputs, np.ones((160, 1))]), full_matrices=False)
    left, points = left[:, singular > 1e-11 * singular[0]], problem.points[problem.index]
    right = np.linalg.qr(np.hstack([points, np.ones((30, 1))]))[0]
    least = float(np.sum(problem.labels**2) - np.sum((left.T @ problem.labels @ right) ** 2)) / problem.labels.size
    assert least * (1.0 - 1e-9) <= result.training_mse
    if q >= 3:
        assert result.training_mse == pytest.approx(least, rel=1e-3)
    else:
        assert result.training_mse > 1.01 * least


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_an_activated_trunk_of_one_layer_is_trained_itself_whatever_its_activation(activation: Activation) -> None:
    """Labels of a planted net of the class with q = 2: one with q = 6 has its function among its own."""
    problem = problem_of("antiderivative", functions=40, points=30)
    planted = DeepONet(problem.inputs.shape[1], 1, (), (), 2, activation=activation)
    exact = Problem(**{**vars(problem), "labels": predict(planted, initial(planted, seed=3, scale=2.0), problem)})
    net = DeepONet(problem.inputs.shape[1], 1, (), (), 6, activation=activation)
    result = train(net, exact, steps=1200)
    assert mse(net, result.weights, exact) == pytest.approx(result.training_mse, rel=1e-6, abs=1e-20)
    assert result.training_mse < 1e-4 * exact.labels.var()


@pytest.mark.parametrize("design", ["triples", "scattered"])
def test_too_few_labels_to_complete_are_refused(design: Design) -> None:
    problem = problem_of("advection-speed", functions=50, points=1 if design == "triples" else 5, design=design)
    with pytest.raises(ValueError, match="labels"):
        train(net_for(problem, branch=(8,), trunk=(8,), q=3), problem, steps=10)


def test_pointwise_output_scaling_and_sigmoid_ends_are_refused(advection: Problem) -> None:
    pointwise = Problem(**{**vars(advection), "scale": np.ones(advection.labels.shape[1])})
    with pytest.raises(ValueError, match="pointwise"):
        train(net_for(advection, branch=(8,), trunk=(8,), q=3), pointwise, steps=10)
    with pytest.raises(ValueError, match="sigmoid"):
        train(net_for(advection, branch=(8,), trunk=(8,), q=3, ends="sigmoid"), advection, steps=10)
