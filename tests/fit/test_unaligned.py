"""Functions without common points: what is taken as data, heads against dense least squares, planted ranks and maps."""

import json
import runpy
from pathlib import Path

import numpy as np
import pytest
from planted_operators import modes
from sklearn.base import clone

from bench.engines.threads import pinned_tensorflow
from bench.fit import folder
from bench.fit.arrays import PARTS, FitData, fit_data
from bench.fit.budget import Budget
from bench.fit.estimator import DeepONetRegressor
from bench.fit.files import Files, read
from bench.fit.fitting import Fitted, fit, relative_error
from bench.fit.private_bracket import question_of
from bench.fit.report import FitReport
from bench.fit.unaligned.ground import UnalignedGround
from bench.fit.unaligned.heads import Labels, alternating, ends_of, full, leading, normal_equations, predicted
from bench.fit.unaligned.labels import UnalignedData, own_points, triples
from bench.fit.unaligned.lines import measured_lines
from bench.fit.units import units_of
from operators import UserError
from operators.arrays import Array
from results.models.deeponet_model import load_model

FUNCTIONS, EACH = 60, 16
COEFFICIENTS, WAVES = modes(FUNCTIONS, 0)
INPUTS = COEFFICIENTS @ WAVES
POINTS = np.random.default_rng(3).random((FUNCTIONS, EACH))


def at(points: Array) -> Array:
    """The three modes of the outputs at points."""
    return np.sin(np.pi * np.arange(1, 4) * points[..., None])


OUTPUTS = np.einsum("nk,nmk->nm", np.tanh(2.0 * COEFFICIENTS), at(POINTS)) + 0.5
ROWS = np.repeat(INPUTS, EACH, axis=0), OUTPUTS.ravel(), POINTS.ravel()
SHUFFLED = np.random.default_rng(4).permutation(FUNCTIONS * EACH)


def arrays(path: Path) -> dict[str, Array]:
    with np.load(path) as file:
        return dict(file)


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "mine.npz"
    split = np.repeat([0, 1, 2], [44, 8, 8])
    own = {"u": INPUTS, "y": OUTPUTS, "x": POINTS, "split": split}
    u, v, x = (array[SHUFFLED] for array in ROWS)
    np.savez(path, **own, ru=u, rv=v, rx=x, rs=np.repeat(split, EACH)[SHUFFLED])
    return path


@pytest.fixture(scope="module")
def fitted(mine: Path) -> Fitted:
    return fit(read(Files(mine, "u", "y", "x", "split")), 0.1, cpu_seconds=4.5, depth=1)


def test_triples_in_any_order_are_the_functions_with_points_of_their_own(mine: Path) -> None:
    own, rows = read(Files(mine, "u", "y", "x", "split")), read(Files(mine, "ru", "rv", "rx", "rs"))
    assert isinstance(own, UnalignedData)
    assert isinstance(rows, UnalignedData)
    for part in PARTS:
        found = [np.sort(data.outputs_of(part)) for data in (own, rows)]
        np.testing.assert_array_equal(*found)
        assert own.count(part) == rows.count(part)
    values = {(*u, *x): v for u, x, v in zip(own.inputs[own.function], own.points, own.outputs, strict=True)}
    assert all(values[*rows.inputs[f], *x] == v for f, x, v in zip(rows.function, rows.points, rows.outputs, strict=True))


def test_triples_on_a_grid_are_that_grid() -> None:
    grid = np.linspace(0.0, 1.0, EACH)
    u, v, x = np.repeat(INPUTS, EACH, axis=0), OUTPUTS.ravel(), np.tile(grid, FUNCTIONS)
    data = triples(u[SHUFFLED], v[SHUFFLED], x[SHUFFLED])
    assert type(data) is FitData
    order = [int(np.flatnonzero((row == INPUTS).all(axis=1))[0]) for row in data.inputs]
    np.testing.assert_array_equal(data.outputs, OUTPUTS[order])
    np.testing.assert_array_equal(data.points[:, 0], grid)


def test_components_have_their_number_as_a_coordinate_in_every_layout() -> None:
    """Both layouts hold the same labels, and on common points they are the components of a grid."""
    pair = [OUTPUTS, 3.0 - OUTPUTS]
    own = own_points(INPUTS, pair, POINTS)
    rows = triples(ROWS[0][SHUFFLED], [array.ravel()[SHUFFLED] for array in pair], ROWS[2][SHUFFLED])
    assert isinstance(rows, UnalignedData)
    for data in (own, rows):
        assert data.points.shape == (2 * FUNCTIONS * EACH, 2)
        assert set(data.points[:, 1]) == {0.0, 1.0}
    values = {(*u, *x): v for u, x, v in zip(own.inputs[own.function], own.points, own.outputs, strict=True)}
    assert all(values[*rows.inputs[f], *x] == v for f, x, v in zip(rows.function, rows.points, rows.outputs, strict=True))
    grid = np.linspace(0.0, 1.0, EACH)
    common = triples(ROWS[0], [array.ravel() for array in pair], np.tile(grid, FUNCTIONS))
    expected = fit_data(INPUTS, pair, grid)
    order = [int(np.flatnonzero((row == INPUTS).all(axis=1))[0]) for row in common.inputs]
    places = [np.lexsort(data.points.T) for data in (common, expected)]
    np.testing.assert_array_equal(common.points[places[0]], expected.points[places[1]])
    np.testing.assert_array_equal(common.outputs[:, places[0]], expected.outputs[order][:, places[1]])


def test_one_net_fits_two_components_at_own_points(tmp_path: Path) -> None:
    """The second component is an affine image of the first, which one more coordinate of the trunk can hold."""
    split = np.repeat([0, 1, 2], [44, 8, 8])
    np.savez(tmp_path / "two.npz", u=INPUTS, y=OUTPUTS, z=2.0 * OUTPUTS - 1.0, x=POINTS, split=split)
    data = read(Files(tmp_path / "two.npz", "u", "y, z", "x", "split"))
    found = fit(data, 0.1, cpu_seconds=3.0, depth=1)
    model, rows = found.best.model, data.rows["test"]
    places = np.concatenate([np.stack([POINTS[rows], np.full_like(POINTS[rows], k)], axis=2) for k in (0.0, 1.0)], axis=1)
    truth = np.hstack([OUTPUTS[rows], 2.0 * OUTPUTS[rows] - 1.0])
    missed = model.predict(INPUTS[rows], places) - truth
    assert found.best.errors["test"] == pytest.approx(np.linalg.norm(missed) / np.linalg.norm(truth), rel=1e-9)
    assert found.best.errors["test"] < 0.2


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: own_points(INPUTS, OUTPUTS, POINTS[:, :3]), "a point for each of 960 outputs"),
        (lambda: own_points(INPUTS, OUTPUTS, POINTS * np.nan), "finite coordinates"),
        (lambda: own_points(INPUTS[:9], OUTPUTS, POINTS), "as many inputs as outputs"),
        (lambda: own_points(INPUTS, 0.0 * OUTPUTS, POINTS), "outputs that vary"),
        (lambda: triples(ROWS[0], OUTPUTS, ROWS[2]), "one output for each of 960 rows"),
        (lambda: own_points(INPUTS, [OUTPUTS, OUTPUTS[:, :9]], POINTS), "components at the same points"),
        (lambda: triples(ROWS[0], [ROWS[1], ROWS[1][:9]], ROWS[2]), "one output for each of 960 rows"),
        (lambda: triples(*ROWS, split=np.arange(960) % 3), "split by function"),
        (lambda: triples(*ROWS, split=np.zeros(60)), "one for each row"),
        (lambda: triples(ROWS[0][:64], ROWS[1][:64], ROWS[2][:64]), "at least 10 functions"),
        (lambda: own_points(INPUTS, np.tile(OUTPUTS, 2200), np.zeros((60, 35200))), "at most 2,097,152 labels"),
        (lambda: fit(own_points(INPUTS, OUTPUTS, POINTS), noise=0.1), "no noise level"),
    ],
)
def test_what_is_no_set_of_labels_is_refused(call: object, said: str) -> None:
    with pytest.raises(UserError, match="expected") as caught:
        call()  # type: ignore[operator]
    assert said in str(caught.value)


def labels(*, ragged: bool) -> tuple[Array, Array, Labels]:
    generator = np.random.default_rng(5)
    counts = generator.integers(1, 9, size=12) if ragged else np.full(12, 5)
    function = np.repeat(np.arange(12), counts)
    branch, trunk = generator.standard_normal((12, 4)), generator.standard_normal((len(function), 3))
    branch[:, -1] = trunk[:, -1] = 1.0
    return branch, trunk, Labels(branch, trunk, generator.standard_normal(len(function)), function)


@pytest.mark.parametrize("ragged", [False, True])
def test_normal_equations_are_those_of_the_dense_design(ragged: bool) -> None:
    branch, trunk, given = labels(ragged=ragged)
    design = np.einsum("na,nc->nac", branch[given.function], trunk).reshape(len(trunk), -1)
    matrix, right = normal_equations(branch, trunk, given)
    np.testing.assert_allclose(matrix, design.T @ design / len(trunk), atol=1e-13)
    np.testing.assert_allclose(right, design.T @ given.values / len(trunk), atol=1e-13)
    ends = ends_of(branch, trunk)
    (solution,) = full(ends, given, (0.0,))
    best = design @ np.linalg.lstsq(design, given.values, rcond=None)[0]
    np.testing.assert_allclose(predicted(branch @ solution, ends.trunk, given), best, atol=1e-5)


def test_a_planted_rank_is_recovered_and_half_steps_never_raise_the_objective() -> None:
    branch, trunk, given = labels(ragged=True)
    generator = np.random.default_rng(6)
    planted = generator.standard_normal((4, 1)) @ generator.standard_normal((1, 3))
    exact = Labels(branch, trunk, predicted(branch @ planted, trunk, given), given.function)
    ends = ends_of(branch, trunk)
    left, right = alternating(ends, exact, leading(ends, next(full(ends, exact, (0.0,))), 1), 0.0, 2)
    np.testing.assert_allclose(predicted(ends.branch @ left, ends.trunk @ right, exact), exact.values, atol=1e-6)
    start = leading(ends, next(full(ends, given, (0.01,))), 1)
    objective = []
    for sweeps in range(4):
        left, right = alternating(ends, given, start, 0.01, sweeps)
        missed = predicted(ends.branch @ left, ends.trunk @ right, given) - given.values
        size = float(np.sum(ends.weights[:, None] * (left @ right.T) ** 2))
        objective.append(float(np.mean(missed**2)) + 0.01 * size)
    assert objective == sorted(objective, reverse=True)
    assert objective[-1] < objective[0]


def test_the_planted_rank_is_attained_and_nothing_is_called_certified(fitted: Fitted) -> None:
    report = FitReport(fitted, "mine.npz", "y")
    bracket = report.bracket()
    assert (bracket["q_lower"], bracket["d_lower"]) == (None, None)
    assert bracket["q_upper"] == 3  # of rank 3 with 0.5 within the heads' constants, as q = 2 leaves 0.4
    assert fitted.smallest.errors["training"] <= 0.1
    printed = report.as_text()
    assert "1 (vacuous: no floor without common points) to 3 (attained)" in printed
    assert "(certified)" not in printed
    assert any("vacuous, not certified" in note for note in report.notes())
    assert any("not drawn: nearest-neighbour" in note for note in report.notes())
    facts = json.loads(json.dumps(report.as_json(), allow_nan=False))
    assert (facts["certified"], facts["design"], facts["labels"]) == (None, "unaligned", 960)


def test_errors_are_those_of_the_weights_and_hold_at_points_that_no_function_had(fitted: Fitted) -> None:
    model, data = fitted.best.model, fitted.data
    for part in PARTS:
        rows = data.rows[part]
        missed = model.predict(INPUTS[rows], POINTS[rows, :, None]) - OUTPUTS[rows]
        assert fitted.best.errors[part] == pytest.approx(np.linalg.norm(missed) / np.linalg.norm(OUTPUTS[rows]), rel=1e-9)
    assert fitted.best.errors["validation"] <= 1.03 * min(error for _, error in fitted.selected.best)
    fresh, grid = modes(40, 9)[0] / 2.0, np.linspace(0.05, 0.95, 21)
    truth = np.tanh(2.0 * fresh) @ at(grid).T + 0.5
    error = np.linalg.norm(model.predict(fresh @ WAVES, grid[:, None]) - truth) / np.linalg.norm(truth)
    assert error < 0.1
    assert FitReport(fitted, "mine.npz", "y").verdict().startswith("A DeepONet is better than a linear map")


def test_lines_are_exact_on_what_they_can_represent() -> None:
    linear = np.einsum("nk,nmk->nm", COEFFICIENTS, at(POINTS))
    same = at(POINTS)[..., 0]
    both = own_points(INPUTS[:40], linear[:40], POINTS[:40]), own_points(INPUTS[:40], same[:40], POINTS[:40])
    errors = [
        {line.name: line.test for line in measured_lines(UnalignedGround(data, units_of(data)), Budget(1.0)).lines}
        for data in both
    ]
    assert errors[0]["ridge"] < 1e-4 < 0.5 < errors[0]["mean"]
    assert errors[1]["mean"] < 1e-5


def test_the_folder_of_unaligned_data_predicts_what_it_states(
    fitted: Fitted, mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "find_spec", lambda name: None)
    question = question_of(Files(mine, "u", "y", "x", "split"), 0.1, 1)
    missing = folder.write_folder(tmp_path, FitReport(fitted, "mine.npz", "y"), question)
    assert [sentence.split()[0] for sentence in missing] == ["model.keras", "figure.png"]
    test, training = (arrays(tmp_path / f"{part}.npz") for part in ("test", "training"))
    model = load_model(tmp_path / "model.npz")
    found, single = (net.predict_labels(test["inputs"], test["function"], test["points"]) for net in (model, model.rounded()))
    missed, rounding = np.linalg.norm([found - test["outputs"], found - single], axis=1) / np.linalg.norm(test["outputs"])
    assert missed == pytest.approx(fitted.best.errors["test"], rel=1e-9)
    assert rounding < 2e-3
    assert model.predict(INPUTS[:2]).shape == (2, EACH)
    pinned_tensorflow(1)
    script = runpy.run_path(str(tmp_path / "deepxde_model.py"), run_name="script")
    assert script["error"](script["load"](), test) == pytest.approx(missed, abs=4.0 * rounding + 1e-6)  # in float32
    assert script["error"](script["train"](40), training) < script["error"](script["build"](), training)
    bracket = json.loads((tmp_path / "bracket.json").read_text())["bracket"]
    assert (bracket["q_lower"], bracket["q_upper"]) == (None, 3)
    best = next(entry for entry in bracket["leaderboard"] if entry["file"] == "model.npz")
    assert best["test"] == relative_error(fitted.best.model, fitted.data, "test")


def test_the_estimator_takes_triples() -> None:
    rows = np.hstack([ROWS[0], ROWS[2][:, None]])
    model = clone(DeepONetRegressor(coordinates=1, widths=(12,), depth=1)).fit(rows[:-160], ROWS[1][:-160])
    assert model.score(rows[-160:], ROWS[1][-160:]) > 0.9
    with pytest.raises(UserError, match="fewer coordinates"):
        DeepONetRegressor(coordinates=31).fit(rows, ROWS[1])
