"""Bit counting, the paper-shaped and the localised bound: the numbers of docs/theory.md and the laws between them."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.architectures.deeponet import DeepONet, deeponet_weights
from operators.architectures.weights import Layer, Weights, layers_of
from operators.bounds import bit_counting, localised, localised_iid, paper_shaped
from operators.bounds.bit_counting import absorbable_fraction, necessary_parameters
from operators.bounds.lemmas import description_length
from operators.bounds.lemmas.covering import Block, Norms, blocks, cost_of_radii, log_ball, log_covering_number, prediction_bound
from operators.bounds.lemmas.rates import LAWS, required_nats
from operators.bounds.paper_shaped import BoundedClass
from operators.bounds.setting import Setting, smallest_q

NORMS = Norms(radius=10.0, input_norm=math.sqrt(40.0), point_norm=math.sqrt(2.0), label=1.0)


def tied(q: int) -> DeepONet:
    return DeepONet(40, 2, (q,), (q,), q, "tanh", "sigmoid")


def two_layers_of_64(q: int) -> DeepONet:
    return DeepONet(40, 2, (64, 64), (64, 64), q, "tanh", "sigmoid")


def setting(n: int, size=tied, **changes) -> Setting:
    return Setting(n=n, size=size, sigma=0.5, norms=NORMS, **{"failure_probability": 0.05, **changes})


@pytest.mark.parametrize(
    ("size", "q", "n", "d", "cover", "bits32", "bits16"),
    [
        (tied, 8, 10**4, 497, 0.88, 1.0, 0.88),
        (tied, 8, 10**5, 497, 0.134, 0.212, 0.108),
        (tied, 8, 10**6, 497, 0.016, 0.022, 0.011),
        (tied, 32, 10**5, 3521, 0.72, 1.0, 0.67),
        (tied, 32, 10**6, 3521, 0.101, 0.152, 0.077),
        (tied, 128, 10**6, 38657, 0.79, 1.0, 0.73),
        (tied, 128, 10**7, 38657, 0.114, 0.167, 0.085),
        (two_layers_of_64, 64, 10**6, 19457, 0.51, 0.73, 0.40),
        (two_layers_of_64, 64, 10**8, 19457, 0.007, 0.009, 0.004),
    ],
)
def test_table_of_absorbable_fractions(size, q: int, n: int, d: int, cover: float, bits32: float, bits16: float) -> None:
    assert size(q).parameter_count() == d
    rounding = 0.0055 if cover > 0.2 else 0.00055
    assert paper_shaped.BOUND.attainable(setting(n, size), q).value == 1.0
    assert paper_shaped.BOUND.attainable(setting(n, size), q).vacuous
    assert localised.BOUND.attainable(setting(n, size), q).value == pytest.approx(cover, abs=rounding)
    assert bit_counting.BOUND.attainable(setting(n, size), q).value == pytest.approx(bits32, abs=rounding)
    assert bit_counting.BOUND.attainable(setting(n, size, bits=16), q).value == pytest.approx(bits16, abs=rounding)


@pytest.mark.parametrize(
    ("n", "paper", "cover", "bits"),
    [
        (10**5, 1, 24, 16),
        (10**6, 1, 93, 69),
        (10**7, 2, 306, 239),
        (10**8, 4, 959, 779),
        (10**10, 16, 9210, 7886),
        (10**12, 57, 8.9e4, 7.9e4),
    ],
)
def test_table_of_necessary_q_at_half_the_noise_with_widths_equal_to_q(n: int, paper: int, cover: float, bits: float) -> None:
    assert paper_shaped.BOUND.necessary(setting(n), 0.5).value == paper
    assert localised.BOUND.necessary(setting(n), 0.5).value == pytest.approx(cover, rel=0.01)
    assert bit_counting.BOUND.necessary(setting(n), 0.5).value == pytest.approx(bits, rel=0.001 if n < 10**12 else 0.01)


def test_exponents_of_the_last_decades() -> None:
    def slope(bound) -> float:
        low, high = (bound.necessary(setting(n), 0.5).value for n in (10**10, 10**12))
        return math.log(high / low) / math.log(100.0)

    assert slope(paper_shaped.BOUND) == pytest.approx(0.27, abs=0.01)
    assert slope(localised.BOUND) == pytest.approx(0.495, abs=0.01)
    assert slope(bit_counting.BOUND) == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(("n", "q"), [(10**6, 11), (10**7, 874), (10**8, 9509)])
def test_bit_counting_at_fixed_width(n: int, q: int) -> None:
    assert bit_counting.BOUND.necessary(setting(n, two_layers_of_64), 0.5).value == q


@pytest.mark.parametrize(("rho", "gaussian", "rademacher"), [(0.9, 19, 39), (0.5, 64, 80), (0.1, 421, 436), (0.01, 4.4e3, 4.4e3)])
def test_labels_per_parameter_from_which_counting_says_something(rho: float, gaussian: float, rademacher: float) -> None:
    for law, ratio in (("gaussian", gaussian), ("rademacher", rademacher)):
        n = 10**9
        assert n / necessary_parameters(n, rho, law=law) == pytest.approx(ratio, rel=0.012, abs=0.5)


@given(
    st.integers(10, 10**7),
    st.integers(1, 10**5),
    st.sampled_from(["rademacher", "uniform", "gaussian"]),
    st.sampled_from([8, 16, 32]),
    st.floats(0.001, 0.5),
)
def test_counting_is_monotone_in_everything(n: int, d: int, law, bits: int, delta: float) -> None:
    options = {"law": law, "bits": bits, "failure_probability": delta}
    base = absorbable_fraction(n, d, **options)
    assert absorbable_fraction(2 * n, d, **options) <= base + 1e-12
    assert absorbable_fraction(n, d + 1, **options) >= base - 1e-12
    assert absorbable_fraction(n, d, **{**options, "bits": bits + 1}) >= base - 1e-12
    assert absorbable_fraction(n, d, **options, configurations=10) >= base - 1e-12
    assert absorbable_fraction(n, d, **{**options, "failure_probability": delta / 2.0}) >= base - 1e-12
    sub, rad, gauss = (absorbable_fraction(n, d, **{**options, "law": kind}) for kind in ("uniform", "rademacher", "gaussian"))
    assert gauss <= rad + 1e-9
    assert rad <= sub + 1e-9


@given(st.integers(100, 10**9), st.floats(0.01, 0.98), st.sampled_from(["rademacher", "uniform", "gaussian"]))
def test_necessary_parameters_and_absorbable_fraction_are_inverse(n: int, rho: float, law) -> None:
    d = int(necessary_parameters(n, rho, law=law))
    assert absorbable_fraction(n, d, law=law) >= rho - 1e-9
    if d > 0:
        assert absorbable_fraction(n, d - 1, law=law) <= rho + 1e-9


def test_edges_of_counting() -> None:
    assert necessary_parameters(1000, 0.0) == necessary_parameters(1000, -0.5) == 0.0
    assert bit_counting.BOUND.necessary(setting(1000), -0.1).vacuous
    assert bit_counting.BOUND.necessary(setting(1000), -0.1).value == 1.0
    assert necessary_parameters(1000, 1.0, law="gaussian") == math.inf
    assert bit_counting.BOUND.necessary(setting(10**5, law="gaussian"), 1.0).value == math.inf
    assert math.isfinite(necessary_parameters(1000, 1.0, law="rademacher"))
    assert bit_counting.BOUND.attainable(setting(497), 8).vacuous  # n <= d


def test_declared_sizes_are_scanned_when_they_are_few() -> None:
    few = setting(10**6, q_values=(64, 4, 128))
    assert bit_counting.BOUND.necessary(few, 0.5).value == 128.0
    assert bit_counting.BOUND.necessary(few, 1e-9).value == 4.0
    assert bit_counting.BOUND.necessary(few, 1e-9).vacuous
    assert bit_counting.BOUND.necessary(setting(10**8, q_values=(64, 128)), 0.5).value == math.inf


@given(st.integers(1, 10**6))
def test_smallest_q_bisects(threshold: int) -> None:
    assert smallest_q(lambda q: q >= threshold) == threshold


def test_no_finite_class_violates_counting_more_often_than_allowed() -> None:
    """All 2^8 functions of 8 one-bit parameters on 40 points, 2,000 noise draws: at most delta = 10 % exceed the bound."""
    rng = np.random.default_rng(3)
    n, d, draws = 40, 8, 2000
    features = rng.standard_normal((d, n)) / math.sqrt(d)
    signs = 2.0 * ((np.arange(2**d)[:, None] >> np.arange(d)) & 1) - 1.0
    functions = np.tanh(2.0 * signs @ features)
    bound = absorbable_fraction(n, d, bits=1, failure_probability=0.1)
    z = np.sign(rng.standard_normal((draws, n)))
    risks = 1.0 - 2.0 * z @ functions.T / n + np.mean(functions**2, axis=1)
    assert np.mean(1.0 - risks.min(axis=1) > bound) <= 0.1
    assert bound < 0.5


def test_description_length_counts_scales_and_the_choice_of_precision() -> None:
    found = description_length.absorbable_fraction(10**5, 500, bits=12, tensors=8)
    assert found == absorbable_fraction(10**5, 500 * 12 + 32 * 8 + 5, bits=1)
    assert description_length.absorbable_fraction(10**5, 500, bits=8, tensors=8) < absorbable_fraction(10**5, 500)
    with pytest.raises(ValueError, match="bits"):
        description_length.absorbable_fraction(10, 5, bits=33, tensors=1)


@pytest.mark.parametrize("bits", [2, 4, 8, 16])
def test_quantised_weights_are_close_and_take_few_values(bits: int) -> None:
    net = DeepONet(30, 2, (20,), (20,), 10)
    weights = random_weights(net, 3.0, np.random.default_rng(12))
    rounded = description_length.quantised(weights, bits)
    net.check(rounded)
    for before, after in zip(weights.arrays(), rounded.arrays(), strict=True):
        assert len(np.unique(after)) <= 2**bits
        assert np.abs(before - after).max() <= np.abs(before).max() / (2.0**bits - 2.0) * (1.0 + 1e-5)
    assert description_length.quantised(rounded, bits).sha256() == rounded.sha256()
    assert len(rounded.arrays()) == 9


@given(st.floats(1e-3, 0.9), st.integers(10**3, 10**10), st.integers(2, 64), st.floats(1.0, 1e8))
def test_localised_dominates_the_paper_shape_where_predictions_reach_the_labels(rho: float, n: int, q: int, ball: float) -> None:
    functions = BoundedClass(d=12 * q * q, log_ball=math.log(ball), label=1.0, prediction=float(q))
    eps, variance = rho * 0.25, 0.25
    enough = localised_iid.least_samples(eps, 1.0, variance=variance, failure_probability=0.05) <= n
    paper = paper_shaped.excess(eps, n, functions, failure_probability=0.05)
    localised = localised_iid.excess(eps, n, functions, variance=variance, failure_probability=0.05)
    assert localised < 0.0 or paper >= 0.0 or not enough


@pytest.mark.parametrize(("q", "paper"), [(8, 1.8e10), (64, 1.1e12)])
def test_first_informative_sample_count_at_500_parameters(q: int, paper: float) -> None:
    functions = BoundedClass(500, math.log(1e5), 1.0, float(q))
    eps, variance = 0.125, 0.25
    first = min(
        n
        for n in np.geomspace(1e3, 1e8, 2001)
        if localised_iid.excess(eps, n, functions, variance=variance, failure_probability=0.05) < 0.0
    )
    assert first == pytest.approx(5.5e5, rel=0.02)
    equal = (0.25, 0.25, 0.25, 0.25)  # the reference numbers are for the equal split; the best split needs up to 16 times less
    n = next(
        n for n in np.geomspace(1e8, 1e13, 2001) if paper_shaped.log_terms(eps, n, equal, functions=functions)[2] < math.log(0.05)
    )
    assert n == pytest.approx(paper, rel=0.05)
    best = next(
        n for n in np.geomspace(1e8, 1e13, 2001) if paper_shaped.excess(eps, n, functions, failure_probability=0.05) < 0.0
    )
    assert n / 17.0 < best < n


def test_paper_shape_needs_samples_before_it_speaks_and_then_is_monotone() -> None:
    functions = BoundedClass(10, 3.0, 1.0, 2.0)
    assert paper_shaped.excess(0.1, 10, functions, failure_probability=0.05) == math.inf
    energies = [paper_shaped.absorbable_energy(n, functions, failure_probability=0.05) for n in np.geomspace(1e2, 1e12, 21)]
    assert energies[0] == 1.0
    assert np.all(np.diff(energies) <= 1e-12)


def test_localised_bound_is_unchanged_when_noise_and_heads_are_scaled_together() -> None:
    parts = (Block(100, 3.0, 2.0), Block(50, 5.0, 1.0), Block(1, 2.0, 1.0))
    scaled = tuple(Block(part.count, 7.0 * part.radius, part.lipschitz) for part in parts)
    one = localised.absorbable_fraction(Setting(n=10**4, size=tied, sigma=0.3), parts)
    other = localised.absorbable_fraction(Setting(n=10**4, size=tied, sigma=2.1), scaled)
    assert 0.0 < one < 1.0
    assert other == pytest.approx(one, rel=1e-9)


@given(st.floats(0.0, 0.9), st.floats(0.01, 0.99), st.integers(0, 10**6))
def test_net_step_of_the_localised_bound(rho: float, kappa: float, seed: int) -> None:
    """A point within the radius of a function that absorbs rho absorbs (1 - kappa) rho."""
    rng = np.random.default_rng(seed)
    y = rng.standard_normal(12)
    residual = rng.standard_normal(12)
    residual *= math.sqrt(1.0 - rho) / np.sqrt(np.mean(residual**2))  # V = 1, so this h absorbs rho
    tau = math.sqrt(1.0 - (1.0 - kappa) * rho) - math.sqrt(1.0 - rho)
    step = rng.standard_normal(12)
    step *= tau / np.sqrt(np.mean(step**2))
    near = (y - residual) + step
    assert np.mean((y - near) ** 2) <= 1.0 - (1.0 - kappa) * rho + 1e-12


@pytest.mark.parametrize("law", ["rademacher", "uniform", "gaussian"])
def test_localised_bound_is_monotone_and_close_across_laws(law) -> None:
    values = [localised.absorbable_fraction(setting(n, law=law), blocks(tied(8), NORMS)) for n in (10**5, 10**6, 10**7)]
    assert np.all(np.diff(values) < 0.0)
    assert values[1] == pytest.approx(0.016, rel=0.02)


def random_weights(net: DeepONet, radius: float, rng: np.random.Generator) -> Weights:
    def layers(sizes: tuple[int, ...]) -> tuple[Layer, ...]:
        found = []
        for a, b in itertools.pairwise(sizes):
            both = rng.standard_normal((a + 1, b))
            both *= radius / np.linalg.norm(both)
            found.append(Layer(both[:-1], both[-1]))
        return tuple(found)

    return deeponet_weights(layers(net.branch_sizes()), layers(net.trunk_sizes()), radius * rng.uniform(-1.0, 1.0))


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "gelu", "silu"])
@pytest.mark.parametrize("ends", ["linear", "activated-trunk", "sigmoid"])
def test_changing_one_layer_moves_the_output_by_no_more_than_its_constant(activation, ends) -> None:
    rng = np.random.default_rng(11)
    net = DeepONet(3, 2, (5, 4), (4,), 3, activation, ends)
    norms = Norms(radius=1.5, input_norm=1.0, point_norm=1.0)
    inputs, points = rng.standard_normal((40, 3)), rng.standard_normal((40, 2))
    inputs /= np.linalg.norm(inputs, axis=1, keepdims=True)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    parts = [part for part in blocks(DeepONet(3, 2, (5, 4), (4,), 3, activation, "linear" if ends == "linear" else ends), norms)]
    whole = len(parts) == 6

    def output(weights: Weights) -> np.ndarray:
        return net.branch(weights, inputs) @ net.trunk(weights, points).T + weights["bias"][0]

    ratios = []
    for _ in range(60):
        first, second = random_weights(net, norms.radius, rng), random_weights(net, norms.radius, rng)
        assert np.abs(output(first)).max() <= prediction_bound(net, norms) + (norms.radius if ends == "sigmoid" else 0.0)
        for layer in range(3):
            old, new = layers_of(first, "branch")[layer], layers_of(second, "branch")[layer]
            change = np.hypot(np.linalg.norm(new.kernel - old.kernel), np.linalg.norm(new.bias - old.bias))
            mixed = Weights({**first.named, f"branch_{layer}_kernel": new.kernel, f"branch_{layer}_bias": new.bias})
            moved = np.abs(output(mixed) - output(first)).max()
            if whole or layer < 2:
                ratios.append(moved / (change * parts[layer].lipschitz))
    assert max(ratios) <= 1.0
    assert max(ratios) > 1e-3


def test_linear_heads_are_covered_as_one_matrix_when_that_is_smaller() -> None:
    wide_q = DeepONet(3, 2, (4,), (4,), 50, "tanh", "linear")
    narrow_q = DeepONet(3, 2, (4,), (4,), 2, "tanh", "linear")
    assert sum(part.count for part in blocks(wide_q, Norms())) == 4 * 4 + 4 * 3 + 25 + 1
    assert sum(part.count for part in blocks(narrow_q, Norms())) == narrow_q.parameter_count()
    more = DeepONet(3, 2, (4,), (4,), 500, "tanh", "linear")
    assert log_covering_number(blocks(more, Norms()), 0.1) == log_covering_number(blocks(wide_q, Norms()), 0.1)


@given(st.floats(1e-6, 10.0), st.floats(0.1, 100.0))
def test_covering_numbers_are_monotone(tau: float, radius: float) -> None:
    small, large = (blocks(tied(4), Norms(radius=r)) for r in (radius, 2.0 * radius))
    assert log_covering_number(small, tau) <= log_covering_number(large, tau)
    assert log_covering_number(small, 2.0 * tau) <= log_covering_number(small, tau)
    assert log_ball(small) <= log_ball(large)


def test_weights_of_the_radii_sum_to_one() -> None:
    k = np.arange(1, 10**6)
    cost = math.exp(-cost_of_radii([1.0]))
    total = (
        cost
        + 2.0 * sum(math.exp(-cost_of_radii([2.0 ** int(step)])) for step in k[:500])
        + 2.0 * cost * np.sum(1.0 / (1.0 + k[500:]) ** 2)
    )
    assert total == pytest.approx(1.0, abs=1e-5)


@given(st.floats(0.05, 0.95), st.integers(10**5, 10**8))
def test_necessary_q_is_monotone_in_target_and_samples(rho: float, n: int) -> None:
    for bound in (bit_counting.BOUND, localised.BOUND, localised_iid.BOUND, paper_shaped.BOUND):
        base = bound.necessary(setting(n), rho).value
        assert bound.necessary(setting(2 * n), rho).value >= base
        assert bound.necessary(setting(n), min(rho * 1.05, 1.0)).value >= base


@given(
    n=st.integers(10, 10**7),
    rho=st.floats(0.01, 0.99),
    sizes=st.integers(1, 7),
    bits=st.sampled_from([16, 32, 64]),
    law=st.sampled_from(LAWS),
)
def test_counting_over_a_class_is_the_least_d_whose_nets_are_not_all_excluded(n, rho, sizes, bits, law) -> None:
    """Each size of a net with at most d parameters is at most d: d^sizes architectures of 2^(b d) functions each."""
    d = bit_counting.necessary_parameters_of_class(n, rho, sizes=sizes, law=law, bits=bits)
    one = bit_counting.necessary_parameters(n, rho, law=law, bits=bits)
    nats = required_nats(law, n, rho, failure_probability=1e-12)

    def class_nats(d: float) -> float:
        return bits * d * math.log(2.0) + sizes * math.log(d)

    assert d <= one
    assert (d == 0.0) == (nats <= 0.0)
    if d > 0.0:
        assert class_nats(d) >= nats
        assert d == 1.0 or class_nats(d - 1) < nats
        assert one - d <= 1.0 + sizes * math.log(max(d, 1.0)) / (bits * math.log(2.0))


def test_nothing_is_asked_of_a_class_that_need_not_absorb_and_no_size_absorbs_all_gaussian_noise() -> None:
    assert bit_counting.necessary_parameters_of_class(100, 0.0, sizes=3) == 0.0
    assert bit_counting.necessary_parameters_of_class(100, 1.0, sizes=3, law="gaussian") == math.inf
