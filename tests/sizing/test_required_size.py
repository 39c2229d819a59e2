"""How big must a DeepONet be: planted spectra give the exact q; certified numbers hold on matrices made to defeat them."""

import math
from collections.abc import Callable
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators import UserError
from operators.architectures.deeponet import DeepONet
from operators.arrays import Array
from operators.bounds.rank_to_parameters import NetClass
from operators.sizing import output_matrix as matrix_module
from operators.sizing import required_size as size_module
from operators.sizing.gram_spectrum import spectrum_by_gram
from operators.sizing.output_matrix import output_matrix
from operators.sizing.required_size import Size, required_size
from operators.sizing.spectrum import Spectrum, projected, reduced_exactly, spectrum_of

OFFSETS = ("none", "scalar", "mean-function")
SPECTRA: dict[str, Callable[[int], Array]] = {
    "flat": np.ones,
    "step": lambda m: np.where(np.arange(m) < m // 3, 1.0, 1e-3),
    "exponential": lambda m: 0.5 ** np.arange(m),
    "algebraic": lambda m: (1.0 + np.arange(m)) ** -1.5,
    "duplicates": lambda m: 0.3 ** (np.arange(m) // 7),
    "one": lambda m: (np.arange(m) == 0) * 1.0,
}
SHAPES = ((140, 60), (60, 140), (90, 90))


def orthonormal(rows: int, columns: int, generator: np.random.Generator) -> Array:
    return np.linalg.qr(generator.standard_normal((rows, columns)))[0]


def planted(values: Array, shape: tuple[int, int], seed: int = 0) -> Array:
    """A matrix with these singular values and random singular vectors."""
    generator = np.random.default_rng(seed)
    return (orthonormal(shape[0], len(values), generator) * values) @ orthonormal(shape[1], len(values), generator).T


def relative_tails(matrix: Array) -> Array:
    """tail_r / |Y|^2 by LAPACK's SVD of the whole matrix."""
    squares = np.linalg.svd(matrix, compute_uv=False) ** 2
    return np.append(np.cumsum(squares[::-1])[::-1], 0.0)


def scalar_tails(matrix: Array) -> Array:
    """The least tail over many scalar offsets: an upper bound of the least over all."""
    size = np.abs(matrix).max()
    trials = [0.0, matrix.mean(), *(sign * size * 2.0**k for k in range(-12, 6) for sign in (-1, 1))]
    return np.min([relative_tails(matrix - c) for c in trials], axis=0)


def true_rank(tails: Array, target: float) -> int:
    return int(np.argmax(tails <= target**2 * tails[0]))


def certified(answer: Size) -> dict[str, int]:
    return {offset: rank.certified for offset, rank in answer.ranks.items()}


@given(
    exponents=st.lists(st.floats(-4.0, 0.0), min_size=2, max_size=12),
    shape=st.sampled_from([(40, 15), (15, 40), (20, 20), (13, 200)]),
    place=st.floats(0.05, 0.95),
    at=st.integers(0, 11),
    seed=st.integers(0, 2**20),
)
def test_planted_singular_values_give_the_exact_q(
    exponents: list[float], shape: tuple[int, int], place: float, at: int, seed: int
) -> None:
    values = np.sort(10.0 ** np.array(exponents))[::-1]
    tails = np.append(np.cumsum(values[::-1] ** 2)[::-1], 0.0) / np.sum(values**2)
    q = min(at, len(values) - 1)
    target = math.sqrt(tails[q + 1] + place * (tails[q] - tails[q + 1]))
    rank = required_size(planted(values, shape, seed), target).ranks["none"]
    assert (rank.certified, rank.attained) == (q + 1, q + 1)


@pytest.mark.parametrize("name", SPECTRA)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("shift", [0.0, 0.2])
@pytest.mark.parametrize("method", ["svd", "projection", "gram"])
def test_both_sides_of_every_method_hold_on_adversarial_spectra(
    name: str, shape: tuple[int, int], shift: float, method: str
) -> None:
    matrix = planted(SPECTRA[name](min(shape)), shape) + shift
    outputs = output_matrix(matrix)
    found: Spectrum = {
        "svd": lambda: spectrum_of(reduced_exactly(outputs), outputs.side, method="svd", tail=1e-4),
        "projection": lambda: spectrum_of(projected(outputs, 24), outputs.side, method="projection", tail=1e-4),
        "gram": lambda: spectrum_by_gram(outputs),
    }[method]()
    energy = np.sum(matrix**2)
    # The reference itself rounds: sqrt(tail) by a few eps |Y|.
    slack = 4e-15
    expected = {"none": relative_tails(matrix), "mean-function": relative_tails(matrix - matrix.mean(axis=0))}
    for tails, values in ((found.none, expected["none"]), (found.mean_function, expected["mean-function"])):
        roots = np.sqrt(values / energy)
        assert np.all(np.sqrt(tails.lower) <= roots + slack)
        assert np.all(np.sqrt(tails.upper) >= roots - slack)
    assert np.all(np.sqrt(found.scalar.lower) <= np.sqrt(scalar_tails(matrix) / energy) + slack)
    assert np.all(found.scalar.lower <= found.scalar.upper)
    if method != "projection":
        width = 5e-12 if method == "svd" else 2e-11  # 4 ENERGY_ALLOWANCE; 2 sqrt(m / 2) eta of the Gram matrix
        assert np.all(found.none.upper - found.none.lower <= width)
        assert np.all(found.mean_function.upper - found.mean_function.lower <= width)


def test_projection_is_tight_where_it_captures_the_matrix() -> None:
    values = SPECTRA["exponential"](200)
    outputs = output_matrix(planted(values, (500, 200)))
    found = spectrum_of(projected(outputs, 40), 200, method="projection", tail=1e-6)
    exact = np.append(np.cumsum(values[::-1] ** 2)[::-1], 0.0) / np.sum(values**2)
    np.testing.assert_allclose(found.none.lower[:18], exact[:18], rtol=1e-6)
    assert found.none.resolved[:30].all()
    assert not found.none.lower[41:].any()


@pytest.mark.parametrize("tall", [True, False])
def test_floors_survive_a_common_offset_a_billion_times_their_size(tall: bool) -> None:
    # Integers, so that the centred matrix and its energy are exact.
    small = np.random.default_rng(3).integers(-4, 5, size=(64, 24) if tall else (24, 64))
    matrix = (small + 2**30).astype(np.float64)
    centred = small - small.mean(axis=0)
    exact = relative_tails(centred) / float(sum(Fraction(int(v)) ** 2 for v in (small + 2**30).ravel()))
    outputs = output_matrix(matrix)
    for found in (spectrum_by_gram(outputs), spectrum_of(reduced_exactly(outputs), 24, method="svd", tail=1e-4)):
        assert np.all(found.mean_function.lower <= exact)
        assert np.all(found.mean_function.upper >= exact)


@given(
    shape=st.tuples(st.integers(2, 30), st.integers(2, 30)),
    shift=st.floats(-3.0, 3.0),
    target=st.floats(1e-3, 0.9),
    seed=st.integers(0, 2**20),
)
def test_an_offset_saves_at_most_one_and_the_mean_function_most(
    shape: tuple[int, int], shift: float, target: float, seed: int
) -> None:
    matrix = np.random.default_rng(seed).standard_normal(shape) * 0.8 ** np.arange(shape[1]) + shift
    answer = required_size(matrix, target)
    q = certified(answer)
    assert q["mean-function"] <= q["scalar"] <= q["none"] <= q["mean-function"] + 1
    for offset in OFFSETS:
        floors = [floor for _, floor in answer.floors(offset)]  # type: ignore[arg-type]
        assert floors == sorted(floors, reverse=True)
        assert answer.ranks[offset].certified <= answer.ranks[offset].attained  # type: ignore[index]
    assert true_rank(relative_tails(matrix), target) == q["none"]


@given(seed=st.integers(0, 2**20), power=st.sampled_from([-300, -170, -3, 0, 5, 160, 300]), target=st.floats(0.01, 0.6))
def test_order_of_functions_and_points_and_units_do_not_matter(seed: int, power: int, target: float) -> None:
    generator = np.random.default_rng(seed)
    matrix = planted(0.7 ** np.arange(12), (30, 20), seed) + 0.1
    moved = matrix[generator.permutation(30)][:, generator.permutation(20)]
    first, second = required_size(matrix, target), required_size(moved * 10.0**power, target)
    assert certified(first) == certified(second)
    np.testing.assert_allclose(first.floors(), second.floors(), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(second.demand.rms, first.demand.rms * 10.0**power, rtol=1e-12)


@pytest.mark.parametrize("shape", [(100, 60), (60, 100)])
@pytest.mark.parametrize("name", SPECTRA)
@pytest.mark.parametrize("target", [0.5, 0.03, 1e-4])
def test_large_path_gives_the_q_of_the_full_svd(
    name: str, shape: tuple[int, int], target: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    matrix = planted(SPECTRA[name](min(shape)), shape)
    expected = required_size(matrix, target)
    monkeypatch.setattr(size_module, "LARGEST_SVD", 10)
    monkeypatch.setattr(size_module, "PROJECTION", 30)
    monkeypatch.setattr(size_module, "SAMPLE", 50)
    answer = required_size(matrix, target)
    assert answer.spectrum.method in ("projection", "gram")
    for offset in ("none", "mean-function"):
        assert answer.ranks[offset] == expected.ranks[offset]
        q = answer.ranks[offset].certified
        np.testing.assert_allclose(dict(answer.floors(offset))[q], dict(expected.floors(offset))[q], rtol=1e-2, atol=target / 50)
    assert answer.ranks["scalar"].certified <= expected.ranks["scalar"].certified


def test_methods_are_chosen_as_the_spectrum_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(size_module, "LARGEST_SVD", 10)
    monkeypatch.setattr(size_module, "PROJECTION", 30)
    monkeypatch.setattr(size_module, "SAMPLE", 50)
    few, many = (planted(SPECTRA[name](90), (150, 90)) for name in ("exponential", "flat"))
    assert required_size(few, 0.01).spectrum.method == "projection"
    assert required_size(many, 0.01).spectrum.method == "gram"


def test_target_between_both_sides_of_a_projection_is_settled_by_all_eigenvalues(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(size_module, "LARGEST_SVD", 10)
    monkeypatch.setattr(size_module, "PROJECTION", 30)
    monkeypatch.setattr(size_module, "SAMPLE", 50)
    matrix = planted(0.8 ** np.arange(90), (150, 90))
    found = spectrum_of(projected(output_matrix(matrix), 30), 90, method="projection", tail=1e-3).none
    assert found.resolved[15]
    target = math.sqrt((found.lower[15] + found.upper[15]) / 2)
    answer = required_size(matrix, target)
    assert answer.spectrum.method == "gram"
    assert answer.ranks["none"].certified == answer.ranks["none"].attained == true_rank(relative_tails(matrix), target)


@pytest.mark.parametrize("name", ["flat", "step", "algebraic"])
def test_without_all_singular_values_the_needed_q_lies_between_certified_and_attained(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for constant, value in (("LARGEST_SVD", 10), ("LARGEST_GRAM", 20), ("LARGEST_PROJECTION", 30)):
        monkeypatch.setattr(size_module, constant, value)
    matrix = planted(SPECTRA[name](90), (150, 90)) + 0.01
    for target in (0.9, 0.3, 0.05, 1e-3):
        rank = required_size(matrix, target).ranks["none"]
        assert rank.certified <= true_rank(relative_tails(matrix), target) <= rank.attained


def test_target_below_what_a_gram_matrix_resolves_is_refused_unless_few_ranks_reach_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for constant in ("LARGEST_SVD", "LARGEST_SVD_OF_SMALL_TARGETS"):
        monkeypatch.setattr(size_module, constant, 10)
    monkeypatch.setattr(size_module, "PROJECTION", 30)
    with pytest.raises(UserError, match=r"expected a relative target of at least 1e-06 .* got 1e-07"):
        required_size(planted(SPECTRA["algebraic"](90), (150, 90)), 1e-7)
    rank = required_size(planted(10.0 ** -np.arange(5.0), (150, 90)), 2e-7).ranks["none"]
    assert (rank.certified, rank.attained) == (5, 5)
    with pytest.raises(UserError, match="float64 outputs resolve no less"):
        required_size(planted(SPECTRA["flat"](9), (15, 9)), 1e-13)


def test_full_svd_resolves_targets_far_below_those_of_a_gram_matrix() -> None:
    values = 10.0 ** -np.arange(0.0, 12.0)
    rank = required_size(planted(values, (80, 40)), 3e-10).ranks["none"]
    assert (rank.certified, rank.attained) == (10, 10)


def test_absolute_target_is_the_relative_one_times_the_root_mean_square() -> None:
    matrix = 7.0 * planted(0.6 ** np.arange(15), (50, 30))
    rms = math.sqrt(np.mean(matrix**2))
    first, second = required_size(matrix, 0.02), required_size(matrix, 0.02 * rms, absolute=True)
    assert first.ranks == second.ranks
    assert second.demand.target == pytest.approx(0.02, rel=1e-12)


def test_a_target_of_one_needs_no_rank_and_a_common_function_none_with_a_mean() -> None:
    generator = np.random.default_rng(0)
    assert certified(required_size(generator.standard_normal((9, 7)), 1.0)) == {"none": 0, "scalar": 0, "mean-function": 0}
    same = np.tile(generator.standard_normal(7), (9, 1))
    assert certified(required_size(same, 0.01)) == {"none": 1, "scalar": 1, "mean-function": 0}


def test_listed_floors_include_both_ends_and_the_neighbours_of_the_answer() -> None:
    answer = required_size(planted(SPECTRA["algebraic"](300), (400, 300)), 0.02)
    q = answer.ranks["none"].certified
    floors = dict(answer.floors())
    assert floors[0] == 1.0
    assert floors[300] == 0.0
    assert floors[q] <= 0.02 < floors[q - 1]
    assert len(floors) < 70


@pytest.mark.parametrize("dtype", ["float32", "float16", "int16", "uint8", ">f8", "longdouble"])
def test_every_real_type_is_read_as_it_is(dtype: str) -> None:
    matrix = np.round(50.0 + 40.0 * np.random.default_rng(0).uniform(-1, 1, (30, 12)))
    answer, expected = required_size(np.asfortranarray(matrix.astype(dtype)), 0.1), required_size(matrix, 0.1)
    assert answer.ranks == expected.ranks
    np.testing.assert_allclose(answer.floors(), expected.floors(), rtol=1e-12)


def test_blocks_put_together_are_the_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrix_module, "BLOCK_ENTRIES", 50)
    matrix = planted(0.7 ** np.arange(10), (60, 23)) + 0.1
    for part in (matrix, matrix.T):
        outputs = output_matrix(part)
        whole = np.vstack(list(outputs.blocks(7)))
        np.testing.assert_array_equal(whole * 2.0**outputs.exponent, matrix)
        assert outputs.energy == pytest.approx(np.sum(whole**2), rel=1e-14)
        assert required_size(part, 0.05).ranks["none"].certified == true_rank(relative_tails(matrix), 0.05)


@pytest.mark.parametrize("direction", [1, -1])
def test_energy_is_right_when_later_functions_are_larger_or_smaller(direction: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrix_module, "BLOCK_ENTRIES", 10)
    matrix = np.random.default_rng(0).standard_normal((40, 5)) * 2.0 ** np.arange(40)[::direction, None]
    assert output_matrix(matrix).rms == pytest.approx(math.sqrt(np.mean(matrix**2)), rel=1e-14)


def test_constant_rows_are_counted() -> None:
    matrix = np.random.default_rng(0).standard_normal((8, 6))
    matrix[[1, 4]] = 3.0
    assert required_size(matrix, 0.1).constant_rows == 2


def bad(row: int, column: int, value: float) -> Array:
    matrix = np.ones((5, 4)) * np.arange(4.0)
    matrix[row, column] = value
    return matrix


@pytest.mark.parametrize(
    ("matrix", "target", "message"),
    [
        (bad(3, 2, math.nan), 0.1, r"got nan in 'outputs' at row 3, column 2"),
        (bad(0, 1, -math.inf), 0.1, r"got -inf in 'outputs' at row 0, column 1"),
        (bad(4, 3, math.inf), 0.1, r"got inf in 'outputs' at row 4, column 3"),
        (np.ones(6), 0.1, r"got 'outputs' of shape \(6,\); save outputs.reshape\(N, -1\)"),
        (np.ones((3, 4, 5)), 0.1, r"got 'outputs' of shape \(3, 4, 5\); save outputs.reshape\(3, -1\)"),
        (np.ones((3, 4)) * 1j, 0.1, r"expected real numbers, got 'outputs' of type complex128"),
        (np.array([["a", "b"]]), 0.1, r"expected real numbers, got 'outputs' of type <U1"),
        (np.array([[1, None]]), 0.1, r"expected real numbers, got 'outputs' of type object"),
        (np.ones((0, 4)), 0.1, r"expected at least one function and one point, got 'outputs' of shape \(0, 4\)"),
        (np.zeros((3, 4)), 0.1, r"nothing but zeros"),
        (np.arange(3.0)[:, None] * np.ones(4), 0.1, r"constant in every row"),
        (bad(0, 0, 1.0), 0.0, r"expected a target > 0, got 0;"),
        (bad(0, 0, 1.0), -1.0, r"expected a target > 0, got -1;"),
        (bad(0, 0, 1.0), math.nan, r"expected a target > 0, got nan;"),
    ],
)
def test_outputs_that_make_no_sense_are_refused_with_one_sentence(matrix: Array, target: float, message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        required_size(matrix, target)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("ends", ["linear", "activated-trunk"])
def test_no_net_of_the_class_with_fewer_parameters_reaches_the_certified_rank(ends: str) -> None:
    nets = NetClass(3, 1, 1, 1, ends)  # type: ignore[arg-type]
    matrix = planted(np.ones(4), (20, 15)) + 0.5
    answer = required_size(matrix, 0.1, nets=nets)
    rank, least = answer.ranks["scalar"].certified, answer.parameters["d_certified"].value
    counts = []
    for w, v, q in product(range(1, 8), repeat=3):
        net = DeepONet(sensors=3, coordinates=1, branch_widths=(w,), trunk_widths=(v,), q=q, ends=ends)  # type: ignore[arg-type]
        if net.output_rank() >= rank:
            counts.append(net.parameter_count())
    assert rank > 1
    assert min(counts) == least == answer.parameters["d_rank"].value
    tied = DeepONet(sensors=3, coordinates=1, branch_widths=(rank,), trunk_widths=(rank,), q=rank)
    assert answer.parameters["d_tied"].value == tied.parameter_count() >= least


@given(q=st.integers(1, 6), seed=st.integers(0, 2**20))
def test_no_low_rank_fit_goes_below_a_floor(q: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    matrix = planted(0.6 ** np.arange(10), (25, 18), seed) + 0.1
    trunk = generator.standard_normal((18, q))
    offset = {"none": 0.0, "scalar": generator.standard_normal() * 0.1, "mean-function": generator.standard_normal(18) * 0.1}
    answer = required_size(matrix, 0.1)
    for _ in range(15):  # alternating least squares
        residual = matrix - offset["none"]
        branch = np.linalg.lstsq(trunk, residual.T, rcond=None)[0].T
        trunk = np.linalg.lstsq(branch, residual, rcond=None)[0].T
    for name, value in offset.items():
        fit = np.linalg.lstsq(trunk, (matrix - value).T, rcond=None)[0].T @ trunk.T + value
        error = np.linalg.norm(matrix - fit) / np.linalg.norm(matrix)
        assert error >= dict(answer.floors(name))[q]  # type: ignore[arg-type]
