"""Learning rates: Keras' values, closed forms, and the budget filled."""

from itertools import islice

import numpy as np
import pytest

from bench.cell import Training
from bench.engines.learning_rates import cosine_cycles, keras_schedule, learning_rates, warm_up, warmed_cosine
from bench.engines.threads import pinned_tensorflow
from results.schema.cells import Decay


@pytest.mark.parametrize("decay", ["constant", "cosine", "inverse-time", "step"])
def test_the_table_holds_the_rates_of_keras_in_float64(decay: Decay) -> None:
    schedules = pinned_tensorflow(1).keras.optimizers.schedules
    training = Training(steps=70, learning_rate=0.02, decay=decay, decay_rate=0.3, decay_steps=15)
    schedule = keras_schedule(schedules, training, 70)
    keras = [schedule if decay == "constant" else float(schedule(step)) for step in range(70)]
    rates = np.concatenate([learning_rates(training, 70, first, count=35) for first in (0, 35)])
    np.testing.assert_allclose(rates, keras, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize(
    ("decay", "expected"),
    [
        ("constant", [0.8, 0.8, 0.8, 0.8, 0.8]),
        ("cosine", [0.8, 0.4 * (1.0 + 0.5**0.5), 0.4, 0.4 * (1.0 - 0.5**0.5), 0.0]),
        ("inverse-time", [0.8, 0.8 / 1.25, 0.8 / 1.5, 0.8 / 1.75, 0.4]),
        ("step", [0.8, 0.8, 0.4, 0.4, 0.2]),
    ],
)
def test_the_table_is_the_documented_formula(decay: Decay, expected: list[float]) -> None:
    training = Training(steps=4, learning_rate=0.8, decay=decay, decay_rate=0.5, decay_steps=2)
    np.testing.assert_allclose(learning_rates(training, 4, 0, count=5), expected, atol=1e-15)


def test_the_warm_up_rises_to_one_over_a_fiftieth_of_the_budget() -> None:
    np.testing.assert_allclose(warm_up(200, 0, count=6), [0.25, 0.5, 0.75, 1.0, 1.0, 1.0])
    np.testing.assert_allclose(warm_up(200, 2, count=2), [0.75, 1.0])
    np.testing.assert_array_equal(warm_up(10, 0, count=3), 1.0)


def test_a_warmed_cosine_rises_and_falls_as_documented() -> None:
    rates = list(warmed_cosine(0.5, 102))  # two steps up, a hundred down
    np.testing.assert_allclose(rates[:3], [0.25, 0.5, 0.5])
    np.testing.assert_allclose(rates[2:], 0.25 * (1.0 + np.cos(np.pi * np.arange(100) / 100)), atol=1e-16)


def test_cycles_double_and_the_last_ends_with_the_budget() -> None:
    rates = cosine_cycles(0.5, 200 + 400 + 900)
    for length in (200, 400, 900):
        assert list(islice(rates, length)) == list(warmed_cosine(0.5, length))
    assert list(rates) == []


@pytest.mark.parametrize("steps", [0, 1, 50, 299, 300, 1000, 12345])
def test_rates_fill_the_budget_and_end_low(steps: int) -> None:
    for rates in (list(warmed_cosine(0.5, steps)), list(cosine_cycles(0.5, steps))):
        assert len(rates) == steps
        assert not steps or (min(rates) >= 0.0 and max(rates) == pytest.approx(0.5))
        assert steps < 50 or rates[-1] < 5e-3
