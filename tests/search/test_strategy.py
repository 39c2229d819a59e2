"""The bracket search against planted oracles: it finds the planted sizes, replays, and keeps to its budget."""

import dataclasses
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.cell import Cell, Net, Training
from bench.question import Question
from bench.search.strategy import Found, search
from operators.bounds.rank_to_parameters import Needed, class_of
from operators.errors import UserError
from results.records.manifest import Target

QUESTION = Question(
    template=Cell(task="antiderivative", functions=50, points=50, architecture=Net(), training=Training(steps=1)),
    target=Target(kind="relative", value=0.1),
    width=64,
    restarts=1,
    trainings=400,
)


def answer(question: Question, needed: int | Needed, oracle: Callable[[Net], bool]) -> tuple[Found, list[Cell]]:
    """Run a search against an oracle; also return every cell it asked for."""
    asked: list[Cell] = []
    running = search(question, needed if isinstance(needed, Needed) else Needed(needed))
    try:
        cell = next(running)
        while True:
            asked.append(cell)
            cell = running.send(oracle(cell.architecture))
    except StopIteration as stop:
        return stop.value, asked


def planted(q: int, widths: tuple[int, ...]) -> Callable[[Net], bool]:
    """Reached exactly from these sizes on."""
    return lambda net: net.q >= q and all(w >= v for w, v in zip((*net.branch_widths, *net.trunk_widths), widths, strict=True))


def without(question: Question, *parts: str) -> Question:
    """The same question about nets without hidden layers on these sides."""
    net = question.template.architecture.model_copy(update=dict.fromkeys(parts, ()))
    net_class = "no-hidden-layer" if len(parts) == 2 else question.net_class
    return dataclasses.replace(question, template=question.template.model_copy(update={"architecture": net}), net_class=net_class)


@given(q=st.integers(1, 16), slack=st.integers(0, 12), more=st.tuples(*[st.integers(0, 15)] * 4))
def test_planted_sizes_are_found(q: int, slack: int, more: tuple[int, ...]) -> None:
    certified = QUESTION.least_widths(Needed(max(1, q - slack)))
    widths = tuple(least + excess for least, excess in zip(certified, more, strict=True))
    found, _ = answer(QUESTION, max(1, q - slack), planted(q, widths))
    assert found.smallest_q is not None
    assert found.smallest_q.q == q
    assert found.smallest_d is not None
    assert (*found.smallest_d.branch_widths, *found.smallest_d.trunk_widths) == widths
    assert not found.exhausted


def test_a_sharp_lower_bound_costs_one_training_for_q() -> None:
    _, asked = answer(QUESTION, 8, planted(8, (1, 1, 1, 1)))
    assert asked[0].architecture.q == 8
    assert {cell.architecture.q for cell in asked} == {8, 9, 10}


def test_no_width_is_tried_that_the_certified_rank_excludes() -> None:
    _, asked = answer(QUESTION, 12, lambda net: True)
    assert QUESTION.least_widths(Needed(12)) == (1, 11, 1, 1)
    assert min(cell.architecture.branch_widths[-1] for cell in asked) == 11


@given(q=st.integers(3, 20), width=st.integers(1, 16))
def test_with_q_fixed_and_widths_tied_only_the_common_width_is_sought(q: int, width: int) -> None:
    question = dataclasses.replace(QUESTION, q=q, net_class="tied")
    found, asked = answer(question, 3, planted(3, (1, width, 1, 1)))
    least = max(width, max(question.least_widths(Needed(3))))
    assert found.smallest_d == question.resized(q, (least,) * 4)
    assert {cell.architecture.q for cell in asked} == {q}
    assert {len({*cell.architecture.branch_widths, *cell.architecture.trunk_widths}) for cell in asked} == {1}


def test_a_fixed_q_that_is_certified_impossible_costs_no_training() -> None:
    found, asked = answer(dataclasses.replace(QUESTION, q=4), 5, lambda net: True)
    assert (found, asked) == (Found(None, None, 0, exhausted=False), [])


@given(q=st.integers(2, 16), more=st.tuples(st.integers(0, 15), st.integers(0, 15)))
def test_without_hidden_layers_in_the_branch_only_the_trunk_is_shrunk(q: int, more: tuple[int, int]) -> None:
    question = without(QUESTION, "branch_widths")
    widths = (1 + more[0], 1 + more[1])
    found, asked = answer(question, q, planted(q, widths))
    assert found.smallest_d is not None
    assert (found.smallest_d.branch_widths, found.smallest_d.trunk_widths) == ((), widths)
    assert {cell.architecture.branch_widths for cell in asked} == {()}


def test_without_any_hidden_layer_the_search_is_one_for_q() -> None:
    question = without(QUESTION, "branch_widths", "trunk_widths")
    found, asked = answer(question, 3, planted(9, ()))
    assert found.smallest_q == found.smallest_d == question.resized(9, ())
    assert {cell.architecture.q for cell in asked} == {3, 4, 6, 10, 8, 9}


def test_a_rank_that_no_net_of_the_class_reaches_costs_no_training() -> None:
    """A linear trunk end on one coordinate has rank 2 at most."""
    template = without(QUESTION, "trunk_widths").template
    net = template.architecture.model_copy(update={"ends": "linear"})
    question = dataclasses.replace(QUESTION, template=template.model_copy(update={"architecture": net}))
    assert question.least_widths(Needed(2)) == (1, 1)
    assert question.least_widths(Needed(3)) is None
    assert answer(question, 3, lambda net: True) == (Found(None, None, 0, exhausted=False), [])


@given(q=st.integers(2, 14), slack=st.integers(0, 3), more=st.tuples(st.integers(0, 15), st.integers(0, 15)))
def test_with_one_width_per_net_both_are_found(q: int, slack: int, more: tuple[int, int]) -> None:
    question = dataclasses.replace(QUESTION, net_class="one-width-per-net")
    needed = Needed(max(1, q - slack), branch=max(1, q - slack))
    least = question.least_widths(needed)
    assert least == (needed.branch, needed.branch, 1, 1)
    widths = (least[0] + more[0],) * 2 + (least[2] + more[1],) * 2
    found, asked = answer(question, needed, planted(q, widths))
    assert found.smallest_d is not None
    assert (*found.smallest_d.branch_widths, *found.smallest_d.trunk_widths) == widths
    nets = class_of(question.template.deeponet(), question.net_class)
    assert all(nets.holds(cell.deeponet()) for cell in asked)


@given(q=st.integers(2, 14), widths=st.tuples(*[st.integers(1, 16)] * 4))
def test_widths_that_must_not_increase_never_do(q: int, widths: tuple[int, ...]) -> None:
    question = dataclasses.replace(QUESTION, net_class="non-increasing")
    (first, second, third, fourth) = widths
    monotone = (max(first, second, q), max(second, q), max(third, fourth), fourth)
    found, asked = answer(question, Needed(q, branch=q), planted(q, monotone))
    assert found.smallest_d is not None
    assert (*found.smallest_d.branch_widths, *found.smallest_d.trunk_widths) == monotone
    nets = class_of(question.template.deeponet(), question.net_class)
    assert all(nets.holds(cell.deeponet()) for cell in asked)


def test_tied_widths_buy_a_narrower_net_with_a_larger_q() -> None:
    """Width 12 is needed at q = 8 and 10 at q = 9: 101 parameters and more a unit of width."""
    question = dataclasses.replace(QUESTION, net_class="tied")
    found, _ = answer(question, 8, lambda net: net.q >= 8 and min(net.branch_widths) >= (12 if net.q == 8 else 10))
    assert (found.smallest_q.q, found.smallest_d) == (8, question.resized(9, (10,) * 4))


def test_with_free_depths_nets_without_hidden_layers_are_tried_first_and_only_what_may_be_smaller_after_them() -> None:
    question = dataclasses.replace(QUESTION, net_class="free-depth")
    found, asked = answer(question, 3, lambda net: net.q >= 3)
    depths = [(len(cell.architecture.branch_widths), len(cell.architecture.trunk_widths)) for cell in asked]
    assert depths[0] == (0, 0)
    assert list(dict.fromkeys(depths)) == [(0, 0), (2, 0)]
    assert found.smallest_d is not None
    assert (found.smallest_d.branch_widths, found.smallest_d.trunk_widths) == ((1, 2), ())
    assert question.deeponet(found.smallest_d) == question.least_net(Needed(3))
    assert not found.exhausted


@pytest.mark.parametrize(("net_class", "parts"), [("free", 2), ("tied", 2), ("no-hidden-layer", 0), ("no-hidden-layer", 1)])
def test_the_class_without_hidden_layers_is_that_of_nets_without_and_of_these_alone(net_class, parts: int) -> None:
    net = QUESTION.net.model_copy(update=dict.fromkeys(("branch_widths", "trunk_widths")[:parts], ()))
    template = QUESTION.template.model_copy(update={"architecture": net})
    with pytest.raises(UserError, match="expected 'no-hidden-layer' for nets without hidden layers and for these alone"):
        dataclasses.replace(QUESTION, template=template, net_class=net_class)


def test_nothing_reached_is_nothing_found() -> None:
    found, asked = answer(QUESTION, 3, lambda net: False)
    assert (found.smallest_q, found.smallest_d) == (None, None)
    assert max(cell.architecture.q for cell in asked) <= QUESTION.largest_q


@pytest.mark.parametrize("budget", [1, 5, 17])
def test_the_budget_is_kept_and_what_was_found_by_then_is_returned(budget: int) -> None:
    question = Question(QUESTION.template, QUESTION.target, width=64, restarts=1, trainings=budget)
    found, asked = answer(question, 4, planted(4, (3, 5, 2, 2)))
    assert len(asked) == budget == found.trainings
    assert found.exhausted
    assert found.smallest_q is not None


def test_restarts_are_tried_before_a_size_counts_as_missed() -> None:
    question = Question(QUESTION.template, QUESTION.target, width=64, restarts=3, trainings=4)
    _, asked = answer(question, 2, lambda net: False)
    assert [(cell.architecture.q, cell.restart) for cell in asked] == [(2, 0), (2, 1), (2, 2), (3, 0)]


def test_the_same_answers_give_the_same_cells() -> None:
    oracle = planted(6, (4, 6, 3, 2))
    assert answer(QUESTION, 5, oracle)[1] == answer(QUESTION, 5, oracle)[1]


def test_far_fewer_trainings_than_the_grid_of_the_same_resolution() -> None:
    _, asked = answer(QUESTION, 5, planted(6, (4, 6, 3, 2)))
    assert len(asked) < 150 < 64**4
