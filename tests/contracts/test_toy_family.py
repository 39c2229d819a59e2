"""A new family is evidence and execution, one registry line each: here both in one file, and a study of it.

Newton's iteration x <- (x + a / x) / 2 from x = 1: how many steps until |x^2 - a| <= tolerance?
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
import pytest
from pydantic import Field
from rich.console import Console

from bench.drivers.options import Options
from bench.drivers.study_run import open_course, run
from bench.families import FAMILIES as EXECUTIONS
from bench.families.family import Context, Execution, Result
from bench.study import Study
from results.exchange.parquet import compact
from results.families import FAMILIES as EVIDENCE
from results.families.family import Family
from results.records.record import Cost, RecordError, from_line, to_line
from results.records.store import Store
from results.schema.model import Model


class Root(Model):
    """A cell."""

    family: ClassVar[str] = "newton"
    radicand: float = Field(ge=0.0, description="a, whose root is sought")
    tolerance: float = Field(1e-12, gt=0.0, description="largest |x^2 - a|")


class Steps(Model):
    """A measurement."""

    root: float = Field(description="x, the last iterate")
    steps: int = Field(description="steps taken")


class NewtonEvidence(Family):
    """The evidence half."""

    name = "newton"
    cell = Root
    measured = Steps


class NewtonExecution(Execution):
    """The execution half."""

    name = "newton"
    cell = Root

    def run(self, cell: Root, context: Context) -> Result:
        x, steps = 1.0, 0
        while abs(x * x - cell.radicand) > cell.tolerance:
            if steps == 100:
                return Result(measured=None, status="diverged", message="no root after 100 steps")
            x, steps = 0.5 * (x + cell.radicand / x), steps + 1
            context.report(steps)
        return Result(measured=Steps(root=x, steps=steps), cost=Cost(steps=steps, seconds=0.0, cpu_seconds=0.0))


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    EVIDENCE["newton"], EXECUTIONS["newton"] = NewtonEvidence(), NewtonExecution()
    yield
    del EVIDENCE["newton"], EXECUTIONS["newton"]


STUDY: dict[str, Any] = {
    "name": "newton",
    "question": "How many steps does Newton's iteration take?",
    "cells": [Root(radicand=a) for a in (0.25, 2.0, 1e300)],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    options = Options(tmp_path, executor="inline", quiet=True, figures=False)
    finished = run(open_course(Study(**STUDY), options), options, Console(quiet=True))
    assert finished.failed == 0
    return tmp_path / "newton"


def test_a_study_of_it_runs_to_records_and_resumes(folder: Path) -> None:
    records = {record.cell["radicand"]: record for record in Store(folder).records()}
    assert records[2.0].measured.root == pytest.approx(2.0**0.5, rel=1e-12)
    assert records[2.0].measured.steps == 5
    assert (records[1e300].status, records[1e300].measured) == ("diverged", None)
    assert all(record.family == "newton" and record.task == {} for record in records.values())
    assert not open_course(Study(**STUDY), Options(folder.parent)).unfinished_cells


def test_its_table_and_page_show_what_was_asked_and_measured(folder: Path) -> None:
    table = pd.read_csv(folder / "cells.csv").set_index("radicand").sort_index()
    assert table["status"].tolist() == ["done", "done", "diverged"]
    assert table["root"][2.0] == pytest.approx(2.0**0.5, rel=1e-5)
    assert table["steps"][2.0] == 5
    page, columns = (folder / "report.html").read_text(), (folder / "columns.md").read_text()
    assert "How many steps does Newton" in page
    assert "x, the last iterate" in columns
    assert "cells.csv" in (folder / "report.md").read_text()


def test_its_lines_are_checked_by_its_own_models(folder: Path) -> None:
    record = next(record for record in Store(folder).records() if record.measured is not None)
    assert from_line(to_line(record).encode()) == record
    for change in ({"measured": {"root": "two", "steps": 1}}, {"measured": {"root": 2.0}}, {"cell": {"radicand": -1.0}}):
        forged = {**record.model_dump(mode="json", by_alias=True), **change}
        with pytest.raises(RecordError, match="not a valid record"):
            from_line(sealed(forged))
    unknown = {**record.model_dump(mode="json", by_alias=True), "family": "bisection"}
    with pytest.raises(RecordError, match="expected a family among"):
        from_line(sealed(unknown))


def test_parquet_holds_it_beside_others(folder: Path) -> None:
    compact([folder], folder.parent / "all.parquet")
    table = pd.read_parquet(folder.parent / "all.parquet")
    assert sorted(table["cell.radicand"]) == [0.25, 2.0, 1e300]
    assert table["measured.steps"].dropna().tolist() == table.dropna(subset="measured.root")["measured.steps"].tolist()


def sealed(fields: dict[str, Any]) -> bytes:
    import hashlib

    body = json.dumps(fields, sort_keys=True, separators=(",", ":"))
    return f'{{"checksum":"{hashlib.sha256(body.encode()).hexdigest()}","record":{body}}}\n'.encode()
