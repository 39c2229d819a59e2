"""A fit of planted data: brackets, what is chosen by what, the linear verdict, and the model as it predicts."""

import dataclasses
import json

import numpy as np
import pytest
from planted_operators import modes

from bench.fit.arrays import PARTS, FitData, fit_data
from bench.fit.budget import Budget
from bench.fit.capacity import Search, measured
from bench.fit.fitting import Fitted, fit, relative_error
from bench.fit.hidden import ground_of, random_hidden
from bench.fit.lines import LINEAR
from bench.fit.reduced_rank_ridge import trunk_basis
from bench.fit.report import FitReport
from bench.fit.selection import _carried_heads, linear_map, select, with_linear_units
from operators import UserError
from operators.bounds.eckart_young import relative_floors
from results.models.deeponet_model import DeepONetModel


def test_certified_and_attained_sizes_enclose_the_planted_rank(fitted: Fitted, data: FitData) -> None:
    bracket = FitReport(fitted, "mine.npz", "y").bracket()
    floors = relative_floors(data.outputs_of("training")).lower
    assert bracket["q_lower"] == int(np.argmax(floors <= fitted.target))
    assert bracket["q_upper"] == bracket["q_lower"] <= 3
    assert bracket["d_lower"] <= bracket["d_upper"] == fitted.smallest.parameters
    assert fitted.smallest.errors["training"] <= fitted.target


def test_no_rank_goes_below_its_floor(fitted: Fitted, data: FitData) -> None:
    floors = relative_floors(data.outputs_of("training"), offset="mean-function").lower
    for q, training, _ in fitted.selected.curve:
        assert training >= floors[min(q, len(floors) - 1)] * (1.0 - 1e-6) - 1e-7


def test_errors_are_those_of_the_weights_that_are_returned(fitted: Fitted, data: FitData) -> None:
    for part in PARTS:
        outputs = data.outputs_of(part)
        missed = np.linalg.norm(fitted.best.model.predict(data.inputs_of(part)) - outputs) / np.linalg.norm(outputs)
        assert fitted.best.errors[part] == pytest.approx(missed, rel=1e-9)
    q = fitted.best.model.net.q
    assert fitted.best.errors["validation"] == pytest.approx(fitted.selected.curve[q - 1][2], rel=1e-3)
    assert fitted.best.float32 == relative_error(fitted.best.model.rounded(), data, "test")
    assert fitted.best.float32 == pytest.approx(fitted.best.errors["test"], rel=1e-2, abs=1e-3)


def test_a_deeponet_that_is_better_than_a_linear_map_is_said_to_be(fitted: Fitted) -> None:
    assert fitted.best.errors["test"] < 0.5 * fitted.lines.best_linear().test
    assert FitReport(fitted, "mine.npz", "y").verdict().startswith("A DeepONet is better than a linear map")


def test_a_linear_map_that_is_as_good_is_said_first() -> None:
    coefficients, waves = modes(60, 1)
    noise = 0.05 * np.random.default_rng(5).standard_normal((60, 30))
    found = fit(fit_data(coefficients @ waves, coefficients @ waves[:, ::-1] + noise), 0.3, cpu_seconds=0.5, depth=1)
    report = FitReport(found, "mine.npz", "y")
    assert report.as_text().startswith("A linear map is as good")
    assert found.best.errors["test"] <= 1.3 * found.lines.best_linear().test


def test_a_planted_linear_map_needs_no_hidden_layer_in_the_branch() -> None:
    coefficients, waves = modes(60, 1)
    data = fit_data(40.0 + coefficients @ waves, 3.0 * coefficients @ waves[:, ::-1] - 2.0)
    found = fit(data, 0.05, cpu_seconds=1.5, depth=1)
    bracket = FitReport(found, "mine.npz", "y").bracket()
    assert found.smallest is not None
    net = found.smallest.model.net
    assert net.branch_widths == ()
    assert found.smallest.errors["training"] <= 0.05
    assert bracket["d_lower"] <= bracket["d_upper"] == net.parameter_count()
    assert net.q == 3
    assert "widths none and" in FitReport(found, "mine.npz", "y").as_text()
    assert found.smallest.errors["test"] == relative_error(found.smallest.model, data, "test") < 0.2


def test_whether_a_linear_map_reaches_the_target_is_known_before_training() -> None:
    coefficients, waves = modes(60, 1)
    inputs = coefficients @ waves
    for outputs, expected in ((coefficients, 3), (np.tanh(2.0 * coefficients), None), (coefficients * [1.0, 1.0, 1e-6], 2)):
        ground = ground_of(fit_data(inputs, outputs @ waves[:, ::-1]))
        search = Search(ground, 1e-3, least_q=1, depth=1, budget=Budget(1.0))
        assert search._least_linear_q() == expected


def test_units_that_carry_a_linear_map_are_that_map(data: FitData) -> None:
    ground = ground_of(data)
    hidden = random_hidden(ground, ((9, 8), (16, 16)), seed=0)
    basis = trunk_basis(ground.features(hidden.trunk, ground.points), ground.training[1], ground.validation[1])
    linear = linear_map(ground, basis)
    branch = with_linear_units(ground, hidden.branch, linear, share=1.0)
    heads = _carried_heads(ground, branch, linear).heads(4)
    inputs = np.hstack([ground.training[0], np.ones((len(ground.training[0]), 1))])
    expected, carried = inputs @ linear.branch[:, :4], ground.features(branch, ground.training[0]) @ heads[0]
    np.testing.assert_allclose(carried, expected, atol=1e-6 * np.abs(expected).max())


def test_test_functions_choose_nothing(data: FitData) -> None:
    outputs = data.outputs.copy()
    outputs[data.rows["test"]] = -3.0 * outputs[data.rows["test"]][::-1]
    other = dataclasses.replace(data, outputs=outputs)
    chosen = [select(ground_of(one), 0.05, depth=1, budget=Budget(60.0), widths=(8,)) for one in (data, other)]
    assert chosen[0].best == chosen[1].best
    assert chosen[0].complete
    assert [one.net.q for one in chosen] == [chosen[0].net.q] * 2
    np.testing.assert_array_equal(chosen[0].net.heads[0], chosen[1].net.heads[0])


def test_facts_are_json_and_say_what_is_certified_attained_or_not_found(data: FitData) -> None:
    found = fit(data, 0.01, cpu_seconds=1e-6, depth=1)
    report = FitReport(found, "mine.npz", "y")
    facts = json.loads(json.dumps(report.as_json(), allow_nan=False))
    assert facts["bracket"]["q_upper"] is None
    assert facts["smallest"] is None
    assert any("not found" in note and "no limit of any size" in note for note in facts["notes"])
    assert any("not all sizes were tried" in note for note in facts["notes"])
    assert "not found (attained)" in report.as_text()
    assert {line["name"] for line in facts["lines"]} >= {"ridge", "kernel", "mean"}
    assert facts["best"]["errors"]["test"] == relative_error(found.best.model, data, "test")


@pytest.mark.parametrize(
    ("target", "options"), [(0.0, {}), (1.5, {}), (float("nan"), {}), (0.1, {"cpu_seconds": 0.0}), (0.1, {"depth": 0})]
)
def test_requests_without_sense_are_refused(data: FitData, target: float, options: dict) -> None:
    with pytest.raises(UserError, match="expected"):
        fit(data, target, **options)


def test_errors_below_what_a_difference_of_squares_resolves_are_measured_all_the_same() -> None:
    coefficients, waves = modes(40, 2)
    data = fit_data(coefficients @ waves, coefficients @ waves[:, ::-1])
    ground = ground_of(data)
    hidden = random_hidden(ground, ((60,), (60,)), seed=0, scale=1e-3)
    found = measured(ground, hidden, 4, 0.0, energy=float((data.outputs_of("training") ** 2).sum()))
    model = DeepONetModel(ground.net(hidden, 4), ground.assembled(hidden, found.heads, 0.0), data.points)
    assert 0.0 < found.error < 1e-5
    assert found.error == pytest.approx(relative_error(model, data, "training"), rel=1e-2, abs=3e-8)


def test_noise_is_told_apart_from_what_the_clean_outputs_demand(data: FitData) -> None:
    found = fit(data, 0.05, noise=0.02, cpu_seconds=1e-6, depth=1)
    (note,) = (note for note in FitReport(found, "mine.npz", "y").notes() if "clean outputs demand" in note)
    clean = found.size.noise.statements["q_clean"]
    assert f"demand {clean.text()} themselves ({clean.worth})" in note
    assert found.size.parameters["d_certified"].value >= 1


@pytest.mark.parametrize(
    ("linear", "kernel", "begins", "says"),
    [
        (0.5, 0.9, "A linear map is as good", "as good"),
        (0.5, 0.2, "A linear map is as good", "a kernel is better than both"),
        (20.0, 0.2, "A kernel is better", "test error"),
        (20.0, 20.0, "A DeepONet is better than a linear map", "(test errors)"),
    ],
)
def test_the_first_sentence_names_what_is_as_good_or_better(
    fitted: Fitted, linear: float, kernel: float, begins: str, says: str
) -> None:
    errors = {name: linear for name in LINEAR} | {"kernel": kernel}
    net = fitted.best.errors["test"]
    lines = tuple(dataclasses.replace(line, test=net * errors.get(line.name, 1.0)) for line in fitted.lines.lines)
    other = dataclasses.replace(fitted, lines=dataclasses.replace(fitted.lines, lines=lines))
    verdict = FitReport(other, "mine.npz", "y").verdict()
    assert verdict.startswith(begins)
    assert says in verdict
