"""Ball arithmetic encloses what exact arithmetic gives, and proves targets; fresh functions come from the witness's own hash."""

import dataclasses
import math
from decimal import Decimal, localcontext

import numpy as np
import pytest

from bench.cell import Cell, Net, Noise
from bench.question import Question
from bench.search.constructed import explicit_witness
from bench.search.lower_ends import lower_ends
from operators.architectures.activations import ACTIVATIONS
from operators.architectures.weights import Layer
from operators.data.dataset import BlockCache, build
from results.records.manifest import Target
from results.witnesses import ball
from results.witnesses.error import measure
from results.witnesses.file import Witness
from results.witnesses.fresh import CONFIDENCE, fresh_error, judged
from results.witnesses.verification import request_of

CACHE = BlockCache(None)


def witness_of(noise: Noise, target: Target, **net: object) -> Witness:
    sizes = Net.model_validate({"branch_widths": (4, 4), "trunk_widths": (4, 4), **net})
    asked = Question(Cell(task="antiderivative", functions=14, points=12, noise=noise, architecture=sizes), target)
    found = explicit_witness(asked, lower_ends(asked, CACHE).q_lower, CACHE)
    assert found is not None
    return found


CLEAN = (Noise(), Target(kind="relative", value=0.05))
NOISY = (Noise(law="rademacher", sigma=0.4), Target(kind="absorb", value=0.5))


@pytest.mark.parametrize(("noise", "target"), [CLEAN, NOISY], ids=["clean", "noisy"])
@pytest.mark.parametrize(
    ("activation", "ends"), [("tanh", "activated-trunk"), ("silu", "linear"), ("sigmoid", "linear"), ("relu", "linear")]
)
def test_a_target_is_proved_and_the_bound_lies_just_above_the_measured_error(noise, target, activation: str, ends: str) -> None:
    witness = witness_of(noise, target, activation=activation, ends=ends)
    dataset = build(request_of(witness.header))
    proved, measured = ball.enclosed(witness, dataset), measure(witness, dataset)
    assert proved is not None
    assert proved.reaches
    assert measured.error <= proved.error <= measured.error * (1.0 + 1e-6)


def test_a_target_that_is_missed_by_a_little_is_not_proved() -> None:
    witness = witness_of(*CLEAN)
    dataset = build(request_of(witness.header))
    error = measure(witness, dataset).error
    for factor, reaches in ((1.0 - 1e-9, False), (1.0 + 1e-6, True)):
        target = Target(kind="relative", value=error * factor)
        claimed = dataclasses.replace(witness, header=witness.header.model_copy(update={"target": target}))
        found = ball.enclosed(claimed, dataset)
        assert found is not None
        assert found.reaches is reaches


def test_a_net_that_is_not_known_is_not_judged() -> None:
    witness = witness_of(*CLEAN, activation="gelu", ends="linear")
    assert ball.enclosed(witness, build(request_of(witness.header))) is None


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "silu", "relu"])
def test_activations_are_enclosed_at_every_size_of_argument(name: str) -> None:
    halves = np.log(2.0) * (np.arange(1, 40) / 4.0)  # where the argument of exp is reduced by one more
    drawn = np.random.default_rng(0).standard_normal(400) * np.geomspace(1e-3, 30.0, 400)
    x = np.concatenate([np.geomspace(1e-300, 1e4, 60), -np.geomspace(1e-300, 1e4, 60), [0.0], halves, drawn])
    found = ball._activated(ball.Ball(x, np.zeros_like(x)), name)
    np.testing.assert_allclose(found.middle, ACTIVATIONS[name](x), rtol=1e-14, atol=1e-300)
    assert (found.radius <= 8e-15 * np.maximum(np.abs(x), 1.0)).all()
    assert (found.radius[np.abs(x) < 0.1] <= 8e-15 * np.abs(x[np.abs(x) < 0.1]) + 1e-300).all() or name == "sigmoid"
    with localcontext(prec=80):
        for value, middle, radius in zip(x, found.middle, found.radius, strict=True):
            exact = _exactly(name, Decimal(float(value)))
            assert abs(exact - Decimal(float(middle))) <= Decimal(float(radius))


def _exactly(name: str, x: Decimal) -> Decimal:
    if name == "relu":
        return max(x, Decimal(0))
    e = (-abs(x)).exp() if name != "tanh" else (-2 * abs(x)).exp()
    if name == "tanh":
        small = abs(x) < Decimal("1e-20")
        return x if small else ((1 - e) / (1 + e)).copy_sign(x)
    sigmoid = 1 / (1 + e) if x >= 0 else e / (1 + e)
    return sigmoid if name == "sigmoid" else x * sigmoid


def test_a_net_in_eighty_digits_lies_in_its_ball_where_float64_is_far_off() -> None:
    """Sums that cancel by 1e12: the midpoint is wrong in the third digit, and the radius says so."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((3, 4))
    first = Layer(1e12 * rng.standard_normal((4, 2)), rng.standard_normal(2))
    first.kernel[:, 1] = -first.kernel[:, 0] * (1.0 + 1e-15)
    second = Layer(np.array([[1.0], [1.0]]), np.array([0.5]))
    layers = (Layer(first.kernel @ np.ones((2, 1)) @ np.ones((1, 2)), first.bias), second)
    found = ball._part(ball.Ball(x, np.zeros_like(x)), layers, "relu", "tanh")
    with localcontext(prec=80):
        for row, (middle,), (radius,) in zip(x, found.middle, found.radius, strict=True):
            held = [Decimal(float(value)) for value in row]
            for number, layer in enumerate(layers):
                sums = [
                    sum((a * Decimal(float(w)) for a, w in zip(held, column, strict=True)), Decimal(float(c)))
                    for column, c in zip(layer.kernel.T, layer.bias, strict=True)
                ]
                held = [_exactly("relu" if number == 0 else "tanh", value) for value in sums]
            assert abs(held[0] - Decimal(float(middle))) <= Decimal(float(radius))


def test_products_are_enclosed_in_any_order_of_summation() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((5, 40)) * 10.0 ** rng.integers(-8, 8, (5, 40)), rng.standard_normal((40, 3))
    radii = np.abs(a) * 1e-9, np.abs(b) * 1e-10
    found = ball._product(ball.Ball(a, radii[0]), ball.Ball(b, radii[1]))
    for _ in range(20):
        moved = a + radii[0] * rng.uniform(-1.0, 1.0, a.shape), b + radii[1] * rng.uniform(-1.0, 1.0, b.shape)
        exact = np.array(
            [[math.fsum(x * y for x, y in zip(row, column, strict=True)) for column in moved[1].T] for row in moved[0]]
        )
        assert np.all(np.abs(exact - found.middle) <= found.radius)


def test_fresh_functions_are_those_of_the_witness_and_no_others() -> None:
    witness = witness_of(*CLEAN)
    request = request_of(witness.header)
    dataset = build(request)
    found = fresh_error(witness, request.task, dataset, 300)
    assert found == fresh_error(witness, request.task, dataset, 300)
    moved = dataclasses.replace(witness, weights=witness.weights.changed(lambda array: array * (1.0 + 1e-13)))
    other = fresh_error(moved, request.task, dataset, 300)
    assert 0.0 < abs(other.error - found.error) < found.error
    assert found.error < found.upper
    assert found.error > measure(witness, dataset).error  # an explicit net has learnt nothing of other functions
    assert "statistical" in found.text


def test_the_upper_bound_covers_the_ratio_of_means_and_shrinks() -> None:
    rng, missed = np.random.default_rng(2), 0
    for _ in range(200):
        energies = rng.chisquare(3, 400)
        errors = 0.01 * energies * rng.chisquare(2, 400) / 2.0
        missed += judged(errors, energies).upper < 0.1
    assert missed == 0
    assert judged(errors, energies).upper < 0.2
    assert judged(np.tile(errors, 30), np.tile(energies, 30)).upper < judged(errors, energies).upper
    assert judged(errors[:2], energies[:2]).upper >= judged(errors[:2], energies[:2]).error
    assert CONFIDENCE > 0.99999
