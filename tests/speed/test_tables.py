"""Aggregation: synthetic records of a real task, their keys checked, from disk to tables (no figures)."""

import itertools
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from repository import REPOSITORY

from operators import TASKS
from results.families import FAMILIES
from results.records.manifest import Target, load_manifest, save_manifest
from results.records.record import record_key, to_line
from results.records.store import Store
from results.tables.csv_files import csv_bytes
from results.tables.study_tables import study_tables

TASK = TASKS["antiderivative"]
IDENTITY = json.loads(TASK.identity())
MOST_SECONDS, MOST_BYTES = 20.0, 2 * 2**30
TARGETS = tuple(
    Target(kind=kind, value=value) for kind, value in (("relative", 0.3), ("relative", 0.1), ("absorb", 0.2), ("absorb", 0.5))
)


def written(path: Path, study: Any, count: int) -> Path:
    """A study folder with `count` records, each with a learning curve of 50 points."""
    grid = itertools.product(
        range(10**6), ("grid", "triples"), ("tied", "fixed-width"), (False, True), (1, 2, 4, 8, 16), (16, 32, 64)
    )
    (path / "records").mkdir(parents=True)
    with (path / "records" / "a.jsonl").open("w") as handle:
        for replicate, design, schedule, noisy, q, size in itertools.islice(grid, count):
            width = q if schedule == "tied" else 32
            error = min(0.9, (1.0 + 0.1 * (replicate % 7)) / q**0.7)
            study.add(
                task=TASK.name,
                design=design,
                schedule=schedule,
                q=q,
                functions=size,
                points=size if design == "grid" else 1,
                replicate=replicate,
                branch_widths=[width, width],
                trunk_widths=[width, width],
                relative=error,
                absorbed=min(0.95, q / size) if noisy else None,
                outcome={"curve": [(20 * step, error / (step + 1)) for step in range(50)]},
            )
            record = study.records.pop()
            key = record_key(record.family, record.cell, IDENTITY, record.versions.method)
            record = record.model_copy(update={"key": key, "task": IDENTITY})
            sizes = FAMILIES[record.family].sizes(record.cell)
            study.expected[-1] = study.expected[-1].model_copy(update={"key": record.key, "sizes": sizes})
            handle.write(to_line(record))
    save_manifest(path, study.manifest(TARGETS, rays=(1.0, 2.0)))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, new_planted: Any) -> Path:
    return written(tmp_path_factory.mktemp("study") / "small", new_planted(), 10_000)


@pytest.fixture(scope="module")
def large_folder(tmp_path_factory: pytest.TempPathFactory, new_planted: Any) -> Path:
    return written(tmp_path_factory.mktemp("study") / "large", new_planted(), 100_000)


def test_reading_and_checking_records(benchmark: Any, folder: Path) -> None:
    keys = [cell.key for cell in load_manifest(folder).expected]
    assert benchmark(lambda: Store(folder).missing(keys)) == set()


def all_tables(folder: Path) -> int:
    tables = study_tables(load_manifest(folder), Store(folder).changes())
    assert (tables.frame["status"] == "done").all()
    return sum(len(csv_bytes(table)) for _, table in tables.written())


def test_all_tables(benchmark: Any, folder: Path) -> None:
    assert benchmark.pedantic(all_tables, args=(folder,), rounds=3) > 0


def test_tables_of_100_000_records_stay_within_20_s_of_cpu_and_2_gib(benchmark: Any, large_folder: Path) -> None:
    """In a process of its own, whose peak memory is that of the tables and the imports."""
    program = [sys.executable, __file__, str(large_folder)]

    def measured() -> tuple[float, int]:
        path = os.pathsep.join(map(str, (REPOSITORY, REPOSITORY / "tests")))
        out = subprocess.run(program, cwd=REPOSITORY, env={"PYTHONPATH": path}, capture_output=True, text=True, check=True).stdout
        seconds, peak = out.split()
        return float(seconds), int(peak)

    seconds, peak = benchmark.pedantic(measured, rounds=1)
    benchmark.extra_info.update(cpu_seconds=seconds, peak_bytes=peak)
    assert seconds < MOST_SECONDS
    assert peak < MOST_BYTES


if __name__ == "__main__":
    all_tables(Path(sys.argv[1]))
    print(time.process_time(), 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
