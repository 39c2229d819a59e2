"""What every family promises: two models, columns for what they hold, a key from the line alone, both halves of one name."""

from functools import cache
from typing import Any

import pytest
from pydantic import ValidationError

from bench.catalogue import STUDIES
from bench.families import FAMILIES as EXECUTIONS
from bench.families import execution_of
from bench.families.family import Execution
from bench.study import load_study
from results.families import FAMILIES, Family
from results.records.record import Record, Versions, from_line, record_key, to_line
from results.schema.model import Model, canonical

EVERY = pytest.mark.parametrize("family", FAMILIES.values(), ids=list(FAMILIES))


@cache
def cell_of(name: str) -> Any:
    """A cell of a family, from the first study that has one."""
    return next(cell for study in map(load_study, STUDIES) for cell in (*study.cells, *study.baselines) if cell.family == name)


@EVERY
def test_both_halves_have_one_name_and_cells(family: Family) -> None:
    execution = EXECUTIONS[family.name]
    assert FAMILIES[family.name] is family
    assert isinstance(execution, Execution)
    assert issubclass(execution.cell, family.cell)
    assert issubclass(family.cell, Model)
    assert issubclass(family.measured, Model)
    assert family.cell.family == execution.cell.family == family.name
    assert family.version >= 1


@EVERY
def test_columns_have_meanings_and_types(family: Family) -> None:
    asked, outcome = family.asked_columns(), family.outcome_columns()
    assert asked
    assert outcome
    assert not set(asked) & set(outcome)
    assert family.text_columns() | family.whole_columns() <= {*asked, *outcome}
    assert not family.text_columns() & family.whole_columns()
    stated = cell_of(family.name).model_dump(mode="json")
    assert len(family.asked(stated, EXECUTIONS[family.name].sizes(cell_of(family.name)))) == len(asked)


@EVERY
def test_the_key_follows_from_the_line_alone(family: Family) -> None:
    cell = cell_of(family.name)
    execution, stated = execution_of(cell), cell.model_dump(mode="json")
    record = Record(
        family=family.name,
        key=execution.key(cell),
        status="failed",
        task=execution.identity(stated),
        cell=stated,
        versions=Versions(method=execution.version(cell), packages={}),
    )
    again = from_line(to_line(record).encode())
    assert again == record
    assert record_key(again.family, again.cell, again.task, again.versions.method) == record.key
    assert canonical(family.cell.model_validate(stated).model_dump(mode="json")) == canonical(stated)


@EVERY
def test_its_models_refuse_what_they_do_not_know(family: Family) -> None:
    stated = cell_of(family.name).model_dump(mode="json")
    with pytest.raises(ValidationError):
        family.cell.model_validate({**stated, "colour": "red"})
    with pytest.raises(ValidationError):
        family.measured.model_validate({"colour": "red"})


@EVERY
def test_it_says_what_a_cell_takes_and_how_it_is_called(family: Family) -> None:
    cell, execution = cell_of(family.name), EXECUTIONS[family.name]
    assert execution.refuses(cell) is None
    assert execution.label(cell)
    assert execution.work(cell).flops >= 0.0
    assert hash(execution.shares(cell)) == hash(execution.shares(cell))
    assert execution.data([cell, cell]) == execution.data([cell])
