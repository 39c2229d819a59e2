"""The command line end to end: run, resume, kill, repair, report; one sentence for every user's mistake."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from repository import REPOSITORY

from bench.study import load_study

pytestmark = pytest.mark.system

STUDY = """
from bench.study import Study
from results.families.sci import Cell

STUDY = Study(
    name="tiny",
    question="Does the path from cells to tables work?",
    cells=[*(Cell(n=n) for n in (10, 20, 40)), *(Cell(n=n, re=n / 10) for n in range(20, 86, 2))],
)
"""
ENDLESS = """
from bench.study import Study
from results.families.villani import Cell

STUDY = Study(
    name="tiny",
    question="Is what was finished kept?",
    cells=[Cell(experiment="sgd", strength=1.0, steps=steps) for steps in (10, 10_000_000)],
)
"""
TABLES = ("cells.csv", "sci.csv")
Call = Callable[..., subprocess.CompletedProcess[str]]


def write_study(folder: Path, text: str = STUDY) -> Path:
    path = folder / "tiny.py"
    path.write_text(text)
    return path


def bench(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bench", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "COLUMNS": "200"}
    return subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, env=environment, check=False)


def tables(folder: Path) -> dict[str, str]:
    """The tables without CPU seconds, as text."""
    read = {name: pd.read_csv(folder / "tiny" / name, dtype=str) for name in TABLES}
    return {name: table.drop(columns="cpu_seconds", errors="ignore").to_csv() for name, table in read.items()}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder with the study run once, without interruption."""
    folder = tmp_path_factory.mktemp("finished")
    run = bench("run", write_study(folder), "--out", folder, "--workers", 1)
    assert run.returncode == 0, run.stdout + run.stderr
    return folder


def test_a_run_leaves_records_tables_figures_and_report(finished: Path) -> None:
    study = finished / "tiny"
    assert list((study / "records").glob("*.jsonl"))
    for name in (*TABLES, "report.md", "study.json"):
        assert (study / name).stat().st_size > 0
    assert list((study / "figures").glob("*.png"))
    assert list((study / "figures").glob("*.svg"))


def test_a_second_call_does_nothing_and_says_so(finished: Path, here: Call) -> None:
    before = tables(finished)
    stamps = {path: path.stat().st_mtime_ns for path in (finished / "tiny").rglob("*") if path.is_file()}
    again = here("run", finished / "tiny.py", "--out", finished)
    assert again.returncode == 0
    assert "nothing to do" in again.stdout
    assert tables(finished) == before
    assert {path: path.stat().st_mtime_ns for path in (finished / "tiny").rglob("*") if path.is_file()} == stamps


def test_a_run_whose_reader_has_seen_enough_still_writes_its_tables(finished: Path, tmp_path: Path) -> None:
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    for name in (*TABLES, "report.md", "report.html"):
        (tmp_path / "tiny" / name).unlink()
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "bench", "run", str(tmp_path / "tiny.py"), "--no-figures", "--out", str(tmp_path)]
    run = subprocess.run(command, cwd=REPOSITORY, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert run.returncode == 2
    assert "error: expected standard output to take all that is printed, got 'Broken pipe'" in run.stderr
    assert tables(tmp_path) == tables(finished)
    assert (tmp_path / "tiny" / "report.html").exists()


def test_progress_off_a_terminal_has_no_control_codes(finished: Path) -> None:
    again = bench("report", "tiny", "--no-figures", "--out", finished)
    assert again.returncode == 0
    assert not re.search(r"[\x1b\r]", again.stdout + again.stderr)


def test_status_and_dry_run_print_facts_as_json(finished: Path, tmp_path: Path, here: Call) -> None:
    status = json.loads(here("status", "--out", finished, "--json").stdout)
    assert status[0]["study"] == "tiny"
    assert (status[0]["expected"], status[0]["done"], status[0]["missing"]) == (36, 36, 0)
    dry = json.loads(here("run", "smoke", "--preset", "smoke", "--out", tmp_path / "x", "--dry-run", "--json").stdout)
    assert dry["cells"] == dry["pending"] == len(load_study("smoke").at("smoke").cells)
    assert dry["data_bytes"] > 0
    assert dry["cpu_hours"] > 0
    assert not (tmp_path / "x").exists()


def test_corrupted_records_are_named_run_again_and_change_no_table(finished: Path, tmp_path: Path, here: Call) -> None:
    subprocess.run(["cp", "-r", finished / "tiny", tmp_path / "tiny"], check=True)
    path = next((tmp_path / "tiny" / "records").glob("*.jsonl"))
    lines = path.read_bytes().splitlines(keepends=True)
    lines[0] = lines[0][: len(lines[0]) // 2] + b"\n"
    lines[1] = lines[1].replace(b'"status":"done"', b'"status":"d0ne"')
    lines[2] = b"\xff\xfe\n"
    path.write_bytes(b"".join(lines))
    status = json.loads(here("status", "--out", tmp_path, "--json").stdout)
    assert (status[0]["quarantined"], status[0]["missing"]) == (3, 3)
    again = here("run", finished / "tiny.py", "--out", tmp_path, "--no-figures", "--workers", 1)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "3" in again.stdout
    assert tables(tmp_path) == tables(finished)


def test_a_damaged_study_json_is_mended_by_the_next_run(finished: Path, tmp_path: Path, here: Call) -> None:
    subprocess.run(["cp", "-r", finished / "tiny", tmp_path / "tiny"], check=True)
    path = tmp_path / "tiny" / "study.json"
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b'"n":40', b'"n":10', 1))
    refused = here("report", "tiny", "--out", tmp_path)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert re.fullmatch(r"error: expected \S*study\.json as a run writes it, got checksum does not match; .*\n", refused.stderr)
    assert tables(tmp_path) == tables(finished)
    again = here("run", finished / "tiny.py", "--out", tmp_path, "--no-figures")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "36 finished, 0 to run" in again.stdout
    assert path.read_bytes() == whole
    assert tables(tmp_path) == tables(finished)


def test_sigterm_keeps_what_was_finished_and_prints_how_to_go_on(tmp_path: Path, here: Call) -> None:
    path = write_study(tmp_path, ENDLESS)
    command = [sys.executable, "-m", "bench", "run", str(path), "--out", str(tmp_path), "--workers", "1"]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    records = tmp_path / "tiny" / "records"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not any(file.stat().st_size for file in records.glob("*.jsonl")):
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 143
    assert "To go on: python -m bench run" in output
    status = json.loads(here("status", "--out", tmp_path, "--json").stdout)
    assert status[0]["done"] >= 1
    assert status[0]["missing"] >= 1


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("run", "smok"), "expected a study among"),
        (("run", "nowhere.py"), "found none"),
        (("run", "smoke", "--workers", "-1"), "expected --workers >= 0"),
        (("run", "smoke", "--executor", "slurm"), "expected --workers >= 1"),
        (("run", "smoke", "--executor", "cloud"), "expected --executor among"),
        (("run", "smoke", "--scheduler", "tcp://here:1"), "expected --scheduler with --executor dask only"),
        (("run", "smoke", "--cluster", "slurm.yaml"), "expected --cluster with --executor slurm only"),
        (("run", "smoke", "--shard", "3/2"), "expected --shard i/N with 1 <= i <= N"),
        (("report", "nowhere"), "expected a study folder"),
        (("run", "smoke", "--out", "/proc/nowhere"), "/proc/nowhere"),
    ],
)
def test_a_users_mistake_is_one_sentence_and_exit_code_2(arguments: tuple[str, ...], expected: str, here: Call) -> None:
    run = here(*arguments)
    assert run.returncode == 2
    assert expected in run.stderr
    assert "Traceback" not in run.stderr
    assert len(run.stderr.strip().splitlines()) == 1


def test_facts_about_bounds_and_tasks_are_json(here: Call) -> None:
    bounds = json.loads(here("bounds", "--json").stdout)
    assert {bound["status"] for bound in bounds} <= {"certified", "asymptotic", "heuristic", "vacuous"}
    listing = json.loads(here("list", "--json").stdout)
    assert {"smoke", "threshold", "rays", "widths"} <= {study["study"] for study in listing["studies"]}
    assert all(task["solver_error"] >= 0.0 for task in listing["tasks"])
    assert {"burgers", "darcy", "advection"} <= {task["task"] for task in listing["tasks"]}


def test_help_teaches(here: Call) -> None:
    text = here("run", "--help").stdout
    assert "Every finished cell is kept" in text
    assert "--dry-run" in text
