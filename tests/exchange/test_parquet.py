"""Compaction: every record that counts is one typed row, equal records are equal files, a failure leaves the old file."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from bench.cli.app import app
from operators import UserError
from results.exchange import parquet
from results.exchange.parquet import compact
from results.records.manifest import save_manifest
from results.records.record import Record, record_key, to_line


def study(folder: Path, planted: Any, records: list[Record]) -> Path:
    (folder / "records").mkdir(parents=True)
    (folder / "records" / "a.jsonl").write_text("".join(map(to_line, records)))
    save_manifest(folder, planted.manifest())
    return folder


@pytest.fixture
def out(tmp_path: Path, new_planted: Any) -> Path:
    """Two studies: five records of every kind, and one of other settings with named bounds."""
    first, second = new_planted(), new_planted()
    first.add(q=2, relative=0.25, floor=0.01)
    first.add(q=3, absorbed=0.5, replicate=4)
    first.add(q=4, status="timeout", parameters={"nu": 0.1})
    first.add(q=5, status="diverged", outcome={"message": "loss is NaN", "curve": [(0, 1.0), (7, None)]})
    first.add(q=6, status="failed")
    second.add(q=7, steps=None, epochs=9, batch=8, relative=0.5)
    measured = second.records[0].measured
    bounds = measured.bounds.model_copy(update={"trivial": True, "values": {"cosine": 0.5}})
    changed = {"measured": measured.model_copy(update={"bounds": bounds})}
    second.records[0] = second.records[0].model_copy(update=changed)
    study(tmp_path / "one", first, first.records)
    study(tmp_path / "two", second, second.records)
    return tmp_path


def test_every_record_of_every_study_is_a_row_with_its_values(out: Path) -> None:
    done = compact([out / "one", out / "two"], out / "all.parquet")
    table = pd.read_parquet(out / "all.parquet").set_index("cell.architecture.q").sort_index()
    assert (done.studies, done.records, done.quarantined) == (2, 6, 0)
    assert table.index.tolist() == [2, 3, 4, 5, 6, 7]
    assert set(table["family"]) == {"deeponet"}
    assert {json.loads(task)["class"] for task in table["task"]} == {"Planted"}
    assert table["method_version"].tolist() == [1] * 6
    assert table["schema_version"].tolist() == [2] * 6
    assert set(table["cell.architecture.name"]) == {"deeponet"}
    assert table["study"].tolist() == ["one"] * 5 + ["two"]
    assert table["status"].tolist() == ["done", "done", "timeout", "diverged", "failed", "done"]
    assert table["measured.errors.relative"][2] == 0.25
    assert table["measured.bounds.floor"][2] == 0.01
    assert table["measured.errors.absorbed"][3] == 0.5
    assert table["cell.replicate"][3] == 4
    assert json.loads(table["cell"][4])["parameters"] == {"nu": 0.1}
    assert table["message"][5] == "loss is NaN"
    assert table["curve.steps"][5].tolist() == [0, 7]
    np.testing.assert_array_equal(table["curve.losses"][5], [1.0, np.nan])
    assert np.isnan(table["measured.errors.relative"][6])
    assert (table["cell.training.epochs"][7], table["cell.training.batch"][7]) == (9, 8)
    assert table["measured.bounds.values.cosine"].dropna().to_dict() == {7: 0.5}
    assert table["cell.architecture.branch_widths"][7].tolist() == [8, 8]


def test_columns_are_typed_even_where_all_values_are_missing(out: Path, tmp_path: Path) -> None:
    compact([out / "two"], out / "all.parquet")
    schema = pq.read_schema(out / "all.parquet")
    expected = {
        "study": pa.string(),
        "cell.noise.control": pa.string(),
        "cell.training.steps": pa.int64(),
        "cell.architecture.trunk_widths": pa.list_(pa.int64()),
        "measured.sizes.d": pa.int64(),
        "measured.errors.absorbed": pa.float64(),
        "measured.bounds.resolved": pa.bool_(),
        "measured.bounds.values.cosine": pa.float64(),
        "cost.flops": pa.float64(),
        "curve.losses": pa.list_(pa.float64()),
    }
    assert {name: schema.field(name).type for name in expected} == expected
    assert all(field.type != pa.null() for field in schema)
    assert schema.metadata[b"schema_version"] == b"2"


def test_equal_records_give_equal_files_in_whatever_order_they_were_written(out: Path, new_planted: Any) -> None:
    compact([out / "one", out / "two"], out / "first.parquet")
    path = out / "one" / "records" / "a.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.unlink()
    for number, line in enumerate(reversed(lines)):
        path.with_name(f"{number}.jsonl").write_text(line)
    compact([out / "two", out / "one"], out / "second.parquet")
    assert (out / "first.parquet").read_bytes() == (out / "second.parquet").read_bytes()


def test_one_row_a_key_and_damaged_lines_are_counted(out: Path) -> None:
    path = out / "one" / "records" / "a.jsonl"
    path.write_text(path.read_text() * 2 + "damaged\n")
    done = compact([out / "one"], out / "all.parquet")
    assert (done.records, done.quarantined) == (5, 1)


def test_studies_without_records_give_a_typed_table_without_rows(tmp_path: Path, planted: Any) -> None:
    """Only the common columns: which measurements there are, records say."""
    done = compact([study(tmp_path / "none", planted, [])], tmp_path / "all.parquet")
    schema = pq.read_schema(tmp_path / "all.parquet")
    assert (done.records, schema.field("cost.flops").type, schema.field("key").type) == (0, pa.float64(), pa.string())
    assert not any(name.startswith(("cell.", "measured.")) for name in schema.names)


def of_cell(record: Record, cell: dict[str, Any]) -> Record:
    """The record of another cell under its own key."""
    return record.model_copy(update={"cell": cell, "key": record_key(record.family, cell, record.task, 1)})


def test_cells_that_a_model_writes_otherwise_are_left_out_and_counted(out: Path, new_planted: Any) -> None:
    """A cell stands as its model writes it, whole and in its types; the key is the hash of that."""
    other = new_planted()
    other.add()
    record = other.records[0]
    cells = [
        {"task": "planted", "functions": 8, "points": 16},
        {**record.cell, "functions": "9"},
        {**record.cell, "points": 16.0},
    ]
    study(out / "three", other, [record, *(of_cell(record, cell) for cell in cells)])
    done = compact([out / "three"], out / "all.parquet")
    assert (done.records, done.quarantined) == (1, 3)


def test_constants_of_one_name_may_be_numbers_and_texts(out: Path, new_planted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one batch of rows and in several."""
    other = new_planted()
    for q, value in ((1, 0.25), (2, "file.npz"), (3, 2.0)):
        other.add(q=q, parameters={"source": value})
    study(out / "three", other, other.records)
    for batch in (parquet.BATCH, 1):
        monkeypatch.setattr(parquet, "BATCH", batch)
        compact([out / "three"], out / "all.parquet")
        table = pd.read_parquet(out / "all.parquet").set_index("cell.architecture.q").sort_index()
        assert [json.loads(cell)["parameters"]["source"] for cell in table["cell"]] == [0.25, "file.npz", 2.0]
        assert table["cell.parameters.source"].tolist() == ["0.25", "file.npz", "2.0"]


def test_a_full_disk_leaves_the_old_file_whole(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compact([out / "one"], out / "all.parquet")
    before = (out / "all.parquet").read_bytes()

    def full(table: pa.Table, handle: Any, **_: Any) -> None:
        handle.write(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(parquet.pq, "write_table", full)
    with pytest.raises(UserError, match="got 'No space left on device'"):
        compact([out / "one", out / "two"], out / "all.parquet")
    assert (out / "all.parquet").read_bytes() == before
    assert not list(out.glob(".*.tmp"))


def test_the_command_finds_all_studies_and_says_what_it_wrote(out: Path) -> None:
    run = CliRunner().invoke(app, ["compact", str(out)], catch_exceptions=False)
    assert run.exit_code == 0
    assert "records.parquet: 6 records of 2 studies" in run.output
    assert len(pd.read_parquet(out / "records.parquet")) == 6
    facts = json.loads(CliRunner().invoke(app, ["compact", str(out), "--to", str(out / "b.parquet"), "--json"]).output)
    assert facts["bytes"] == (out / "b.parquet").stat().st_size
    with pytest.raises(UserError, match="found none; `python -m bench run` makes one"):
        CliRunner().invoke(app, ["compact", str(out / "nowhere")], catch_exceptions=False)
