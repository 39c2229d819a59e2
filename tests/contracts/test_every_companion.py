"""What every family beside the DeepONet promises: it runs, resumes, merges, can be judged, has answers and charts."""

import math
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bench.catalogue import STUDIES
from bench.drivers.options import Options
from bench.drivers.reproduction import agreement
from bench.drivers.shard import Shard
from bench.drivers.study_run import open_course, run
from bench.execution.runner import Runner
from bench.study import Study, load_study
from results.answers import answers
from results.charts import CHARTS, drawings
from results.charts.evidence import Evidence
from results.charts.model import as_json
from results.charts.values import values
from results.exchange.merge import merge
from results.exchange.record_tables import read_records, write_records
from results.figures.catalogue import pictures
from results.page.document import study_page
from results.page.sections import SECTIONS
from results.programme import OF_STUDIES, STRANDS, every_strand, strand_of
from results.records.manifest import load_manifest
from results.records.record import Record, from_line, to_line
from results.records.store import Store
from results.tables.study_tables import StudyTables, study_tables

pytestmark = pytest.mark.system

COMPANIONS = tuple(study for family, strand in STRANDS.items() if family != "deeponet" for study in strand.studies)
EVERY = pytest.mark.parametrize("name", COMPANIONS)


@cache
def loaded(name: str) -> Study:
    return load_study(name)


def small(name: str) -> Study:
    return loaded(name).at("smoke")


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The smoke presets, each run in two shards, in one process."""
    folder = tmp_path_factory.mktemp("companions")
    for name in COMPANIONS:
        for index in (2, 1):
            options = Options(folder, executor="inline", workers=1, quiet=True)
            finished = run(open_course(small(name), options, shard=Shard(index, 2)), options, Console(quiet=True))
            assert finished.failed == 0
    return folder


def tables_of(folder: Path) -> StudyTables:
    return study_tables(load_manifest(folder), Store(folder).records())


def test_strands_name_studies_and_families_that_there_are() -> None:
    assert [name for name in STUDIES if loaded(name).family != "deeponet"] == [*COMPANIONS]
    assert all(loaded(name).family == family for family, strand in STRANDS.items() for name in strand.studies)
    assert set(STRANDS["deeponet"].studies) <= set(STUDIES)
    assert all(name in STUDIES and strand.studies == (name,) for name, strand in OF_STUDIES.items())
    assert {strand_of(name, "deeponet") for name in ("elliptic", "threshold")} <= set(every_strand())
    assert strand_of("elliptic", "deeponet") != strand_of("threshold", "deeponet") == STRANDS["deeponet"]


@EVERY
def test_both_shards_together_are_the_whole_and_nothing_is_left(out: Path, name: str) -> None:
    course = open_course(loaded(name), Options(out))
    assert len(course.cells) - len(course.unfinished_cells) == len(small(name).cells)
    assert not open_course(small(name), Options(out)).unfinished_cells
    statuses = Store(out / name).statuses()
    assert set(statuses) == set(small(name).keyed)
    assert set(statuses.values()) == {"done"}


@EVERY
def test_records_are_read_back_and_merged(out: Path, tmp_path: Path, name: str) -> None:
    records = list(Store(out / name).records())
    assert [from_line(to_line(record).encode()) for record in records] == records
    assert not merge([out / name], tmp_path / name).conflicts
    assert list(Store(tmp_path / name).records()) == records
    write_records(tmp_path, name, records)
    assert list(read_records(tmp_path)) == sorted(records, key=lambda record: record.key)


@EVERY
def test_measured_again_it_is_the_same_and_a_changed_figure_is_seen(out: Path, name: str) -> None:
    record = min(Store(out / name).records(), key=lambda one: one.cost.cpu_seconds)
    cell = loaded(name).keyed[record.key]
    (again,) = (outcome.record for outcome in Runner(None).run([cell]))
    assert agreement([(record, again)]).holds
    for host in (record.host, {**record.host, "instructions": "another"}, {"processor": "another"}):
        forged = changed(record).model_copy(update={"host": host})
        assert not agreement([(record, forged)]).holds


def changed(record: Record) -> Record:
    """The record with its first number doubled."""
    fields = record.measured.model_dump(mode="json")
    name = next(name for name, value in fields.items() if isinstance(value, int | float) and value)
    return record.model_copy(update={"measured": type(record.measured).model_validate(fields | {name: 2 * fields[name]})})


@EVERY
def test_its_answer_states_status_table_and_chart(out: Path, name: str) -> None:
    tables = tables_of(out / name)
    found = answers(tables)
    assert found
    for answer in found:
        assert answer.table.removesuffix(".csv") in tables.columns
        assert answer.chart in {section.name for section in SECTIONS}
        assert "nan" not in answer.text.lower().replace("finan", "")
        assert answer.changed_by


@EVERY
def test_its_tables_are_documented_and_its_charts_are_drawn(out: Path, name: str) -> None:
    tables = tables_of(out / name)
    for table, rows in tables.written():
        assert len(rows)
        assert all(tables.columns[table].values())
    evidence = Evidence(tables)
    charts = list(drawings(evidence))
    assert charts
    assert {chart.section for chart in charts} <= {section.name for section in SECTIONS}
    assert all(finite(as_json(chart)) for chart in charts)
    for picture in pictures(charts, evidence.records):
        assert picture.figure.axes
        assert {panel.title for panel in picture.panels} == set(values(picture.panels, evidence.records)["panel"])
        assert all(any(map(str.isdigit, panel.alt)) for panel in picture.panels)
    page = study_page(evidence, charts, answers(tables)).decode()
    assert STRANDS[loaded(name).family].title in page
    assert "Not in this study" not in page


def finite(value: Any) -> bool:
    """Whether all numbers of a chart can be drawn."""
    if isinstance(value, dict):
        return all(map(finite, value.values()))
    if isinstance(value, list | tuple):
        return all(map(finite, value))
    return not isinstance(value, float) or math.isfinite(value)


def test_every_family_has_a_kind_of_chart() -> None:
    assert {loaded(name).family for name in COMPANIONS} == {kind.family for kind in CHARTS.values()} - {"deeponet"}
