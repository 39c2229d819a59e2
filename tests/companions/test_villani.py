"""Growth of regularised losses: derivatives against differences, inner products against their bound, chains in closed form."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from bench.engines.physics_informed import PhysicsInformed, terms_and_gradient
from bench.families.family import Context
from bench.families.villani import TEMPERATURE, _loss, _rate, _run
from operators.companions.equation_loss import EquationLoss
from operators.companions.equations import EQUATIONS
from operators.companions.frozen_outer import drawn
from operators.companions.villani import ACTIVATIONS, Heads, Loss, TwoLayers, autocorrelation_time
from results.families.villani import Cell


def losses() -> list[Loss]:
    random = np.random.default_rng(0)
    x, u, y = random.normal(size=(9, 3)), random.normal(size=(4, 3)), random.normal(size=(5, 2))
    heads = (random.normal(size=(4, 5)), random.normal(size=(3, 4)), random.normal(size=(3, 5)))
    return [
        *(TwoLayers(x, random.normal(size=9), random.normal(size=5), one) for one in ACTIVATIONS.values()),
        *(Heads(u, y, *heads, trained=trained) for trained in (False, True)),
        *(
            EquationLoss(one, random.uniform(size=(8, one.coordinates)), random.normal(size=(len(one.unknowns), 5)))
            for one in EQUATIONS.values()
        ),
    ]


EVERY = pytest.mark.parametrize("loss", losses(), ids=["tanh", "sigmoid", "softplus", "frozen", "trained", *EQUATIONS])


def value(loss: Loss, theta: np.ndarray, strength: float) -> float:
    return float(np.mean(loss.parts(theta)[0] ** 2) + 0.5 * strength * theta @ theta)


@EVERY
def test_slope_laplacian_and_inner_product_are_those_of_differences(loss: Loss) -> None:
    theta, strength, h = np.random.default_rng(1).normal(size=loss.count), 0.3, 1e-4
    steps = h * np.eye(loss.count)
    ahead, behind = (np.array([value(loss, theta + sign * step, strength) for step in steps]) for sign in (1.0, -1.0))
    gradient = (ahead - behind) / (2.0 * h)
    laplacian = np.sum(ahead + behind - 2.0 * value(loss, theta, strength)) / h**2
    found = loss.growth(theta, strength)
    assert found.slope == pytest.approx(gradient @ gradient, rel=1e-5)
    assert found.laplacian == pytest.approx(laplacian, rel=1e-4)
    assert found.inner == pytest.approx(theta @ (gradient - strength * theta), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_inner_product_stays_above_its_bound_even_where_a_search_makes_it_least(name: str) -> None:
    loss = next(one for one, known in zip(losses(), ACTIVATIONS, strict=False) if known == name)
    assert isinstance(loss, TwoLayers)
    random = np.random.default_rng(2)
    found = [
        minimize(lambda w: loss.growth(w, 0.0).inner, radius * random.normal(size=loss.count), options={"maxiter": 30}).fun
        for radius in (0.3, 3.0)
    ]
    assert loss.least_inner() <= min(found) < 0.0


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_intercept_is_the_largest_of_phi_less_its_tangent_at_zero(name: str) -> None:
    z = np.linspace(-40.0, 40.0, 8001)
    one = ACTIVATIONS[name]
    phi, first, _ = one.derivatives(z)
    assert np.abs(phi - z * first).max() == pytest.approx(one.intercept, abs=1e-9)
    assert np.abs(first).max() == pytest.approx(one.steepest, abs=1e-9)


@given(st.floats(1e-3, 10.0), st.integers(0, 100))
def test_growth_reaches_what_the_argument_gives(strength: float, seed: int) -> None:
    """|grad F| >= lambda |W| - C / |W| on every ray."""
    for loss in losses()[:3]:
        assert isinstance(loss, TwoLayers)
        (direction,) = loss.directions(np.random.default_rng(seed), 1)
        for radius in (1.0, 1e2, 1e4):
            least = strength * radius + loss.least_inner() / radius
            assert np.sqrt(loss.growth(radius * direction, strength).slope) >= least * (1.0 - 1e-12)


def test_with_trained_heads_the_condition_fails_above_a_temperature_and_with_frozen_ones_it_does_not() -> None:
    frozen, trained = losses()[3:5]
    rays = {loss: loss.directions(np.random.default_rng(3), 40) for loss in (frozen, trained)}
    ends = {
        loss: [min(loss.growth(radius * one, 0.1).temperature() for one in directions) for radius in (1e4, 1e6)]
        for loss, directions in rays.items()
    }
    assert ends[frozen][1] > 1e3 * ends[frozen][0]
    assert ends[trained][1] == pytest.approx(ends[trained][0], rel=0.1)


def test_the_chain_samples_the_gibbs_measure_where_it_is_gaussian() -> None:
    """With no data term |W|^2 has the mean s dim / lambda, and the loss forgets like e^(-2 lambda t)."""
    cell = Cell(experiment="langevin", strength=1.0, width=8, steps=20_000)
    loss = _loss(cell)
    assert isinstance(loss, TwoLayers)
    free = TwoLayers(loss.x, 0.0 * loss.y, 0.0 * loss.outer, loss.activation)
    values = _run(cell, free, 0.5, Context())[2000:]
    step = _rate(0.5)
    assert values.mean() == pytest.approx(0.5 * TEMPERATURE * free.count / (1.0 - 0.25 * step), rel=0.05)
    assert autocorrelation_time(values) * step == pytest.approx(2.0 / (2.0 * 0.5), rel=0.35)


def test_the_autocorrelation_time_is_that_of_an_autoregression() -> None:
    random, values, rho = np.random.default_rng(4), np.zeros(40_000), 0.8
    kicks = random.normal(size=len(values))
    for step in range(1, len(values)):
        values[step] = rho * values[step - 1] + kicks[step]
    assert autocorrelation_time(values) == pytest.approx((1.0 + rho) / (1.0 - rho), rel=0.1)


def test_the_loss_of_an_equation_is_that_which_physics_informed_nets_are_trained_on() -> None:
    """Mean squares of the residuals, summed; of the same net on the same points, the training's own loss terms."""
    random = np.random.default_rng(5)
    for equation in EQUATIONS.values():
        outer, inner = drawn(4, len(equation.unknowns), equation.coordinates, random)
        labels, points = np.zeros((1, len(equation.unknowns))), random.uniform(size=(20, equation.coordinates))
        training = PhysicsInformed(equation, outer, inner, labels, weight=0.0, rate=0.1, decay=0.0, steps=1)
        terms, gradient = terms_and_gradient(training, inner, points[:1], points)
        r, jacobian, _ = EquationLoss(equation, points, outer).parts(inner.ravel())
        assert np.mean(r**2) == pytest.approx(sum(terms[:-1]), rel=1e-12)
        np.testing.assert_allclose(2.0 / len(r) * (jacobian.T @ r), gradient.ravel(), rtol=1e-9, atol=1e-12)


def test_other_losses_have_rays_only() -> None:
    for wrong in ({"experiment": "sgd"}, {"activation": "softplus"}):
        with pytest.raises(ValueError, match="expected rays and tanh"):
            Cell.model_validate({"loss": "frozen heads", "strength": 0.1, **wrong})
