"""From a study folder to its tables and report: complete, repeatable, honest about gaps, and safe to open."""

import csv
import datetime
import hashlib
import itertools
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.cell import Cell
from bench.families import execution_of
from operators import TASKS, UserError
from results.families import FAMILIES
from results.records.manifest import ExpectedCell, Target, save_manifest
from results.records.record import record_key, to_line
from results.report.markdown import escape
from results.report.write import write_tables
from results.tables.frame import FloorViolation
from results.tables.study_tables import kinds
from results.tables.version import computed

pytestmark = pytest.mark.system

ALPHAS = (1.0, 2.0)
NOW = datetime.datetime(2026, 11, 26, 12, 0, tzinfo=datetime.UTC)


def save(folder: Path, study: Any, *, extra: bytes = b"", **settings: Any) -> Path:
    return study.save(folder, study.manifest(**settings), extra=extra)


def produced(folder: Path) -> dict[str, str]:
    """Hashes of all produced files."""
    files = [path for path in folder.rglob("*") if path.is_file() and "records" not in path.parts]
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def rich(study: Any) -> Any:
    for q, size, replicate in itertools.product((1, 2, 4, 8), (8, 16, 32), (0, 1)):
        absorbed = 0.5 * min(1.9, q / (0.2 * size * 1.05**replicate))
        study.add(
            q=q, functions=size, points=size, replicate=replicate, absorbed=absorbed, floor=0.2 * (1 - absorbed), schedule="tied"
        )
        study.add(
            q=q, functions=size, points=size, replicate=replicate, relative=0.3 / q, floor=0.05 / q**2, schedule="fixed-width"
        )
    return study


@pytest.fixture(scope="module")
def study(new_planted: Callable[[], Any]) -> Any:
    return rich(new_planted())


@pytest.fixture(scope="module")
def built(study: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study folder with a torn line, built once; tests only read it."""
    folder = save(tmp_path_factory.mktemp("study"), study, extra=b"torn")
    summary = write_tables(folder, now=NOW)
    assert (summary.expected, summary.done, summary.floors, summary.quarantined) == (48, 48, 48, 1)
    return folder


CONDITIONAL = (
    *("brackets", "frontier", "baselines", "data_efficiency", "literature", "anchors", "barrier", "architectures"),
    *("searches", "search_exponents", "joint_law", "least_n"),
)


def test_every_table_is_written_with_its_documented_columns(built: Path) -> None:
    documentation = (built / "columns.md").read_text()
    family = FAMILIES["deeponet"]
    named = {name: kind.columns(family) for name, kind in kinds(family).items() if name not in CONDITIONAL}
    expected = {name: columns for name, columns in named.items() if columns}
    assert {path.stem for path in built.glob("*.csv")} == set(expected)
    for name, columns in expected.items():
        content = (built / f"{name}.csv").read_bytes()
        assert b"\r" not in content
        rows = list(csv.reader(content.decode().splitlines()))
        assert rows[0] == list(columns)
        assert all(f"`{column}`" in documentation for column in columns)
        assert {"runs", "expected", "diverged"} <= set(rows[0]) or name == "thresholds"


def test_the_report_shows_tables_figures_floors_and_the_command(built: Path) -> None:
    report = (built / "report.md").read_text()
    for part in (
        "What was planted?",
        "48 records have a certified floor",
        "python -m bench run planted",
        "## Exponents",
        "## Cost",
    ):
        assert part in report
    embedded = re.findall(r"!\[[^\]]+\]\((figures/[^)]+\.png)\)", report)
    assert embedded
    for path in embedded:
        assert (built / path).is_file()
        assert (built / path).with_suffix(".svg").is_file()


def test_report_and_page_say_when_and_by_which_code_they_were_computed(built: Path) -> None:
    said = computed(NOW)
    assert said in (built / "report.md").read_text()
    assert said in (built / "report.html").read_text()


def test_the_report_opens_with_answers_that_lead_to_chart_and_table(built: Path) -> None:
    report = (built / "report.md").read_text()
    question, found, counts = (report.index(words) for words in ("What was planted?", "## What was found", "## Cells by outcome"))
    assert question < found < counts
    decided, _, undecided = report[found:counts].partition("\nNot decided by these records:\n\n")
    assert r"- q\* ~ n^" in undecided, "two n exclude no exponent"
    assert r"q\* ~ n^" not in decided
    lines = [line for line in (decided + undecided).splitlines() if line.startswith("- ")]
    assert len(lines) > 4
    for line in lines:
        assert "*What would change it: " in line
        for path in re.findall(r"\]\(([^)]+)\)", line):
            assert (built / path).is_file()
    assert sum("[chart](figures/" in line for line in lines) > 4


def test_a_table_of_the_report_has_ten_rows_at_most_and_counts_the_rest(built: Path) -> None:
    report = (built / "report.md").read_text()
    (rest,) = re.findall(r"(\d+) more rows in `leaderboard\.csv`", report)
    assert 10 + int(rest) == len((built / "leaderboard.csv").read_text().splitlines()) - 1
    blocks = re.findall(r"(?:^\|.*\n)+", report, re.MULTILINE)
    assert len(blocks) > 4
    assert all(len(block.splitlines()) <= 12 for block in blocks)


def test_building_again_changes_no_byte(built: Path, tmp_path: Path) -> None:
    again = shutil.copytree(built, tmp_path / "again")
    write_tables(again, now=NOW)
    assert produced(again) == produced(built)


def test_without_figures_the_report_says_so_and_those_drawn_before_stay(built: Path, tmp_path: Path) -> None:
    again = shutil.copytree(built, tmp_path / "again")
    write_tables(again, figures=False, now=NOW)
    different = {name for name, digest in produced(again).items() if digest != produced(built)[name]}
    assert set(produced(again)) == set(produced(built))
    assert different == {"report.md"}
    report = (again / "report.md").read_text()
    assert "Not drawn here; `python -m bench report planted` draws them." in report
    assert "(figures/" not in report


def test_records_in_any_order_and_number_of_files_with_repeats_give_the_same_tables(
    built: Path, study: Any, tmp_path: Path
) -> None:
    (tmp_path / "records").mkdir()
    shutil.copy(built / "study.json", tmp_path)
    lines = list(map(to_line, study.records))
    failed = to_line(study.records[0].model_copy(update={"status": "failed", "errors": None, "bounds": None}))
    for number, part in enumerate((lines[30:] + lines[:5], [failed], lines[:30][::-1])):
        (tmp_path / "records" / f"{number}.jsonl").write_text("".join(part))
    write_tables(tmp_path, figures=False)
    same = [name for name in produced(built) if not name.startswith(("report", "quarantine", "figures"))]
    assert [produced(tmp_path)[name] for name in same] == [produced(built)[name] for name in same]


def test_refused_lines_are_counted_named_and_copied(tmp_path: Path, planted: Any) -> None:
    planted.add(q=1)
    summary = write_tables(save(tmp_path, planted, extra=b"\xff\xfe\n" + b"half a"), figures=False)
    assert summary.quarantined == 2
    assert "2 lines quarantined" in summary.sentence()
    report = (tmp_path / "report.md").read_text()
    assert "| records/a.jsonl | 2 | not UTF-8 |" in report
    assert "| records/a.jsonl | 3 | torn: the last line has no end |" in report
    assert (tmp_path / "quarantine" / "a.jsonl").is_file()


def test_mixed_versions_and_hardware_and_disagreeing_records_are_warned_of(tmp_path: Path, planted: Any) -> None:
    for q in (1, 2, 3):
        planted.add(q=q)
    versions = planted.records[0].versions.model_copy(update={"packages": {"numpy": "9.9.9"}})
    planted.records[0] = planted.records[0].model_copy(update={"versions": versions, "host": {"machine": "riscv"}})
    planted.records.append(planted.records[1].model_copy(update={"weights_sha256": "e" * 64}))
    write_tables(save(tmp_path, planted), figures=False)
    report = (tmp_path / "report.md").read_text()
    assert "2 sets of package versions" in report
    assert "1 records: numpy 9.9.9" in report
    assert "2 sets of hardware" in report
    assert "1 cells have records with different weights" in report
    assert planted.records[1].key in report


def test_one_kind_of_version_and_hardware_gives_no_warning(tmp_path: Path, planted: Any) -> None:
    planted.add()
    write_tables(save(tmp_path, planted), figures=False)
    assert "compare with care" not in (tmp_path / "report.md").read_text()


@pytest.mark.parametrize(
    "kind", ["no cells", "no records", "all failed", "all diverged", "one n", "one run", "never reached", "no targets"]
)
def test_studies_that_say_little_still_have_a_report_without_invented_slopes(tmp_path: Path, planted: Any, kind: str) -> None:
    settings: dict[str, Any] = {"targets": ()} if kind == "no targets" else {}
    status = {"no records": "missing", "all failed": "failed", "all diverged": "diverged"}.get(kind, "done")
    sizes = {"no cells": (), "one n": (16,), "one run": (16,)}.get(kind, (8, 16, 32))
    grid = itertools.product((2,) if kind == "one run" else (1, 2), sizes, (0,) if kind == "one run" else (0, 1))
    for q, size, replicate in grid:
        planted.add(q=q, functions=size, replicate=replicate, status=status, absorbed=0.01, schedule="tied")
        planted.add(q=q, functions=size, replicate=replicate, status=status, relative=0.9, schedule="fixed-budget", d=3000)
    summary = write_tables(save(tmp_path, planted, rays=ALPHAS, **settings))
    assert summary.expected == len(planted.expected)
    with (tmp_path / "exponents.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    for row in rows:
        assert row["identified"] == "no"
        assert row["reason"]
        assert row["exponent"] == row["low"] == row["high"] == ""
    report = (tmp_path / "report.md").read_text()
    assert "nan" not in report.lower().replace("quarantine", "")
    if rows:
        assert "not identifiable: " in report


def test_nothing_is_built_on_a_record_below_its_floor(tmp_path: Path, planted: Any) -> None:
    planted.add(relative=0.1, floor=0.5)
    with pytest.raises(FloorViolation):
        write_tables(save(tmp_path, planted))
    assert not (tmp_path / "scaling.csv").exists()


def test_a_folder_without_a_study_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"study\.json"):
        write_tables(tmp_path)


def test_a_table_that_cannot_be_written_is_one_sentence_and_leaves_the_old_one(tmp_path: Path, planted: Any) -> None:
    planted.add()
    folder = save(tmp_path, planted)
    write_tables(folder, figures=False)
    (folder / "scaling.csv").unlink()
    (folder / "scaling.csv").mkdir()
    old = (folder / "leaderboard.csv").read_bytes()
    with pytest.raises(UserError, match=r"scaling\.csv"):
        write_tables(folder)
    assert (folder / "leaderboard.csv").read_bytes() == old
    assert not list(folder.glob(".*.tmp"))


HOSTILE = "<script>alert(1)</script> | `x` [a](javascript:alert(2)) ![b](http://c) \n# head\n=HYPERLINK() <img onerror=x>"


def test_hostile_text_of_records_appears_as_text(tmp_path: Path, planted: Any) -> None:
    planted.add(q=1, status="failed", outcome={"message": HOSTILE})
    planted.add(q=2, task=HOSTILE)
    planted.add(q=3, task="=1+1", outcome={"host": {"machine": HOSTILE}})
    manifest = planted.manifest().model_copy(update={"question": HOSTILE})
    save(tmp_path, planted)
    save_manifest(tmp_path, manifest)
    write_tables(tmp_path)
    report = (tmp_path / "report.md").read_text()
    assert "<script" not in report
    assert "<img" not in report
    assert not re.search(r"(?<!\\)\]\(javascript", report)
    assert "\n# head" not in report
    for name in ("scaling.csv", "leaderboard.csv"):
        with (tmp_path / name).open(newline="") as handle:
            cells = [cell for row in csv.reader(handle) for cell in row]
        assert "'=1+1" in cells
        assert not any(cell.startswith(("=", "+", "@")) for cell in cells)


@given(st.text(max_size=60))
def test_escaped_text_is_one_line_without_markup(text: str) -> None:
    escaped = escape(text)
    assert "\n" not in escaped
    assert not set(escaped) & set("<>`|")
    assert not re.search(r"(?<!\\)(\\\\)*[\[\]*_]", escaped)
    assert not escaped.startswith(("#", "-", "+", "="))


def test_the_sentence_names_what_is_not_done(tmp_path: Path, planted: Any) -> None:
    for q, status in enumerate(("done", "failed", "missing", "missing"), 1):
        planted.add(q=q, status=status)
    summary = write_tables(save(tmp_path, planted, targets=(Target(kind="relative", value=0.5),)), figures=False)
    assert summary.sentence().startswith("study planted: 4 cells, 1 done, 1 failed, 2 missing;")
    assert summary.failed == 1


def test_records_of_tasks_that_are_unknown_here_are_told_and_change_no_table_unless_asked_for(
    tmp_path: Path, new_planted: Callable[[], Any]
) -> None:
    study, strange = new_planted(), new_planted()
    study.add(task="antiderivative", relative=0.05)
    expected, record = study.expected[0], study.records[0]
    cell, identity = Cell.model_validate(record.cell), json.loads(TASKS["antiderivative"].identity())
    key = record_key(record.family, record.cell, identity, 1)
    study.expected[0], study.records[0] = (
        ExpectedCell(key=key, cell=expected.cell, sizes=execution_of(cell).sizes(cell)),
        record.model_copy(update={"key": key, "task": identity}),
    )
    strange.add(task="../../nowhere", q=1, relative=1e-9)
    strange.add(task="unheard-of", q=1, relative=1e-9)
    tables = []
    for name, records in (("without", study.records), ("with", study.records + strange.records)):
        folder = save(tmp_path / name, study)
        (folder / "records" / "a.jsonl").write_text("".join(map(to_line, records)))
        summary = write_tables(folder, figures=False)
        tables.append({path.name: path.read_bytes() for path in folder.glob("*.csv")})
    assert tables[0] == tables[1]
    assert (summary.unknown, summary.set_aside, summary.quarantined) == (0, 2, 0)
    assert "2 records of tasks that are unknown here set aside" in summary.sentence()
    assert "`../../nowhere`" in (folder / "report.md").read_text().replace("\\", "")
