"""CPU seconds of starting commands, user and system, in the environment that `tox -e speed` leaves: bytecode is compiled there.

    python -m pytest tests/speed/test_commands.py --benchmark-only -s

LIMITS are the goals of the project; each is the least of ROUNDS runs, since whatever else the machine does can only add.
"""

import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from repository import REPOSITORY

ROUNDS = 5
LIMITS: dict[str, float] = {
    "--help": 0.5,
    "run --help": 0.5,
    "run nosuchstudy": 0.5,
    "run smoke --wrokers 2": 0.5,
    "list": 1.0,
    "status": 1.0,
    "bounds": 1.0,
    "size --data mine.npz --target 0.01": 1.0,
}


@pytest.fixture
def folder(tmp_path: Path, planted: Any) -> Path:
    """A folder with a 200 x 100 matrix, and with a study of which some is done, some failed and some is missing."""
    planted.fill("out of luck").save(tmp_path / "results" / "out" / "planted")
    generator = np.random.default_rng(0)
    left, right = (np.linalg.qr(generator.standard_normal((side, 40)))[0] for side in (200, 100))
    np.savez(tmp_path / "mine.npz", outputs=(left * 0.7 ** np.arange(40)) @ right.T)
    return tmp_path


def children() -> float:
    """CPU seconds of all child processes so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize("command", LIMITS)
def test_cpu_seconds_of_a_command(benchmark: Any, command: str, folder: Path) -> None:
    seconds = []

    def run() -> None:
        before = children()
        words = [sys.executable, "-m", "bench", *command.split()]
        subprocess.run(words, cwd=folder, env={"PYTHONPATH": str(REPOSITORY)}, capture_output=True, check=False)
        seconds.append(children() - before)

    benchmark.pedantic(run, rounds=ROUNDS)
    benchmark.extra_info.update(command=command, cpu_seconds=min(seconds))
    print(f"\n{command}: {min(seconds):.2f} CPU-s, goal {LIMITS[command]:g}")
    assert min(seconds) < LIMITS[command]
