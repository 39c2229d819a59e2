"""The threshold search against planted margins: its ends hold q*, meet the tolerance, and cost few trainings."""

import dataclasses
import math
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.cell import Cell, Net, Noise, Training
from bench.search.expected_thresholds import expected_trainings, grid_of_equal_resolution, resolution
from bench.search.thresholds import Located, closed, crossing, predicted, search
from bench.size_schedules import tied
from bench.study import Study
from bench.threshold_series import ThresholdSeries
from operators.errors import UserError
from results.records.manifest import Target

Margin = Callable[[Cell], float]
SIDES = (16, 32, 64, 128)
SERIES = ThresholdSeries(
    template=Cell(
        task="antiderivative",
        parameters={"point_count": 1024, "sensor_count": 16},
        functions=16,
        points=16,
        noise=Noise(law="rademacher", sigma=1.0),
        architecture=tied(1),
        training=Training(steps=1),
    ),
    shapes=tuple((side, side) for side in SIDES),
    target=Target(kind="absorb", value=0.2),
    trainings=40,
)


def answer(series: ThresholdSeries, margin: Margin, certified: int = 0) -> tuple[list[Located], list[Cell]]:
    """Run a search against planted margins; also return every cell it asked for."""
    found, asked = list[Located](), list[Cell]()
    running = search(series, lambda shape: certified, found)
    try:
        cell = next(running)
        while True:
            asked.append(cell)
            cell = running.send(margin(cell))
    except StopIteration:
        return found, asked


def power_law(beta: float, first: float, slope: float) -> Margin:
    """q* = first (n / 256)^beta, margins of this slope in ln q."""
    return lambda cell: slope * math.log(cell.deeponet().q / (first * (cell.n / 256) ** beta))


@given(beta=st.floats(0.0, 1.0), first=st.floats(1.0, 12.0), slope=st.floats(0.2, 8.0))
def test_every_planted_threshold_lies_between_ends_that_meet_the_tolerance(beta: float, first: float, slope: float) -> None:
    found, asked = answer(SERIES, power_law(beta, first, slope))
    assert [one.shape for one in found] == list(SERIES.shapes)
    for one in found:
        planted = first * (one.shape[0] ** 2 / 256) ** beta
        assert one.finished
        assert one.high is not None
        assert one.low < planted <= one.high + 1e-9
        assert closed(one.low, one.high, SERIES.tolerance)
    assert len({(cell.n, cell.deeponet().q) for cell in asked}) == len(asked)


def test_margins_that_follow_a_law_cost_three_trainings_an_n_once_the_law_is_known() -> None:
    found, _ = answer(SERIES, power_law(0.5, 6.0, 1.7))
    assert sum(one.count for one in found[2:]) <= 3 * len(found[2:])


@given(q=st.integers(1, 900), certified=st.integers(0, 40))
def test_answers_without_margins_end_by_bisection(q: int, certified: int) -> None:
    planted = q + certified
    series = dataclasses.replace(SERIES, shapes=((32, 32),))
    (one,), asked = answer(series, lambda cell: math.inf if cell.deeponet().q >= planted else -math.inf, certified)
    assert one.finished == (planted <= series.largest_q)
    assert all(cell.deeponet().q > certified for cell in asked)
    assert one.count <= 3 * math.log2(series.largest_q)


def test_margins_that_mislead_cost_no_more_than_bisection_after_a_while() -> None:
    series = dataclasses.replace(SERIES, shapes=((32, 32),), trainings=100)
    (one,), _ = answer(series, lambda cell: 1e-9 if cell.deeponet().q >= 700 else -5.0 + 1e-3 * cell.deeponet().q)
    assert one.finished
    assert one.count <= 40


def test_a_miss_takes_all_restarts_and_a_hit_one() -> None:
    series = dataclasses.replace(SERIES, shapes=((32, 32),), restarts=3)
    found, asked = answer(series, power_law(0.0, 9.5, 1.0))
    tried = found[0].margins
    assert len(asked) == sum(1 if margin >= 0 else 3 for margin in tried.values())
    assert {cell.restart for cell in asked} == {0, 1, 2}


@pytest.mark.parametrize(("trainings", "largest_q"), [(2, 1024), (40, 5)])
def test_a_search_that_gives_up_says_so_and_asks_about_no_larger_n(trainings: int, largest_q: int) -> None:
    series = dataclasses.replace(SERIES, trainings=trainings, largest_q=largest_q)
    found, asked = answer(series, lambda cell: -1.0)
    assert len(found) == 1
    assert not found[0].finished
    assert found[0].high is None
    assert len(asked) <= trainings
    assert max(cell.deeponet().q for cell in asked) <= largest_q


def test_a_search_depends_on_its_own_answers_alone() -> None:
    law = power_law(0.4, 3.3, 1.2)
    _, asked = answer(SERIES, law)
    _, of_fewer = answer(dataclasses.replace(SERIES, shapes=SERIES.shapes[:3]), law)
    assert asked[: len(of_fewer)] == of_fewer


def test_a_line_through_two_margins_crosses_where_they_say() -> None:
    assert crossing({}) is None
    assert crossing({10: math.log(10 / 20), 40: math.log(40 / 20)}) == pytest.approx(20.0)
    assert crossing({10: 2.0 * math.log(10 / 20), 12: 2.0 * math.log(12 / 20)}) == pytest.approx(20.0)
    assert predicted([], (4, 4)) is None
    known = [Located((side, side), 0, high, {high: 0.0}) for side, high in ((10, 5), (100, 50))]
    assert predicted(known, (1000, 1000)) == pytest.approx(500.0)


@given(largest=st.integers(1, 3000), tolerance=st.floats(1.01, 1.5))
def test_a_grid_of_equal_resolution_closes_every_gap(largest: int, tolerance: float) -> None:
    grid = resolution(largest, tolerance)
    assert (grid[0], grid[-1]) == (1, largest)
    assert all(closed(low, high, tolerance) for low, high in pairwise(grid))


def test_a_search_is_expected_to_take_a_fraction_of_a_grid() -> None:
    expected = expected_trainings(SERIES)
    assert {cell.n for cell in expected} == {side**2 for side in SIDES}
    assert len(expected) < 0.2 * len(grid_of_equal_resolution([SERIES]))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"shapes": ()}, "at least one"),
        ({"shapes": ((8, 8), (4, 4))}, "increasing"),
        ({"shapes": "16x16"}, "pairs"),
        ({"tolerance": 1.0}, "tolerance"),
        ({"restarts": 0}, "restarts"),
        ({"shapes": ((2048, 2048),)}, "query points"),
        ({"target": 0.2}, "Target"),
        ({"budget": 500}, "schedule"),
        ({"template": SERIES.template.model_copy(update={"noise": Noise()})}, "noise"),
        ({"template": SERIES.template.model_copy(update={"architecture": Net()})}, "schedule"),
    ],
)
def test_what_no_search_can_answer_is_refused_in_one_sentence(change: dict[str, object], reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        dataclasses.replace(SERIES, **change)  # type: ignore[arg-type]


def test_nets_follow_the_schedule() -> None:
    wide = Net(branch_widths=(40,), trunk_widths=(40,), schedule="fixed-width")
    fixed = dataclasses.replace(SERIES, template=SERIES.template.model_copy(update={"architecture": wide}))
    assert SERIES.net(9).branch_widths == (9, 9)
    assert fixed.net(9).branch_widths == (40,)
    budgeted = wide.model_copy(update={"schedule": "fixed-budget"})
    of_budget = dataclasses.replace(
        SERIES, template=SERIES.template.model_copy(update={"architecture": budgeted}), budget=2000, largest_q=40
    )
    sizes = {q: of_budget.cell((16, 16), q, 0).deeponet().parameter_count() for q in (2, 10, 40)}
    assert all(abs(d - 2000) <= 40 for d in sizes.values())


def test_a_study_asks_each_data_set_once_for_a_target() -> None:
    other = dataclasses.replace(SERIES, shapes=((64, 64), (1024, 64)))
    with pytest.raises(UserError, match=r"N, M = \(64, 64\) in numbers 1 and 2"):
        Study(name="twice", question="Twice?", thresholds=(SERIES, other))
    apart = dataclasses.replace(other, target=Target(kind="absorb", value=0.3))
    assert Study(name="once", question="Once?", thresholds=(SERIES, apart)).family == "deeponet"
