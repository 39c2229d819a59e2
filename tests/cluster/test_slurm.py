"""Studies on a real Slurm: jobs through Dask and array jobs of shards give the tables of a local run, whatever befalls them."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from repository import REPOSITORY

STUDY = """
from bench.cell import Cell, Net, Noise, Training
from bench.study import Study
from results.records.manifest import Target

STUDY = Study(
    name="sliced",
    question="Do Slurm jobs give the tables of a local run?",
    cells=[
        Cell(
            task="antiderivative", functions=size, points=size, noise=noise, replicate=replicate,
            architecture=Net(branch_widths=(8,), trunk_widths=(8,), q=q),
            training=Training(recipe="variable-projection", steps=400, learning_rate=1e-2),
        )
        for size in (24, 32, 48) for q in (2, 4) for replicate in range(3)
        for noise in (Noise(), Noise(law="rademacher", sigma=0.5))
    ],
    targets=(Target(kind="relative", value=0.1), Target(kind="absorb", value=0.1)),
)
"""
OPTIONS = "memory: 2GiB\nwalltime: '00:10:00'\ninterface: lo\nlogs: {logs}\n"
ARRAY = REPOSITORY / "docs" / "examples" / "array.sbatch"
CELLS = 36


class Run:
    """A `python -m bench` under way."""

    def __init__(self, environment: dict[str, str], *arguments: object) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bench", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=REPOSITORY,
            env={**environment, "PYTHONPATH": str(REPOSITORY), "COLUMNS": "200"},
        )

    def finish(self, code: int = 0) -> str:
        """Wait for the end, check the exit code, return what was printed."""
        output, _ = self.process.communicate(timeout=240)
        assert self.process.returncode == code, output
        return output


def records(out: Path) -> int:
    return sum(len(path.read_bytes().splitlines()) for path in (out / "sliced" / "records").glob("*.jsonl"))


def table_hash(out: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted((out / "sliced").glob("*.csv")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study file."""
    path = tmp_path_factory.mktemp("study") / "sliced.py"
    path.write_text(STUDY)
    return path


@pytest.fixture(scope="module")
def expected(study: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Hash of the tables of a local run."""
    out = tmp_path_factory.mktemp("local")
    Run(dict(os.environ), "run", study, "--out", out, "--workers", 1).finish()
    assert records(out) == CELLS
    return table_hash(out)


def slurm_arguments(study: Path, out: Path, workers: int) -> tuple[object, ...]:
    options = out / "slurm.yaml"
    options.write_text(OPTIONS.format(logs=out / "logs"))
    return ("run", study, "--out", out, "--executor", "slurm", "--cluster", options, "--workers", workers)


def test_jobs_through_dask_give_the_tables_of_local_although_one_is_cancelled(slurm, study: Path, expected: str, tmp_path: Path):
    run = Run(slurm.environment, *slurm_arguments(study, tmp_path, 2))
    slurm.wait_until(lambda: records(tmp_path) > 0 or run.process.poll() is not None, "a first record", 90)
    slurm.client("scancel", slurm.jobs("R")[0])
    output = run.finish()
    assert "36 done" in output
    assert table_hash(tmp_path) == expected
    slurm.wait_until(lambda: not slurm.jobs(), "an empty queue")


def test_a_driver_that_is_terminated_takes_its_jobs_along_and_goes_on_later(slurm, study: Path, expected: str, tmp_path: Path):
    run = Run(slurm.environment, *slurm_arguments(study, tmp_path, 1))
    slurm.wait_until(lambda: records(tmp_path) > 0 or run.process.poll() is not None, "a first record", 90)
    run.process.terminate()
    assert "To go on: python -m bench run" in run.finish(143)
    slurm.wait_until(lambda: not slurm.jobs(), "an empty queue")
    Run(dict(os.environ), "run", study, "--out", tmp_path, "--workers", 1).finish()
    assert records(tmp_path) == CELLS
    assert table_hash(tmp_path) == expected


def submit_array(slurm, study: Path, out: Path) -> str:
    """Submit the example of the documentation as three shards; return the job's number."""
    variables = {"STUDY": study, "OUT": out, "PYTHON": sys.executable, "PYTHONPATH": REPOSITORY}
    export = ",".join(["ALL", *(f"{name}={value}" for name, value in variables.items())])
    options = ["--parsable", "--array=1-3", "--mem=1G", f"--export={export}", f"--output={out}/%A-%a.log"]
    return slurm.client("sbatch", *options, ARRAY).strip()


def test_an_array_of_shards_gives_the_tables_of_local_although_a_task_is_cancelled(
    slurm, study: Path, expected: str, tmp_path: Path
):
    job = submit_array(slurm, study, tmp_path)
    slurm.wait_until(lambda: records(tmp_path) > 0, "a first record", 90)
    slurm.client("scancel", f"{job}_3")
    slurm.wait_until(lambda: not slurm.jobs(), "the end of the array", 120)
    cut_short = records(tmp_path)
    assert cut_short < CELLS
    job = submit_array(slurm, study, tmp_path)
    slurm.wait_until(lambda: not slurm.jobs(), "the end of the array", 120)
    assert records(tmp_path) == CELLS
    assert "nothing to do" in (tmp_path / f"{job}-1.log").read_text()
    Run(dict(os.environ), "report", "sliced", "--out", tmp_path).finish()
    assert table_hash(tmp_path) == expected


def test_a_drained_node_makes_jobs_wait_and_one_cancelled_meanwhile_is_sent_again(
    slurm, study: Path, expected: str, tmp_path: Path
):
    node = slurm.client("sinfo", "-h", "-o", "%n").strip()
    slurm.client("scontrol", "update", f"nodename={node}", "state=drain", "reason=test")
    try:
        run = Run(slurm.environment, *slurm_arguments(study, tmp_path, 2))
        slurm.wait_until(lambda: len(slurm.jobs("PD")) == 2, "two waiting jobs", 60)
        slurm.client("scancel", slurm.jobs("PD")[0])
        slurm.wait_until(lambda: len(slurm.jobs("PD")) == 1, "a cancelled job to leave the queue")
        slurm.wait_until(lambda: len(slurm.jobs("PD")) == 2, "a job sent in its place", 60)
        assert records(tmp_path) == 0
    finally:
        slurm.client("scontrol", "update", f"nodename={node}", "state=resume")
    assert "0 of 2 Slurm jobs at work" in run.finish()
    assert table_hash(tmp_path) == expected


def test_a_partition_that_does_not_exist_is_one_sentence(slurm, study: Path, tmp_path: Path):
    arguments = slurm_arguments(study, tmp_path, 1)
    with (tmp_path / "slurm.yaml").open("a") as options:
        options.write("queue: nowhere\n")
    output = Run(slurm.environment, *arguments).finish(2)
    assert "nvalid partition" in output
    assert "Traceback" not in output


def test_without_authentication_the_run_says_that_jobs_cannot_be_sent(slurm, study: Path, tmp_path: Path):
    slurm.stop("munged")
    try:
        output = Run(slurm.environment, *slurm_arguments(study, tmp_path, 1)).finish(2)
    finally:
        slurm.start_munge()
    assert "error: expected Slurm to accept jobs" in output
    assert "Traceback" not in output
    slurm.wait_until(slurm.idle, "a node that takes jobs")
