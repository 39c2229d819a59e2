"""`bench status` where a folder cannot be read: it is named, the others are shown, and the exit code tells."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bench.cli.app import app
from bench.drivers.standing import standing
from operators.errors import UserError
from results.records.manifest import save_manifest


@pytest.fixture
def out(tmp_path: Path, planted: Any) -> Path:
    """Two studies whose files are whole, and between them one whose study.json is torn and one of another release."""
    planted.add()
    for name in ("a-whole", "d-whole"):
        save_manifest(tmp_path / name, planted.manifest().model_copy(update={"name": name}))
    for name, content in (("b-torn", b'{"checksum":"'), ("c-older", b'{"schema": 1}')):
        (tmp_path / name).mkdir()
        (tmp_path / name / "study.json").write_bytes(content)
    return tmp_path


def test_folders_that_cannot_be_read_are_named_and_the_others_shown(out: Path) -> None:
    ran = CliRunner().invoke(app, ["status", "--out", str(out)])
    assert "a-whole" in ran.output
    assert "d-whole" in ran.output
    assert isinstance(ran.exception, UserError)  # one sentence and exit code 2, as of every command
    said = str(ran.exception)
    assert said.startswith("2 of the studies could not be read: b-torn, c-older; expected ")
    assert "run the study again, which keeps its records" in said


def test_as_json_each_folder_has_its_row(out: Path) -> None:
    ran = CliRunner().invoke(app, ["status", "--out", str(out), "--json"])
    rows = json.loads(ran.stdout)
    assert rows[:2] == [standing(out / name) for name in ("a-whole", "d-whole")]
    assert [(row["study"], row["unreadable"][:8]) for row in rows[2:]] == [("b-torn", "expected"), ("c-older", "expected")]
    assert isinstance(ran.exception, UserError)
