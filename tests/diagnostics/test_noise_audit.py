"""Error anatomy and proof-term audit: every identity, and what no fit can escape."""

import dataclasses
import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.architectures.deeponet import ENDS, DeepONet, deeponet_weights
from operators.architectures.weights import Layer
from operators.bounds.lemmas.rates import rate
from operators.data.normalisation import Problem, predict
from operators.diagnostics.error_decomposition import anatomy, anatomy_of_fit, missed_shares, orthonormal_basis
from operators.diagnostics.noise_audit import NoiseModel, audit, fresh_noise_score, violations

SEEDS = st.integers(0, 2**32 - 1)


def least_clean_error(noise_energy: float, absorbed: float) -> float:
    """V (1 - sqrt(1 - rho))^2: the clean error that absorbing rho forces; 0 for rho <= 0."""
    rho = min(max(absorbed, 0.0), 1.0)
    return noise_energy * (1.0 - math.sqrt(1.0 - rho)) ** 2


@given(st.integers(2, 10), st.integers(2, 10), st.integers(1, 6), st.integers(1, 6), SEEDS)
@settings(deadline=None, max_examples=60)
def test_parts_of_the_error_add_up_and_none_is_negative(n: int, m: int, q: int, w: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels, trunk = rng.standard_normal((n, m)), rng.standard_normal((m, q))
    features = np.hstack([rng.standard_normal((n, w)), np.ones((n, 1))])
    branch = features @ rng.standard_normal((w + 1, q))
    parts = anatomy(labels, branch, trunk, features=features)
    assert parts.branch_capacity is not None
    assert parts.head_solve_gain is not None
    assert parts.error == pytest.approx(np.mean((labels - branch @ trunk.T) ** 2))
    assert parts.floor + parts.trunk_excess + parts.branch_error == pytest.approx(parts.error, rel=1e-9)
    assert parts.branch_capacity + parts.head_solve_gain == pytest.approx(parts.branch_error, rel=1e-9, abs=1e-12)
    assert min(parts.floor, parts.trunk_excess, parts.branch_capacity, parts.head_solve_gain) >= -1e-12 * parts.error
    solved = np.linalg.lstsq(features, labels @ np.linalg.pinv(trunk.T), rcond=None)[0]
    best = np.mean((labels - features @ solved @ trunk.T) ** 2)
    assert parts.error - parts.head_solve_gain == pytest.approx(best, rel=1e-8, abs=1e-12)


def test_perfect_parts_are_recognised() -> None:
    rng = np.random.default_rng(0)
    labels = rng.standard_normal((12, 9))
    left, values, right = np.linalg.svd(labels, full_matrices=False)
    best = anatomy(labels, left[:, :3] * values[:3], right[:3].T)
    assert best.trunk_excess == pytest.approx(0.0, abs=1e-14)
    assert best.branch_error == pytest.approx(0.0, abs=1e-14)
    assert best.error == pytest.approx(best.floor)
    np.testing.assert_allclose(best.missed[:3], 0.0, atol=1e-25)
    np.testing.assert_allclose(best.missed[3:], 1.0, rtol=1e-9)
    blind = anatomy(labels, np.zeros((12, 3)), right[:3].T)
    assert blind.trunk_excess == pytest.approx(0.0, abs=1e-14)
    assert blind.branch_error == pytest.approx(np.sum(values[:3] ** 2) / 108.0)
    assert blind.branch_capacity is None


def test_missed_shares_of_all_modes_carry_the_whole_error() -> None:
    rng = np.random.default_rng(1)
    labels, residual = rng.standard_normal((7, 5)), rng.standard_normal((7, 5))
    missed = missed_shares(labels, residual, modes=5)
    values = np.linalg.svd(labels, compute_uv=False)
    assert np.sum(missed * values**2) == pytest.approx(np.sum(residual**2))
    singular = np.outer(rng.standard_normal(7), rng.standard_normal(5))
    assert np.isnan(missed_shares(singular, residual)[1:]).all()


def test_numerical_rank_of_the_trunk_is_reported() -> None:
    rng = np.random.default_rng(2)
    trunk = rng.standard_normal((9, 2)) @ rng.standard_normal((2, 5))
    labels = rng.standard_normal((6, 9))
    parts = anatomy(labels, rng.standard_normal((6, 5)), trunk)
    assert parts.trunk_rank == 2
    assert parts.floor + parts.trunk_excess + parts.branch_error == pytest.approx(parts.error, rel=1e-9)
    assert orthonormal_basis(np.zeros((4, 2))).shape == (4, 0)
    with pytest.raises(ValueError, match="branch"):
        anatomy(labels, rng.standard_normal((6, 4)), trunk)


def problem_of(n: int, m: int, *, design: str = "grid", pointwise: bool, rng: np.random.Generator) -> Problem:
    return Problem(
        design=design,
        inputs=rng.standard_normal((n, 4)),
        points=rng.standard_normal((m + 3, 2)),
        index=rng.permutation(m + 3)[:m] if design == "grid" else rng.integers(m + 3, size=(n, m)),
        labels=rng.standard_normal((n, m)),
        mean=rng.standard_normal(m) if pointwise else np.asarray(0.3),
        scale=rng.uniform(0.5, 2.0, m) if pointwise else np.asarray(1.7),
        unit=1.0,
        test_inputs=rng.standard_normal((2, 4)),
    )


@pytest.mark.parametrize("ends", ENDS)
@pytest.mark.parametrize("pointwise", [False, True])
def test_anatomy_of_a_real_net_splits_its_training_error(ends, pointwise: bool) -> None:
    rng = np.random.default_rng(3)
    net = DeepONet(4, 2, (5, 3), (6,), 4, "tanh", ends)

    def layers(sizes: tuple[int, ...]) -> tuple[Layer, ...]:
        return tuple(Layer(rng.standard_normal((a, b)), rng.standard_normal(b)) for a, b in itertools.pairwise(sizes))

    weights = deeponet_weights(layers(net.branch_sizes()), layers(net.trunk_sizes()), 0.4)
    problem = problem_of(14, 11, pointwise=pointwise, rng=rng)
    parts = anatomy_of_fit(net, weights, problem)
    assert parts.error == pytest.approx(np.mean((problem.labels - predict(net, weights, problem)) ** 2))
    assert parts.floor + parts.trunk_excess + parts.branch_error == pytest.approx(parts.error, rel=1e-9)
    if ends == "sigmoid":
        assert parts.head_solve_gain is None
    else:
        assert parts.branch_capacity is not None
        assert parts.head_solve_gain is not None
        assert parts.branch_capacity + parts.head_solve_gain == pytest.approx(parts.branch_error, rel=1e-9)
    with pytest.raises(ValueError, match="grid"):
        anatomy_of_fit(net, weights, problem_of(14, 11, design="scattered", pointwise=False, rng=rng))


@given(
    SEEDS, st.sampled_from(["rademacher", "uniform", "gaussian"]), st.floats(0.01, 3.0), st.floats(0.0, 1.0), st.floats(-1.0, 1.0)
)
@settings(max_examples=100)
def test_no_prediction_violates_the_consequences(seed: int, law, sigma: float, absorbed: float, astray: float) -> None:
    """From the clean truth to interpolation and beyond: g + absorbed z + astray noise."""
    rng = np.random.default_rng(seed)
    clean = rng.standard_normal((5, 6))
    noise = sigma * (np.sign(rng.standard_normal((5, 6))) if law == "rademacher" else rng.standard_normal((5, 6)))
    prediction = clean + absorbed * noise + astray * rng.standard_normal((5, 6))
    terms = audit(clean, noise, prediction, model=NoiseModel(law, sigma), d=10, d_eff=8)
    assert violations(terms) == []
    assert terms.clean_error >= least_clean_error(terms.noise_energy, terms.absorbed) * (1.0 - 1e-6) - 1e-12
    assert terms.nats_per_effective_parameter == pytest.approx(terms.nats_per_parameter * 10.0 / 8.0)
    assert -1.0 - 1e-12 <= terms.cosine <= 1.0 + 1e-12


def test_landmarks_of_the_audit() -> None:
    rng = np.random.default_rng(4)
    clean, noise = rng.standard_normal(400), 0.5 * np.sign(rng.standard_normal(400))
    model = NoiseModel("rademacher", 0.5)
    truth = audit(clean, noise, clean, model=model, d=4, d_eff=4)
    assert truth.absorbed == pytest.approx(0.0, abs=1e-12)
    assert truth.clean_error == truth.degrees_of_freedom == truth.cosine == 0.0
    interpolated = audit(clean, noise, clean + noise, model=model, d=4, d_eff=2)
    assert interpolated.absorbed == pytest.approx(1.0)
    assert interpolated.clean_error == pytest.approx(interpolated.noise_energy)
    assert interpolated.degrees_of_freedom == pytest.approx(400.0)
    assert interpolated.nats_per_parameter == pytest.approx(100.0 * math.log(2.0))
    assert interpolated.nats_per_effective_parameter == pytest.approx(200.0 * math.log(2.0))
    half = audit(clean, noise, clean + 0.5 * noise, model=model, d=4, d_eff=4)
    assert half.absorbed == pytest.approx(0.75)
    assert half.clean_error == pytest.approx(least_clean_error(half.noise_energy, 0.75))
    assert half.nats_per_parameter == pytest.approx(400 * rate("rademacher", 0.75) / 4)


def test_degrees_of_freedom_of_least_squares_are_its_parameters() -> None:
    rng = np.random.default_rng(5)
    design = rng.standard_normal((80, 7))
    hat = design @ np.linalg.pinv(design)
    clean = design @ rng.standard_normal(7)
    found = []
    for _ in range(400):
        noise = 0.3 * rng.standard_normal(80)
        terms = audit(clean, noise, hat @ (clean + noise), model=NoiseModel("gaussian", 0.3), d=7, d_eff=7)
        found.append(terms.degrees_of_freedom)
    assert np.mean(found) == pytest.approx(7.0, abs=4.0 * np.std(found) / 20.0)


@pytest.mark.parametrize(
    ("field", "factor"),
    [("risk", 1.01), ("noise_energy", 1.01), ("cross", 1.01), ("clean_error", 0.99), ("degrees_of_freedom", 1.01)],
)
def test_a_number_that_is_off_by_a_hundredth_is_caught(field: str, factor: float) -> None:
    rng = np.random.default_rng(6)
    clean, noise = rng.standard_normal(50), rng.standard_normal(50)
    terms = audit(clean, noise, clean + 0.6 * noise, model=NoiseModel("gaussian", 1.0), d=5, d_eff=5)
    assert violations(dataclasses.replace(terms, **{field: getattr(terms, field) * factor}))


def test_impossible_combinations_are_named() -> None:
    rng = np.random.default_rng(7)
    clean, noise = rng.standard_normal(50), rng.standard_normal(50)
    terms = audit(clean, noise, clean + 0.6 * noise, model=NoiseModel("gaussian", 1.0), d=5, d_eff=5)
    assert "eps <= V cosine^2" in violations(dataclasses.replace(terms, cosine=0.5))
    assert "T3 >= (sqrt(V) - sqrt(R))^2" in violations(dataclasses.replace(terms, clean_error=0.0))
    assert "sqrt(T3) <= sqrt(V) + sqrt(R)" in violations(dataclasses.replace(terms, clean_error=100.0))


def test_fresh_noise_has_a_standard_score_and_absorbed_noise_does_not() -> None:
    rng = np.random.default_rng(8)
    clean, noise = rng.standard_normal(200), rng.standard_normal(200)
    prediction = clean + 0.5 * noise
    scores = [fresh_noise_score(rng.standard_normal(200), clean, prediction, sigma=1.0) for _ in range(2000)]
    assert np.mean(scores) == pytest.approx(0.0, abs=0.1)
    assert np.std(scores) == pytest.approx(1.0, abs=0.07)
    assert abs(fresh_noise_score(noise, clean, prediction, sigma=1.0)) > 10.0
    assert fresh_noise_score(noise, clean, clean, sigma=1.0) == 0.0


def test_bad_arguments_are_refused() -> None:
    model = NoiseModel("gaussian", 1.0)
    with pytest.raises(ValueError, match="equal shapes"):
        audit(np.ones(3), np.ones(3), np.ones(4), model=model, d=1, d_eff=1)
    with pytest.raises(ValueError, match="nothing to absorb"):
        audit(np.ones(3), np.zeros(3), np.ones(3), model=model, d=1, d_eff=1)
