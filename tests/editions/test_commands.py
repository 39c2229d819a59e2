"""`publish` and `reproduce` on the command line: what they print, and how they refuse."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench.cli.app import app
from bench.drivers.reproduction import Sampling, each, jobs_of
from operators.errors import UserError
from results.editions.edition import load_edition
from results.records.manifest import save_manifest
from results.records.record import to_line

pytestmark = pytest.mark.system


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, planted) -> Path:
    """A repository with a lock file and, below results/out, a finished study of two planted records."""
    for relative in (0.2, 0.3):
        planted.add(replicate=int(10 * relative), relative=relative)
    manifest = planted.manifest()
    folder = tmp_path / "results" / "out" / manifest.name
    (folder / "records").mkdir(parents=True)
    (folder / "records" / "planted.jsonl").write_text("".join(map(to_line, planted.records)))
    save_manifest(folder, manifest)
    (tmp_path / "requirements.lock").write_text("numpy==0\n")
    author = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    for command in (("init", "-q"), ("add", "requirements.lock"), (*author, "commit", "-qm", "Lock")):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def asked(*arguments: str) -> tuple[int, str]:
    ran = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    return ran.exit_code, ran.output


def test_publish_says_what_it_wrote_and_reproduce_that_it_comes_out_again(checkout: Path) -> None:
    (name,) = (path.name for path in (checkout / "results" / "out").iterdir())
    code, said = asked("publish", name, "--edition", "1", "--trained", "HEAD")
    assert (code, "edition 1, 2 records" in said) == (0, True)
    found = load_edition(checkout / "results" / "reference" / name)
    assert found is not None
    assert found.lock == hashlib.sha256(b"numpy==0\n").hexdigest()
    assert len(found.trained) == 40
    code, said = asked("reproduce")
    assert (code, said.count("ok  "), said.count("FAIL")) == (0, 3, 0)


def test_reproduce_fails_for_a_table_that_does_not_come_out(checkout: Path) -> None:
    (name,) = (path.name for path in (checkout / "results" / "out").iterdir())
    asked("publish", name, "--edition", "1", "--trained", "HEAD")
    table = checkout / "results" / "reference" / name / "scaling.csv"
    table.write_text(table.read_text().replace("0.2", "0.1"))
    code, said = asked("reproduce", name)
    assert code == 1
    assert f"FAIL {name}: 1 of" in said
    assert "scaling.csv" in said
    before = table.with_name("leaderboard.csv").read_bytes()
    assert asked("reproduce", "--rebuild")[0] == 0
    assert "0.1" not in table.read_text().splitlines()[1].split(",")
    assert table.with_name("leaderboard.csv").read_bytes() == before


def test_a_commit_that_git_does_not_know_is_refused(checkout: Path) -> None:
    (name,) = (path.name for path in (checkout / "results" / "out").iterdir())
    with pytest.raises(UserError, match="run in a checkout that has it"):
        asked("publish", name, "--edition", "1", "--trained", "nosuch")
    assert not (checkout / "results" / "reference").exists()


def test_an_edition_below_one_is_a_usage_error(checkout: Path) -> None:
    (name,) = (path.name for path in (checkout / "results" / "out").iterdir())
    assert asked("publish", name, "--edition", "0", "--trained", "HEAD")[0] == 2
    shutil.rmtree(checkout / "results" / "out" / name)
    with pytest.raises(UserError, match="expected a study folder"):
        asked("publish", name, "--edition", "1", "--trained", "HEAD")


def test_a_fault_that_every_part_of_a_study_meets_is_told_once(checkout: Path) -> None:
    (name,) = (path.name for path in (checkout / "results" / "out").iterdir())
    asked("publish", name, "--edition", "1", "--trained", "HEAD")
    (checkout / "results" / "reference" / name / "records.parquet").write_bytes(b"no table")
    code, said = asked("reproduce", name, "--sample", "1")
    assert (code, said.count("ok  "), said.count("FAIL")) == (1, 0, 1)


def test_the_jobs_are_the_evidence_of_every_study_then_what_is_computed_over_all_and_then_trainings() -> None:
    nothing, some = Sampling(0, None, 0), Sampling(0, 9.0, 0)
    assert [(job.study, job.part) for job in jobs_of(["a"], some, overview=False)] == [("a", "evidence"), ("a", "training")]
    assert [job.part for job in jobs_of(["a", "b"], nothing, overview=True)] == ["evidence", "evidence", "overview"]
    found = [(job.study, job.part) for job in jobs_of(["a", "b"], some, overview=True)]
    assert found[2:] == [("overview", "overview"), ("a", "training"), ("b", "training")]
    assert jobs_of([], some, overview=True) == []


def test_jobs_done_at_once_are_told_in_their_order() -> None:
    names = ["longest", "b", "four"]
    assert list(each(len, names, 1)) == list(each(len, names, 2)) == [7, 1, 4]
    with pytest.raises(ValueError, match="invalid literal"):
        list(each(int, ["1", "two"], 2))
