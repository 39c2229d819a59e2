"""Theorems H and H': published figures, simulations that adversaries choose, limits, inverses, and what they add to rank."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.architectures.deeponet import DeepONet
from operators.bounds import BOUNDS, Setting, linear_heads, rank_block
from operators.bounds.bit_counting import described_bits, necessary_parameters_of_class, spared_bits
from operators.bounds.lemmas import linear_spaces, rates

LAWS: tuple[rates.Law, ...] = ("rademacher", "uniform", "gaussian")


def tied(ends: Any = "linear", coordinates: int = 1):
    return lambda q: DeepONet(40, coordinates, (q,), (q,), q, "tanh", ends)


def asked(n: int, law: rates.Law = "gaussian", ends: Any = "linear", **changes: Any) -> Setting:
    side = math.isqrt(n)
    return Setting(**{"n": n, "size": tied(ends), "shape": (side, n // side), "law": law, "signal": ((8, 0.0),), **changes})


@pytest.mark.parametrize(
    ("law", "n", "q"),
    [
        ("gaussian", 10**5, 34),
        ("gaussian", 10**6, 245),
        ("gaussian", 10**7, 1285),
        ("gaussian", 10**8, 5285),
        ("rademacher", 10**6, 192),
        ("rademacher", 10**8, 4795),
    ],
)
def test_the_least_q_of_tied_nets_with_linear_ends_is_what_the_derivation_gives(law: rates.Law, n: int, q: int) -> None:
    assert BOUNDS["linear-heads"].necessary(asked(n, law), 0.5).value == q


def test_it_says_more_than_counting_and_than_the_law_of_the_grid() -> None:
    where = asked(10**6)
    said = {name: BOUNDS[name].necessary(where, 0.5).value for name in ("bit-counting", "grid-in-probability", "linear-heads")}
    assert said["bit-counting"] == 78
    assert said["grid-in-probability"] == 114
    assert BOUNDS["rank-block"].necessary(where, 0.5).value > said["linear-heads"] == 245


@pytest.mark.parametrize(("n", "p"), [(10**3, 4), (10**4, 12), (10**5, 39), (10**6, 125), (10**7, 395)])
def test_the_rank_of_a_whole_grid_without_the_rank_of_the_signal(n: int, p: int) -> None:
    shape = math.isqrt(n), n / math.isqrt(n)
    nats = [rank_block.required_nats("gaussian", n, 0.5, rank, shape, failure_probability=0.05) for rank in (p - 1, p)]
    assert nats[0] > 0.0 >= nats[1]


@pytest.mark.parametrize("law", LAWS)
def test_without_free_dimensions_it_is_bit_counting_with_the_gaussian_or_the_subgaussian_rate(law: rates.Law) -> None:
    for rho in (0.1, 0.5, 0.9):
        found = linear_spaces.required_nats(law, 10**4, rho, 0, failure_probability=1e-6)
        counted = rates.required_nats(law, 10**4, rho, failure_probability=1e-6)
        assert found <= counted + 1e-9
        if law != "rademacher":
            assert found == pytest.approx(counted, abs=math.log(2.0))


SHARES = st.just(0.0) | st.floats(1e-200, 1.0)  # below, what is lost in rounding only weakens the bound


@given(st.sampled_from(LAWS), st.integers(10, 10**9), st.floats(0.01, 0.99), SHARES, st.floats(0.0, 0.5))
def test_needs_fall_with_dimensions_and_rise_with_the_fraction_and_the_inverse_is_one(
    law: rates.Law, n: int, rho: float, share: float, density: float
) -> None:
    delta = {"failure_probability": 1e-6}
    needs = [linear_spaces.required_nats(law, n, rho, share * n * part, **delta) for part in (0.0, 0.3, 1.0)]
    assert needs == sorted(needs, reverse=True)
    rising = [linear_spaces.required_nats(law, n, part * rho, share * n, **delta) for part in (0.2, 0.6, 1.0)]
    assert rising == sorted(rising)
    found = linear_spaces.absorbable_fraction(law, n, density * n, share * n, **delta)
    assert share - 1e-9 <= found <= 1.0
    if share + 1e-3 < found < 1.0 - 1e-6:
        assert linear_spaces.required_nats(law, n, found, share * n, **delta) == pytest.approx(density * n, rel=1e-6, abs=1e-4)


@pytest.mark.parametrize("law", ["gaussian", "rademacher"])
def test_no_signal_makes_a_union_of_spaces_absorb_more_often_than_the_bound_allows(law: rates.Law) -> None:
    """The least |g + z - h|^2 over K spaces, g along, across and between them, large and small, by simulation."""
    rng, n, dimension, spaces, runs = np.random.default_rng(0), 60, 6, 8, 1500
    bases = [np.linalg.qr(rng.standard_normal((n, dimension)))[0] for _ in range(spaces)]
    directions = [np.zeros(n), bases[0][:, 0], rng.standard_normal(n) / math.sqrt(n), sum(basis[:, 0] for basis in bases)]
    noise = rng.standard_normal((runs, n)) if law == "gaussian" else rng.choice([-1.0, 1.0], (runs, n))
    for rho, direction, size in itertools.product((0.3, 0.4), directions, (0.0, 0.5, 3.0)):
        labels = noise + size * direction
        energy = np.sum(labels**2, axis=1)
        left = np.min([energy - np.sum((labels @ basis) ** 2, axis=1) for basis in bases], axis=0)
        seen = np.mean(left <= (1.0 - rho) * np.sum(noise**2, axis=1))
        chance = spaces * math.exp(-linear_spaces.required_nats(law, n, rho, dimension, failure_probability=1.0))
        assert seen <= chance + 4.0 * math.sqrt(max(chance, 1e-4) / runs)


def test_a_shift_raises_the_tails_of_gaussian_matrices() -> None:
    """The lemma of H': tail_q(Z + G) is stochastically at least tail_q(Z), at every quantile but for 4 standard errors."""
    rng, runs = np.random.default_rng(1), 3000
    shape = (7, 5)
    noise = rng.standard_normal((runs, *shape))
    shifts = [np.outer(rng.standard_normal(7), rng.standard_normal(5)), 2.0 * np.eye(7, 5), 0.3 * rng.standard_normal(shape)]
    levels = np.linspace(0.05, 0.95, 19)
    for q in (1, 2, 4):
        plain = np.sum(np.linalg.svd(noise, compute_uv=False)[:, q:] ** 2, axis=1)
        for shift in shifts:
            moved = np.sum(np.linalg.svd(noise + shift, compute_uv=False)[:, q:] ** 2, axis=1)
            below = np.array([np.mean(moved <= np.quantile(plain, level)) for level in levels])
            assert np.all(below <= levels + 4.0 * np.sqrt(levels * (1.0 - levels) * 2.0 / runs))


def test_the_largest_singular_values_absorb_no_more_than_h_prime_allows() -> None:
    rng, shape, rank, runs = np.random.default_rng(2), (40, 30), 3, 300
    noise = rng.standard_normal((runs, *shape))
    squares = np.linalg.svd(noise, compute_uv=False) ** 2
    share = np.sum(squares[:, :rank], axis=1) / np.sum(squares, axis=1)
    allowed = rank_block.absorbable_fraction("gaussian", 1200, 0.0, rank, shape, failure_probability=1e-3)
    assert share.max() <= allowed < 1.0


@pytest.mark.parametrize("name", ["linear-heads", "rank-block"])
@pytest.mark.parametrize("ends", ["linear", "activated-trunk", "sigmoid"])
def test_allowed_sizes_are_upward_closed_so_that_the_search_for_the_least_q_is_right(name: str, ends: Any) -> None:
    for n, law in itertools.product((10**5, 10**6), LAWS):
        where = asked(n, law, ends)
        least = BOUNDS[name].necessary(where, 0.4).value
        reached = [BOUNDS[name].attainable(where, q).value for q in (1, 3, 10, 40, 200, 800)]
        assert reached == sorted(reached)
        if 1.0 < least < math.inf:
            assert BOUNDS[name].attainable(where, int(least) - 1).value < 0.4 <= BOUNDS[name].attainable(where, int(least)).value


def test_with_features_fixed_no_q_at_all_suffices_from_some_n_on() -> None:
    fixed = asked(10**8, size=lambda q: DeepONet(40, 1, (64,), (64,), q, "tanh", "linear"))
    assert BOUNDS["linear-heads"].necessary(fixed, 0.5).value == math.inf


def test_sigmoid_ends_have_no_free_head() -> None:
    for law in LAWS:
        where = asked(10**6, law, "sigmoid")
        for rho in (0.1, 0.5):
            values = [BOUNDS[name].necessary(where, rho).value for name in ("linear-heads", "bit-counting")]
            assert values[0] == values[1]


def test_rank_and_noise_add_and_nothing_is_lost_against_counting() -> None:
    """Counting more of the head in bits excludes less: at every head between, the sum is at least the one at the least head."""
    for n, rho, head in itertools.product((10**4, 10**6), (0.3, 0.7), (1, 50, 400)):
        found = linear_heads.necessary_parameters_of_class(n, rho, head=head, sizes=4, law="gaussian", bits=32)
        assert found >= head + 1
        needed = linear_spaces.required_nats("gaussian", n, rho, head + 1, failure_probability=1e-12)
        if needed > 0.0:
            alone = head + 1 + math.floor((needed - 4 * math.log(found)) / (32 * math.log(2.0)))
            assert alone <= found <= alone + 2 + math.ceil(4 * math.log(found) / (32 * math.log(2.0)))
        for more in (1, 5, 20):
            after = linear_heads.necessary_parameters_of_class(n, rho, head=head + more, sizes=4, law="gaussian", bits=32)
            assert after >= found


def brute_force_bits(net: DeepONet, shape: tuple[int, int], bits: int) -> int:
    layers = [[(a + 1) * b for a, b in itertools.pairwise(sizes)] for sizes in (net.branch_sizes(), net.trunk_sizes())]
    widths = [net.branch_sizes(), net.trunk_sizes()]
    options = []
    for cut in itertools.product(*(range(len(part) + 1) for part in layers)):
        total = bits
        for side in (0, 1):
            if cut[side]:
                total += 64 * shape[side] * widths[side][cut[side]]
            total += bits * sum(layers[side][cut[side] :])
        options.append(total)
    return min(options)


def test_values_that_cross_a_layer_are_counted_where_they_are_fewer_than_the_numbers_before() -> None:
    for widths, q, shape, bits in itertools.product([(3,), (5, 2), (1, 9, 4)], (1, 7), [(4, 5), (60, 3), (500, 400)], (16, 64)):
        net = DeepONet(200, 2, widths, widths[::-1], q)
        assert described_bits(net, shape, bits) == brute_force_bits(net, shape, bits) <= bits * net.parameter_count()
        spared = bits * net.parameter_count() - spared_bits(200, 2, shape, bits)
        assert described_bits(net, shape, bits) <= spared
    plain = necessary_parameters_of_class(4096, 0.5, sizes=5, bits=64)
    inputs = necessary_parameters_of_class(4096, 0.5, sizes=5, bits=64, spared=spared_bits(841, 2, (32, 128), 64))
    assert inputs == plain + 842 - 32


def test_on_a_grid_of_few_functions_many_sensors_are_counted_by_values() -> None:
    net = DeepONet(5000, 1, (4,), (4,), 4)
    scattered, grid = (Setting(n=10**4, size=lambda _: net, shape=shape) for shape in (None, (20, 500)))
    assert BOUNDS["bit-counting"].attainable(grid, 4).value < BOUNDS["bit-counting"].attainable(scattered, 4).value
