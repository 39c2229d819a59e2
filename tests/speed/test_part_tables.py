"""Tables of 10^6 records and more from a frame in parts: time and memory on one machine, in processes and on Dask.

    python tests/speed/test_part_tables.py 1000000 FOLDER --workers 2   writes so many cells, prints the cost of tables
    python tests/speed/test_part_tables.py 4000000 FOLDER --dask 2      likewise on two workers of Dask on loopback

The cells are those of studies as people run them, many times over: 5,120 cells of 4 series, 32 q, 8 sizes, 5 replicates, two
designs, with and without noise, for each of many values of a constant of a registered task, so that every bound is asked; on
grids with floors, so that these are fitted, too. They are planted as the frame in parts, as `compact --parts` would write it.
"""

import argparse
import hashlib
import itertools
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from repository import REPOSITORY

from bench.cli.tables import spread
from results.partitions.frame_files import FrameWriter, open_frame_files
from results.partitions.part_tables import tables_of_parts
from results.records.manifest import Manifest, Target
from results.tables.frame_columns import columns

SMALL = 100_000
MOST_SECONDS, MOST_BYTES = 180.0, 4 * 2**30
TASK = "advection"
TARGETS = (Target(kind="relative", value=0.1), Target(kind="absorb", value=0.2))
Q, SIZES, REPLICATES = range(1, 33), (16, 24, 32, 48, 64, 96, 128, 192), range(5)


def one_constant(study: Any) -> tuple[Manifest, pd.DataFrame]:
    """The cells of one value of the constant."""
    chance = np.random.default_rng(0)
    for design, noisy, q, size, replicate in itertools.product(("grid", "triples"), (False, True), Q, SIZES, REPLICATES):
        relative = float(min(0.9, chance.uniform(0.9, 1.1) / q**0.7))
        absorbed = float(min(0.95, chance.uniform(0.9, 1.1) * q / size)) if noisy else None
        mse = relative**2 if absorbed is None else 0.25 * (1.0 - absorbed)
        study.add(
            task=TASK,
            design=design,
            schedule="tied",
            q=q,
            functions=size,
            points=size if design == "grid" else 1,
            replicate=replicate,
            branch_widths=[q, q],
            trunk_widths=[q, q],
            relative=relative,
            absorbed=absorbed,
            floor=float(chance.uniform(0.3, 0.5) * mse) if design == "grid" else None,
        )
    manifest = study.manifest(TARGETS)
    return manifest, pd.DataFrame(columns(manifest, study.records))


def written(folder: Path, study: Any, cells: int) -> Path:
    """So many cells, rounded up to whole constants."""
    manifest, frame = one_constant(study)
    writer = FrameWriter(folder, manifest)
    for number in range(-(-cells // len(frame))):
        keys = [hashlib.sha256(f"{number}:{row}".encode()).hexdigest() for row in range(len(frame))]
        text = pd.array([f'{{"speed": {1.0 + (number + 1) / 4096}}}'] * len(frame), dtype="str")
        writer.add(frame.assign(key=pd.array(keys, dtype="str"), parameters=text))
    return folder


@dataclass(frozen=True)
class Cost:
    """What the tables of so many cells cost: seconds, CPU seconds and peak bytes of all processes; and a hash of the tables."""

    seconds: float
    cpu_seconds: float
    bytes: int
    sha256: str


def measured(cells: int, folder: Path, *how: str) -> Cost:
    """In a process of its own and those that it starts."""
    path = os.pathsep.join(map(str, (REPOSITORY, REPOSITORY / "tests")))
    command = [sys.executable, __file__, str(cells), str(folder), *how]
    out = subprocess.run(command, cwd=REPOSITORY, env={"PYTHONPATH": path}, capture_output=True, text=True, check=True).stdout
    return Cost(**json.loads(out))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, new_planted: Any) -> Path:
    return written(tmp_path_factory.mktemp("parts") / "small", new_planted(), SMALL)


def test_tables_of_a_million_records_take_under_3_minutes_and_4_gib_on_two_cores(
    benchmark: Any, small: Path, tmp_path: Path, new_planted: Any
) -> None:
    of_small = measured(SMALL, small, "--workers", "2")
    folder = written(tmp_path / "large", new_planted(), 10 * SMALL)
    cost = benchmark.pedantic(measured, args=(10 * SMALL, folder, "--workers", "2"), rounds=1)
    slopes = {f"{name}_slope": np.log10(getattr(cost, name) / getattr(of_small, name)) for name in ("cpu_seconds", "bytes")}
    benchmark.extra_info.update(asdict(cost) | slopes)
    assert cost.seconds < MOST_SECONDS
    assert cost.bytes < MOST_BYTES


def test_one_process_several_and_dask_give_the_same_tables(small: Path) -> None:
    assert len({measured(SMALL, small, *how).sha256 for how in ((), ("--workers", "2"), ("--dask", "2"))}) == 1


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("cells", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--dask", type=int, default=0)
    asked = parser.parse_args()
    if not asked.folder.exists():
        from conftest import Planted

        written(asked.folder, Planted(), asked.cells)
    began, before = time.perf_counter(), _cpu_seconds()
    digest = hashlib.sha256()
    with _peak() as peak, _cluster(asked.dask) as scheduler, spread(asked.workers, scheduler) as over:
        for name, content in sorted(tables_of_parts(open_frame_files(asked.folder), over).items()):
            digest.update(name.encode() + content)
    cost = Cost(time.perf_counter() - began, _cpu_seconds() - before, max(peak), digest.hexdigest())
    print(json.dumps(asdict(cost)))


def _cpu_seconds() -> float:
    """Of this process and those that it has started and that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


@contextmanager
def _peak() -> Iterator[list[int]]:
    """Resident bytes of this process and all below it, four times a second."""
    import psutil

    found, ended = [0], threading.Event()

    def watch() -> None:
        while not ended.wait(0.25):
            total = 0
            for one in (psutil.Process(), *psutil.Process().children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    total += one.memory_info().rss
            found.append(total)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield found
    finally:
        ended.set()
        watcher.join()


@contextmanager
def _cluster(workers: int) -> Iterator[str]:
    """Address of a scheduler on loopback with so many workers; none without workers."""
    if not workers:
        yield ""
        return
    from dask.distributed import LocalCluster

    alone = {"threads_per_worker": 1, "dashboard_address": "127.0.0.1:0", "memory_limit": 0}
    with (
        tempfile.TemporaryDirectory() as scratch,
        LocalCluster(n_workers=workers, host="127.0.0.1", local_directory=scratch, **alone) as cluster,
    ):
        yield str(cluster.scheduler_address)


if __name__ == "__main__":
    main()
