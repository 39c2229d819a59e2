"""A cell is validated once, and its key depends on its meaning alone."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bench.cell import Cell
from bench.engines.minibatches import batches
from bench.study import cell_key

PLAIN = {"task": "antiderivative", "functions": 8, "points": 8}


def cell(**changes: object) -> Cell:
    return Cell.model_validate({**PLAIN, **changes})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"task": "burgerz"}, "expected a task among"),
        ({"architecture": {"q": 0}}, "greater than or equal to 1"),
        ({"architecture": {"branch_widths": [0]}}, "expected branch widths >= 1"),
        ({"architecture": {"trunk_widths": [4, 0]}}, "expected trunk widths >= 1"),
        ({"architecture": {"sensors": 4}}, "Extra inputs"),
        ({"architecture": {"name": "planted"}}, "got 'planted'"),
        ({"architecture": {"name": ["deeponet"]}}, "expected an architecture among"),
        ({"architecture": [64, 64]}, "architecture"),
        ({"net": {"q": 4}}, "Extra inputs"),
        ({"functions": 0}, "greater than or equal to 1"),
        ({"points": 10**6}, "query points of task"),
        ({"functions": 10**9}, "GiB"),
        ({"design": "triples"}, "M = 1"),
        ({"design": "square"}, "Input should be"),
        ({"noise": {"law": "gaussian"}}, "sigma = 0"),
        ({"noise": {"law": "none", "sigma": 0.1}}, "sigma"),
        ({"noise": {"law": "gaussian", "sigma": float("nan")}}, "sigma"),
        ({"noise": {"law": "gaussian", "sigma": 0.1, "control": "shuffled"}}, "permuted-noise"),
        ({"noise": {"control": "permuted-labels"}}, "expected noisy labels"),
        ({"training": {"steps": 1, "epochs": 1}}, "exactly one of steps and epochs"),
        ({"training": {}}, "exactly one of steps and epochs"),
        ({"training": {"steps": 1, "learning_rate": 0.0}}, "greater than 0"),
        ({"parameters": {"viscosity": 1.0}}, "expected parameters of task"),
        ({"colour": "red"}, "Extra inputs"),
    ],
)
def test_what_a_user_gets_wrong_is_named(changes: dict, expected: str) -> None:
    with pytest.raises(ValidationError, match="validation error") as caught:
        cell(**changes)
    assert expected in str(caught.value)


def test_key_ignores_order_number_type_and_explicit_defaults() -> None:
    base = cell(noise={"law": "gaussian", "sigma": 1.0})
    reordered = Cell.model_validate(
        json.loads(
            '{"points": 8, "noise": {"sigma": 1, "law": "gaussian"}, "functions": 8, "task": "antiderivative", "restart": 0,'
            ' "architecture": {"name": "deeponet", "q": 16}, "training": {"steps": 1000, "precision": "recipe"}}'
        )
    )
    assert cell_key(base) == cell_key(reordered)


FIELD_CHANGES = [
    {"task": "advection"},
    {"functions": 9},
    {"points": 9},
    {"design": "scattered"},
    {"noise": {"law": "gaussian", "sigma": 0.1}},
    {"noise": {"law": "uniform", "sigma": 0.1}},
    {"noise": {"law": "uniform", "sigma": 0.1, "control": "permuted-noise"}},
    {"noise": {"law": "uniform", "sigma": 0.1, "control": "permuted-labels"}},
    {"architecture": {"q": 3}},
    {"architecture": {"branch_widths": [64, 65]}},
    {"architecture": {"trunk_widths": [64, 65]}},
    {"architecture": {"ends": "linear"}},
    {"architecture": {"activation": "relu"}},
    {"training": {"steps": 999}},
    {"training": {"epochs": 1000}},
    {"training": {"steps": 1000, "batch": 4}},
    {"training": {"steps": 1000, "learning_rate": 0.03}},
    {"training": {"steps": 1000, "initialisation": "glorot"}},
    {"training": {"steps": 1000, "precision": "float64"}},
    {"architecture": {"schedule": "tied"}},
    {"replicate": 1},
    {"restart": 1},
    {"test_functions": 3},
]


def test_every_semantic_change_gives_another_key() -> None:
    keys = {cell_key(cell(**changes)) for changes in [{}, *FIELD_CHANGES]}
    assert len(keys) == len(FIELD_CHANGES) + 1


def test_a_cell_without_control_is_written_as_if_there_were_none() -> None:
    plain = cell(noise={"law": "gaussian", "sigma": 0.1, "control": "none"})
    assert plain.model_dump(mode="json")["noise"] == {"law": "gaussian", "sigma": 0.1}
    control = cell(noise={"law": "gaussian", "sigma": 0.1, "control": "permuted-noise"})
    assert Cell.model_validate(control.model_dump(mode="json")) == control
    assert control.request().control == "permuted-noise"


def test_task_constants_enter_the_key() -> None:
    burgers = Cell(task="burgers", functions=8, points=8)
    assert cell_key(burgers) != cell_key(burgers.model_copy(update={"parameters": {"viscosity": 0.2}}))


@given(functions=st.integers(1, 50), batch=st.integers(1, 60), epochs=st.integers(0, 7))
def test_epochs_become_the_fewest_steps_that_cover_them(functions: int, batch: int, epochs: int) -> None:
    trained = cell(functions=functions, training={"epochs": epochs, "batch": batch})
    assert trained.steps * trained.batch >= epochs * functions
    assert trained.steps == 0 or (trained.steps - 1) * trained.batch < epochs * functions


@given(functions=st.integers(2, 30), batch=st.integers(1, 29), chunk=st.integers(1, 9))
def test_batches_visit_every_function_once_an_epoch_whatever_the_chunk(functions: int, batch: int, chunk: int) -> None:
    batch = min(batch, functions - 1)
    trained = cell(functions=functions, training={"steps": 1, "batch": batch})
    generator = batches(trained, chunk)
    taken = [index for _ in range(2 * functions) for index in next(generator).ravel()]
    for epoch in range(len(taken) // functions):
        assert sorted(taken[epoch * functions : (epoch + 1) * functions]) == list(range(functions))
    single = batches(trained, 1)
    assert [index for _ in range(functions) for index in next(single).ravel()] == taken[: functions * batch]


def test_full_batch_has_no_stream() -> None:
    with pytest.raises(ValueError, match="minibatches"):
        next(batches(cell(), 1))
