"""A study in parts gives the tables of the whole, byte for byte, whatever the parts cannot see of one another."""

import itertools
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from bench.cli.app import app
from operators.errors import UserError
from results.partitions import compacting
from results.partitions.frame_files import FrameWriter, open_frame_files
from results.partitions.part_tables import tables_of_parts
from results.records.manifest import Bracket, Target, load_manifest, save_manifest
from results.records.record import to_line
from results.records.store import Store
from results.tables.csv_files import csv_bytes
from results.tables.frame_columns import columns
from results.tables.study_tables import StudyTables, study_tables

pytestmark = pytest.mark.system

TARGETS = (Target(kind="relative", value=0.3), Target(kind="absorb", value=0.2))


def planted_folder(study: Any, folder: Path, *, noisy: bool = True) -> Path:
    """Two tasks, constants, designs, budgets close to one another in different parts, noise in some, cells without a result."""
    grid = itertools.product(("a", "b"), ({}, {"nu": 0.1}), ("grid", "triples"), (1, 2, 4, 8), (8, 16, 32))
    for number, (task, parameters, design, q, size) in enumerate(grid):
        study.add(
            task=task,
            parameters=parameters,
            design=design,
            schedule="fixed-budget",
            q=q,
            d=1000 + 40 * (task == "b"),
            functions=size,
            points=size,
            branch_widths=[q, 4],
            relative=0.9 / q**0.7,
            floor=0.01 / q if design == "grid" else None,
            absorbed=min(0.9, q / size) if noisy and (task, design) == ("b", "grid") else None,
            status="missing" if number % 11 == 5 else "done",
        )
    (folder / "records").mkdir(parents=True)
    (folder / "records" / "a.jsonl").write_text("".join(to_line(record) for record in study.records))
    save_manifest(folder, study.manifest(TARGETS, rays=(1.0,)))
    return folder


def whole(folder: Path) -> StudyTables:
    return study_tables(load_manifest(folder), Store(folder).changes())


@pytest.mark.parametrize(
    ("cells", "noisy", "read"), [(17, True, {1: 8, 30: 4, 10_000: 1}), (10_000, False, {1: 8, 10_000: 1})], ids=["noisy", "clean"]
)
def test_tables_of_parts_are_those_of_the_whole(
    planted: Any, tmp_path: Path, cells: int, noisy: bool, read: dict[int, int]
) -> None:
    """`read`: into how many batches the parts fall for each number of cells of a batch."""
    folder = planted_folder(planted, tmp_path / "study", noisy=noisy)
    written = compacting.write_parts(folder, tmp_path / "parts", cells)
    assert written.position == 96
    parts = open_frame_files(tmp_path / "parts")
    assert len(parts.groups) == 8
    assert sorted(parts.cells) == [12] * 8
    expected = {f"{name}.csv": csv_bytes(table) for name, table in whole(folder).written()}
    for batch, batches in read.items():
        assert len(parts.batches(batch)) == batches
        found = tables_of_parts(parts, cells=batch)
        assert found.keys() == expected.keys()
        assert [name for name in expected if found[name] != expected[name]] == []
    assert ("mechanism.csv" in found, b"B.1 capacity" in found["mechanism.csv"]) == (True, noisy)


def test_the_order_in_which_parts_are_done_does_not_matter(planted: Any, tmp_path: Path) -> None:
    compacting.write_parts(planted_folder(planted, tmp_path / "study"), tmp_path / "parts")
    parts = open_frame_files(tmp_path / "parts")
    backwards = tables_of_parts(parts, lambda function, batches: reversed([function(one) for one in reversed(batches)]), 30)
    assert len(parts.batches(30)) == 4
    assert backwards == tables_of_parts(parts)


def test_the_frame_comes_back_as_it_was(planted: Any, tmp_path: Path) -> None:
    folder = planted_folder(planted, tmp_path / "study")
    manifest = load_manifest(folder)
    frame = pd.DataFrame(columns(manifest, Store(folder).changes()))
    FrameWriter(tmp_path / "parts", manifest).add(frame)
    pd.testing.assert_frame_equal(open_frame_files(tmp_path / "parts").read(), frame)


def test_the_commands_write_parts_and_their_tables(planted: Any, tmp_path: Path) -> None:
    folder, parts, to = planted_folder(planted, tmp_path / "study"), tmp_path / "parts", tmp_path / "tables"
    for arguments in (["compact", folder, "--parts", parts], ["tables", parts, "--to", to]):
        ran = CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False)
        assert ran.exit_code == 0, ran.output
    assert {path.name: path.read_bytes() for path in to.iterdir()} == tables_of_parts(open_frame_files(parts))


def test_a_study_that_searches_is_refused(planted: Any, tmp_path: Path) -> None:
    question = Bracket.model_construct(task="advection")
    manifest = planted.manifest(TARGETS).model_copy(update={"brackets": (question,)})
    with pytest.raises(UserError, match="which asks for witnesses"):
        FrameWriter(tmp_path / "parts", manifest)


def test_a_folder_that_holds_something_and_one_without_parts_are_refused(planted: Any, tmp_path: Path) -> None:
    folder = planted_folder(planted, tmp_path / "study")
    with pytest.raises(UserError, match="expected a new or empty folder"):
        compacting.write_parts(folder, folder)
    save_manifest(tmp_path, load_manifest(folder).without_cells())
    (tmp_path / "empty").mkdir()
    save_manifest(tmp_path / "empty", load_manifest(folder).without_cells())
    with pytest.raises(UserError, match="found none"):
        open_frame_files(tmp_path / "empty")
