"""Floors: valid against every model of the class, attained or bracketed, ordered, and honest about rounding."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize, minimize_scalar

from operators.architectures.deeponet import DeepONet, deeponet_weights
from operators.architectures.weights import Layer
from operators.bounds.eckart_young import (
    Floors,
    Weighting,
    floors,
    floors_of_deeponet,
    floors_of_features,
    relative_floors,
)
from operators.bounds.lemmas import offset
from operators.bounds.lemmas.offset import offset_tails
from operators.bounds.lemmas.singular_values import singular_values, tail_sums, tails
from operators.errors import UserError

SHAPES = st.tuples(st.integers(2, 9), st.integers(2, 9))
SEEDS = st.integers(0, 2**32 - 1)


def random_matrix(shape: tuple[int, int], seed: int, decay: float = 0.0) -> np.ndarray:
    """A Gaussian matrix, its singular values damped, plus a constant: offsets matter."""
    rng = np.random.default_rng(seed)
    left, values, right = np.linalg.svd(rng.standard_normal(shape), full_matrices=False)
    damped = values * np.exp(-decay * np.arange(len(values)))
    return (left * damped) @ right + rng.standard_normal()


def tail(matrix: np.ndarray, rank: int) -> float:
    return float(np.sum(np.linalg.svd(matrix, compute_uv=False)[rank:] ** 2))


def darcy_like(functions: int, points: int) -> np.ndarray:
    """Smooth positive functions that vanish at the ends: a mean matters and the spectrum decays."""
    rng = np.random.default_rng(0)
    x = np.arange(1, points + 1) / (points + 1)
    k = np.arange(1, 40)
    waves = rng.standard_normal((functions, 39)) / (25.0 + k**2) @ np.sin(np.pi * k[:, None] * x)
    return x * (1.0 - x) * np.exp(20.0 * waves)


@given(SHAPES, SEEDS, st.floats(0.0, 2.0))
def test_variants_are_ordered_non_increasing_in_rank_and_zero_at_full_rank(
    shape: tuple[int, int], seed: int, decay: float
) -> None:
    labels = random_matrix(shape, seed, decay)
    none, scalar, mean = (floors(labels, offset) for offset in ("none", "scalar", "mean-function"))
    slack = 1e-12 * np.mean(labels**2)
    assert np.all(none.upper + slack >= scalar.upper)
    assert np.all(scalar.upper + slack >= scalar.lower)
    assert np.all(scalar.upper + slack >= mean.lower)
    assert np.all(mean.upper + slack >= np.append(none.lower[1:], 0.0))
    for found in (none, scalar, mean):
        assert len(found.lower) == min(shape) + 1
        assert np.all(np.diff(found.lower) <= slack)
        assert found.lower[-1] == 0.0


@given(SHAPES, SEEDS, st.floats(0.0, 1.0))
def test_scalar_bias_floor_brackets_the_infimum_found_by_dense_search(shape: tuple[int, int], seed: int, decay: float) -> None:
    labels = random_matrix(shape, seed, decay)
    found = floors(labels)
    scale = np.abs(labels).max()
    grid = np.concatenate([scale * np.sinh(np.linspace(-8.0, 8.0, 801)), [0.0, labels.mean()]])
    searched = np.array([tail_sums(singular_values(labels - c) ** 2) for c in grid])
    for q in range(min(shape)):
        start = grid[searched[:, q].argmin()]
        width = 1e-3 * scale + 0.05 * abs(start)
        best = minimize_scalar(lambda c, q=q: tail(labels - c, q), bounds=(start - width, start + width), method="bounded").fun
        least = min(best, searched[:, q].min()) / labels.size
        assert found.lower[q] <= least * (1.0 + 1e-9) + 1e-13 * scale**2
        # The budget of the search bounds no gap: of floors below 1e-7 of the variance both ends are proved, and no more is said.
        assert found.upper[q] <= least * (1.0 + 1e-5) + 1e-7 * scale**2


@given(SHAPES, SEEDS, SEEDS)
def test_tail_less_the_square_of_the_corner_is_concave(shape: tuple[int, int], seed: int, where: int) -> None:
    """The step that certifies the search: f(c) - N M c^2 is a minimum of concave quadratics."""
    labels = random_matrix(shape, seed)
    first, last = np.sort(np.random.default_rng(where).uniform(-5.0, 5.0, 2))
    middle = (first + last) / 2.0
    for q in range(min(shape)):
        values = [tail(labels - c, q) - labels.size * c**2 for c in (first, middle, last)]
        assert values[1] >= (values[0] + values[2]) / 2.0 - 1e-9 * (1.0 + labels.size * last**2)


def test_scalar_bias_can_double_the_rank_in_the_limit() -> None:
    """c 1 1^T + rank 1 approaches 1 a^T + b 1^T as c grows: the floor of q = 1 is 0 though no c attains it."""
    rng = np.random.default_rng(0)
    labels = rng.standard_normal(6) + rng.standard_normal((5, 1))
    assert min(tail(labels - c, 1) for c in np.linspace(-10.0, 10.0, 2001)) > 1e-3
    assert floors(labels).upper[1] < 1e-25


def test_scalar_bias_gap_is_a_millionth_for_noise() -> None:
    labels = np.random.default_rng(1).standard_normal((256, 128))
    found = floors(labels)
    gap = 1.0 - found.lower[:-1] / found.upper[:-1]
    assert gap[:-1].max() < 1e-6
    assert gap[-1] < 1.0


def test_scalar_bias_gap_is_a_millionth_at_small_ranks_of_decaying_spectra() -> None:
    for labels in (darcy_like(128, 96), darcy_like(300, 200)):
        found = floors(labels)
        assert np.all(1.0 - found.lower[:5] / found.upper[:5] < 1e-6)
        assert np.all(found.lower <= found.upper)


def test_single_ranks_can_be_sharpened() -> None:
    labels = darcy_like(64, 64)
    ones = np.ones(64)
    focused = offset_tails(labels, ones, ones, ranks=[9])
    assert 1.0 - focused.lower[9] / focused.upper[9] < 1e-6
    closed = offset_tails(labels, ones, ones, evaluations=0)
    assert closed.lower[9] <= focused.lower[9] <= focused.upper[9] <= closed.upper[9]


def test_large_matrices_fall_back_to_valid_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offset, "LARGEST_SEARCHED", 50)
    rng = np.random.default_rng(2)
    labels = rng.standard_normal((120, 3)) @ rng.standard_normal((3, 110)) + 2.0 + 0.1 * rng.standard_normal((120, 110))
    ones = np.ones(120), np.ones(110)
    found = offset_tails(labels, *ones)
    shift = min(tail(labels - c, 3) for c in (2.0, labels.mean()))
    assert found.lower[3] <= shift
    assert found.lower[3] > 0.95 * shift


@given(SHAPES, SEEDS)
def test_no_random_model_of_the_class_beats_its_floor(shape: tuple[int, int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = random_matrix(shape, seed)
    mean, scale = rng.standard_normal(shape[1]), rng.uniform(0.5, 2.0, shape[1])
    certified = floors_of_deeponet(labels, mean, scale)
    for q in range(min(shape) + 1):
        branch = rng.standard_normal((shape[0], q))
        target = (labels - mean) / scale
        for _ in range(30):  # alternating least squares: a good fit, not a random one
            trunk = np.linalg.lstsq(branch, target, rcond=None)[0] if q else np.zeros((0, shape[1]))
            branch = np.linalg.lstsq(trunk.T, target.T, rcond=None)[0].T if q else branch
        low_rank = scale * (branch @ trunk)
        bias = np.sum((labels - mean - low_rank) * scale) / (shape[0] * np.sum(scale**2))
        error = np.mean((labels - mean - low_rank - bias * scale) ** 2)
        assert error >= certified[q] * (1.0 - 1e-9) - 1e-14


def test_trained_width_limits_the_rank_of_a_real_net() -> None:
    rng = np.random.default_rng(3)
    net = DeepONet(5, 2, (3,), (6,), q=5, ends="activated-trunk")

    def layers(sizes: tuple[int, ...]) -> tuple[Layer, ...]:
        return tuple(Layer(rng.standard_normal((a, b)), rng.standard_normal(b)) for a, b in itertools.pairwise(sizes))

    weights = deeponet_weights(layers(net.branch_sizes()), layers(net.trunk_sizes()), 0.7)
    outputs = (
        net.branch(weights, rng.standard_normal((20, 5))) @ net.trunk(weights, rng.standard_normal((15, 2))).T
        + weights["bias"][0]
    )
    found = floors(outputs)
    assert net.output_rank() == 4
    assert found.upper[4] < 1e-20 * np.mean(outputs**2)
    assert found.lower[3] > 1e-6 * np.mean(outputs**2)


@given(SHAPES, SEEDS)
def test_weighted_floors_without_offset_are_attained(shape: tuple[int, int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = random_matrix(shape, seed)
    weighting = Weighting(rng.uniform(0.1, 3.0, shape[0]), rng.uniform(0.1, 3.0, shape[1]))
    found = floors(labels, "none", weighting=weighting)
    roots = np.sqrt(weighting.rows)[:, None], np.sqrt(weighting.columns)
    left, values, right = np.linalg.svd(roots[0] * labels * roots[1], full_matrices=False)
    weights = weighting.rows[:, None] * weighting.columns
    for q in range(min(shape)):
        fit = (left[:, :q] * values[:q]) @ right[:q] / roots[0] / roots[1]
        assert np.sum(weights * (labels - fit) ** 2) / weights.sum() == pytest.approx(found.upper[q], rel=1e-9, abs=1e-15)


@given(SHAPES, SEEDS, st.integers(0, 3))
def test_column_centring_is_the_best_free_mean_function(shape: tuple[int, int], seed: int, q: int) -> None:
    labels = random_matrix(shape, seed)
    rng = np.random.default_rng(seed + 1)
    weighting = Weighting(rng.uniform(0.5, 2.0, shape[0]), np.ones(shape[1]))
    found = floors(labels, "mean-function", weighting=weighting)
    q = min(q, min(shape) - 1)
    roots = np.sqrt(weighting.rows)[:, None]

    def error(mean: np.ndarray) -> float:
        return tail(roots * (labels - mean), q) / (weighting.rows.sum() * shape[1])

    attained = min(minimize(error, start, method="BFGS").fun for start in (labels.mean(axis=0), np.zeros(shape[1])))
    assert attained >= found.lower[q] * (1.0 - 1e-9) - 1e-14
    assert attained <= found.upper[q] * 1.05 + 1e-6


@given(SHAPES, SEEDS)
def test_relative_floors_hold_for_good_fits(shape: tuple[int, int], seed: int) -> None:
    labels = random_matrix(shape, seed, 0.3)
    norms = np.linalg.norm(labels, axis=1)
    left, values, right = np.linalg.svd(labels / norms[:, None], full_matrices=False)
    found = {kind: relative_floors(labels, kind, offset="none") for kind in ("global", "rms", "mean")}
    for q in range(min(shape)):
        fit = norms[:, None] * ((left[:, :q] * values[:q]) @ right[:q])
        errors = np.linalg.norm(fit - labels, axis=1) / norms
        assert np.sqrt(np.mean(errors**2)) == pytest.approx(found["rms"].upper[q], rel=1e-9)
        assert np.linalg.norm(fit - labels) / np.linalg.norm(labels) >= found["global"].lower[q] * (1.0 - 1e-9)
        assert errors.mean() >= found["mean"].lower[q] * (1.0 - 1e-9)
        assert errors.mean() * errors.max() >= np.sum(values[q:] ** 2) / len(labels) * (1.0 - 1e-9)
    assert np.all(found["mean"].lower <= found["mean"].upper + 1e-12)
    for kind in ("global", "rms", "mean"):
        assert np.all(relative_floors(labels, kind).lower <= found[kind].upper + 1e-9)


def test_the_root_mean_square_floor_is_no_floor_of_the_mean_relative_error() -> None:
    """Two exact functions and one lost one: the mean is 1/3, the root mean square floor sqrt(1/3)."""
    labels = np.array([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    rms = relative_floors(labels, "rms", offset="none").lower[1]
    mean = relative_floors(labels, "mean", offset="none").lower[1]
    assert rms == pytest.approx(np.sqrt(1.0 / 3.0))
    assert mean == pytest.approx(1.0 / 3.0)
    assert mean < rms


def test_offsets_cost_a_rank_in_the_mean_relative_error() -> None:
    """With q = 0 a bias of 1 fits two of three functions, a mean function all of them."""
    labels = np.array([[1.0, 1.0], [1.0, 1.0], [1.0, 2.0]])
    bias_only = np.mean(np.linalg.norm(labels - 1.0, axis=1) / np.linalg.norm(labels, axis=1))
    assert relative_floors(labels, "mean", offset="none").lower[0] == pytest.approx(1.0)
    assert relative_floors(labels, "mean").lower[0] <= bias_only
    mean = np.array([3.0, -1.0])
    shifted = np.vstack([mean + 2.0, mean + 2.0, mean + 2.0])
    assert relative_floors(shifted, "mean", mean=mean).lower[0] < 1e-20
    assert relative_floors(shifted, "mean", offset="mean-function").lower[0] < 1e-20
    assert relative_floors(np.vstack([mean, mean]), "mean", offset="none", mean=mean).lower[0] < 1e-20


def test_vanishing_functions_are_left_out_of_relative_errors() -> None:
    labels = np.vstack([darcy_like(6, 8), np.zeros((2, 8))])
    np.testing.assert_allclose(
        relative_floors(labels, "rms", offset="none").lower[:6], relative_floors(labels[:6], "rms", offset="none").lower[:6]
    )
    with pytest.raises(UserError, match="vanish"):
        relative_floors(np.zeros((3, 4)))


def test_gram_matrix_agrees_where_it_claims_to_be_resolved() -> None:
    labels = darcy_like(400, 120)
    exact, gram = tails(labels), tails(labels, "gram")
    assert not gram.resolved.all()
    np.testing.assert_allclose(gram.upper[gram.resolved], exact.upper[gram.resolved], rtol=1e-2)
    assert np.all(gram.lower <= exact.upper * (1.0 + 1e-12))
    assert np.all(gram.upper[gram.resolved] > 1e-12 * gram.energy)


def test_exactly_representable_data_have_no_positive_floor() -> None:
    for labels in (np.ones((7, 5)), 1e8 * np.outer(np.arange(1.0, 8.0), np.arange(1.0, 6.0)) + 3e8):
        assert np.all(floors(labels, "mean-function").lower[2:] == 0.0)
        assert np.all(floors(labels).lower[2:] == 0.0)
    assert floors(np.full((7, 5), 3.7)).lower[0] == 0.0


@given(SHAPES, SEEDS, st.integers(-100, 100), st.sampled_from(["gaussian", "rank one", "additive", "whole", "steep", "far"]))
def test_units_do_not_matter_and_no_matrix_upsets_the_search(shape: tuple[int, int], seed: int, power: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.standard_normal(shape)
    labels = {
        "gaussian": labels,
        "rank one": np.outer(labels[:, 0], labels[0]) + 2.0,
        "additive": labels[:, :1] + labels[0],
        "whole": np.round(labels),
        "steep": labels * 10.0 ** -np.arange(shape[1]) + 1.0,
        "far": 1e6 + 1e-3 * labels,
    }[kind]
    one, other = floors(labels), floors(labels * 2.0**power)
    np.testing.assert_allclose(other.lower / 4.0**power, one.lower, rtol=1e-6, atol=1e-14 * np.mean(labels**2))
    np.testing.assert_allclose(other.upper / 4.0**power, one.upper, rtol=1e-6, atol=1e-14 * np.mean(labels**2))
    assert np.all(one.lower <= one.upper)


@pytest.mark.parametrize("shape", [(1, 6), (6, 1), (1, 1), (2, 2)])
def test_thin_matrices(shape: tuple[int, int]) -> None:
    labels = random_matrix(shape, 5)
    found = floors(labels)
    assert found.upper[0] == pytest.approx(labels.var(), rel=1e-12, abs=1e-14)
    assert labels.var() * (1.0 - 1e-12) - 1e-14 <= found.lower[0] <= found.upper[0]
    assert np.all(found.upper[min(shape) :] < 1e-14)


def test_least_rank_inverts_the_floors() -> None:
    found = Floors(np.array([4.0, 2.0, 1.0, 0.0]), np.array([4.0, 2.0, 1.0, 0.0]), np.ones(4, dtype=bool))
    assert [found.least_rank(error) for error in (5.0, 3.0, 2.0, 0.5, 0.0)] == [0, 1, 1, 3, 3]
    assert found.at(9) == 0.0


@pytest.mark.parametrize(
    ("labels", "options", "message"),
    [
        (np.array([1.0, 2.0]), {}, "finite matrix"),
        (np.array([[1.0, np.nan]]), {}, "finite matrix"),
        (np.ones((3, 2)), {"scale": np.array([1.0, -1.0])}, "positive scales"),
        (np.ones((3, 2)), {"weighting": Weighting(np.zeros(3), np.ones(2))}, "positive row weights"),
        (np.ones((3, 2)), {"method": "gram"}, "svd"),
    ],
)
def test_bad_requests_are_refused(labels: np.ndarray, options: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        floors(labels, **options)


ACTIVATED = {"linear": (True, True), "activated-trunk": (True, False)}


@given(SEEDS, st.integers(0, 3), st.integers(0, 3), st.sampled_from(sorted(ACTIVATED)))
def test_no_net_beats_the_floors_of_the_features_of_its_linear_ends(seed: int, w: int, v: int, ends: str) -> None:
    """Labels near a net with pointwise mean and scale: few features and a large q; no hidden layer where w or v is 0."""
    rng = np.random.default_rng(seed)
    net = DeepONet(2, 1, (w,) if w else (), (v,) if v else (), 6, ends=ends)
    weights = deeponet_weights(
        [Layer(rng.standard_normal((a, b)), rng.standard_normal(b)) for a, b in itertools.pairwise(net.branch_sizes())],
        [Layer(rng.standard_normal((a, b)), rng.standard_normal(b)) for a, b in itertools.pairwise(net.trunk_sizes())],
        float(rng.standard_normal()),
    )
    mean, scale = rng.standard_normal(8), np.exp(rng.standard_normal(8))
    outputs = mean + scale * net.apply(weights, rng.standard_normal((7, 2)), rng.uniform(-2.0, 2.0, (8, 1)))
    labels = outputs + 10.0 ** rng.uniform(-6.0, 0.0) * rng.standard_normal((7, 8))
    error = float(np.mean((labels - outputs) ** 2))
    branch, trunk = floors_of_features(labels, mean, scale)
    assert branch[min(net.branch_features(), 7)] <= error
    if ACTIVATED[ends][1]:
        assert trunk[min(net.trunk_features(), 7)] <= error


def test_centring_rows_is_no_floor_of_trunk_features_under_a_pointwise_scale() -> None:
    """Y = 1 mu^T + nu s^T is a linear trunk end on no feature at all; rows centred, it is far from 0."""
    rng = np.random.default_rng(3)
    mean, scale, nu = rng.standard_normal(6), np.exp(rng.standard_normal(6)), rng.standard_normal(5)
    labels = mean + np.outer(nu, scale)
    assert floors_of_features(labels, mean, scale)[1][0] < 1e-28
    assert floors(labels.T, "mean-function", mean=0.0).lower[0] > 0.1


@given(SHAPES, SEEDS, st.floats(0.0, 2.0), st.booleans())
def test_features_needed_are_the_scalar_rank_or_one_less_and_their_floors_are_attained(
    shape: tuple[int, int], seed: int, decay: float, pointwise: bool
) -> None:
    labels, rng = random_matrix(shape, seed, decay), np.random.default_rng(seed)
    mean = rng.standard_normal(shape[1]) if pointwise else 0.3
    scale = np.exp(rng.standard_normal(shape[1])) if pointwise else 2.0
    scalar = floors(labels, "scalar", mean=mean, scale=scale)
    branch, trunk = floors_of_features(labels, mean, scale)
    slack = 1e-12 * np.mean((labels - mean) ** 2)
    for found in (branch, trunk):
        assert np.all(found <= scalar.upper + slack)
        assert np.all(scalar.lower[1:] <= found[:-1] + slack)
    direction = np.broadcast_to(scale, (shape[1],)) / np.linalg.norm(np.broadcast_to(scale, (shape[1],)))
    for q in range(min(shape) + 1):
        rest = labels - mean
        left, values, right = np.linalg.svd(rest - np.outer(rest @ direction, direction), full_matrices=False)
        model = mean + np.outer(rest @ direction, direction) + (left[:, :q] * values[:q]) @ right[:q]
        assert np.mean((labels - model) ** 2) == pytest.approx(trunk[q], rel=1e-6, abs=slack)
