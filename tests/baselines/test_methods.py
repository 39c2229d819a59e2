"""Reference methods against independent ones: normal equations, scikit-learn, brute force, planted maps, and published values."""

import dataclasses

import numpy as np
import pytest
from sklearn.gaussian_process.kernels import Matern
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LinearRegression, Ridge, RidgeCV
from sklearn.neighbors import KNeighborsRegressor

from operators import TASKS
from operators.baselines import BASELINES, Errors, Sample, kernel
from operators.baselines.baseline import errors_of
from operators.baselines.cross_validation import PENALTIES, best_penalty, scores
from operators.baselines.linear_map import linear_maps
from operators.baselines.ridge import shrinkage
from operators.data.dataset import Request, build

SHAPES = [(40, 12, 9), (15, 30, 20)]
EVERY_SHAPE = pytest.mark.parametrize("shape", SHAPES, ids=["more functions than sensors", "fewer"])
FIELDS = ("relative", "relative_mean", "test_relative", "test_relative_mean")


def sample(shape: tuple[int, int, int], noise: float = 0.3) -> Sample:
    rng, (count, sensors, points) = np.random.default_rng(sum(shape)), shape
    inputs, held = rng.standard_normal((count, sensors)) + 1.0, rng.standard_normal((25, sensors)) + 1.0
    true = rng.standard_normal((sensors, points)) * 0.5 ** np.arange(points)
    labels = np.sin(inputs @ true) + noise * rng.standard_normal((count, points)) + 2.0
    return Sample(inputs, labels, held, np.sin(held @ true) + 2.0)


def told(errors: Errors) -> list[float]:
    return [float(getattr(errors, name)[0]) for name in FIELDS]


def expected(data: Sample, model: object) -> list[float]:
    fitted, predicted = model.predict(data.inputs), model.predict(data.test_inputs)  # type: ignore[attr-defined]
    norms = np.linalg.norm
    pairs = ((data.labels, fitted), (data.test_outputs, predicted))
    whole = [norms(y - h) / norms(y) for y, h in pairs]
    each = [np.mean(norms(y - h, axis=1) / norms(y, axis=1)) for y, h in pairs]
    return [whole[0], each[0], whole[1], each[1]]


@EVERY_SHAPE
def test_least_squares_is_that_of_scikit_learn(shape: tuple[int, int, int]) -> None:
    data = sample(shape)
    model = LinearRegression().fit(data.inputs, data.labels)
    np.testing.assert_allclose(told(BASELINES["least-squares"].measure(data)), expected(data, model), rtol=1e-9, atol=1e-12)


@EVERY_SHAPE
def test_ridge_is_that_of_scikit_learn_at_the_penalty_of_cross_validation(shape: tuple[int, int, int]) -> None:
    data = sample(shape)
    maps = linear_maps(data)
    factors = shrinkage(data, maps)
    penalty = float(np.median(maps.values**2 * (1.0 - factors) / factors))
    model = Ridge(alpha=penalty).fit(data.inputs, data.labels)
    np.testing.assert_allclose(told(BASELINES["ridge"].measure(data)), expected(data, model), rtol=1e-6)


def test_the_penalty_minimises_the_score_computed_by_the_trace_of_the_smoother() -> None:
    data = sample(SHAPES[0])
    centred, labels = data.inputs - data.inputs.mean(axis=0), data.labels - data.labels.mean(axis=0)
    largest, count = np.linalg.norm(centred, 2) ** 2, len(labels)
    found = []
    for penalty in PENALTIES * largest:
        smoother = centred @ np.linalg.solve(centred.T @ centred + penalty * np.eye(centred.shape[1]), centred.T)
        found.append(np.sum((labels - smoother @ labels) ** 2) / (count - 1 - np.trace(smoother)) ** 2)
    maps = linear_maps(data)
    energies, beyond = np.sum(maps.targets**2, axis=1), np.sum((labels - maps.left @ maps.targets) ** 2)
    ours = scores(maps.values**2, energies[:, None], np.array([beyond]), count - 1)[:, 0]
    np.testing.assert_allclose(ours, found, rtol=1e-7)
    assert best_penalty(maps.values**2, energies, float(beyond), count - 1) == pytest.approx(
        PENALTIES[np.argmin(found)] * largest
    )
    assert 0 < np.argmin(found) < len(PENALTIES) - 1


def test_generalised_cross_validation_is_near_leave_one_out() -> None:
    data = sample((80, 12, 9), noise=1.0)
    model = RidgeCV(alphas=np.logspace(-2, 4, 61)).fit(data.inputs, data.labels)
    ours, theirs = told(BASELINES["ridge"].measure(data)), expected(data, model)
    np.testing.assert_allclose(ours, theirs, rtol=0.05)


@EVERY_SHAPE
def test_reduced_rank_beats_random_maps_of_its_rank_and_ends_at_ridge(shape: tuple[int, int, int]) -> None:
    """The penalised criterion of rank q is least at its own solution, and falls with q to that of ridge regression."""
    data, rng = sample(shape), np.random.default_rng(5)
    found, ridge = BASELINES["reduced-rank"].measure(data), BASELINES["ridge"].measure(data)
    np.testing.assert_allclose([getattr(found, name)[-1] for name in FIELDS], told(ridge), rtol=1e-9)
    maps = linear_maps(data)
    factors = shrinkage(data, maps)
    s2 = maps.values**2
    penalty = float(np.median(s2 * (1.0 - factors) / factors))
    modes = np.linalg.svd(np.sqrt(factors)[:, None] * maps.targets, full_matrices=False)[2]

    def criterion(left: np.ndarray, right: np.ndarray) -> float:
        weights = left @ right  # of diag(s) R^T C, so that |C|^2 is the sum of (weights / s)^2
        return float(np.sum((maps.targets - weights) ** 2) + penalty * np.sum((weights / maps.values[:, None]) ** 2))

    for q in (1, 3):
        best = (factors[:, None] * maps.targets) @ modes[:q].T
        least = criterion(best, modes[:q])
        for size in (1e-3, 1e-1, 1.0):
            moved = (best + size * rng.standard_normal(best.shape), modes[:q] + size * rng.standard_normal((q, shape[2])))
            assert criterion(*moved) > least
        predicted = maps.mean + maps.test_left @ best @ modes[:q]
        fitted = maps.mean + maps.left @ best @ modes[:q]
        np.testing.assert_allclose(
            [getattr(found, name)[q - 1] for name in FIELDS], told(errors_of(data, fitted, predicted)), rtol=1e-9
        )


def test_a_planted_map_of_rank_three_is_found_at_rank_three() -> None:
    rng = np.random.default_rng(1)
    inputs, held = rng.standard_normal((50, 10)), rng.standard_normal((20, 10))
    true = rng.standard_normal((10, 3)) @ rng.standard_normal((3, 30))
    data = Sample(inputs, inputs @ true + 1.0, held, held @ true + 1.0)
    found = BASELINES["reduced-rank"].measure(data).test_relative
    assert found[1] > 0.05
    assert found[2] < 1e-6
    assert BASELINES["projection"].measure(data).test_relative[2] < 1e-12


def test_the_kernel_is_that_of_scikit_learn_component_by_component() -> None:
    data = sample((30, 6, 4))
    distances = np.linalg.norm(data.inputs[:, None] - data.inputs, axis=2)
    np.testing.assert_allclose(kernel.matern(distances, 2.0), Matern(2.0, nu=2.5)(data.inputs), rtol=1e-12)
    eigenvalues, vectors = np.linalg.eigh(kernel.matern(distances, 2.0))
    centred = data.labels - data.labels.mean(axis=0)
    modes = np.linalg.svd(centred, full_matrices=False)[2]
    fit = kernel._fit(distances, centred @ modes.T, 2.0)
    for place, mode in enumerate(modes):
        energies = (vectors.T @ (centred @ mode)) ** 2
        penalty = PENALTIES[scores(eigenvalues, energies[:, None], np.zeros(1), 30)[:, 0].argmin()] * eigenvalues.max()
        theirs = KernelRidge(alpha=penalty, kernel=Matern(2.0, nu=2.5)).fit(data.inputs, centred @ mode)
        np.testing.assert_allclose(kernel.matern(distances, 2.0) @ fit.weights[:, place], theirs.predict(data.inputs), rtol=1e-6)


def test_the_kernel_learns_what_no_linear_map_can() -> None:
    data = sample((200, 2, 6), noise=0.0)
    linear, smooth = (told(BASELINES[name].measure(data))[2] for name in ("ridge", "kernel"))
    assert smooth < 0.5 * linear


def test_the_nearest_neighbour_is_that_of_scikit_learn_and_fits_inputs_that_differ() -> None:
    data = sample(SHAPES[0])
    model = KNeighborsRegressor(n_neighbors=1, algorithm="brute").fit(data.inputs, data.labels)
    np.testing.assert_allclose(told(BASELINES["nearest-neighbour"].measure(data)), expected(data, model), rtol=1e-12)
    twice = dataclasses.replace(data, inputs=np.repeat(data.inputs[:20], 2, axis=0))
    error = told(BASELINES["nearest-neighbour"].measure(twice))[0]
    gap = np.linalg.norm(twice.labels[1::2] - twice.labels[::2]) / np.linalg.norm(twice.labels)
    assert error == pytest.approx(gap, rel=1e-12)


@EVERY_SHAPE
def test_the_projection_floor_bounds_whatever_lies_in_its_modes(shape: tuple[int, int, int]) -> None:
    data, rng = sample(shape), np.random.default_rng(3)
    floors = BASELINES["projection"].measure(data)
    mean = data.labels.mean(axis=0)
    values, modes = np.linalg.svd(data.labels - mean)[1:]
    tails = np.sqrt(np.cumsum((values**2)[::-1])[::-1])
    np.testing.assert_allclose(floors.relative[:4], tails[1:5] / np.linalg.norm(data.labels), rtol=1e-9)
    for q in (1, 3):
        best = np.linalg.lstsq(modes[:q].T, (data.test_outputs - mean).T, rcond=None)[0].T @ modes[:q] + mean
        least = np.linalg.norm(data.test_outputs - best) / np.linalg.norm(data.test_outputs)
        assert floors.test_relative[q - 1] == pytest.approx(least, rel=1e-9)
        other = best + 0.1 * rng.standard_normal((25, q)) @ modes[:q]
        assert np.linalg.norm(data.test_outputs - other) / np.linalg.norm(data.test_outputs) > least


def test_a_permutation_of_the_functions_changes_nothing() -> None:
    data = sample(SHAPES[0])
    order = np.random.default_rng(2).permutation(len(data.inputs))
    moved = dataclasses.replace(data, inputs=data.inputs[order], labels=data.labels[order])
    for name, baseline in BASELINES.items():
        one, other = baseline.measure(data), baseline.measure(moved)
        for field in FIELDS:
            np.testing.assert_allclose(getattr(one, field), getattr(other, field), rtol=1e-6, atol=1e-12, err_msg=name)


def sign_of_a_field(functions: int, held_out: int, replicate: int = 0) -> Sample:
    data = build(
        Request(task=TASKS["advection-sign"], functions=functions, points=200, test_functions=held_out, replicate=replicate)
    )
    return Sample(data.inputs, data.labels, data.test_inputs, data.test_outputs)


def test_the_held_out_values_of_the_published_case() -> None:
    """Advection of random signs, N = 312, mean over functions: values computed elsewhere, from other draws of the same law.

    Regression without a penalty spreads most: its variance is that of 199 coefficients from 312 functions.
    """
    data = sign_of_a_field(312, 312)
    ranked = BASELINES["reduced-rank"].measure(data)
    assert told(BASELINES["ridge"].measure(data))[3] == pytest.approx(0.140, rel=0.02)
    assert ranked.relative_mean[63] == pytest.approx(0.114, rel=0.03)
    assert ranked.test_relative_mean[63] == pytest.approx(0.157, rel=0.02)
    assert ranked.relative_mean[15] == pytest.approx(0.245, rel=0.01)
    assert ranked.test_relative_mean[15] == pytest.approx(0.264, rel=0.01)
    assert told(BASELINES["least-squares"].measure(data))[3] == pytest.approx(0.179, rel=0.06)


def test_regression_reaches_what_the_sensors_leave_open() -> None:
    """At N = 20,000 the published .113, and the asymptotic floor of the law, which it stays above."""
    data, floor = sign_of_a_field(20_000, 2000), TASKS["advection-sign"].sensor_floor()
    found = BASELINES["least-squares"].measure(data)
    assert found.test_relative_mean[0] == pytest.approx(0.113, rel=0.01)
    assert floor is not None
    assert 0.98 * floor < found.test_relative[0] < 1.03 * floor


def test_the_floor_of_the_box_is_met_by_regression_on_many() -> None:
    task = TASKS["advection-box"]
    data = build(Request(task=task, functions=4000, points=40, test_functions=2000))
    found = BASELINES["least-squares"].measure(Sample(data.inputs, data.labels, data.test_inputs, data.test_outputs))
    floor = task.sensor_floor()
    assert floor is not None
    assert 0.97 * floor < found.test_relative[0] < 1.06 * floor


@pytest.mark.parametrize(("name", "shift"), [("advection-sign", {"shift": 0.0}), ("advection-box", {"horizon": 0.0})])
def test_nothing_is_left_open_where_points_are_sensors(name: str, shift: dict[str, float]) -> None:
    assert TASKS[name].with_parameters(shift).sensor_floor() == pytest.approx(0.0, abs=1e-5)


def test_the_floor_follows_the_place_between_the_sensors() -> None:
    """4 t (1 - t): 3/4 of it at a quarter of the way, and nothing where every second of twice as many sensors is a point."""
    task = TASKS["advection-sign"]
    half, quarter, fine = (
        task.with_parameters(change).sensor_floor() for change in ({}, {"shift": 0.5 + 0.25 / 199.0}, {"sensor_count": 399})
    )
    assert half is not None
    assert quarter is not None
    assert quarter**2 / half**2 == pytest.approx(0.75, rel=1e-6)
    assert fine == pytest.approx(0.0, abs=1e-5)
