"""Wall time of one study by every executor, and the hash of its tables. Not run by default:

tox -e cluster -- tests/cluster/executor_times.py -s
"""

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from repository import REPOSITORY

STUDY = """
from itertools import product
from bench.cell import Cell, Net, Noise, Training
from bench.size_schedules import tied
from bench.study import Study
from results.records.manifest import Target

STUDY = Study(
    name="timed",
    question="What does an executor cost?",
    cells=[
        Cell(task=task, functions=size, points=size, noise=Noise(law="rademacher", sigma=0.5), architecture=tied(q),
             training=Training(steps=2000), replicate=replicate)
        for task in ("burgers", "advection")
        for size, q, replicate in product((16, 32, 64), (2, 4, 8, 16), range(3))
    ],
    targets=(Target(kind="absorb", value=0.5),),
)
"""
SLURM = "memory: 3GiB\nwalltime: '01:00:00'\ninterface: lo\nlogs: {logs}\n"


def test_every_executor_gives_the_same_tables_and_prints_its_time(slurm: Any, tmp_path: Path) -> None:
    study, options = tmp_path / "timed.py", tmp_path / "slurm.yaml"
    study.write_text(STUDY)
    options.write_text(SLURM.format(logs=tmp_path / "logs"))
    ways = {
        "local, 1 worker": ("--workers", 1),
        "local, 2 workers": ("--workers", 2),
        "dask LocalCluster, 2 workers": ("--executor", "dask", "--workers", 2),
        "slurm on loopback, 2 jobs": ("--executor", "slurm", "--cluster", options, "--workers", 2),
    }
    hashes = {}
    for number, (way, arguments) in enumerate(ways.items()):
        out = tmp_path / str(number)
        command = [sys.executable, "-m", "bench", "run", study, "--out", out, *arguments]
        started = time.perf_counter()
        subprocess.run(
            list(map(str, command)),
            cwd=REPOSITORY,
            env={**os.environ, **slurm.environment, "PYTHONPATH": str(REPOSITORY)},
            check=True,
            capture_output=True,
        )
        seconds = time.perf_counter() - started
        digest = hashlib.sha256()
        for path in sorted((out / "timed").glob("*.csv")):
            digest.update(path.name.encode() + path.read_bytes())
        hashes[way] = digest.hexdigest()
        print(f"{way:30} {seconds:7.1f} s   tables {hashes[way][:16]}")
    assert len(set(hashes.values())) == 1
