"""What must not break it: drivers that are killed, interrupted, doubled, or out of disk, as processes of their own."""

import contextlib
import hashlib
import json
import os
import pty
import re
import resource
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
import pytest
from repository import REPOSITORY

from bench.execution.runner import Runner
from bench.study import load_study

pytestmark = pytest.mark.system

STUDY = """
from bench.study import Study
from results.families.sci import Cell

STUDY = Study(
    name="endures",
    question="What survives?",
    cells=[Cell(n=n, re=place + n / 1000) for n in (320, 160, 80) for place in range(8)],
)
"""
CELLS = 24
NETS = """
from bench.cell import Cell, Net, Training
from bench.study import Study
from results.records.manifest import Target

STUDY = Study(
    name="endures",
    question="What survives?",
    cells=[
        Cell(
            task="antiderivative", functions=size, points=size,
            architecture=Net(branch_widths=(WIDTH,), trunk_widths=(WIDTH,), q=3),
            training=Training(recipe="variable-projection", steps=STEPS, learning_rate=1e-2),
        )
        for size in (20, 24)
    ],
    targets=(Target(kind="relative", value=0.1),),
)
"""


def write_study(folder: Path) -> Path:
    """A study of many cells of milliseconds that need no data: sections of a chain."""
    path = folder / "endures.py"
    path.write_text(STUDY)
    return path


def write_nets(folder: Path, steps: int, width: int) -> Path:
    """A study of two trainings on generated data."""
    path = folder / "endures.py"
    path.write_text(NETS.replace("STEPS", str(steps)).replace("WIDTH", str(width)))
    return path


def start(path: Path, out: Path, *options: object, **settings: Any) -> "subprocess.Popen[str]":
    command = [
        sys.executable,
        "-m",
        "bench",
        "run",
        str(path),
        "--out",
        str(out),
        "--workers",
        "1",
        "--no-figures",
        *map(str, options),
    ]
    settings = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, **settings}
    environment = {**os.environ, "COLUMNS": "200", **settings.pop("environment", {})}
    return subprocess.Popen(command, cwd=REPOSITORY, env=environment, **settings)


def finish(process: "subprocess.Popen[str]", code: int = 0) -> str:
    output, _ = process.communicate(timeout=180)
    assert process.returncode == code, output
    assert "Traceback" not in output
    return output


def records(out: Path) -> list[dict[str, Any]]:
    """What stands in whole lines of all record files."""
    lines = [line for path in (out / "endures" / "records").glob("*.jsonl") for line in path.read_bytes().splitlines(True)]
    return [json.loads(line)["record"] for line in lines if line.endswith(b"\n")]


def table_hash(out: Path) -> str:
    """Of all tables, without CPU seconds."""
    digest = hashlib.sha256()
    for path in sorted((out / "endures").glob("*.csv")):
        table = pd.read_csv(path, dtype=str).drop(columns="cpu_seconds", errors="ignore")
        digest.update(path.name.encode() + table.to_csv().encode())
    return digest.hexdigest()


def wait_until(ready: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + 120
    while not ready() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)


def trainers(driver: psutil.Process) -> list[psutil.Process]:
    """The training processes of a driver."""
    found = []
    for child in driver.children():
        with contextlib.suppress(psutil.Error):
            if "bench.execution.executors.worker_process" in " ".join(child.cmdline()):
                found.append(child)
    return found


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study run without any disturbance."""
    out = tmp_path_factory.mktemp("calm")
    finish(start(write_study(out), out))
    assert len(records(out)) == CELLS
    return out


def test_a_driver_killed_at_random_moments_ends_with_the_tables_of_an_undisturbed_run(calm: Path, tmp_path: Path) -> None:
    """SIGKILL at moments drawn from a seed: some before the first record, some between records, some while tables are written.

    The driver is killed alone and together with its two workers by turns.
    """
    path, generator, kills = write_study(tmp_path), np.random.default_rng(20260101), 0
    for moment in generator.permutation(4):
        process = start(path, tmp_path, "--workers", 2, stdout=subprocess.DEVNULL, start_new_session=True)
        known = len(records(tmp_path))
        if moment:
            wait_until(lambda known=known: len(records(tmp_path)) > known, process)  # type: ignore[misc]
        time.sleep(float(generator.uniform(0.0, 0.4)))
        kills += process.poll() is None
        if moment % 2:
            process.kill()
        else:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert kills >= 2
    finish(start(path, tmp_path))
    keys = [record["key"] for record in records(tmp_path)]
    assert len(set(keys)) == CELLS
    assert len(keys) <= CELLS + kills
    assert table_hash(tmp_path) == table_hash(calm)


def test_two_drivers_on_one_store_share_the_work_and_leave_the_tables_of_one(calm: Path, tmp_path: Path) -> None:
    path = write_study(tmp_path)
    drivers = [start(path, tmp_path) for _ in range(2)]
    for driver in drivers:
        finish(driver)
    assert len(list((tmp_path / "endures" / "records").glob("*.jsonl"))) <= 2
    keys = [record["key"] for record in records(tmp_path)]
    assert len(set(keys)) == CELLS
    assert len(keys) < 2 * CELLS
    assert table_hash(tmp_path) == table_hash(calm)


def limited(size: int) -> Callable[[], None]:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    return limit


def test_a_disk_that_fills_up_while_records_are_written_ends_the_run_and_it_goes_on_later(calm: Path, tmp_path: Path) -> None:
    path, (whole,) = write_study(tmp_path), (calm / "endures" / "records").glob("*.jsonl")
    output = finish(start(path, tmp_path, preexec_fn=limited(whole.stat().st_size // 2)), 2)
    assert "free space" in output
    assert 0 < len(records(tmp_path)) < CELLS
    finish(start(path, tmp_path))
    assert len(records(tmp_path)) == CELLS
    assert table_hash(tmp_path) == table_hash(calm)


def test_a_disk_too_full_for_the_data_fails_the_cells_and_they_run_again_later(tmp_path: Path) -> None:
    path = write_nets(tmp_path, steps=20, width=6)
    cells = load_study(str(path)).cells
    apart = {outcome.record.key: outcome.record.weights_sha256 for outcome in Runner(tmp_path / "apart").run(cells)}
    largest = max(file.stat().st_size for file in (tmp_path / "apart").rglob("*") if file.is_file())
    process = start(path, tmp_path, preexec_fn=limited(largest - 1))
    output, _ = process.communicate(timeout=180)
    assert process.returncode in (1, 2), "1 for the failed cells, 2 if the report does not fit either"
    assert "2 failed" in output
    assert "Traceback" not in output
    assert [record["status"] for record in records(tmp_path)] == ["failed", "failed"]
    finish(start(path, tmp_path))
    done = {record["key"]: record["weights_sha256"] for record in records(tmp_path) if record["status"] == "done"}
    assert done == apart
    assert len(done) == len(cells)
    assert pd.read_csv(tmp_path / "endures" / "scaling.csv")[["done", "failed"]].to_numpy().tolist() == [[1, 0], [1, 0]]


def test_a_disk_too_full_for_the_tables_leaves_the_old_ones(calm: Path, tmp_path: Path) -> None:
    shutil.copytree(calm / "endures", tmp_path / "endures")
    before = {path: path.read_bytes() for path in (tmp_path / "endures").rglob("*") if path.is_file()}
    command = [sys.executable, "-m", "bench", "report", "endures", "--no-figures", "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, preexec_fn=limited(2_000), check=False)
    assert done.returncode == 2
    assert "free space" in done.stderr
    assert "Traceback" not in done.stderr
    assert {path: path.read_bytes() for path in (tmp_path / "endures").rglob("*") if path.is_file()} == before


def hears_hang_ups() -> None:
    """Undo what `nohup` may have done to this test."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_run_in_order_and_leaves_no_process(tmp_path: Path, number: signal.Signals) -> None:
    process = start(write_nets(tmp_path, steps=10**6, width=1), tmp_path, preexec_fn=hears_hang_ups)
    driver = psutil.Process(process.pid)
    wait_until(lambda: bool(trainers(driver)), process)
    (trainer,) = trainers(driver)
    process.send_signal(number)
    output = finish(process, 128 + number)
    assert f"stopped by {number.name}" in output
    assert f"To go on: python -m bench run {tmp_path / 'endures.py'} --out {tmp_path}" in output
    with contextlib.suppress(psutil.NoSuchProcess):
        trainer.wait(timeout=10)


SLOW_TO_STOP = """
import sys, time
import bench.execution.executors.local
from bench.cli.app import main
bench.execution.executors.local.WorkerProcess.stop = lambda self: (self.process.kill(), time.sleep(60))
main()
"""


def test_a_second_interruption_ends_at_once(tmp_path: Path) -> None:
    """The driver is made slow to stop its workers; the second signal does not wait for it."""
    path = write_nets(tmp_path, steps=10**6, width=1)
    command = [sys.executable, "-c", SLOW_TO_STOP, "run", str(path), "--out", str(tmp_path), "--workers", "1"]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    driver = psutil.Process(process.pid)
    wait_until(lambda: bool(trainers(driver)), process)
    process.send_signal(signal.SIGINT)
    time.sleep(1.0)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 130


@pytest.mark.parametrize("terminal", ["none", "dumb"])
def test_progress_has_no_control_codes_off_a_terminal_and_on_a_dumb_one(calm: Path, tmp_path: Path, terminal: str) -> None:
    shutil.copytree(calm / "endures", tmp_path / "endures")
    for path in (tmp_path / "endures" / "records").glob("*.jsonl"):
        path.write_bytes(b"".join(path.read_bytes().splitlines(True)[:-2]))
    if terminal == "none":
        printed = finish(start(write_study(tmp_path), tmp_path))
    else:
        master, slave = pty.openpty()
        process = start(write_study(tmp_path), tmp_path, stdout=slave, stderr=slave, environment={"TERM": "dumb"})
        os.close(slave)
        printed = _read_all(master)
        assert process.wait(timeout=60) == 0
    assert "2/2 cells" in printed
    assert not re.search(r"\x1b|\r(?!\n)", printed)


def _read_all(descriptor: int) -> str:
    """What is written to a terminal until its other end closes."""
    text = b""
    while select.select([descriptor], [], [], 120)[0]:
        try:
            part = os.read(descriptor, 4096)
        except OSError:
            break
        if not part:
            break
        text += part
    os.close(descriptor)
    return text.decode()
