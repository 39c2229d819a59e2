"""What noise forces: statements about planted clean outputs G and noise Z hold when only Y = G + Z is seen."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators import UserError
from operators.arrays import Array
from operators.bounds.bit_counting import necessary_parameters
from operators.bounds.lemmas.rates import Law
from operators.sizing import noise_level
from operators.sizing.noise import clean_squares, known_noise
from operators.sizing.noise_level import noise_from_replicates
from operators.sizing.required_size import required_size

LAWS: tuple[Law, ...] = ("gaussian", "rademacher", "uniform")


def noise_of(law: Law, sigma: float, shape: tuple[int, ...], generator: np.random.Generator) -> Array:
    if law == "rademacher":
        return sigma * generator.choice([-1.0, 1.0], size=shape)
    if law == "uniform":
        return sigma * math.sqrt(3.0) * generator.uniform(-1.0, 1.0, size=shape)
    return sigma * generator.standard_normal(shape)


def clean(shape: tuple[int, int], decay: float, rank: int, seed: int) -> Array:
    """Rank `rank`, singular values decay^k sqrt(N M), so that entries are of order one."""
    generator = np.random.default_rng(seed)
    left, right = (np.linalg.qr(generator.standard_normal((side, rank)))[0] for side in shape)
    return math.sqrt(shape[0] * shape[1]) * (left * decay ** np.arange(rank)) @ right.T


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("shape", [(60, 30), (30, 60)])
@pytest.mark.parametrize("target", [0.02, 0.1, 0.3])
@pytest.mark.parametrize("absolute", [False, True])
def test_what_the_clean_outputs_demand_is_never_overstated(
    law: Law, shape: tuple[int, int], target: float, absolute: bool
) -> None:
    for seed in range(4):
        truth = clean(shape, 0.55, 10, seed)
        noisy = truth + noise_of(law, 0.1, shape, np.random.default_rng(100 + seed))
        answer = required_size(noisy, target, absolute=absolute, noise=known_noise(0.1, law))
        needed = required_size(truth, target, absolute=absolute).ranks["none"].attained
        assert answer.noise is not None
        said = answer.noise.statements
        assert said["q_clean"].value <= needed
        assert said["q_plus_clean_rank"].value <= answer.ranks["none"].attained + 10
        assert said["q_only_noise"].value == max(0, answer.ranks["none"].certified - said["q_clean_estimate"].value)


def test_clean_rank_is_found_where_the_signal_stands_out_and_the_rest_is_called_noise() -> None:
    shape = (300, 200)
    truth = clean(shape, 0.5, 6, 0)
    noisy = truth + noise_of("gaussian", 0.05, shape, np.random.default_rng(1))
    answer = required_size(noisy, 0.03, noise=known_noise(0.05))
    assert answer.noise is not None
    said = answer.noise.statements
    needed = required_size(truth, 0.03).ranks["none"].certified
    assert needed == said["q_clean_estimate"].value == 5
    assert 4 <= said["q_clean"].value <= 5
    assert answer.ranks["none"].certified > 20
    assert said["q_only_noise"].value == answer.ranks["none"].certified - 5


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("shape", [(200, 200), (400, 100)])
def test_rank_of_pure_noise_agrees_with_its_singular_values(law: Law, shape: tuple[int, int]) -> None:
    noise = noise_of(law, 1.0, shape, np.random.default_rng(2)) + 1e-9
    for target in (0.9, 0.6, 0.3):
        answer = required_size(noise, target, noise=known_noise(0.999, law))
        assert answer.noise is not None
        assert answer.noise.statements["q_pure_noise"].value == pytest.approx(answer.ranks["none"].certified, abs=2.0)
        assert answer.noise.statements["q_pure_noise"].status == "asymptotic"


def test_bit_counting_uses_the_absorbed_fraction_that_the_target_demands() -> None:
    shape, sigma = (200, 150), 0.5
    noisy = clean(shape, 0.5, 3, 0) + noise_of("rademacher", sigma, shape, np.random.default_rng(3))
    answer = required_size(noisy, 0.2, absolute=True, noise=known_noise(sigma, "rademacher"))
    assert answer.noise is not None
    assert answer.noise.absorbed == pytest.approx(1.0 - 0.2**2 / sigma**2)
    expected = necessary_parameters(30000, answer.noise.absorbed, law="rademacher", failure_probability=0.5e-12)
    assert answer.noise.statements["d_bits"].value == expected > 100
    assert answer.noise.statements["d_bits"].status == "certified"


def test_a_target_above_the_noise_forces_nothing_and_says_so() -> None:
    noisy = clean((100, 80), 0.5, 3, 0) + noise_of("gaussian", 0.1, (100, 80), np.random.default_rng(3))
    answer = required_size(noisy, 0.3, noise=known_noise(0.1))
    assert answer.noise is not None
    assert answer.noise.absorbed == 0.0
    for name in ("q_pure_noise", "q_plus_clean_rank", "d_bits", "d_effective"):
        assert answer.noise.statements[name].vacuous


def test_bit_counting_stays_finite_for_targets_far_below_the_noise() -> None:
    noisy = clean((40, 30), 0.5, 3, 0) + noise_of("gaussian", 0.1, (40, 30), np.random.default_rng(3))
    answer = required_size(noisy, 1e-11, noise=known_noise(0.1))
    assert answer.noise is not None
    assert 100 < answer.noise.statements["d_bits"].value < math.inf


def test_demands_grow_as_the_target_falls() -> None:
    noisy = clean((150, 100), 0.5, 4, 0) + noise_of("gaussian", 0.2, (150, 100), np.random.default_rng(3))
    answers = [required_size(noisy, target, noise=known_noise(0.2)).noise for target in (0.2, 0.15, 0.1, 0.05, 0.01)]
    for name in ("q_clean", "q_clean_estimate", "q_pure_noise", "q_plus_clean_rank", "d_bits", "d_effective"):
        values = [answer.statements[name].value for answer in answers if answer is not None]
        assert values == sorted(values)
        assert values[-1] > values[0]


def test_a_lower_failure_probability_claims_less() -> None:
    noisy = clean((150, 100), 0.5, 6, 0) + noise_of("gaussian", 0.1, (150, 100), np.random.default_rng(3))
    answers = [required_size(noisy, 0.02, noise=known_noise(0.1, failure_probability=p)).noise for p in (0.5, 0.05, 1e-9)]
    for name in ("q_clean", "q_plus_clean_rank", "d_bits"):
        values = [answer.statements[name].value for answer in answers if answer is not None]
        assert values == sorted(values, reverse=True)


@given(x=st.floats(1.05, 50.0), beta=st.floats(0.01, 1.0), sigma=st.floats(1e-3, 1e3))
def test_estimated_singular_values_invert_the_law_of_large_grids(x: float, beta: float, sigma: float) -> None:
    longer = 1000
    shape = (longer, max(1, round(beta * longer)))
    beta = shape[1] / longer
    # Benaych-Georges and Nadakuditi 2012, section 3.1: x above beta^(1/4) appears at sqrt((x^2 + 1)(x^2 + beta)) / x.
    y = math.sqrt((x**2 + 1.0) * (x**2 + beta)) / x
    found = clean_squares(np.array([y * sigma * math.sqrt(longer), 0.0]), sigma, shape=shape, edge=0.5 * sigma)
    np.testing.assert_allclose(found, [x**2 * sigma**2 * longer, 0.0], rtol=1e-6)


def test_interval_for_sigma_covers_it_as_often_as_it_says() -> None:
    generator, missed = np.random.default_rng(5), 0
    for _ in range(400):
        found = noise_from_replicates(generator.standard_normal((3, 4, 5)), np.ones((4, 5)), failure_probability=0.4)
        missed += not found.low <= 1.0 <= found.high
    # The interval fails with 0.4 / 4 = 0.1: 40 expected of 400, standard deviation 6.
    assert 22 <= missed <= 58


def test_sigma_from_replicates_is_the_pooled_standard_deviation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(noise_level, "BLOCK_ENTRIES", 30)
    generator = np.random.default_rng(6)
    stack = generator.standard_normal((4, 9, 7)) + 5.0
    found = noise_from_replicates(stack, stack[0])
    assert found.sigma == pytest.approx(math.sqrt(np.mean(np.var(stack, axis=0, ddof=1))), rel=1e-12)
    assert "estimated from 4 measurements of 63 labels" in found.source
    second = noise_from_replicates(stack[1], stack[0])
    assert second.sigma == pytest.approx(math.sqrt(np.mean((stack[1] - stack[0]) ** 2) / 2.0), rel=1e-12)
    assert second.low < second.sigma < second.high


@pytest.mark.parametrize(
    ("replicates", "message"),
    [
        (np.ones((3, 4)), r"got 'replicates' of shape \(3, 4\); stack the measurements"),
        (np.ones((1, 5, 4)), r"got 'replicates' of shape \(1, 5, 4\); stack the measurements"),
        (np.ones((2, 0, 4)), r"got 'replicates' of shape \(2, 0, 4\); stack the measurements"),
        (np.ones((2, 5, 4)), r"equal in every measurement"),
        (np.full((2, 5, 4), math.nan), r"got NaN or infinity in 'replicates' among functions 0 to 4"),
        (np.ones((2, 5, 4)) * 1j, r"expected real numbers"),
    ],
)
def test_replicates_that_make_no_sense_are_refused(replicates: Array, message: str) -> None:
    with pytest.raises(UserError, match=message):
        noise_from_replicates(replicates, np.ones((5, 4)))


@pytest.mark.parametrize("sigma", [0.0, -1.0, math.nan, math.inf])
def test_noise_levels_that_make_no_sense_are_refused(sigma: float) -> None:
    with pytest.raises(UserError, match="expected a noise level sigma > 0"):
        known_noise(sigma)


def test_failure_probability_must_lie_between_zero_and_one() -> None:
    for value in (0.0, 1.0, -0.1):
        with pytest.raises(UserError, match="expected a failure probability"):
            known_noise(1.0, failure_probability=value)


def test_noise_larger_than_the_outputs_is_refused() -> None:
    with pytest.raises(UserError, match="expected noise below the root mean square of the outputs"):
        required_size(clean((20, 10), 0.5, 3, 0), 0.1, noise=known_noise(10.0))
