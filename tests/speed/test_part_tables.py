"""Tables of 10^6 records and more from a frame in parts: CPU time and memory on one machine, and the same on Dask.

    python tests/speed/test_part_tables.py 1000000 FOLDER                      writes so many cells, prints the cost of tables
    python tests/speed/test_part_tables.py 4000000 FOLDER --scheduler tcp://   likewise on Dask

The cells are those of studies as people run them, many times over: 5,120 cells of 4 series, 32 q, 8 sizes, 5 replicates, two
designs, with and without noise, for each of many values of a constant.
"""

import argparse
import hashlib
import itertools
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from repository import REPOSITORY

from results.partitions.frame_files import FrameWriter, open_frame_files
from results.partitions.part_tables import tables_of_parts
from results.records.manifest import Manifest, Target
from results.tables.frame_columns import columns

MOST_CPU_SECONDS, MOST_BYTES = 2 * 180.0, 4 * 2**30  # three minutes of two cores
TARGETS = (Target(kind="relative", value=0.1), Target(kind="absorb", value=0.2))
Q, SIZES, REPLICATES = range(1, 33), (16, 24, 32, 48, 64, 96, 128, 192), range(5)


def one_constant(study: Any) -> tuple[Manifest, pd.DataFrame]:
    """The cells of one value of the constant."""
    chance = np.random.default_rng(0)
    for design, noisy, q, size, replicate in itertools.product(("grid", "triples"), (False, True), Q, SIZES, REPLICATES):
        study.add(
            design=design,
            schedule="tied",
            q=q,
            functions=size,
            points=size if design == "grid" else 1,
            replicate=replicate,
            branch_widths=[q, q],
            trunk_widths=[q, q],
            relative=float(min(0.9, chance.uniform(0.9, 1.1) / q**0.7)),
            absorbed=float(min(0.95, chance.uniform(0.9, 1.1) * q / size)) if noisy else None,
        )
    manifest = study.manifest(TARGETS)
    return manifest, pd.DataFrame(columns(manifest, study.records))


def written(folder: Path, study: Any, cells: int) -> Path:
    """So many cells, rounded up to whole constants."""
    manifest, frame = one_constant(study)
    writer = FrameWriter(folder, manifest)
    for number in range(-(-cells // len(frame))):
        keys = [hashlib.sha256(f"{number}:{row}".encode()).hexdigest() for row in range(len(frame))]
        text = pd.array([f'{{"nu": {number}}}'] * len(frame), dtype="str")
        writer.add(frame.assign(key=pd.array(keys, dtype="str"), parameters=text))
    return folder


def measured(cells: int, folder: Path) -> tuple[float, int, str]:
    """CPU seconds, peak bytes and a hash of the tables of so many cells, in a process of its own."""
    path = os.pathsep.join(map(str, (REPOSITORY, REPOSITORY / "tests")))
    command = [sys.executable, __file__, str(cells), str(folder)]
    out = subprocess.run(command, cwd=REPOSITORY, env={"PYTHONPATH": path}, capture_output=True, text=True, check=True).stdout
    seconds, peak, digest = out.split()[-3:]
    return float(seconds), int(peak), digest


def test_tables_of_a_million_records_stay_within_3_minutes_of_two_cores_and_4_gib(
    benchmark: Any, tmp_path: Path, new_planted: Any
) -> None:
    small = measured(100_000, written(tmp_path / "small", new_planted(), 100_000))
    folder = written(tmp_path / "large", new_planted(), 1_000_000)
    seconds, peak, _ = benchmark.pedantic(measured, args=(1_000_000, folder), rounds=1)
    slope = np.log10(seconds / small[0])
    benchmark.extra_info.update(cpu_seconds=seconds, peak_bytes=peak, cpu_slope=slope, memory_slope=np.log10(peak / small[1]))
    print(f"\n{seconds:.0f} CPU s, {peak / 2**30:.2f} GiB; log-log slopes from 10^5: time {slope:.2f}")
    assert seconds < MOST_CPU_SECONDS
    assert peak < MOST_BYTES


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("cells", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scheduler", default="")
    asked = parser.parse_args()
    if not asked.folder.exists():
        from conftest import Planted

        written(asked.folder, Planted(), asked.cells)
    began = time.perf_counter(), time.process_time()
    digest = hashlib.sha256()
    for name, content in sorted(_tables(asked.folder, asked.scheduler).items()):
        digest.update(name.encode() + content)
    wall, seconds = time.perf_counter() - began[0], time.process_time() - began[1]
    print(f"wall {wall:.1f} s")
    print(seconds, 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, digest.hexdigest())


def _tables(folder: Path, scheduler: str) -> dict[str, bytes]:
    if not scheduler:
        return tables_of_parts(open_frame_files(folder))
    from dask.distributed import Client

    with Client(scheduler) as client:
        return tables_of_parts(open_frame_files(folder), lambda function, batches: client.gather(client.map(function, batches)))


if __name__ == "__main__":
    main()
