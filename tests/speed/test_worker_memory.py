"""Resident memory of a local worker over CELLS cells that each need a new compiled program.

    python -m pytest tests/speed/test_worker_memory.py --benchmark-only -s

Every compiled program of `soap` on triples stays in its process (some 10 to 20 MB); a worker is replaced after 64 cells and
when it holds more than 2 GiB between groups. The peak is sampled every SAMPLE seconds over all children of this process.
"""

import threading
import time
from pathlib import Path

import psutil
from pytest_benchmark.fixture import BenchmarkFixture

from bench.cell import Cell, Net, Training
from bench.execution.executors import Limits, Resources, Tasks, execute

CELLS = 300
SAMPLE = 0.2


def cells() -> list[Cell]:
    """Distinct shapes: widths from 4 to 33 for branch and ten q."""
    return [
        Cell(
            task="antiderivative",
            design="triples",
            functions=128,
            points=1,
            test_functions=1,
            architecture=Net(branch_widths=(4 + number // 10,), trunk_widths=(8,), q=1 + number % 10, ends="linear"),
            training=Training(recipe="soap", steps=20),
        )
        for number in range(CELLS)
    ]


def resident() -> dict[int, int]:
    """Bytes by process, over the children of this one."""
    found = {}
    for child in psutil.Process().children(recursive=True):
        try:
            found[child.pid] = int(child.memory_info().rss)
        except psutil.Error:
            continue
    return found


def test_resident_memory_over_many_programs(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    peaks: dict[int, int] = {}
    ended = threading.Event()

    def sample() -> None:
        while not ended.is_set():
            for pid, size in resident().items():
                peaks[pid] = max(peaks.get(pid, 0), size)
            time.sleep(SAMPLE)

    def run() -> int:
        tasks = Tasks([(cell,) for cell in cells()])
        outcomes = execute("local", tasks, Resources(Limits(tmp_path), workers=1))
        return sum(outcome.record.status == "done" for outcome in outcomes)

    watcher = threading.Thread(target=sample)
    watcher.start()
    try:
        done = benchmark.pedantic(run, rounds=1)
    finally:
        ended.set()
        watcher.join()
    workers = sorted((size for size in peaks.values() if size > 2**27), reverse=True)
    benchmark.extra_info.update(done=done, workers=len(workers), peak_bytes=workers[0])
    each = ", ".join(f"{size / 2**30:.2f}" for size in workers)
    print(f"\n{done} of {CELLS} cells done by {len(workers)} workers; peak resident memory of each, GiB: {each}")
    assert done == CELLS
    assert workers[0] < 3 * 2**30
