"""The recipe `best` picks by design, ends and labels, says what it picked, and stops at the floor."""

import pytest

from bench.cell import Cell, Net, Noise, Training
from bench.engines import find_engine
from bench.engines.base import Control, Fit
from bench.engines.native import refuses_variable_projection
from operators.bounds.eckart_young import floors_of_deeponet
from operators.data.dataset import build
from operators.data.normalisation import predict, scaled

ENGINE = find_engine("native")


def cell(**changes: object) -> Cell:
    plain = {
        "task": "advection-speed",
        "functions": 40,
        "points": 30,
        "architecture": Net(branch_widths=(24, 24), trunk_widths=(24, 24), q=6),
        "training": Training(steps=600),
    }
    return Cell.model_validate({**plain, **changes})


def fitted(chosen: Cell) -> tuple[Fit, float, float]:
    """The fit, its training error, and the certified floor (0 off the grid)."""
    problem = scaled(build(chosen.request()), "standard", "unit", "task")
    floor = 0.0
    if chosen.design == "grid":
        floor = float(floors_of_deeponet(problem.labels, problem.mean, problem.scale)[chosen.architecture.q])
    fit = ENGINE.train([chosen], [problem], Control(floors=(floor,)))[0]
    assert fit.weights is not None
    return fit, float(((problem.labels - predict(chosen.deeponet(), fit.weights, problem)) ** 2).mean()), floor


@pytest.mark.parametrize("noise", [Noise(), Noise(law="rademacher", sigma=0.5)])
def test_grids_are_fitted_to_their_floor_by_variable_projection(noise: Noise) -> None:
    fit, error, floor = fitted(cell(noise=noise))
    assert fit.recipe == "variable-projection"
    assert floor * (1 - 1e-6) <= error <= 1.01 * floor
    assert fit.steps < 600


def test_wide_nets_are_not_trained() -> None:
    fit, error, floor = fitted(cell(architecture=Net(branch_widths=(64, 64), trunk_widths=(64, 64), q=6)))
    assert fit.recipe == "random features, solved heads"
    assert fit.steps == 0
    assert error <= 1.001 * floor


def test_without_hidden_layers_and_with_linear_ends_nothing_is_random_and_nothing_trained() -> None:
    fit, error, floor = fitted(cell(architecture=Net(branch_widths=(), trunk_widths=(), q=2, ends="linear")))
    assert (fit.recipe, fit.steps) == ("solved heads", 0)
    assert error >= floor * (1 - 1e-6)


def test_a_relu_trunk_of_one_layer_is_trained_by_variable_projection() -> None:
    chosen = cell(architecture=Net(branch_widths=(), trunk_widths=(), q=6, activation="relu"))
    assert refuses_variable_projection(chosen) is None
    assert fitted(chosen)[0].recipe == "variable-projection"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"design": "triples", "points": 1}, "triples"),
        ({"architecture": Net(q=6, ends="sigmoid")}, "sigmoid"),
        ({"architecture": Net(q=6, activation="relu")}, "relu"),
        ({"training": Training(steps=1, batch=8)}, "full batch"),
        ({"training": Training(steps=1, output_scaling="pointwise")}, "pointwise"),
        ({"training": Training(steps=1, l2=1e-4)}, "l2"),
        ({"design": "scattered", "points": 2}, "more labels"),
    ],
)
def test_what_variable_projection_cannot_train_is_refused_and_left_to_soap(changes: dict, reason: str) -> None:
    chosen = cell(**changes)
    assert reason in (refuses_variable_projection(chosen) or "")
    assert ENGINE.refuses(chosen) is None
    asked = chosen.model_copy(update={"training": chosen.training.model_copy(update={"recipe": "variable-projection"})})
    assert reason in (ENGINE.refuses(asked) or "")


def test_soap_takes_sigmoid_ends_and_reports_itself() -> None:
    net = Net(branch_widths=(), trunk_widths=(), q=2, ends="sigmoid")
    fit, error, floor = fitted(cell(architecture=net, training=Training(steps=50)))
    assert fit.recipe.startswith("soap")
    assert error >= floor * (1 - 1e-6)


def test_the_same_cell_gives_the_same_weights_alone_and_among_others() -> None:
    cells = [cell(), cell(replicate=1)]
    problems = [scaled(build(c.request()), "standard", "unit", "task") for c in cells]
    together = ENGINE.train(cells, problems, Control())
    alone = [ENGINE.train([c], [p], Control())[0] for c, p in zip(cells, problems, strict=True)]
    hashes = [fit.weights.sha256() for fit in together if fit.weights]
    assert hashes == [fit.weights.sha256() for fit in alone if fit.weights]
    assert len(set(hashes)) == 2
