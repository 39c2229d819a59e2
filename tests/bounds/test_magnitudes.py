"""Floors over the whole range of float64: homogeneous of degree 2 by powers of two, right or refused, without a warning."""

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
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
from operators.sizing import noise_level
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
def test_relative_floors_are_the_same_bits_under_powers_of_two(power: int, error: Any) -> None:
    labels = labels_of((6, 6), "normal", 3)
    plain, other = relative_floors(labels, error), relative_floors(np.ldexp(labels, power), error)
    assert np.allclose(other.lower, plain.lower, rtol=1e-13, atol=4e-15)  # singular values round by 2^-53 of the largest
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


@pytest.mark.parametrize("scale", [1e-300, 1e-170, 1e155, 1e300])
@pytest.mark.parametrize("absolute", [False, True])
def test_what_noise_forces_does_not_depend_on_the_units(scale: float, absolute: bool) -> None:
    labels, generator = labels_of((30, 20), "normal"), np.random.default_rng(1)
    again = labels + 0.3 * generator.standard_normal(labels.shape)
    answers = []
    for unit in (1.0, scale):
        target = 0.2 * unit if absolute else 0.2
        known = known_noise(0.3 * unit)
        estimated = noise_from_replicates(again * unit, labels * unit)
        answers.append([required_size(labels * unit, target, absolute=absolute, noise=noise) for noise in (known, estimated)])
    for plain, other in zip(*answers, strict=True):
        assert plain.noise is not None
        assert other.noise is not None
        assert other.noise.noise.sigma == pytest.approx(plain.noise.noise.sigma * scale, rel=1e-12)
        assert other.noise.noise.high == pytest.approx(plain.noise.noise.high * scale, rel=1e-12)
        assert other.noise.relative == pytest.approx(plain.noise.relative, rel=1e-12)
        assert other.noise.absorbed == pytest.approx(plain.noise.absorbed, rel=1e-9)
        for name, statement in plain.noise.statements.items():
            assert other.noise.statements[name].value == pytest.approx(statement.value, rel=1e-9), name
        assert plain.noise.statements["q_clean"].value > 0


@pytest.mark.parametrize("sigma", [1e-61, 1e-170, 1e-320])
def test_noise_that_vanishes_beside_the_outputs_is_refused(sigma: float) -> None:
    with pytest.raises(UserError, match=r"expected noise of at least 1e-60 of the root mean square .*; leave it out"):
        required_size(labels_of((30, 20), "normal"), 0.1, noise=known_noise(sigma))
    assert required_size(labels_of((30, 20), "normal"), 0.1, noise=known_noise(1e-59)).noise is not None


@pytest.mark.parametrize("entries", [1, 40, 1000])
def test_replicates_of_unequal_magnitude_add_up_in_blocks(entries: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(noise_level, "BLOCK_ENTRIES", entries)
    rows = np.array([1e-250, 0.0, 1.0, 1e200, 1e-3])[:, None] * np.ones((5, 8))
    noise = noise_from_replicates(np.stack([rows, -rows]), np.ones((5, 8)))
    assert noise.sigma == pytest.approx(1e200 * np.sqrt(2.0 / 5.0), rel=1e-12)


@pytest.mark.parametrize(("target", "absolute"), [(1e200, False), (1e200, True), (1e308, True)])
def test_targets_beyond_all_measure_are_refused(target: float, absolute: bool) -> None:
    with pytest.raises(UserError, match="expected a relative target below 1, which H = 0 reaches"):
        required_size(labels_of((7, 5), "normal"), target, absolute=absolute)


def test_numbers_that_float64_cannot_hold_are_named_as_such() -> None:
    labels = labels_of((7, 5), "normal")
    largest = np.longdouble(labels)
    largest[3, 2] = np.longdouble("1e4000")
    with pytest.raises(UserError, match=r"expected outputs that float64 can hold, got 1e\+4000 in 'outputs' at row 3, column 2"):
        required_size(largest, 0.1)
    with pytest.raises(UserError, match=r"expected outputs whose largest value is a normal number of float64"):
        required_size(labels * 1e-310, 0.1)


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
