"""Floors over the whole range of float64: homogeneous of degree 2 by powers of two, right or refused, without a warning."""

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.bounds.eckart_young import Weighting, floors, relative_floors
from operators.bounds.lemmas.offset import offset_tails
from operators.bounds.lemmas.signal import signal_tails
from operators.bounds.lemmas.singular_values import singular_values, tails
from operators.diagnostics.error_decomposition import anatomy
from operators.diagnostics.floor import Floor, lowered
from operators.diagnostics.noise_audit import NoiseModel, audit
from operators.errors import UserError
from operators.magnitude import HARMLESS, LARGEST_EXPONENT, exponent, root_mean_square, row_norms, times_power
from operators.sizing.noise import known_noise
from operators.sizing.noise_level import noise_from_replicates
from operators.sizing.required_size import required_size

OFFSETS: Any = ("none", "scalar", "mean-function")
ERRORS: Any = ("global", "rms", "mean")
SHAPES = ((7, 5), (5, 7), (1, 6), (6, 1), (1, 1), (6, 6))


@pytest.fixture(autouse=True)
def no_warning() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def labels_of(shape: tuple[int, int], kind: str, seed: int = 0) -> np.ndarray:
    """Labels of order 1."""
    values = np.random.default_rng(seed).standard_normal(shape)
    if kind == "constant columns":
        return np.broadcast_to(values[:1], shape).copy()
    if kind == "constant":
        return np.full(shape, 1.5)
    return values


@settings(max_examples=40, deadline=None)
@given(
    shape=st.sampled_from(SHAPES),
    kind=st.sampled_from(("normal", "constant columns", "constant")),
    offset=st.sampled_from(OFFSETS),
    power=st.integers(-LARGEST_EXPONENT + 4, LARGEST_EXPONENT - 4),
)
def test_floors_are_homogeneous_of_degree_2_exactly_by_powers_of_two(
    shape: tuple[int, int], kind: str, offset: Any, power: int
) -> None:
    labels = labels_of(shape, kind)
    plain, other = floors(labels, offset, mean=0.25), floors(np.ldexp(labels, power), offset, mean=0.25 * 2.0**power)
    normal = plain.lower >= 2.0**-60
    assert np.array_equal(other.lower[normal], np.ldexp(plain.lower[normal], 2 * power))
    assert np.allclose(np.ldexp(other.upper, -2 * power), plain.upper, rtol=1e-12, atol=2.0**-60)
    assert np.isfinite(other.lower).all()
    assert (other.lower <= other.upper).all()


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("scale", [1e-300, 1e-170, 1e-100, 1e100, 1e155, 1e300])
@pytest.mark.parametrize("kind", ["normal", "constant columns", "constant"])
def test_relative_floors_do_not_depend_on_the_units(error: Any, scale: float, kind: str) -> None:
    labels = labels_of((7, 5), kind)
    for offset in OFFSETS:
        plain, other = (relative_floors(labels * c, error, offset, mean=0.25 * c) for c in (1.0, scale))
        assert np.allclose(other.lower, plain.lower, rtol=1e-9, atol=1e-12)
        assert np.allclose(other.upper, plain.upper, rtol=1e-9, atol=1e-12)


@given(power=st.integers(-1000, 1000), error=st.sampled_from(ERRORS))
@settings(max_examples=30, deadline=None)
def test_relative_floors_are_the_same_bits_under_powers_of_two(power: int, error: Any) -> None:
    labels = labels_of((6, 6), "normal", 3)
    plain, other = relative_floors(labels, error), relative_floors(np.ldexp(labels, power), error)
    assert np.allclose(other.lower, plain.lower, rtol=1e-13, atol=0.0)
    if error == "global":
        assert np.array_equal(other.lower, plain.lower)
        assert np.array_equal(other.resolved, plain.resolved)


@pytest.mark.parametrize("scale", [1e-300, 1e-170, 1e155, 1e300])
@pytest.mark.parametrize("target", [0.5, 0.1])
def test_the_q_that_a_matrix_demands_does_not_depend_on_its_units(scale: float, target: float) -> None:
    labels = labels_of((30, 20), "normal")
    plain, other = required_size(labels, target), required_size(labels * scale, target)
    assert other.ranks == plain.ranks
    assert plain.ranks["scalar"].certified > 3
    assert np.allclose(other.floors("scalar"), plain.floors("scalar"), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("scale", [1e-170, 1e155])
def test_noise_whose_square_float64_cannot_hold_is_refused(scale: float) -> None:
    labels = labels_of((30, 20), "normal") * scale
    with pytest.raises(UserError, match="choose other units"):
        required_size(labels, 0.1, noise=known_noise(0.3 * scale))
    with pytest.raises(UserError, match="choose other units"):
        noise_from_replicates(labels * 1.1, labels)
    with pytest.raises(UserError, match="choose other units"):
        required_size(labels / scale, 0.1, noise=known_noise(1e-170))


@pytest.mark.parametrize("largest", [1e-300, 1e-170, 1e-145, 1e145, 1e155, 1e300])
def test_floors_whose_mean_squares_float64_cannot_hold_are_refused(largest: float) -> None:
    labels = labels_of((4, 3), "normal") * largest
    with pytest.raises(UserError, match=r"divide labels, mean and scale by it, or ask for relative"):
        floors(labels)
    for call in (
        lambda: tails(labels),
        lambda: offset_tails(labels, np.ones(4), np.ones(3)),
        lambda: signal_tails(labels),
        lambda: anatomy(labels, np.ones((4, 2)), np.ones((3, 2))),
        lambda: audit(np.ones((4, 3)), labels, labels, model=NoiseModel("gaussian", 1.0), d=1, d_eff=1),
    ):
        with pytest.raises(ValueError, match=r"2\^-480 and 2\^480"):
            call()


def test_a_function_far_below_the_others_changes_nothing_globally_and_is_refused_where_it_has_a_weight() -> None:
    labels = labels_of((6, 5), "normal")
    labels[2] = 0.0
    mixed = labels.copy()
    mixed[2] = 1e-170
    assert np.array_equal(floors(mixed).lower, floors(labels).lower)
    assert np.array_equal(relative_floors(mixed).lower, relative_floors(labels).lower)
    for error in ("rms", "mean"):
        with pytest.raises(UserError, match=r"got function 2 .* leave it out"):
            relative_floors(mixed, error)
    mixed[2] *= 1e60
    assert np.isfinite(relative_floors(mixed, "rms").lower).all()
    assert relative_floors(mixed, "mean", "none").lower[0] == pytest.approx(1.0)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("offset", OFFSETS)
def test_zero_matrices_have_floors_of_zero(shape: tuple[int, int], offset: Any) -> None:
    found = floors(np.zeros(shape), offset)
    assert not found.lower.any()
    assert not found.upper.any()


@pytest.mark.parametrize("row", [1e-300, 1.0, 1e300])
@pytest.mark.parametrize("column", [1e-300, 1.0, 1e300])
@pytest.mark.parametrize("offset", OFFSETS)
def test_floors_are_weighted_means_so_that_units_of_weights_and_scales_cancel(row: float, column: float, offset: Any) -> None:
    labels, rng = labels_of((6, 5), "normal"), np.random.default_rng(1)
    rows, columns = rng.uniform(0.5, 2.0, 6), rng.uniform(0.5, 2.0, 5)
    plain = floors(labels, offset, weighting=Weighting(rows, columns))
    other = floors(labels, offset, weighting=Weighting(rows * row, columns * column), scale=np.full(5, column))
    assert np.allclose(other.upper, plain.upper, rtol=1e-5, atol=1e-14)
    assert np.allclose(other.lower, plain.lower, rtol=1e-5, atol=1e-14)


@pytest.mark.parametrize("scale", [1e-300, 1e-170, 1e155, 1e300])
def test_singular_values_and_norms_are_homogeneous_where_squares_are_not(scale: float) -> None:
    labels = labels_of((40, 6), "normal")
    assert np.allclose(singular_values(labels * scale) / scale, singular_values(labels), rtol=1e-12)
    assert np.allclose(row_norms(labels * scale) / scale, np.linalg.norm(labels, axis=1), rtol=1e-12)
    assert root_mean_square(labels * scale) / scale == pytest.approx(np.sqrt(np.mean(labels**2)), rel=1e-12)


def test_norms_of_rows_of_every_size_and_of_none() -> None:
    mixed = np.array([[3e-170, 4e-170], [3.0, 4.0], [3e200, 4e200], [0.0, 0.0]])
    assert row_norms(mixed) == pytest.approx([5e-170, 5.0, 5e200, 0.0], rel=1e-14, abs=0.0)


def test_nothing_is_scaled_where_squares_are_harmless() -> None:
    assert exponent(np.array([2.0**-HARMLESS]), 2.0 ** (HARMLESS - 1)) == 0
    assert exponent(np.zeros(3)) == exponent(np.zeros((0, 2))) == 0
    assert exponent(np.array([-(2.0**HARMLESS)])) == HARMLESS + 1
    values = np.ones(3)
    assert times_power(values, 0) is values


@pytest.mark.parametrize("unit", [1e-170, 1e155, 1e300])
def test_a_unit_whose_square_float64_cannot_hold_excludes_nothing(unit: float) -> None:
    assert not Floor(1.0, unit).excludes(2.0)
    if unit > 1.0:
        assert not Floor(1.0, unit).excludes(0.0)
        assert not Floor(1.0, unit).resolved
        assert lowered(np.array([1.0]), np.array([unit])) == -np.inf
