"""Every bound over the whole range of settings: an answer in its range or a refusal, monotone in what is asked."""

import itertools
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.architectures.deeponet import DeepONet
from operators.bounds import BOUNDS, Bound, Norms, Setting
from operators.bounds.bound import TRIVIAL
from operators.bounds.lemmas.covering import Block, log_ball

TARGETS = (0.0, 1e-12, 1e-6, 0.01, 0.3, 0.5, 0.9, 1.0 - 1e-9, 1.0)
EVERY_BOUND = pytest.mark.parametrize("bound", BOUNDS.values(), ids=lambda bound: bound.name)


def nets(depth: int, activation: Any, ends: Any) -> Callable[[int], DeepONet]:
    return lambda q: DeepONet(20, 2, (q,) * depth, (q,) * depth, q, activation, ends)


def size(q: int) -> DeepONet:
    return nets(1, "relu", "linear")(q)


def magnitudes(least: float, largest: float) -> st.SearchStrategy[float]:
    """Ends of the range and powers of ten between them."""
    exponents = st.floats(math.log10(least), math.log10(largest))
    return st.one_of(st.sampled_from((least, largest)), exponents.map(lambda exponent: min(max(10.0**exponent, least), largest)))


def floors(values: list[float]) -> np.ndarray:
    return np.array([*sorted(values, reverse=True), 0.0])


energies = st.one_of(st.just(0.0), magnitudes(1e-300, 1e300))
SETTINGS = st.fixed_dictionaries(
    {
        "n": st.one_of(st.integers(1, 100), st.integers(1, 10**12)),
        "size": st.builds(
            nets,
            st.integers(1, 3),
            st.sampled_from(("relu", "tanh")),
            st.sampled_from(("linear", "activated-trunk", "sigmoid")),
        ),
        "shape": st.one_of(st.none(), st.tuples(st.integers(1, 10**6), st.integers(1, 10**6))),
        "law": st.sampled_from(("rademacher", "uniform", "gaussian")),
        "sigma": magnitudes(1e-60, 1e60),
        "failure_probability": st.one_of(magnitudes(1e-250, 0.5), st.floats(0.5, 1.0, exclude_max=True)),
        "configurations": st.one_of(st.just(1), st.integers(1, 10**40)),
        "bits": st.integers(1, 64),
        "norms": st.builds(
            Norms,
            radius=magnitudes(1e-20, 1e20),
            input_norm=magnitudes(1e-20, 1e20),
            point_norm=st.one_of(st.just(0.0), magnitudes(1e-20, 1e20)),
            label=magnitudes(1e-60, 1e60),
        ),
        "signal": st.lists(st.tuples(st.integers(0, 100), energies), max_size=3).map(tuple),
        "floors": st.one_of(st.none(), st.lists(energies, max_size=5).map(floors)),
        "label_energy": energies,
        "noise_energy": energies,
        "spectrum": st.one_of(st.none(), st.lists(magnitudes(1e-200, 1e300), min_size=1, max_size=5).map(floors)),
        "q_values": st.one_of(st.none(), st.lists(st.integers(1, 100), min_size=1, max_size=4).map(tuple)),
    }
)


@EVERY_BOUND
@settings(max_examples=40, deadline=None)
@given(given_=SETTINGS, q=st.integers(1, 200))
def test_every_bound_answers_in_its_range_or_says_vacuous_over_the_whole_range_of_settings(
    bound: Bound, given_: dict[str, Any], q: int
) -> None:
    where = Setting(**given_)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        needed = [bound.necessary(where, target) for target in TARGETS]
        reached = bound.attainable(where, q)
    for statement in needed:
        assert TRIVIAL[bound.limits] <= statement.value <= math.inf
        if statement.vacuous and bound.limits == "q":
            assert statement.value <= max(where.least_q, 1)
    values = [statement.value for statement in needed]
    assert values == sorted(values, reverse=bound.target != "absorb")
    if bound.target == "absorb":
        assert reached.value <= 1.0
        assert reached.value >= 0.0 or bound.of_labels
    else:
        assert reached.value >= 0.0
    assert reached.vacuous == (reached.value == TRIVIAL[reached.quantity])


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "sigma = 0": ({"sigma": 0.0}, "expected sigma > 0"),
    "sigma < 0": ({"sigma": -1.0}, "expected sigma > 0"),
    "sigma NaN": ({"sigma": math.nan}, "expected sigma > 0.* got nan"),
    "sigma inf": ({"sigma": math.inf}, "expected sigma > 0"),
    "sigma whose square vanishes": ({"sigma": 1e-170}, "expected sigma > 0.* scale labels"),
    "sigma whose square overflows": ({"sigma": 1e155}, "expected sigma > 0.* scale labels"),
    "n = 0": ({"n": 0}, "1 <= n"),
    "n NaN": ({"n": math.nan}, "1 <= n"),
    "no functions": ({"shape": (0, 4)}, "1 <= N"),
    "no points": ({"shape": (4, 0)}, "1 <= M"),
    "bits = 0": ({"bits": 0}, "1 <= bits"),
    "delta = 0": ({"failure_probability": 0.0}, r"in \(0, 1\), got 0"),
    "delta = 1": ({"failure_probability": 1.0}, r"in \(0, 1\), got 1"),
    "delta NaN": ({"failure_probability": math.nan}, r"in \(0, 1\), got nan"),
    "no configurations": ({"configurations": 0}, "at least one configuration"),
    "delta / K vanishes": ({"failure_probability": 1e-290, "configurations": 10**20}, "delta / K >= 1e-300"),
    "label energy < 0": ({"label_energy": -1.0}, "label energy >= 0"),
    "label energy NaN": ({"label_energy": math.nan}, "label energy >= 0"),
    "noise energy < 0": ({"noise_energy": -1e-9}, "noise energy >= 0"),
    "noise energy inf": ({"noise_energy": math.inf}, "noise energy >= 0"),
    "signal NaN": ({"signal": ((1, math.nan),)}, "pairs"),
    "signal of negative rank": ({"signal": ((-1, 0.5),)}, "pairs"),
    "floors NaN": ({"floors": np.array([math.nan, 0.0])}, "floors"),
    "floors that do not end": ({"floors": np.array([2.0, 1.0])}, "floors"),
    "no floors": ({"floors": np.array([])}, "floors"),
    "spectrum of 0": ({"spectrum": np.zeros(3)}, "eigenvalues"),
    "spectrum NaN": ({"spectrum": np.array([1.0, math.nan])}, "eigenvalues"),
}


@pytest.mark.parametrize(("changes", "expected"), WRONG.values(), ids=WRONG)
def test_a_setting_out_of_range_is_refused_in_one_sentence(changes: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValueError, match=expected) as caught:
        Setting(**{"n": 100, "size": size, **changes})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("field", ["radius", "input_norm", "point_norm", "label"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -1.0, 1e155])
def test_norms_out_of_range_are_refused(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"expected {field} between"):
        Norms(**{field: value})


@EVERY_BOUND
def test_a_target_that_is_nan_is_refused(bound: Bound) -> None:
    with pytest.raises(ValueError, match="expected a target"):
        bound.necessary(Setting(n=100, size=size), math.nan)


def test_labels_whose_mean_square_is_not_known_exclude_nothing() -> None:
    where, bound = Setting(n=100, size=size, floors=np.array([1.0, 0.5, 0.0])), BOUNDS["eckart-young"]
    for statement in (bound.necessary(where, 0.1), bound.attainable(where, 1)):
        assert statement.vacuous
        assert "mean square" in statement.note


def test_the_logarithm_of_the_ball_does_not_overflow_where_its_square_would() -> None:
    for exponent in (0, 100, 200):
        parts = (Block(3, 2.0, 10.0**exponent), Block(4, 2.0, 10.0**exponent))
        assert log_ball(parts) == pytest.approx(0.5 * math.log(8.0) + 0.5 * math.log(2.0) + exponent * math.log(10.0), rel=1e-13)
    assert log_ball((Block(3, 2.0, math.inf),)) == math.inf


@pytest.mark.parametrize("name", ["localised", "pseudo-dimension"])
def test_localised_bounds_answer_for_fractions_below_the_rounding_of_1(name: str) -> None:
    """The radius of the net is a difference of square roots, 0 in float64 for such fractions, and was divided by."""
    rho = [BOUNDS[name].attainable(Setting(n=10**k, size=size, sigma=0.5), 2).value for k in (14, 16, 18, 20, 22)]
    for larger, smaller in itertools.pairwise(rho):
        assert smaller == pytest.approx(larger / 100.0, rel=0.5)
    assert 0.0 < rho[-1] < 1e-16
