"""The one rule by which a floor excludes, and which architectures and designs have a floor."""

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.architectures import Architecture, DeepONet, Weights
from operators.arrays import Array
from operators.bounds.eckart_young import floors_of_deeponet
from operators.data.normalisation import Problem
from operators.diagnostics.floor import Floor, below, floor_of, floors_of, least_rank


@pytest.mark.parametrize(
    ("value", "unit", "error", "excluded"),
    [
        (1.0, 0.0, 1.0 - 0.9e-6, False),
        (1.0, 0.0, 1.0 - 1.1e-6, True),
        (1.0, 1.0, 1.0 - 1e-6 - 0.9e-12, False),
        (1.0, 1.0, 1.0 - 1e-6 - 1.1e-12, True),
        (1e-12, 1.0, 0.0, False),
        (1.1e-12, 1.0, 0.0, True),
        (1.1e-12, 2.0, 0.0, False),
        (4.4e-12, 2.0, 0.0, True),
        (1.0, 1.0, 2.0, False),
        (1.0, 1.0, float("nan"), False),
        (1.0, 1.0, float("inf"), False),
        (0.0, 0.0, 0.0, False),
    ],
)
def test_a_floor_excludes_what_lies_below_it_by_more_than_its_tolerance(
    value: float, unit: float, error: float, excluded: bool
) -> None:
    """f (1 - 1e-6) - 1e-12 s^2, the number in the docstring."""
    assert Floor(value, unit).excludes(error) is excluded


POSITIVE = st.floats(1e-20, 1e6)


@given(value=POSITIVE, unit=st.floats(1e-3, 1e3), error=POSITIVE, power=st.integers(-20, 20))
def test_units_of_the_outputs_change_no_verdict(value: float, unit: float, error: float, power: int) -> None:
    floor, other = Floor(value, unit), Floor(value * 4.0**power, unit * 2.0**power)
    assert other.excludes(error * 4.0**power) == floor.excludes(error)
    assert other.resolved == floor.resolved
    assert not floor.excludes(floor.value)


@given(values=st.lists(st.tuples(POSITIVE, POSITIVE, POSITIVE), min_size=1, max_size=8))
def test_arrays_are_compared_one_by_one(values: list[tuple[float, float, float]]) -> None:
    errors, floors, units = map(np.array, zip(*values, strict=True))
    single = [Floor(floor, unit).excludes(error) for error, floor, unit in values]
    assert below(errors, floors, units).tolist() == single


@pytest.mark.parametrize("blank", [0, 1, 2])
def test_what_is_not_known_excludes_nothing(blank: int) -> None:
    known = [np.array([0.0]), np.array([1.0]), np.array([1.0])]
    assert below(*known).tolist() == [True]
    known[blank] = np.array([np.nan])
    assert below(*known).tolist() == [False]


def test_a_floor_is_resolved_where_it_stands_out_from_rounding() -> None:
    assert Floor(1.1e-7, 1.0).resolved
    assert not Floor(0.9e-7, 1.0).resolved
    assert not Floor(1.1e-7, 2.0).resolved


def problem(labels: Array, design: Any = "grid", unit: float = 2.0) -> Problem:
    count, points = labels.shape
    return Problem(
        design=design,
        inputs=np.zeros((count, 3)),
        points=np.linspace(-1.0, 1.0, points)[:, None],
        index=np.arange(points) if design == "grid" else np.tile(np.arange(points), (count, 1)),
        labels=labels,
        mean=np.array(0.5),
        scale=np.array(unit),
        unit=unit,
        test_inputs=np.zeros((1, 3)),
    )


def planted(rank: int, offset: float = 0.75) -> Array:
    """Labels mu + s (c + A), A of this rank with singular values 1, 1/2, 1/4, ... and rows and columns that sum to zero."""
    generator = np.random.default_rng(rank)

    def directions(size: int) -> Array:
        columns = np.column_stack([np.ones(size), generator.standard_normal((size, rank))])
        return np.linalg.qr(columns)[0][:, 1:]

    return 0.5 + 2.0 * (offset + (directions(12) * 0.5 ** np.arange(rank)) @ directions(9).T)


@pytest.mark.parametrize("q", [1, 2, 3, 4, 8, 20])
@pytest.mark.parametrize("ends", ["linear", "activated-trunk", "sigmoid"])
def test_the_floor_is_the_tail_beyond_the_rank_of_the_net(q: int, ends: Any) -> None:
    """A constant offset is orthogonal to A, so that the trained scalar bias takes it and q ranks take the largest values."""
    given_data = problem(planted(5))
    floors = floors_of(given_data)
    assert floors is not None
    net = DeepONet(3, 1, (40,), (40,), q, "tanh", ends)
    floor = floor_of(net, given_data, floors)
    assert floor is not None
    tail = np.sum(0.25 ** np.arange(5)[q:]) * 2.0**2 / (12 * 9)
    assert floor.unit == 2.0
    assert floor.value == pytest.approx(tail, rel=1e-6, abs=1e-12)
    assert floor.resolved == (q < 5)
    assert floor.excludes(0.99 * tail) == (q < 5)
    assert not floor.excludes(tail)


def test_a_narrow_last_layer_limits_the_rank_and_raises_the_floor() -> None:
    given_data = problem(planted(5))
    floors = floors_of(given_data)
    narrow = DeepONet(3, 1, (2,), (40,), 20, "tanh", "linear")
    assert narrow.output_rank() == 3
    assert floor_of(narrow, given_data, floors) == floor_of(DeepONet(3, 1, (40,), (40,), 3, "tanh", "linear"), given_data, floors)


@dataclass(frozen=True)
class AnyMatrix(Architecture):
    """h_ij is a trained number of its own: nothing is stated of its rank."""

    name: ClassVar[str] = "any-matrix"
    functions: int
    points: int

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {"values": (self.functions, self.points)}

    def apply(self, weights: Weights, inputs: Array, points: Array) -> Array:
        return weights["values"]


UNLIMITED = [
    DeepONet(3, 1, (4,), (4,), 2, ends="softmax"),  # type: ignore[arg-type]
    AnyMatrix(3, 1, 12, 9),
]


@pytest.mark.parametrize("net", UNLIMITED, ids=lambda net: net.name)
def test_an_architecture_without_a_rank_limit_has_no_floor(net: Architecture) -> None:
    given_data = problem(planted(5))
    assert net.output_rank() is None
    assert floor_of(net, given_data, floors_of(given_data)) is None
    assert net.rank_at_most(9) == 9
    assert net.effective_parameter_count() == net.parameter_count()


def test_what_has_no_limit_does_fit_what_a_floor_of_its_size_would_exclude() -> None:
    """The labels themselves as weights: error 0, far below the floors of all ranks but the last."""
    labels, net = planted(5), UNLIMITED[1]
    given_data = problem(labels)
    values = net.apply(Weights({"values": (labels - 0.5) / 2.0}), given_data.inputs, given_data.points)
    floors = floors_of(given_data)
    assert floors is not None
    assert np.mean((0.5 + 2.0 * values - labels) ** 2) < 1e-30
    assert Floor(float(floors[2]), given_data.unit).excludes(0.0)


def test_designs_without_common_points_have_no_floors() -> None:
    scattered = problem(planted(5), "scattered")
    net = DeepONet(3, 1, (4,), (4,), 2, "tanh", "linear")
    assert floors_of(scattered) is None
    assert floor_of(net, scattered, floors_of(scattered)) is None


def test_floors_that_are_kept_are_those_of_the_same_numbers_and_no_others() -> None:
    given_data = problem(planted(5))
    floors = floors_of(given_data)
    assert floors is not None
    assert floors_of(dataclasses.replace(given_data, labels=given_data.labels.copy(), inputs=np.ones((12, 3)))) is floors
    for changed in (
        {"labels": given_data.labels + 1e-9 * np.eye(12, 9)},
        {"labels": given_data.labels.T.copy().reshape(12, 9)},
        {"labels": given_data.labels.reshape(9, 12)},
        {"mean": np.full(9, 0.5)},
        {"scale": np.linspace(1.0, 2.0, 9)},
    ):
        other = dataclasses.replace(given_data, **changed)
        found = floors_of(other)
        assert found is not None
        assert found is not floors
        np.testing.assert_array_equal(found, floors_of_deeponet(other.labels, other.mean, other.scale))
    with pytest.raises(ValueError, match="read-only"):
        floors[0] = 0.0


def test_the_least_rank_is_the_first_whose_floor_does_not_exclude() -> None:
    given_data = problem(planted(5))
    floors = floors_of(given_data)
    assert floors is not None
    tails = [np.sum(0.25 ** np.arange(5)[q:]) * 2.0**2 / (12 * 9) for q in range(6)]
    assert [least_rank(1.01 * tail, given_data, floors) for tail in tails] == [0, 1, 2, 3, 4, 5]
    assert [least_rank(0.99 * tail, given_data, floors) for tail in tails[:5]] == [1, 2, 3, 4, 5]
    assert least_rank(0.0, given_data, floors) == 5
    assert least_rank(0.0, dataclasses.replace(given_data, unit=1e6), floors) == 0
