"""Steps per second of the native engine against DeepXDE pinned to one thread, and end to end against DeepXDE's default.

`python -m pytest tests/speed/test_engines.py --benchmark-only -s` prints the table of ratios. A step's cost is processor time of
this process, pinned to one thread, from the first report of progress after FIRST_STEP to the last; the engines take turns, and
the least of ROUNDS counts. The fraction is floating-point work (see `bench.engines.flops`) over time, over that of a 1024 x
1024 float32 product in the same run; it counts the direct residual and all three products of the first layers, of which the
Gram loss and the missing gradient of the inputs need fewer.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from repository import REPOSITORY

from bench.cell import Cell
from bench.engines import find_engine
from bench.engines.base import Control
from bench.engines.flops import step_flops
from bench.engines.threads import pinned_tensorflow
from operators.data.dataset import build
from operators.data.normalisation import scaled

WIDTHS, RANKS, SIZES = (16, 32, 64, 128), (4, 16, 64), (64, 256, 1024)
POINTS = (100, 1024)
GRIDS = [("grid", n, m, w, q, None) for m, n, w, q in product(POINTS, SIZES, WIDTHS, RANKS)]
OTHERS = [
    ("grid", 1000, 100, 64, 32, 64),
    ("scattered", 500, 20, 64, 32, None),
    ("triples", 10_000, 1, 64, 32, None),
    ("triples", 10_000, 1, 64, 32, 256),
]
ROUNDS = 3
FIRST_STEP = 100
END_TO_END_STEPS = 20_000


def cell_of(engine: str, shape: tuple[Any, ...], **training: Any) -> Cell:
    design, functions, points, width, q, batch = shape
    return Cell.model_validate(
        {
            "task": "antiderivative",
            "parameters": {"point_count": max(points, 100)},
            "design": design,
            "functions": functions,
            "points": points,
            "test_functions": 1,
            "architecture": {"branch_widths": [width, width], "trunk_widths": [width, width], "q": q},
            "training": {"engine": engine, "recipe": "adam", "learning_rate": 1e-3, "batch": batch, **training},
        }
    )


def cost_of_a_step(cell: Cell) -> float:
    """Processor seconds a step, from the first report after FIRST_STEP to the last."""
    times: list[tuple[int, float]] = []
    control = Control(report=lambda done, step: times.append((step, time.process_time())))
    problem = scaled(build(cell.request()), "standard", "unit", "task")
    find_engine(cell.training.engine).train([cell], [problem], control)
    (first, start), (last, end) = next(entry for entry in times if entry[0] >= FIRST_STEP), times[-1]
    return (end - start) / (last - first)


@pytest.fixture(scope="module")
def ceiling() -> float:
    """Operations a second of a large float32 product on this thread."""
    tf = pinned_tensorflow(1)
    matrix = tf.random.stateless_normal((1024, 1024), seed=(1, 2))
    times = []
    for _ in range(12):
        started = time.process_time()
        tf.matmul(matrix, matrix).numpy()
        times.append(time.process_time() - started)
    return 2.0 * 1024**3 / min(times)


class Row(NamedTuple):
    """What was measured for one shape: processor seconds a step of both engines, and our fraction of the ceiling."""

    shape: tuple[Any, ...]
    ours: float
    theirs: float
    fraction: float


@pytest.fixture(scope="module")
def table(ceiling: float) -> Iterator[list[Row]]:
    """Rows of the table, printed at the end with geometric means."""
    rows: list[Row] = []
    yield rows
    print(f"\n\none thread; large float32 product {ceiling / 1e9:.0f} Gflop/s; microseconds of processor time a step")
    print("design         N     M    w    q  batch   native  DeepXDE  ratio  of ceiling")
    for (design, *sizes, batch), ours, theirs, fraction in rows:
        place = "{:10s}{:6d}{:6d}{:5d}{:5d}{:>7s}".format(design, *sizes, str(batch or "full"))
        print(f"{place}{1e6 * ours:9.0f}{1e6 * theirs:9.0f}{theirs / ours:7.1f}{100 * fraction:11.0f}%")
    for points in POINTS:
        ratios = [row.theirs / row.ours for row in rows if row.shape in GRIDS and row.shape[2] == points]
        if ratios:
            print(f"geometric mean over {len(ratios)} grids with M = {points}: {np.exp(np.mean(np.log(ratios))):.2f}")


@pytest.mark.parametrize("shape", GRIDS + OTHERS, ids=lambda shape: "-".join(map(str, shape)))
def test_a_step_costs_less_than_deepxde_on_one_thread(
    benchmark: BenchmarkFixture, table: list[Row], ceiling: float, shape: tuple[Any, ...]
) -> None:
    work = step_flops(cell_of("native", shape, steps=1))
    ours = cell_of("native", shape, steps=int(np.clip(4e10 / work, 300, 8000)))
    theirs = cell_of("deepxde", shape, steps=400)
    costs: dict[str, list[float]] = {"native": [], "deepxde": []}

    def both() -> None:
        for cell in (ours, theirs):
            costs[cell.training.engine].append(cost_of_a_step(cell))

    benchmark.pedantic(both, rounds=ROUNDS, iterations=1)
    fast, slow = min(costs["native"]), min(costs["deepxde"])
    table.append(Row(shape, fast, slow, work / fast / ceiling))
    benchmark.extra_info.update(native=fast, deepxde=slow, ratio=slow / fast, fraction_of_ceiling=work / fast / ceiling)
    assert slow > fast


PROGRAM = """
import sys, time
sys.path.insert(0, "tests/speed")
from pathlib import Path
from bench.engines.descent.program_cache import keep_compiled_programs
keep_compiled_programs(Path(sys.argv[1]))
from bench.engines.native import NativeEngine
from bench.engines.base import Control
from bench.engines.deepxde.engine import DeepXDEEngine
from operators.data.dataset import build
from operators.data.normalisation import scaled
from test_engines import END_TO_END_STEPS, cell_of
engine, shape = sys.argv[2], ("grid", 100, 100, 16, 4, None)
trainer = NativeEngine() if engine == "native" else DeepXDEEngine(threads=int(sys.argv[3]))
cells = [cell_of(engine, shape, steps=END_TO_END_STEPS).model_copy(update={"replicate": r}) for r in range(int(sys.argv[4]))]
problems = [scaled(build(cell.request()), "standard", "unit", "task") for cell in cells]
small = cell_of(engine, ("grid", 8, 8, 4, 2, None), steps=1)
trainer.train([small], [scaled(build(small.request()), "standard", "unit", "task")], Control())
started = time.perf_counter()
trainer.train(cells, problems, Control())
print(time.perf_counter() - started)
"""


def test_end_to_end_on_the_smallest_nets(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """Wall seconds a cell: two single-thread processes with programs on disk, against one DeepXDE process with all cores."""

    def run(engine: str, threads: int, *, processes: int, cells: int) -> float:
        command = [sys.executable, "-c", PROGRAM, str(tmp_path), engine, str(threads), str(cells)]
        started = [subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) for _ in range(processes)]
        return max(float(process.communicate()[0]) for process in started) / (processes * cells)

    run("native", 1, processes=1, cells=1)
    seconds: dict[str, list[float]] = {"native": [], "deepxde": []}
    cores = len(os.sched_getaffinity(0))

    def both() -> None:
        seconds["native"].append(run("native", 1, processes=2, cells=3))
        seconds["deepxde"].append(run("deepxde", cores, processes=1, cells=1))

    benchmark.pedantic(both, rounds=2, iterations=1)
    fast, slow = min(seconds["native"]), min(seconds["deepxde"])
    print(
        f"\nend to end, N = M = 100, w = 16, q = 4, {END_TO_END_STEPS} steps: native {fast:.2f} s, DeepXDE {slow:.2f} s a cell,"
    )
    print(f"ratio {slow / fast:.1f} ({cores} cores)")
    benchmark.extra_info.update(native=fast, deepxde=slow, ratio=slow / fast)
    assert slow > 2.0 * fast
