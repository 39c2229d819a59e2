"""Keys stay what they are: golden keys, the versions that enter them, and fields that a later release adds."""

import json
from typing import Any

import pytest
from pydantic_core import to_jsonable_python
from repository import REPOSITORY

from bench.cell import Cell
from bench.engines.native import NativeEngine
from bench.study import cell_key
from operators import find_task
from operators.architectures import Architecture
from results.families import deeponet
from results.records.record import record_key
from results.schema.cells import Net, Noise, Training
from results.schema.model import Model, later

RECORDS = REPOSITORY / "tests" / "records"
PLAIN: dict[str, Any] = {"task": "antiderivative", "functions": 8, "points": 8}
GOLDEN: list[dict[str, Any]] = [
    {},
    {"task": "burgers"},
    {"task": "burgers", "parameters": {"viscosity": 0.05}},
    {"task": "darcy", "functions": 32},
    {"task": "advection", "design": "scattered"},
    {"task": "advection-box", "points": 40},
    {"task": "heat", "design": "triples", "points": 1},
    {"noise": {"law": "rademacher", "sigma": 0.5}},
    {"noise": {"law": "gaussian", "sigma": 1}},
    {"noise": {"law": "uniform", "sigma": 0.1}},
    {"architecture": {"q": 4}},
    {"architecture": {"branch_widths": [8], "trunk_widths": [16, 16]}},
    {"architecture": {"activation": "relu", "ends": "linear"}},
    {"architecture": {"schedule": "tied"}},
    {"training": {"engine": "deepxde", "recipe": "adam", "steps": 100}},
    {"training": {"epochs": 10, "batch": 4, "decay": "cosine"}},
    {"training": {"steps": 1000, "learning_rate": 1, "l2": 1e-4}},
    {"training": {"steps": 1000, "initialisation": "glorot", "input_scaling": "raw"}},
    {"replicate": 3, "restart": 1},
    {"test_functions": 7},
]


def keys(model: type[Cell]) -> list[str]:
    """Keys of the golden configurations as cells of this model, at method version 1."""
    cells = [model.model_validate({**PLAIN, **change}) for change in GOLDEN]
    return [key_of(cell, json.loads(find_task(cell.task, cell.parameters).identity())) for cell in cells]


def key_of(cell: Cell, identity: dict[str, Any]) -> str:
    return record_key("deeponet", cell.model_dump(mode="json"), identity, 1)


def test_keys_of_twenty_configurations_are_those_of_every_release() -> None:
    """At method version 1, so that a key changes only if a cell's text, a task's constants or the rule changes."""
    found = keys(Cell)
    assert found == json.loads((RECORDS / "golden_keys.json").read_text())
    assert len(set(found)) == 20


def test_the_versions_of_task_and_method_are_in_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    cell, other = Cell(**PLAIN), Cell(**PLAIN, training=Training(recipe="adam", steps=5))
    before, others = cell_key(cell), cell_key(other)
    monkeypatch.setattr(NativeEngine, "versions", {**NativeEngine.versions, cell.training.recipe: 10**6})
    assert cell_key(cell) != before
    assert cell_key(other) == others
    identity = json.loads(find_task("antiderivative").identity())
    newer = identity | {"version": identity["version"] + 1}
    assert key_of(cell, newer) != key_of(cell, identity)


class LaterNoise(Noise):
    colour: str = later("white")


class LaterNet(Net):
    dropout: float = later(0.0, ge=0.0)
    skips: tuple[int, ...] = later(())

    def on(self, sensors: int, coordinates: int) -> Architecture:
        return Net(**{name: getattr(self, name) for name in Net.model_fields}).on(sensors, coordinates)


class LaterTraining(Training):
    momentum: float | None = later(None)


class LaterCell(Cell):
    noise: LaterNoise = LaterNoise()
    architecture: LaterNet = LaterNet()
    training: LaterTraining = LaterTraining(steps=1000)
    weighting: str = later("uniform")


class CarelessCell(Cell):
    weighting: str = "uniform"


def test_fields_that_a_later_release_adds_change_no_key_where_they_have_their_default() -> None:
    golden = json.loads((RECORDS / "golden_keys.json").read_text())
    assert keys(LaterCell) == golden
    assert not set(keys(CarelessCell)) & set(golden)
    explicit = {
        "noise": {"colour": "white"},
        "architecture": {"dropout": 0, "skips": []},
        "training": {"steps": 1000, "momentum": None},
        "weighting": "uniform",
    }
    identity = json.loads(find_task("antiderivative").identity())
    assert key_of(LaterCell.model_validate(PLAIN | explicit), identity) == golden[0]


def test_fields_that_a_later_release_adds_are_in_the_key_where_they_say_something() -> None:
    changes: list[dict[str, Any]] = [
        {},
        {"noise": {"colour": "pink"}},
        {"architecture": {"dropout": 0.5}},
        {"architecture": {"skips": [1]}},
        {"training": {"steps": 1000, "momentum": 0.0}},
        {"weighting": "trapezoidal"},
    ]
    cells = [LaterCell.model_validate(PLAIN | change) for change in changes]
    identity = json.loads(find_task("antiderivative").identity())
    assert len({key_of(cell, identity) for cell in cells}) == len(changes)
    assert [LaterCell.model_validate(cell.model_dump(mode="json")) for cell in cells] == cells


def described(model: type[Model]) -> dict[str, Any]:
    """Fields of a model by name: their default, and whether they are left out where they have it."""
    return {
        name: {"required": True}
        if field.is_required()
        else {
            "default": to_jsonable_python(field.get_default(call_default_factory=True)),
            "left_out": field.exclude_if is not None,
        }
        for name, field in model.model_fields.items()
    }


MODELS: dict[str, type[Model]] = {"Cell": deeponet.Cell, "Noise": Noise, "Net": Net, "Training": Training}


@pytest.mark.parametrize("name", MODELS)
def test_the_fields_of_schema_2_stay_and_all_others_are_left_out_at_their_default(name: str) -> None:
    """A model of a cell may grow, but by fields declared by `results.schema.model.later` alone."""
    frozen, found = json.loads((RECORDS / "schema_2_fields.json").read_text())[name], described(MODELS[name])
    assert {field: found.get(field) for field in frozen} == frozen
    assert [field for field in found if field not in frozen and not found[field].get("left_out")] == []


def test_cells_that_run_have_the_fields_of_cells_that_are_recorded() -> None:
    assert described(Cell) == described(deeponet.Cell)
    assert not described(CarelessCell)["weighting"]["left_out"]
    assert described(LaterCell)["weighting"]["left_out"]
