"""`python -m bench export`: event files hold the curves and errors of the records, as TensorFlow itself reads them."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bench.cli.app import app
from bench.engines.tensorboard import scalars, write_event_file
from bench.engines.threads import pinned_tensorflow
from operators import UserError


def read(path: Path) -> list[tuple[int, str, float]]:
    """(step, name, value) of an event file, after its version."""
    tf = pinned_tensorflow(1)
    events = [tf.compat.v1.Event.FromString(data.numpy()) for data in tf.data.TFRecordDataset(str(path))]
    assert events[0].file_version == "brain.Event:2"
    return [(event.step, value.tag, value.simple_value) for event in events[1:] for value in event.summary.value]


def test_event_files_hold_curve_and_errors_and_repeat_their_bytes(planted: Any, tmp_path: Path) -> None:
    planted.add(relative=0.25)
    record = planted.records[0].model_copy(update={"curve": [(0, 2.0), (5, None), (10, 0.5)]})
    path = write_event_file(record, tmp_path)
    assert path.parent.name == record.key[:16]
    found = read(path)
    assert found[:2] == [(0, "training_loss", 2.0), (10, "training_loss", 0.5)]
    assert (10, "relative", 0.25) in found
    assert [entry[:2] for entry in found] == [entry[:2] for entry in scalars(record)]
    before = path.read_bytes()
    assert write_event_file(record, tmp_path).read_bytes() == before


def test_a_record_without_errors_has_its_curve_only(planted: Any, tmp_path: Path) -> None:
    planted.add(status="diverged")
    record = planted.records[0].model_copy(update={"curve": [(0, 1.0), (3, None)]})
    assert read(write_event_file(record, tmp_path)) == [(0, "training_loss", 1.0)]


def test_a_study_is_exported_whole_and_a_missing_one_is_a_clear_error(planted: Any, tmp_path: Path) -> None:
    planted.add(q=1)
    planted.add(q=2)
    planted.add(q=3, status="missing")
    planted.save(tmp_path / "out" / "planted")
    done = CliRunner().invoke(app, ["export", "planted", "--out", str(tmp_path / "out"), "--to", str(tmp_path / "events")])
    assert done.exit_code == 0, done.output
    assert "2 runs" in done.output
    assert len(list((tmp_path / "events").rglob("events.out.tfevents.*"))) == 2
    refused = CliRunner().invoke(app, ["export", "other", "--out", str(tmp_path / "out")])
    assert isinstance(refused.exception, UserError)
    assert "expected a study folder" in str(refused.exception)


@pytest.mark.parametrize("name", ["../../escaped", "{outside}", "C:\\\\x", "..", "a/b", "", "x" * 300, "nul\0", "line\n", "-rf"])
def test_a_task_whose_name_leads_elsewhere_is_left_out_with_a_sentence(planted: Any, tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    planted.add(q=1)
    planted.add(q=2, task=name.format(outside=outside))
    planted.save(tmp_path / "in" / "out" / "planted")
    before = {path for path in tmp_path.rglob("*")}
    run = CliRunner().invoke(app, ["export", "planted", "--out", str(tmp_path / "in" / "out")])
    assert isinstance(run.exception, UserError)
    sentence = str(run.exception)
    assert sentence.startswith("expected a name of letters, digits, hyphens and underscores for a file in")
    assert sentence.endswith("1 records were left out")
    assert "\n" not in sentence
    assert "1 runs" in run.output
    made = {path for path in tmp_path.rglob("*")} - before
    assert made
    assert all(path.is_relative_to(tmp_path / "in" / "out" / "planted" / "tensorboard") for path in made)
