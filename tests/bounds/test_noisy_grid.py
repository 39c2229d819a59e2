"""Noise on a grid: deterministic sandwiches, probability bounds, the Marchenko-Pastur law, incomplete grids."""

import dataclasses
import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from operators.architectures.deeponet import DeepONet
from operators.bounds import grid_in_probability, incomplete_grid, marchenko_pastur, noisy_grid
from operators.bounds.eckart_young import floors, floors_of_deeponet
from operators.bounds.incomplete_grid import log_low_rank_patterns
from operators.bounds.lemmas import noisy_singular_values, subgaussian_ranks
from operators.bounds.lemmas.block_floors import block_floor
from operators.bounds.lemmas.signal import fraction_beyond, fraction_with, signal_tails
from operators.bounds.lemmas.singular_values import singular_values, tail_sums
from operators.bounds.marchenko_pastur import absorbed_fraction, rank_fraction, rank_fraction_at
from operators.bounds.setting import Setting


def wide(q: int) -> DeepONet:
    return DeepONet(10, 1, (q,), (q,), q, ends="sigmoid")


def noise_of(law: str, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    if law == "rademacher":
        return np.sign(rng.standard_normal(shape))
    return rng.standard_normal(shape) if law == "gaussian" else rng.uniform(-math.sqrt(3.0), math.sqrt(3.0), shape)


@given(st.integers(4, 12), st.integers(4, 12), st.integers(0, 3), st.floats(0.0, 3.0), st.integers(0, 10**6))
def test_floor_of_noisy_labels_lies_between_tails_of_the_noise(rows: int, columns: int, g: int, size: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    clean = size * rng.standard_normal((rows, g)) @ rng.standard_normal((g, columns))
    noise = rng.standard_normal((rows, columns))
    exact = floors(clean + noise, "none").upper
    for rank in range(min(rows, columns)):
        low, high = noisy_singular_values.sandwich(noise, rank, g)
        assert low <= exact[rank] * (1.0 + 1e-9) + 1e-13
        assert exact[rank] <= high * (1.0 + 1e-9) + 1e-13


@given(st.integers(4, 12), st.integers(4, 12), st.floats(0.0, 3.0), st.integers(0, 10**6))
def test_floor_without_alignment_is_valid_for_any_signal(rows: int, columns: int, size: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    clean = size * rng.standard_normal((rows, columns)) * np.exp(-np.arange(columns))
    noise = rng.standard_normal((rows, columns))
    exact = floors(clean + noise, "none").upper
    for rank in range(min(rows, columns) + 2):
        attained = exact[rank] if rank < len(exact) else 0.0
        assert noisy_singular_values.floor_without_alignment(noise, clean, rank) <= attained * (1.0 + 1e-9) + 1e-13


def test_floor_without_alignment_is_close_for_rapidly_decaying_signals() -> None:
    rng = np.random.default_rng(0)
    x = np.linspace(0.0, 1.0, 60)
    clean = sum(rng.standard_normal((60, 1)) * 10.0**-k * np.sin(k * np.pi * x) for k in range(1, 8))
    noise = 0.3 * rng.standard_normal((60, 60))
    exact = floors(clean + noise, "none").upper
    for rank in (2, 5):
        assert noisy_singular_values.floor_without_alignment(noise, clean, rank) >= 0.85 * exact[rank]


def test_necessary_rank_of_the_noise_alone() -> None:
    noise = np.diag([4.0, 3.0, 2.0, 1.0])
    energies = np.cumsum([16.0, 9.0, 4.0, 1.0]) / 16.0
    assert [noisy_singular_values.necessary_rank(noise, eps, 0) for eps in (0.0, 0.5, *energies)] == [0, 1, 1, 2, 3, 4]
    assert noisy_singular_values.necessary_rank(noise, float(energies[2]), 2) == 1


def test_exact_necessary_q_is_the_least_rank_that_absorbs() -> None:
    rng = np.random.default_rng(1)
    clean, noise = rng.standard_normal((30, 2)) @ rng.standard_normal((2, 20)), rng.standard_normal((30, 20))
    labels = clean + noise
    certified = floors_of_deeponet(labels, 0.0, 1.0)
    energy = float(np.mean(noise**2))
    setting = Setting(n=600, size=wide, shape=(30, 20), floors=certified, noise_energy=energy)
    statement = noisy_grid.BOUND.necessary(setting, 0.5)
    q = int(statement.value)
    assert certified[q] <= 0.5 * energy < certified[q - 1]
    assert noisy_grid.BOUND.attainable(setting, q).value >= 0.5 > noisy_grid.BOUND.attainable(setting, q - 1).value
    assert noisy_grid.BOUND.necessary(Setting(n=600, size=wide), 0.5).vacuous


@pytest.mark.parametrize("law", ["gaussian", "rademacher", "uniform"])
def test_probability_bound_holds_in_95_of_100_draws_at_every_rank(law) -> None:
    rng = np.random.default_rng(2)
    shape, delta, draws = (40, 25), 0.05, 200
    energies = np.array([np.cumsum(singular_values(noise_of(law, shape, rng)) ** 2) for _ in range(draws)]) / 1000.0
    for rank in (1, 3, 10):
        bound = grid_in_probability.absorbable_fraction(law, shape, rank, failure_probability=delta)
        assert np.mean(energies[:, rank - 1] > bound) <= delta
        assert np.median(energies[:, rank - 1]) >= bound / 6.0
        assert grid_in_probability.necessary_rank(law, shape, bound, failure_probability=delta) == pytest.approx(rank)


@pytest.mark.parametrize("law", ["rademacher", "uniform"])
def test_laws_are_dominated_in_convex_order_by_their_gaussian(law) -> None:
    """E (X - t)_+ <= E (a g - t)_+ for all t, with the a of the bound."""
    a = grid_in_probability.CONVEX_ORDER[law]
    t = np.linspace(0.0, 4.0, 2001)
    gaussian = a * norm.pdf(t / a) - t * norm.sf(t / a)
    root = math.sqrt(3.0)
    stop_loss = np.maximum(1.0 - t, 0.0) / 2.0 if law == "rademacher" else np.maximum(root - t, 0.0) ** 2 / (4.0 * root)
    assert np.all(stop_loss <= gaussian + 1e-15)
    assert stop_loss[0] == pytest.approx(gaussian[0])


def test_sub_gaussian_form_has_the_constants_of_the_reference() -> None:
    """eta = 0.065: S_K^2 <= 11.96 K (N + M + 1) + 2.43 ln(1 / delta)."""
    shape, delta = (300, 200), 0.05
    rank = subgaussian_ranks.necessary_rank(shape, 0.5, failure_probability=delta)
    reference = (0.5 * 60000 + 2.43 * math.log(delta)) / (11.96 * 501)
    assert rank == pytest.approx(reference, rel=0.01)
    assert rank >= reference * (1.0 - 1e-3)
    assert grid_in_probability.necessary_rank("rademacher", shape, 0.5, failure_probability=delta) > 2.0 * rank
    assert subgaussian_ranks.necessary_rank((5, 5), 0.01, failure_probability=1e-9) == 0.0


@given(st.floats(0.01, 1.0), st.integers(10, 2000), st.integers(10, 2000), st.sampled_from(["gaussian", "rademacher", "uniform"]))
def test_probability_bound_is_monotone(fraction: float, rows: int, columns: int, law) -> None:
    base = grid_in_probability.necessary_rank(law, (rows, columns), fraction, failure_probability=0.05)
    assert grid_in_probability.necessary_rank(law, (rows + 1, columns), fraction, failure_probability=0.05) >= base - 1e-9
    assert grid_in_probability.necessary_rank(law, (rows, columns), 1.01 * fraction, failure_probability=0.05) >= base
    assert grid_in_probability.necessary_rank(law, (rows, columns), fraction, failure_probability=0.01) <= base
    transposed = grid_in_probability.necessary_rank(law, (columns, rows), fraction, failure_probability=0.05)
    assert transposed == pytest.approx(base)
    assert base <= min(rows, columns)


@pytest.mark.parametrize(("law", "squared"), [("gaussian", 1.0), ("rademacher", math.pi / 2.0)])
def test_square_grids_give_a_quarter_of_the_root_of_n(law, squared: float) -> None:
    side = 10**6
    rank = grid_in_probability.necessary_rank(law, (side, side), 0.5, failure_probability=0.05)
    assert rank / side == pytest.approx(0.5 / (4.0 * squared), rel=1e-3)


def test_signal_rank_is_subtracted_and_uniform_noise_pays_for_its_random_energy() -> None:
    def needed(**changes) -> float:
        return grid_in_probability.BOUND.necessary(Setting(n=10**6, size=wide, shape=(1000, 1000), **changes), 0.5).value

    assert needed(signal=((0, 0.0),)) - needed(signal=((10, 0.0),)) == 10.0
    assert (
        needed(signal=((0, 0.0),), law="gaussian")
        > needed(signal=((0, 0.0),), law="uniform")
        > needed(signal=((0, 0.0),), law="rademacher")
    )
    assert grid_in_probability.BOUND.necessary(Setting(n=100, size=wide), 0.5).note


@given(st.floats(0.0, 1.0), st.floats(0.0, 2.0), st.floats(0.0, 2.0))
def test_what_a_signal_leaves_to_absorb_is_monotone_and_inverts(rho: float, remainder: float, more: float) -> None:
    left = fraction_beyond(rho, remainder)
    assert fraction_beyond(rho, 0.0) == pytest.approx(rho, abs=1e-12)
    assert 0.0 <= fraction_beyond(rho, remainder + more) <= left + 1e-12
    assert fraction_with(left, remainder + more) >= fraction_with(left, remainder) - 1e-12
    assert fraction_with(left, remainder) >= rho - 1e-7
    if left > 0.0:
        assert fraction_with(left, remainder) == pytest.approx(rho, abs=1e-6)


@given(st.integers(4, 12), st.integers(4, 12), st.integers(0, 3), st.just(0.0) | st.floats(1e-100, 2.0), st.integers(0, 10**6))
def test_rank_that_absorbs_beside_a_signal_absorbs_what_is_left_of_the_noise(
    rows: int, columns: int, r: int, size: float, seed: int
) -> None:
    """For every g: a model of rank r and a bias that absorbs rho of V makes rank r + g + 1 absorb rho_g of the noise alone."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((rows, columns))
    clean = size * rng.standard_normal((rows, columns)) * 0.5 ** np.arange(columns)
    energy = np.mean(noise**2)
    tails = tail_sums(singular_values(noise) ** 2) / noise.size
    rho = 1.0 - floors(clean + noise, "scalar").lower[r] / energy
    for g, remainder in signal_tails(clean).items():
        absorbed = 1.0 - (tails[r + g + 1] if r + g + 1 < len(tails) else 0.0) / energy
        assert absorbed >= fraction_beyond(rho, remainder / energy) - 1e-9


def test_probability_bound_beside_a_signal_of_full_rank_holds_and_speaks() -> None:
    rng = np.random.default_rng(8)
    clean = rng.standard_normal((80, 60)) @ np.diag(0.3 ** np.arange(60.0)) @ rng.standard_normal((60, 60)) / 10.0
    signal = tuple((g + 1, tail) for g, tail in signal_tails(clean).items())
    setting = Setting(n=4800, size=wide, shape=(80, 60), law="gaussian", sigma=0.5, signal=signal)
    needed = grid_in_probability.BOUND.necessary(setting, 0.5).value
    assert needed >= 3.0
    assert grid_in_probability.BOUND.attainable(setting, int(needed) - 1).value < 0.5
    broken = 0
    for _ in range(200):  # with one q less, bias + B T^T has rank at most `needed`: it must miss the target
        noise = 0.5 * rng.standard_normal((80, 60))
        broken += tail_sums(singular_values(clean + noise) ** 2)[int(needed)] <= 0.5 * np.sum(noise**2)
    assert broken <= 10
    worse = tuple((g + 2, tail) for g, tail in signal)
    assert grid_in_probability.BOUND.necessary(dataclasses.replace(setting, signal=worse), 0.5).value <= needed
    louder = dataclasses.replace(setting, sigma=0.25)
    assert grid_in_probability.BOUND.necessary(louder, 0.5).value <= needed


@pytest.mark.parametrize("beta", [1.0, 0.6, 0.1, 0.01])
def test_closed_form_agrees_with_quadrature_of_the_marchenko_pastur_density(beta: float) -> None:
    root = math.sqrt(beta)

    def level(x: float) -> float:  # t = 1 + beta + 2 sqrt(beta) cos x
        return 1.0 + beta + 2.0 * root * math.cos(x)

    def density(x: float) -> float:  # sqrt((t_+ - t)(t - t_-)) / (2 pi beta t) dt
        return 2.0 * math.sin(x) ** 2 / (math.pi * level(x))

    for phi in (0.2, 1.0, 2.0, 3.0):
        alpha, energy = (quad(f, 0.0, phi, epsabs=1e-13)[0] for f in (density, lambda x: density(x) * level(x)))
        assert rank_fraction_at(phi, beta) == pytest.approx(alpha, abs=2e-12)
        assert marchenko_pastur.absorbed_fraction_at(phi) == pytest.approx(energy, abs=2e-12)
    assert rank_fraction(1.0, beta) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(
    ("beta", "values"),
    [(1.0, (0.0276, 0.0592, 0.1817, 0.3865, 0.5098)), (0.1, (0.062, 0.130, 0.371, 0.690, 0.828))],
)
def test_marchenko_pastur_reference_values(beta: float, values: tuple[float, ...]) -> None:
    for rho, alpha in zip((0.1, 0.2, 0.5, 0.8, 0.9), values, strict=True):
        assert rank_fraction(rho, beta) == pytest.approx(alpha, abs=5e-5 if beta == 1.0 else 5e-4)


@given(st.floats(0.001, 0.999), st.floats(0.01, 1.0))
def test_marchenko_pastur_law_inverts_and_has_the_small_limit(rho: float, beta: float) -> None:
    assert absorbed_fraction(rank_fraction(rho, beta), beta) == pytest.approx(rho, rel=1e-8)
    assert rank_fraction(rho, beta) <= rho + 1e-12
    assert rank_fraction(rho, beta) >= rho / (1.0 + math.sqrt(beta)) ** 2 * (1.0 - 1e-9)


@pytest.mark.parametrize("shape", [(400, 400), (400, 240), (120, 400)])
@pytest.mark.parametrize("law", ["gaussian", "rademacher"])
def test_marchenko_pastur_law_agrees_with_sampled_noise(shape: tuple[int, int], law: str) -> None:
    values = singular_values(noise_of(law, shape, np.random.default_rng(5))) ** 2
    tails = tail_sums(values) / values.sum()
    smaller, beta = min(shape), min(shape) / max(shape)
    for alpha in (0.05, 0.2, 0.5, 0.8):
        rank = round(alpha * smaller)
        assert 1.0 - tails[rank] == pytest.approx(absorbed_fraction(rank / smaller, beta), abs=0.006)


@pytest.mark.parametrize(("n", "q"), [(1024, 5.8), (10**4, 18.2), (10**5, 57), (10**6, 182)])
def test_necessary_q_of_the_law_on_square_grids(n: int, q: float) -> None:
    side = math.isqrt(n)
    statement = marchenko_pastur.BOUND.necessary(Setting(n=n, size=wide, shape=(side, side), signal=((0, 0.0),)), 0.5)
    assert statement.status == "asymptotic"
    assert statement.value == pytest.approx(math.ceil(q), abs=1.0)
    shifted = Setting(n=n, size=wide, shape=(side, side), signal=((3, 0.0),))
    assert marchenko_pastur.BOUND.necessary(shifted, 0.5).value == pytest.approx(max(statement.value - 3.0, 1.0), abs=1.0)


def test_certified_bound_never_exceeds_the_law() -> None:
    for side in (50, 200, 1000):
        for law in ("gaussian", "rademacher", "uniform"):
            for rho in (0.1, 0.5, 0.9):
                certified = grid_in_probability.necessary_rank(law, (side, side), rho, failure_probability=0.05)
                assert certified <= side * rank_fraction(rho, 1.0) + 1.0


def test_sign_patterns_of_small_low_rank_matrices_are_fewer_than_counted() -> None:
    """All patterns of 4 x 4 matrices of rank <= 1 plus a constant, found by sampling: at least 2^7, at most the bound."""
    rng = np.random.default_rng(6)
    found = set()
    for _ in range(60000):
        matrix = np.outer(rng.standard_normal(4), rng.standard_normal(4)) + rng.standard_normal()
        found.add((matrix > 0.0).tobytes())
    assert 2**7 <= len(found) < 2**16
    assert math.log(len(found)) <= log_low_rank_patterns(16, (4, 4), 1)


@pytest.mark.parametrize(("rho", "q"), [(0.6, 2), (0.8, 15), (0.95, 46)])
def test_incomplete_grid_is_at_least_as_strong_as_the_reference_numbers(rho: float, q: int) -> None:
    setting = Setting(n=10**6, size=wide, shape=(1000, 1000))
    value = incomplete_grid.BOUND.necessary(setting, rho).value
    assert q <= value <= 2 * q + 1
    exact = marchenko_pastur.BOUND.necessary(Setting(n=10**6, size=wide, shape=(1000, 1000), signal=((0, 0.0),)), rho).value
    assert value < exact


def test_points_of_their_own_leave_incomplete_grids_silent() -> None:
    setting = Setting(n=1000, size=wide, shape=(1000, 1000))
    assert incomplete_grid.BOUND.attainable(setting, 1).vacuous
    gaussian = Setting(n=10**6, size=wide, shape=(1000, 1000), law="gaussian")
    assert incomplete_grid.BOUND.attainable(gaussian, 1).note == "needs Rademacher noise"


def test_scattered_points_have_no_rank_floor() -> None:
    """b = 1 and t(x_i) = y_i interpolates labels at points of their own with q = 1."""
    labels = np.random.default_rng(0).standard_normal(50)
    branch, trunk = np.ones((50, 1)), labels[:, None]
    assert np.all(np.sum(branch * trunk, axis=1) == labels)


@given(st.integers(0, 10**6), st.integers(0, 3))
def test_block_floors_hold_for_masked_fits(seed: int, q: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.standard_normal((8, 9))
    blocks = [(np.arange(4), np.arange(5)), (np.arange(4, 8), np.arange(3, 9))]
    mask = np.zeros((8, 9), dtype=bool)
    for rows, columns in blocks:
        mask[np.ix_(rows, columns)] = True
    fit = np.where(mask, labels, 0.0)
    for _ in range(60):  # hard imputation: decreasing error on the mask
        left, values, right = np.linalg.svd(np.where(mask, labels, fit), full_matrices=False)
        fit = (left[:, :q] * values[:q]) @ right[:q]
    assert np.sum((labels - fit)[mask] ** 2) >= block_floor(labels, blocks, q) * (1.0 - 1e-9)


def test_overlapping_blocks_are_refused() -> None:
    blocks = [(np.arange(3), np.arange(3)), (np.arange(2, 4), np.arange(2, 4))]
    with pytest.raises(ValueError, match="disjoint"):
        block_floor(np.ones((4, 4)), blocks, 1)
    assert list(itertools.chain.from_iterable(blocks))
