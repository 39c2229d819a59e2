"""What must not break it: faults that need no process of their own. `docs/faults.md` says which test guards which promise."""

import itertools
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from repository import REPOSITORY
from rich.console import Console

from bench.cell import Cell, Net, Training
from bench.drivers import study_run
from bench.drivers.options import Options
from bench.drivers.study_run import open_course, run
from bench.engines.native import NativeEngine
from bench.execution.runner import Runner
from bench.families.deeponet import trial
from bench.study import Study
from operators.atomic_files import STALE_SECONDS, sweep_results, write_atomic, writer_name
from operators.errors import DataInvalid, UserError
from results.records.manifest import Target, save_manifest
from results.records.store import Store
from results.records.versions import package_versions, require_one_version

PROSE = REPOSITORY / "docs" / "faults.md"
KEYS = REPOSITORY / "tests" / "records" / "golden_keys.json"
CELL = Cell(
    task="antiderivative",
    functions=16,
    points=16,
    architecture=Net(branch_widths=(4,), trunk_widths=(4,), q=2),
    training=Training(recipe="variable-projection", steps=5),
)
STUDY = Study(name="faults", question="What breaks?", cells=[CELL], targets=(Target(kind="relative", value=0.1),))


def test_every_test_the_page_names_exists() -> None:
    named = set(re.findall(r"`(test_\w+)::(test_\w+)`", PROSE.read_text()))
    assert len(named) > 60
    for module, test in sorted(named):
        texts = [file.read_text() for file in (REPOSITORY / "tests").rglob(f"{module}.py")]
        assert any(re.search(rf"^def {test}\(", text, re.MULTILINE) for text in texts), f"{module}::{test}"


KILLED_BEFORE_RENAME = """
import os, signal, sys
from pathlib import Path
from operators import atomic_files
os.replace = lambda old, new: os.kill(os.getpid(), signal.SIGKILL)
atomic_files.write_atomic(Path(sys.argv[1]) / "study.json", b"half of the new one")
"""


def test_a_writer_killed_before_its_rename_leaves_the_old_file_and_a_temporary_one_that_is_swept(tmp_path: Path) -> None:
    write_atomic(tmp_path / "study.json", b"the old one")
    done = subprocess.run([sys.executable, "-c", KILLED_BEFORE_RENAME, str(tmp_path)], cwd=REPOSITORY, check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(list(tmp_path.glob(".*.tmp"))) == 1
    assert (tmp_path / "study.json").read_bytes() == b"the old one"
    Store(tmp_path).require_writable()
    assert list(tmp_path.rglob(".*.tmp")) == []
    assert STALE_SECONDS > 3600


def test_the_next_run_sweeps_results_and_generated_data(tmp_path: Path) -> None:
    data, linked = tmp_path / "elsewhere", tmp_path / "out"
    left = [linked, linked / "other" / "records", data / "task" / "inputs-0"]
    for folder in left:
        folder.mkdir(parents=True)
        (folder / f".file.{writer_name().replace(f'-{os.getpid()}-', '-4194999-')}.tmp").write_bytes(b"half")
    (linked / ".data").symlink_to(data)
    assert sweep_results(linked) == 3
    assert sweep_results(linked) == 0
    assert [path for path in tmp_path.rglob("*.tmp")] == []


def test_a_folder_that_cannot_be_written_is_refused_before_any_training(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def train(*arguments: Any) -> None:
        raise AssertionError("training was started")

    monkeypatch.setattr(study_run, "execute", train)
    with pytest.raises(UserError, match="/proc/nowhere"):
        run(open_course(STUDY, Options(Path("/proc/nowhere"))), Options(Path("/proc/nowhere")), Console(quiet=True))


class TensorFlowError(Exception):
    """Stands for TensorFlow's own."""


TensorFlowError.__name__ = "ResourceExhaustedError"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (DataInvalid("function 3 is not finite"), "data_invalid"),
        (MemoryError("4 GiB"), "oom"),
        (TensorFlowError("OOM when allocating tensor"), "oom"),
        (ZeroDivisionError("division by zero"), "failed"),
    ],
)
def test_whatever_goes_wrong_before_training_becomes_the_record_of_its_cell_alone(
    monkeypatch: pytest.MonkeyPatch, error: Exception, status: str
) -> None:
    """The data of the first cell cannot be made; nothing is trained on them, and the next cell is."""
    other = CELL.model_copy(update={"replicate": 1})
    trained: list[int] = []
    monkeypatch.setattr(trial, "build", _raising_for(0, error))
    monkeypatch.setattr(NativeEngine, "train", _watching(trained))
    records = [outcome.record for outcome in Runner(None).run([CELL, other])]
    assert [record.status for record in records] == [status, "done"]
    assert str(error) in records[0].message
    assert records[0].measured is records[0].weights_sha256 is None
    assert trained == [1]


def _raising_for(replicate: int, error: Exception) -> Callable[..., Any]:
    from operators.data.dataset import build

    def built(request: Any, cache: Any) -> Any:
        if request.replicate == replicate:
            raise error
        return build(request, cache)

    return built


def _watching(trained: list[int]) -> Callable[..., Any]:
    from bench.engines.native import NativeEngine

    train = NativeEngine.train

    def watched(self: Any, cells: Any, *arguments: Any) -> Any:
        trained.extend(cell.replicate for cell in cells)
        return train(self, cells, *arguments)

    return watched


def test_a_clock_that_jumps_changes_no_duration_and_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wall clock goes back a year at every look; durations come from another clock."""
    straight = next(Runner(None).run([CELL])).record
    jumping = itertools.count(2e9, -3e7)
    monkeypatch.setattr(time, "time", lambda: next(jumping))
    record = next(Runner(None, timeout_seconds=3600.0).run([CELL])).record
    assert record.status == "done"
    assert (record.key, record.weights_sha256) == (straight.key, straight.weights_sha256)
    assert straight.cost is not None
    assert record.cost is not None
    assert 0.0 <= record.cost.seconds < 60.0
    assert record.cost.cpu_seconds >= 0.0


@pytest.mark.system
def test_records_of_mixed_package_versions_are_refused_when_strict(
    tmp_path: Path, planted: Any, here: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    planted.add(q=2)
    planted.add(q=3)
    store = Store(tmp_path)
    with store.writer() as writer:
        for record in planted.records:
            writer.append(record)
    save_manifest(tmp_path, planted.manifest())
    require_one_version(planted.manifest(), store)
    drifted = planted.records[0].versions.model_copy(update={"packages": {"numpy": "3.0"}})
    planted.add(q=4, outcome={"versions": drifted})
    with store.writer() as writer:
        writer.append(planted.records[-1])
    assert sorted(package_versions(planted.manifest(), store).values()) == [1, 2]
    with pytest.raises(UserError, match=r"got 2: 2 from numpy 2\.4\.6; 1 from numpy 3\.0"):
        require_one_version(planted.manifest(), store)
    save_manifest(tmp_path / "drifted", planted.manifest().model_copy(update={"name": "drifted"}))
    (tmp_path / "records").rename(tmp_path / "drifted" / "records")
    command = ("report", "drifted", "--no-figures", "--out", tmp_path)
    strict = here(*command, "--strict")
    assert (strict.returncode, "Traceback" in strict.stderr) == (2, False)
    assert "expected records of one set of package versions" in strict.stderr
    assert not (tmp_path / "drifted" / "scaling.csv").exists()
    assert here(*command).returncode == 0
    assert "Warning" in (tmp_path / "drifted" / "report.md").read_text()


def test_a_failed_cell_is_never_a_result_and_timeouts_run_again_on_request(tmp_path: Path) -> None:
    def pending(**options: bool) -> int:
        return len(open_course(STUDY, Options(out, **options)).unfinished_cells)

    from bench.execution.runner import failed

    for status, plain, retried in (("failed", 1, 1), ("timeout", 0, 1), ("oom", 0, 1)):
        out = tmp_path / status
        with Store(out / STUDY.name).writer() as writer:
            writer.append(failed(CELL, "planted", status).record)
        assert pending() == plain
        assert pending(retry=True) == retried


@pytest.mark.parametrize(
    "text",
    [
        "prologue: !!python/object/apply:os.system ['touch SENTINEL']",
        "memory: lots",
        "walltime: soon",
        "cores: 0",
        "colour: red",
        "[1, 2]",
        "a: &a [*a]",
        "queue: {",
        "[" * 100_000,
    ],
)
def test_a_file_of_slurm_options_that_is_none_is_refused_and_never_executed(tmp_path: Path, text: str) -> None:
    from bench.execution.executors.slurm import load_options

    path, sentinel = tmp_path / "slurm.yaml", tmp_path / "sentinel"
    path.write_text(text.replace("SENTINEL", str(sentinel)))
    with pytest.raises(UserError, match=re.escape(str(path))):
        load_options(path)
    assert not sentinel.exists()


def test_slurm_options_default_where_the_file_is_silent(tmp_path: Path) -> None:
    from bench.execution.executors.slurm import SlurmOptions, load_options

    (tmp_path / "slurm.yaml").write_text("memory: 8GiB\nprologue: ['module load python']\n")
    options = load_options(tmp_path / "slurm.yaml")
    assert options == SlurmOptions(memory="8GiB", prologue=("module load python",))
    assert load_options(None) == SlurmOptions()
