"""Bounds on sizes and norms: rank to parameters, sign patterns, pseudo-dimension, Rademacher capacity, effective parameters."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.architectures.deeponet import ENDS, WIDTHS, DeepONet
from operators.bounds import effective_parameters, pseudo_dimension, rademacher, rank_to_parameters, sign_patterns
from operators.bounds.lemmas.covering import Norms
from operators.bounds.rank_to_parameters import Needed, NetClass, attained_by_sines, class_of, necessary_parameters
from operators.bounds.setting import Setting
from operators.bounds.sign_patterns import log_sign_patterns

CLASS = NetClass(sensors=100, coordinates=2, branch_depth=2, trunk_depth=2, ends="activated-trunk")


def test_worked_examples_of_the_rank_to_parameters_bound() -> None:
    assert necessary_parameters(CLASS, 16) == 425
    shallow = NetClass(100, 2, 1, 1, "activated-trunk")
    assert necessary_parameters(shallow, 16) == 1807
    assert DeepONet(100, 2, (16, 16), (16, 16), 16, ends="activated-trunk").parameter_count() == 2753


@pytest.mark.parametrize("ends", ENDS)
@pytest.mark.parametrize(("branch_depth", "trunk_depth"), [(1, 1), (2, 1), (1, 2), (2, 2), (0, 1), (2, 0), (0, 0)])
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_least_parameter_count_equals_enumeration(ends, branch_depth: int, trunk_depth: int, rank: int) -> None:
    nets = NetClass(3, 2, branch_depth, trunk_depth, ends)
    widths = range(1, 4)
    counts = [
        net.parameter_count()
        for branch in itertools.product(widths, repeat=branch_depth)
        for trunk in itertools.product(widths, repeat=trunk_depth)
        for q in widths
        if (net := DeepONet(3, 2, branch, trunk, q, ends=ends)).output_rank() >= rank
    ]
    assert necessary_parameters(nets, rank) == min(counts, default=math.inf)


@pytest.mark.parametrize("ends", ENDS)
@pytest.mark.parametrize(("branch_depth", "trunk_depth"), [(1, 1), (2, 1), (1, 2), (2, 2), (0, 1), (2, 0), (0, 0)])
@pytest.mark.parametrize("rank", [0, 1, 2, 3, 7])
def test_tied_count_equals_enumeration_of_nets_of_one_width(ends, branch_depth: int, trunk_depth: int, rank: int) -> None:
    nets = NetClass(3, 2, branch_depth, trunk_depth, ends, "tied")
    counts = [
        net.parameter_count()
        for w, q in itertools.product(range(1, 9), repeat=2)
        if (net := DeepONet(3, 2, (w,) * branch_depth, (w,) * trunk_depth, q, ends=ends)).output_rank() >= rank
    ]
    assert necessary_parameters(nets, rank) == min(counts, default=math.inf)
    assert necessary_parameters(nets, rank) >= necessary_parameters(NetClass(3, 2, branch_depth, trunk_depth, ends), rank)


@pytest.mark.parametrize("net_class", ["free", "tied"])
def test_ends_without_a_stated_limit_certify_nothing(net_class) -> None:
    """The smallest net of all: every width 1 and q = 1, whatever the rank."""
    net = NetClass(3, 2, 2, 1, "gated", net_class).smallest_net(9)  # type: ignore[arg-type]
    assert net.output_rank() is None
    assert (net.q, {*net.branch_widths, *net.trunk_widths}) == (1, {1})


@pytest.mark.parametrize("rank", [2, 5, 30])
@pytest.mark.parametrize("depth", [1, 2, 4])
def test_closed_form_of_the_branch_cost(rank: int, depth: int) -> None:
    m, trunk = 50, 3 + 2 * rank
    linear = (m + 1) * (rank - 1) + rank**2 if depth == 1 else (m + 1) + 2 * (depth - 2) + 2 * (rank - 1) + rank**2
    activated = (m + 1) + 2 * (depth - 1) + 2 * rank
    assert necessary_parameters(NetClass(m, 2, depth, 1, "activated-trunk"), rank) == linear + trunk + 1
    assert necessary_parameters(NetClass(m, 2, depth, 1, "sigmoid"), rank) == activated + trunk + 1
    assert necessary_parameters(NetClass(m, 2, 0, 1, "activated-trunk"), rank) == (m + 1) * rank + trunk + 1
    assert necessary_parameters(NetClass(m, 2, 0, 0, "sigmoid"), rank) == (m + 1) * rank + 3 * rank + 1


@pytest.mark.parametrize("ends", ENDS)
@pytest.mark.parametrize("net_class", WIDTHS)
@pytest.mark.parametrize(("branch_depth", "trunk_depth"), [(1, 1), (2, 1), (1, 2), (2, 2), (3, 0), (0, 1), (0, 0)])
def test_in_every_class_the_least_count_is_that_of_enumeration(ends, net_class, branch_depth: int, trunk_depth: int) -> None:
    """Over all widths up to 4: the least d of the nets of the class that have the rank and the features."""
    nets, widths = NetClass(3, 2, branch_depth, trunk_depth, ends, net_class), range(1, 5)
    depths = {"free-depth": list(itertools.product(range(branch_depth + 1), range(trunk_depth + 1))), "no-hidden-layer": [(0, 0)]}
    found = [
        net
        for a, b in depths.get(net_class, [(branch_depth, trunk_depth)])
        for branch in itertools.product(widths, repeat=a)
        for trunk in itertools.product(widths, repeat=b)
        for q in widths
        if nets.holds(net := DeepONet(3, 2, branch, trunk, q, ends=ends))
    ]
    for needed in (Needed(1), Needed(2, 2, 1), Needed(3, 2, 2), Needed(3, 3, 3), Needed(2, 1, 2)):
        enough = [net for net in found if has(net, needed)]
        assert necessary_parameters(nets, needed) == min((net.parameter_count() for net in enough), default=math.inf)
        smallest = nets.smallest_net(needed)
        assert (smallest is None) == (not enough)
        assert smallest is None or (nets.holds(smallest) and has(smallest, needed))
        with_q = [net.parameter_count() for net in enough if net.q == 4]
        assert necessary_parameters(nets, needed, q=4) == min(with_q, default=math.inf)


def has(net: DeepONet, needed: Needed) -> bool:
    """Written out for each kind of ends."""
    branch = net.ends == "sigmoid" or net.branch_features() >= needed.branch
    trunk = net.ends != "linear" or net.trunk_features() >= needed.trunk
    return net.output_rank() >= needed.rank and branch and trunk


@given(st.integers(1, 40), st.integers(0, 40), st.integers(0, 40), st.integers(1, 3), st.integers(1, 3), st.sampled_from(ENDS))
def test_a_narrower_class_needs_no_fewer_parameters(rank: int, branch: int, trunk: int, depth: int, other: int, ends) -> None:
    needed = Needed(rank, branch, trunk)
    d = {rule: necessary_parameters(NetClass(50, 2, depth, other, ends, rule), needed) for rule in WIDTHS}
    assert d["free-depth"] <= d["free"] <= d["non-increasing"] == d["one-width-per-net"] <= d["tied"]
    assert d["free-depth"] <= necessary_parameters(NetClass(50, 2, 0, 0, ends, "no-hidden-layer"), needed)


def test_the_least_net_of_a_published_question_in_each_class() -> None:
    """Burgers, N = 32, clean: r = r_c = 8, m = 100, p = 2."""
    needed = Needed(8, 8, 8)
    d = {rule: necessary_parameters(NetClass(100, 2, 2, 2, "activated-trunk", rule), needed) for rule in WIDTHS}
    assert (d["free"], d["one-width-per-net"], d["tied"], d["free-depth"]) == (211, 974, 1121, 209)


def test_counted_sizes_name_every_net_of_a_class_once() -> None:
    """All nets of at most d parameters on one sensor and one coordinate, against d to the power of the sizes."""
    for rule in WIDTHS:
        nets = NetClass(1, 1, 2, 1, "linear", rule) if rule != "no-hidden-layer" else NetClass(1, 1, 0, 0, "linear", rule)
        for d in (20, 40):
            count = sum(
                net.parameter_count() <= d
                for a, b in nets.depths()
                for branch in itertools.product(range(1, 11), repeat=a)
                for trunk in itertools.product(range(1, 11), repeat=b)
                for q in range(1, 11)
                if nets.holds(net := DeepONet(1, 1, branch, trunk, q, ends="linear"))
            )
            assert 0 < count <= d ** nets.free_sizes()


def test_a_side_without_hidden_layers_has_the_features_of_its_input_and_no_more() -> None:
    """Three sensors give a linear branch end rank 4, a point in the plane a linear trunk end rank 3."""
    branch, trunk = NetClass(3, 2, 0, 2, "activated-trunk"), NetClass(9, 2, 2, 0, "linear")
    assert [necessary_parameters(branch, rank) < math.inf for rank in (4, 5)] == [True, False]
    assert [necessary_parameters(trunk, rank) < math.inf for rank in (3, 4)] == [True, False]
    assert branch.smallest_net(5) is None
    assert necessary_parameters(NetClass(3, 2, 0, 0, "sigmoid"), 50) == 50 * 4 + 50 * 3 + 1
    assert necessary_parameters(branch, 2, q=6) == 4 * 6 + DeepONet(0, 2, (), (1, 1), 6).parameter_count() - 6


@given(st.integers(1, 200), st.integers(1, 200), st.integers(0, 3), st.integers(0, 3), st.sampled_from(ENDS))
def test_rank_to_parameters_is_monotone(rank: int, sensors: int, branch_depth: int, trunk_depth: int, ends) -> None:
    nets = NetClass(sensors, 2, branch_depth, trunk_depth, ends)
    base = necessary_parameters(nets, rank)
    assert necessary_parameters(nets, rank + 1) >= base
    if math.isfinite(base):
        assert necessary_parameters(NetClass(sensors + 1, 2, branch_depth, trunk_depth, ends), rank) > base
    narrow = NetClass(sensors, 2, branch_depth, trunk_depth, ends, least_width=lambda q: -(-q // 2))
    assert necessary_parameters(narrow, rank) >= base


def test_one_unit_of_sine_behind_one_comes_near_any_values_and_without_it_does_not() -> None:
    """At inputs in equal steps, which are rational; why ranks and widths alone cannot raise rank-to-parameters."""
    inputs, wanted = np.array([1.0, 2.0, 3.0, 4.0]) / 4.0, np.random.default_rng(0).uniform(-1.0, 1.0, (20, 1, 4))

    def farthest(codes: np.ndarray, most: float) -> float:
        values = np.sin(np.outer(codes, np.linspace(0.0, most, 200_001)))
        return max(
            float(np.max([np.abs(value - one) for value, one in zip(values, row[0], strict=True)], axis=0).min())
            for row in wanted
        )

    behind = [farthest(np.sin(2.3 * inputs + 0.7), most) for most in (1e2, 1e4, 1e6)]
    assert behind == sorted(behind, reverse=True)
    assert behind[-1] < 0.1 < 0.25 < behind[0]
    assert min(farthest(inputs, most) for most in (1e2, 1e4, 1e6)) > 0.25


def test_sines_attain_the_count_of_classes_whose_every_depth_has_a_layer_to_tell_inputs_apart() -> None:
    deep = NetClass(10, 1, 2, 2, "activated-trunk")
    assert attained_by_sines(deep)
    assert all(attained_by_sines(replace(deep, net_class=name)) for name in ("one-width-per-net", "tied", "non-increasing"))
    assert not any(attained_by_sines(replace(deep, net_class=name)) for name in ("free-depth", "no-hidden-layer"))
    assert not attained_by_sines(replace(deep, ends="linear"))
    assert not attained_by_sines(replace(deep, branch_depth=1))
    assert not attained_by_sines(replace(deep, trunk_depth=0))


def test_rank_to_parameters_speaks_of_the_declared_nets() -> None:
    certified = np.array([1.0, 0.1, 0.01, 0.001, 0.0])
    setting = Setting(n=100, size=lambda q: DeepONet(20, 1, (q, q), (q,), q), floors=certified, label_energy=1.0)
    statement = rank_to_parameters.BOUND.necessary(setting, 0.1)
    assert statement.quantity == "d"
    assert statement.value == necessary_parameters(NetClass(20, 1, 2, 1, "activated-trunk"), 2)
    assert "depths 2 and 1" in statement.note
    assert class_of(setting.size(5)) == NetClass(20, 1, 2, 1, "activated-trunk")
    assert rank_to_parameters.BOUND.necessary(setting, 2.0).vacuous


def relu_patterns(net: DeepONet, inputs: np.ndarray, points: np.ndarray, draws: int, rng: np.random.Generator) -> int:
    """Distinct sign patterns of random nets of one hidden layer at paired inputs and points."""
    w, v, q = net.branch_widths[0], net.trunk_widths[0], net.q
    scale = rng.choice([0.1, 1.0, 10.0], size=(draws, 1, 1))
    hidden_b = np.maximum(inputs @ rng.standard_normal((draws, net.sensors, w)) + scale * rng.standard_normal((draws, 1, w)), 0.0)
    hidden_t = np.maximum(points @ rng.standard_normal((draws, net.coordinates, v)) + rng.standard_normal((draws, 1, v)), 0.0)
    branch = hidden_b @ rng.standard_normal((draws, w, q)) + rng.standard_normal((draws, 1, q))
    trunk = hidden_t @ rng.standard_normal((draws, v, q)) + rng.standard_normal((draws, 1, q))
    values = np.sum(branch * trunk, axis=2) + scale[:, :, 0] * rng.standard_normal((draws, 1))
    return len(np.unique(np.packbits(values > 0.0, axis=1), axis=0))


def test_random_relu_nets_show_no_more_sign_patterns_than_counted() -> None:
    rng = np.random.default_rng(4)
    net = DeepONet(1, 1, (1,), (1,), 1, "relu", "linear")
    n = 40
    found = relu_patterns(net, rng.standard_normal((n, 1)), rng.standard_normal((n, 1)), 100_000, rng)
    bound = log_sign_patterns(net, n, inputs=n, points=n)
    assert math.log(found) <= bound
    assert bound < n * math.log(2.0) * 2.0
    assert found > 1000


def test_shared_inputs_lower_the_count() -> None:
    net = DeepONet(4, 2, (8,), (8,), 4, "relu", "linear")
    assert log_sign_patterns(net, 10**6, inputs=1000, points=1000) < log_sign_patterns(net, 10**6, inputs=10**6, points=10**6)


def test_wrong_signs_cost_their_noise() -> None:
    """Risk <= (1 - rho) s^2 leaves at most (1 - rho) n labels where h - g has the wrong sign."""
    rng = np.random.default_rng(5)
    z = np.sign(rng.standard_normal((500, 30)))
    v = z * rng.exponential(0.7, (500, 30)) * rng.choice([1.0, 1.0, 1.0, -1.0], (500, 30))
    risk = np.mean((z - v) ** 2, axis=1)
    wrong = np.mean((v > 0.0) != (z > 0.0), axis=1)
    assert np.all(wrong <= risk + 1e-12)


def test_sign_rate_is_the_hamming_ball() -> None:
    from scipy.stats import binom

    n = 200
    for rho in (0.6, 0.75, 0.9, 1.0):
        exact = float(binom.logcdf(math.floor((1.0 - rho) * n + 1e-9), n, 0.5))
        assert exact <= -sign_patterns.required_nats(n, rho, failure_probability=1.0) + 1e-9
    assert sign_patterns.required_nats(n, 0.5, failure_probability=0.1) == -math.inf


def test_sign_patterns_speak_only_of_relu_and_rademacher() -> None:
    relu = Setting(n=10**6, size=lambda q: DeepONet(4, 2, (8,), (8,), q, "relu", "linear"), shape=(1000, 1000))
    tanh = Setting(n=10**6, size=lambda q: DeepONet(4, 2, (8,), (8,), q, "tanh", "linear"))
    assert not sign_patterns.BOUND.attainable(relu, 4).vacuous
    assert 0.5 <= sign_patterns.BOUND.attainable(relu, 4).value < 0.7
    for bound in (sign_patterns.BOUND, pseudo_dimension.BOUND):
        assert bound.attainable(tanh, 4).vacuous
        assert bound.necessary(tanh, 0.9).vacuous
    with pytest.raises(ValueError, match="ReLU"):
        log_sign_patterns(tanh.size(3), 10, inputs=10, points=10)


def test_pseudo_dimension_is_the_last_count_that_can_be_shattered() -> None:
    one_layer = [DeepONet(40, 2, (q,), (q,), q, "relu", "linear") for q in (8, 32, 128)]
    assert all(10.0 <= pseudo_dimension.pseudo_dimension(net) / net.parameter_count() <= 20.0 for net in one_layer)
    for net in (*one_layer, DeepONet(40, 2, (8, 8), (8,), 8, "relu", "activated-trunk")):
        found = pseudo_dimension.pseudo_dimension(net)
        assert log_sign_patterns(net, found, inputs=found, points=found) >= found * math.log(2.0)
        for m in (found + 1, 2 * found, 100 * found):
            assert log_sign_patterns(net, m, inputs=m, points=m) < m * math.log(2.0)


def test_pseudo_dimension_is_weaker_than_counting_bits_but_needs_none() -> None:
    from operators.bounds import bit_counting

    def size(q: int) -> DeepONet:
        return DeepONet(40, 2, (q,), (q,), q, "relu", "linear")

    values = []
    for n in (10**5, 10**6, 10**7):
        setting = Setting(n=n, size=size, sigma=0.5, norms=Norms(label=1.0))
        values.append(pseudo_dimension.BOUND.attainable(setting, 8).value)
        assert values[-1] >= bit_counting.BOUND.attainable(setting, 8).value
    assert values == sorted(values, reverse=True)
    assert values[-1] < 0.05


def random_matrices(rng: np.random.Generator, sizes: tuple[int, ...]) -> list[np.ndarray]:
    return [rng.standard_normal((b, a)) for a, b in itertools.pairwise(sizes)]


def absolute_net(branch: list[np.ndarray], trunk: list[np.ndarray], inputs: np.ndarray, points: np.ndarray) -> np.ndarray:
    values = []
    for matrices, data in ((branch, inputs), (trunk, points)):
        for matrix in matrices[:-1]:
            data = np.abs(data @ matrix.T)
        values.append(data @ matrices[-1].T)
    return np.sum(values[0] * values[1], axis=1)


@given(st.integers(0, 10**6), st.floats(0.1, 10.0))
def test_capacity_is_unchanged_when_layers_are_rescaled_against_each_other(seed: int, factor: float) -> None:
    rng = np.random.default_rng(seed)
    branch, trunk = random_matrices(rng, (4, 5, 3, 2)), random_matrices(rng, (2, 4, 3, 2))
    base = rademacher.capacity(branch, trunk)
    for first, second in ((0, 1), (0, 2), (1, 2)):
        scaled = [m * (factor if k == first else 1.0 / factor if k == second else 1.0) for k, m in enumerate(branch)]
        assert rademacher.capacity(scaled, trunk) == pytest.approx(base, rel=1e-9)
        assert rademacher.capacity(branch, [m * (factor if k == first else 1.0) for k, m in enumerate(trunk)]) == pytest.approx(
            factor * base, rel=1e-9
        )


@given(st.integers(0, 10**6))
def test_capacity_bounds_every_output(seed: int) -> None:
    """|h(u, y)| <= capacity |u| |y|: the one-sample case of the complexity bound without its powers of two."""
    rng = np.random.default_rng(seed)
    branch, trunk = random_matrices(rng, (4, 5, 3, 2)), random_matrices(rng, (2, 4, 3, 2))
    inputs, points = rng.standard_normal((20, 4)), rng.standard_normal((20, 2))
    limit = rademacher.capacity(branch, trunk) * np.linalg.norm(inputs, axis=1) * np.linalg.norm(points, axis=1)
    assert np.all(np.abs(absolute_net(branch, trunk, inputs, points)) <= limit * (1.0 + 1e-12))


def test_complexity_bounds_a_sampled_class() -> None:
    """The supremum over 3,000 nets scaled to capacity 1, in the mean of 200 sign vectors: below the bound, within 20 of it."""
    rng = np.random.default_rng(8)
    n = 30
    inputs, points = rng.standard_normal((n, 4)), rng.standard_normal((n, 2))
    outputs = []
    for _ in range(3000):
        branch, trunk = random_matrices(rng, (4, 3, 2)), random_matrices(rng, (2, 3, 2))
        outputs.append(absolute_net(branch, trunk, inputs, points) / rademacher.capacity(branch, trunk))
    signs = np.sign(rng.standard_normal((200, n)))
    sampled = float(np.mean(np.max(signs @ np.array(outputs).T, axis=1))) / n
    data_norm = math.sqrt(np.sum(np.sum(inputs**2, axis=1) * np.sum(points**2, axis=1)))
    bound = rademacher.complexity(1.0, 2, data_norm=data_norm, n=n)
    assert bound / 20.0 < sampled <= bound


def test_necessary_capacity_inverts_absorbable_energy_and_grows_like_the_root_of_n() -> None:
    def needed(n: int) -> float:
        chance = rademacher.deviation(n, 0.5, 2.0, failure_probability=0.05)
        return rademacher.necessary_capacity(0.1, 3, data_norm=math.sqrt(n), n=n, s=0.5, chance=chance)

    assert needed(100) == 0.0
    assert needed(4 * 10**8) / needed(10**8) == pytest.approx(2.0, rel=0.01)
    chance = rademacher.deviation(10**6, 0.5, 2.0, failure_probability=0.05)
    back = rademacher.absorbable_energy(needed(10**6), 3, data_norm=1e3, n=10**6, s=0.5, chance=chance)
    assert back == pytest.approx(0.1)
    with pytest.raises(ValueError, match="same number"):
        rademacher.capacity([np.ones((1, 1))], [])


def test_rademacher_complexity_without_hidden_layers_is_that_of_bilinear_forms() -> None:
    """Over the ball |B^T T|_F <= c the supremum has a closed form, below the bound and within 2 of it in the mean."""
    rng = np.random.default_rng(12)
    inputs, points, signs = rng.standard_normal((40, 5)), rng.standard_normal((40, 2)), np.sign(rng.standard_normal((400, 40)))
    branch, trunk = rng.standard_normal((3, 5)), rng.standard_normal((3, 2))
    c = rademacher.capacity([branch], [trunk])
    sampled = c * np.mean(np.linalg.norm(np.einsum("si,iu,iy->suy", signs, inputs, points), axis=(1, 2))) / 40
    reached = np.abs(signs @ np.einsum("ku,iu,kv,iv->i", branch, inputs, trunk, points)).max() / 40
    data_norm = math.sqrt(np.sum(np.sum(inputs**2, axis=1) * np.sum(points**2, axis=1)))
    assert sampled <= rademacher.complexity(c, 1, data_norm=data_norm, n=40) <= 2.0 * sampled
    assert reached <= c * np.linalg.norm(np.einsum("si,iu,iy->suy", signs, inputs, points), axis=(1, 2)).max() / 40


def test_rademacher_deviation_inequality_holds_for_a_finite_class() -> None:
    """eps <= 2 s Rad + s D sqrt(8 ln(1 / delta) / n) in at least 95 % of 2,000 draws."""
    rng = np.random.default_rng(9)
    n, s = 40, 0.5
    functions = 0.6 * np.tanh(rng.standard_normal((64, n)))
    exact = np.mean(np.max(np.sign(rng.standard_normal((20000, n))) @ functions.T, axis=1)) / n
    bound = 2.0 * s * exact + rademacher.deviation(n, s, float(np.abs(functions).max()), failure_probability=0.05)
    z = s * np.sign(rng.standard_normal((2000, n)))
    absorbed = np.max(2.0 * z @ functions.T / n - np.mean(functions**2, axis=1), axis=1)
    assert np.mean(absorbed > bound) <= 0.05


def test_linear_models_absorb_d_over_n_of_gaussian_noise() -> None:
    rng = np.random.default_rng(10)
    n, d = 60, 12
    basis = np.linalg.qr(rng.standard_normal((n, d)))[0]
    z = rng.standard_normal((4000, n))
    rho = np.sum((z @ basis) ** 2, axis=1) / np.sum(z**2, axis=1)
    assert rho.mean() == pytest.approx(d / n, abs=4.0 * rho.std() / math.sqrt(4000))


def test_effective_parameters_stop_growing_when_the_features_run_out() -> None:
    nets = [DeepONet(10, 1, (6,), (6,), q, "tanh", "linear") for q in (2, 7, 14, 28)]
    effective = [net.effective_parameter_count() for net in nets]
    assert effective[1] == effective[2] == effective[3]
    assert [net.output_rank() for net in nets] == [2, 7, 7, 7]
    needed = effective_parameters.needed_parameters(1000, 0.5)
    assert effective_parameters.absorbed_fraction(1000, needed) >= 0.5
    setting = Setting(n=1000, size=lambda q: DeepONet(10, 1, (q,), (q,), q, "tanh", "linear"))
    statement = effective_parameters.BOUND.necessary(setting, 0.5)
    assert statement.status == "heuristic"
    assert setting.size(int(statement.value)).effective_parameter_count() >= needed


@given(st.integers(2, 6), st.integers(2, 6), st.integers(1, 10), st.integers(0, 10**6))
def test_gauge_lemma_more_q_than_features_changes_no_function(w: int, v: int, q: int, seed: int) -> None:
    """The head matrix [A a]^T [C c] of any q is matched by one with q_eff factors."""
    rng = np.random.default_rng(seed)
    head = rng.standard_normal((w + 1, q)) @ rng.standard_normal((q, v + 1))
    rank = DeepONet(3, 1, (w,), (v,), q, "tanh", "linear").output_rank()
    left, values, right = np.linalg.svd(head)
    rebuilt = (left[:, :rank] * values[:rank]) @ right[:rank]
    np.testing.assert_allclose(rebuilt, head, atol=1e-12 * np.abs(head).max())
