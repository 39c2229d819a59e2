"""The tables of docs/tasks.md are those of docs/data_sets.py, whose verdicts follow from constants."""

import dataclasses
import importlib.util
import sys
from types import ModuleType

import pytest
from repository import REPOSITORY

from operators import TASKS


def _loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("data_sets", REPOSITORY / "docs" / "data_sets.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


data_sets = _loaded()
PAGE = (REPOSITORY / "docs" / "tasks.md").read_text()


@pytest.mark.parametrize(("name", "table"), [("tasks", data_sets.tasks_table), ("outside", data_sets.outside_table)])
def test_the_page_has_the_table_that_the_command_prints(name: str, table) -> None:
    expected = f"<!-- {name} table -->\n\n{table()}\n\n<!-- end of {name} table -->"
    assert expected in PAGE, "copy what `python docs/data_sets.py` prints"


@pytest.mark.parametrize("other", data_sets.OUTSIDE, ids=lambda other: other.name)
def test_constants_of_others_are_constants_of_our_task_and_decide_the_verdict(other) -> None:
    names = {field.name for field in dataclasses.fields(TASKS[other.task])}
    assert set(other.constants) <= names
    name = next(iter(other.constants))
    changed = dataclasses.replace(other, constants={**other.constants, name: 1e3}, law="")
    assert name in changed.verdict()
    assert not changed.verdict().startswith("yes")
    assert dataclasses.replace(other, constants={}, law="").verdict() == "yes"
    assert dataclasses.replace(other, law="boxes").verdict().startswith("no: another law")
