"""The tables of docs/tasks.md are those of docs/data_sets.py, whose verdicts follow from constants."""

import dataclasses

import pytest
from repository import REPOSITORY, script_of_docs

from operators import TASKS

data_sets = script_of_docs("data_sets")
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
