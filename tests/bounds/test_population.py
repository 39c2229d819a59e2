"""Closed-form spectra against sampled ones and an independent solver, and the floors they imply."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators import find_task
from operators.architectures.deeponet import DeepONet
from operators.bounds import population
from operators.bounds.eckart_young import floors
from operators.bounds.lemmas import closed_form_spectra
from operators.bounds.lemmas.singular_values import singular_values, tail_sums
from operators.bounds.population import population_floors
from operators.bounds.setting import Setting

POINTS = 64
MODES = 20


def sampled_spectrum(outputs: np.ndarray) -> np.ndarray:
    return singular_values(outputs) ** 2 / outputs.size


def periodic_samples(
    count: int, deviations: np.ndarray, *, growth: np.ndarray, speed: float, time: float, seed: int
) -> np.ndarray:
    """u(., T) of u_t + c u_x = growth(u) for random u_0 with these deviations of the modes 0..K, exactly."""
    rng = np.random.default_rng(seed)
    x = np.arange(POINTS) / POINTS
    k = np.arange(len(deviations))
    phase = 2.0 * math.pi * k[:, None] * (x - speed * time)
    waves = np.where(k > 0, math.sqrt(2.0), 1.0)[:, None] * (deviations * np.exp(growth * time))[:, None]
    cosines = rng.standard_normal((count, len(k))) @ (waves * np.cos(phase))
    return cosines + rng.standard_normal((count, len(k))) @ (waves * np.sin(phase))


def test_final_time_spectrum_of_linear_evolution_matches_samples() -> None:
    k = np.arange(MODES + 1)
    variances = 1.0 / ((2.0 * math.pi * k) ** 2 + 9.0)
    growth = 0.2 - 0.002 * (2.0 * math.pi * k) ** 2
    samples = periodic_samples(20_000, np.sqrt(variances), growth=growth, speed=0.7, time=0.8, seed=0)
    waves = closed_form_spectra.periodic_wavenumbers(MODES)
    expected = closed_form_spectra.evolved(variances[waves], waves, time=0.8, diffusivity=0.002, reaction=0.2)
    floor, sampled = population_floors(expected), tail_sums(sampled_spectrum(samples))
    for q in (0, 1, 3, 8, 16):
        assert sampled[q] == pytest.approx(floor[q], rel=0.03)


def test_pure_advection_leaves_the_spectrum_alone() -> None:
    waves = closed_form_spectra.periodic_wavenumbers(5)
    variances = 2.0 ** -waves.astype(float)
    np.testing.assert_array_equal(
        closed_form_spectra.evolved(variances, waves, time=3.0), closed_form_spectra.decreasing(variances)
    )
    np.testing.assert_array_equal(
        closed_form_spectra.evolved_in_space_time(variances, waves, time=3.0), closed_form_spectra.decreasing(variances)
    )


def test_space_time_spectrum_matches_samples() -> None:
    k = np.arange(7)
    variances = 1.0 / (1.0 + k.astype(float) ** 2)
    times = (np.arange(20) + 0.5) / 20.0
    growth = 0.3 - 0.01 * (2.0 * math.pi * k) ** 2
    blocks = [periodic_samples(3000, np.sqrt(variances), growth=growth, speed=0.4, time=t, seed=1) for t in times]
    outputs = np.hstack(blocks)
    waves = closed_form_spectra.periodic_wavenumbers(6)
    expected = population_floors(
        closed_form_spectra.evolved_in_space_time(variances[waves], waves, time=1.0, diffusivity=0.01, reaction=0.3)
    )
    sampled = tail_sums(np.linalg.eigvalsh(outputs.T @ outputs)[::-1][:20] / outputs.size)
    for q in (0, 1, 3, 5, 9):
        assert sampled[q] == pytest.approx(expected[q], rel=0.08)


def test_dirichlet_spectra_match_samples() -> None:
    rng = np.random.default_rng(2)
    k = np.arange(1, 31)
    mu = k**-2.0
    x = np.arange(1, 128) / 128.0
    modes = math.sqrt(2.0) * np.sin(math.pi * k[:, None] * x)
    for factor, expected in (
        (1.0 / (math.pi * k) ** 2, closed_form_spectra.poisson(mu)),
        (np.exp(-0.01 * (math.pi * k) ** 2 * 0.5), closed_form_spectra.heat_with_fixed_ends(mu, time=0.5, diffusivity=0.01)),
    ):
        outputs = rng.standard_normal((20_000, 30)) @ (np.sqrt(mu)[:, None] * factor[:, None] * modes)
        sampled = tail_sums(np.linalg.eigvalsh(outputs.T @ outputs)[::-1] / (20_000 * 128.0))
        for q in (0, 1, 4):
            assert sampled[q] == pytest.approx(population_floors(expected)[q], rel=0.04)


@pytest.mark.parametrize(("q", "tail"), [(17, 1.038e-2), (65, 2.533e-3), (257, 6.37e-4)])
def test_box_tails_have_their_reference_values_and_limit(q: int, tail: float) -> None:
    spectrum = closed_form_spectra.box_translates(0.25 * math.sqrt(2.0), 200_000)
    floor = population_floors(spectrum)[q]
    assert floor == pytest.approx(tail, rel=1e-3)
    assert floor == pytest.approx(16.0 / (math.pi**4 * q), rel=0.08)
    unsorted = 2.0 * np.sum(
        (
            np.sin(math.pi * np.arange((q + 1) // 2, 200_000) * 0.25 * math.sqrt(2.0))
            / (math.pi * np.arange((q + 1) // 2, 200_000))
        )
        ** 2
    )
    assert unsorted > 1.1 * floor
    assert spectrum.sum() == pytest.approx(0.25 * math.sqrt(2.0), abs=1e-6)


def test_box_spectrum_matches_the_translates_of_a_sampled_box() -> None:
    points, width = 512, 0.375
    profile = ((np.arange(points) + 0.5) / points < width).astype(float)
    shifted = np.stack([np.roll(profile, shift) for shift in range(points)])
    np.testing.assert_allclose(closed_form_spectra.translates(profile), sampled_spectrum(shifted), atol=1e-12)
    np.testing.assert_allclose(
        closed_form_spectra.translates(profile)[:21], closed_form_spectra.box_translates(width, 10_000)[:21], rtol=0.01, atol=1e-5
    )
    with pytest.raises(ValueError, match="width"):
        closed_form_spectra.box_translates(1.0, 10)


@pytest.mark.parametrize(("q", "tail"), [(8, 4.59e-2), (32, 1.225e-2), (128, 3.12e-3)])
def test_shocked_burgers_tails_have_their_reference_values_and_the_jump_law(q: int, tail: float) -> None:
    x = 2.0 * math.pi * (np.arange(2**14) + 0.5) / 2**14
    profile = closed_form_spectra.inviscid_burgers_profile(1.5, x)
    jump = profile[-1] - profile[0]
    floor = population_floors(closed_form_spectra.translates(profile))[q]
    assert floor == pytest.approx(tail, rel=2e-3)
    assert jump == pytest.approx(1.9945, abs=2e-4)
    assert floor == pytest.approx(jump**2 / (math.pi**2 * q), rel=0.1)


@pytest.mark.parametrize("time", [0.5, 1.5])
def test_burgers_spectrum_matches_samples_at_uniform_shifts(time: float) -> None:
    """Shifts are whole steps of a grid 64 times as fine as that of the points."""
    profile = closed_form_spectra.inviscid_burgers_profile(time, 2.0 * math.pi * np.arange(2**14) / 2**14)
    shifts = np.random.default_rng(12).integers(2**14, size=4000)
    outputs = profile[np.mod(64 * np.arange(256) - shifts[:, None], 2**14)]
    tails = population_floors(closed_form_spectra.translates(profile))
    sampled = population_floors(sampled_spectrum(outputs))
    for q in (2, 4, 8):
        assert sampled[q] == pytest.approx(tails[q], rel=0.05)


def test_smooth_burgers_tails_are_spectral() -> None:
    x = 2.0 * math.pi * (np.arange(2**12) + 0.5) / 2**12
    floor = population_floors(closed_form_spectra.translates(closed_form_spectra.inviscid_burgers_profile(0.5, x)))
    assert floor[8] == pytest.approx(1.6e-4, rel=0.02)
    assert floor[32] == pytest.approx(1e-10, rel=0.03)
    np.testing.assert_allclose(closed_form_spectra.inviscid_burgers_profile(0.0, x), -np.sin(x), atol=1e-12)


@pytest.mark.parametrize(("time", "tolerance"), [(0.8, 2e-3), (1.5, 2e-3)])
def test_burgers_profile_agrees_with_an_independent_godunov_solution(time: float, tolerance: float) -> None:
    cells = 2000
    dx = 2.0 * math.pi / cells
    x = (np.arange(cells) + 0.5) * dx
    u = -np.sin(x)
    steps = math.ceil(time / (0.9 * dx))
    for _ in range(steps):
        left, right = np.maximum(u, 0.0), np.minimum(np.roll(u, -1), 0.0)
        flux = 0.5 * np.maximum(left**2, right**2)
        u = u - time / steps / dx * (flux - np.roll(flux, 1))
    error = np.mean(np.abs(u - closed_form_spectra.inviscid_burgers_profile(time, x)))
    assert error < tolerance


def test_training_floors_are_optimistic_in_the_mean() -> None:
    rng = np.random.default_rng(3)
    spectrum = 2.0 ** -np.arange(12.0)
    population_tail = population_floors(spectrum)[4]
    draws = [floors(rng.standard_normal((20, 12)) * np.sqrt(12.0 * spectrum), "none").upper[4] for _ in range(200)]
    assert np.mean(draws) < 0.8 * population_tail
    many = floors(rng.standard_normal((20_000, 12)) * np.sqrt(12.0 * spectrum), "none").upper[4]
    assert many == pytest.approx(population_tail, rel=0.03)


@given(st.lists(st.floats(0.0, 10.0), min_size=2, max_size=20), st.floats(0.0, 5.0), st.integers(0, 10**6))
def test_second_moment_and_covariance_tails_interlace(variances: list[float], size: float, seed: int) -> None:
    mean = size * np.random.default_rng(seed).standard_normal(len(variances))
    covariance = np.diag(variances)
    second = closed_form_spectra.decreasing(np.maximum(np.linalg.eigvalsh(covariance + np.outer(mean, mean)), 0.0))
    first = closed_form_spectra.decreasing(np.array(variances))
    slack = 1e-9 * (1.0 + second.sum())
    assert np.all(population_floors(second) + slack >= population_floors(first))
    assert np.all(population_floors(first)[:-1] + slack >= population_floors(second)[1:])


def test_no_linear_reconstruction_beats_the_population_floor() -> None:
    rng = np.random.default_rng(4)
    spectrum = 3.0 ** -np.arange(8.0)
    for q in (1, 3, 5):
        for _ in range(20):
            trunk = np.linalg.qr(rng.standard_normal((8, q)))[0]
            error = spectrum.sum() - np.sum((np.sqrt(spectrum)[:, None] * trunk) ** 2)
            assert error >= population_floors(spectrum)[q] * (1.0 - 1e-12)


def test_mean_absolute_floor_of_boxes_decays_like_one_over_q() -> None:
    """E |G - h|_L1 >= tail / (C_h + 1): best L2 fits of translates, clipped to [-1, 1], respect it."""
    points = 256
    profile = (np.arange(points) / points < 0.375).astype(float)
    outputs = np.stack([np.roll(profile, shift) for shift in range(points)])
    left, values, right = np.linalg.svd(outputs)
    floor = population_floors(closed_form_spectra.translates(profile)) / (2.0 + 1.0)
    for q in (5, 9, 33):
        fit = (left[:, :q] * values[:q]) @ right[:q]
        assert np.abs(fit).max() <= 2.0
        assert np.mean(np.abs(outputs - fit)) >= floor[q]


def test_unsorted_spectra_are_refused() -> None:
    for bad in (np.array([1.0, 2.0]), np.array([1.0, -0.1])):
        with pytest.raises(ValueError, match="decreasing"):
            population_floors(bad)


def test_population_bound_speaks_where_the_spectrum_is_known() -> None:
    def size(q: int) -> DeepONet:
        return DeepONet(10, 1, (q,), (q,), q, ends="sigmoid")

    setting = Setting(n=100, size=size, spectrum=np.array([1.0, 0.1, 0.01, 0.0]))
    assert population.BOUND.attainable(setting, 1).value == pytest.approx(math.sqrt(0.11 / 1.11))
    assert population.BOUND.necessary(setting, 0.2).value == 2.0
    assert population.BOUND.necessary(setting, 0.05).value == 3.0
    assert population.BOUND.attainable(Setting(n=100, size=size), 1).vacuous


@pytest.mark.parametrize(("task", "q"), [("advection", 9), ("heat", 3)])
def test_rank_that_five_per_cent_on_fresh_functions_demands(task: str, q: int) -> None:
    """Outputs of mean zero: a scalar bias, or any mean function, does not help, as the best fits of sampled outputs confirm."""
    built_in = find_task(task)
    setting = Setting(n=100, size=lambda q: DeepONet(10, 1, (q,), (q,), q, ends="sigmoid"), spectrum=built_in.output_spectrum())
    assert population.BOUND.necessary(setting, 0.05).value == q
    outputs = built_in.outputs(built_in.draw(np.random.default_rng(0), 4000))
    squares = singular_values(outputs - outputs.mean(axis=0)) ** 2
    assert math.sqrt(squares[q - 1 :].sum() / np.sum(outputs**2)) > 0.05 > math.sqrt(squares[q:].sum() / np.sum(outputs**2))
