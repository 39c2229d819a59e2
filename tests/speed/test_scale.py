"""Square grids to a million labels: seconds a step in n and in d, and one cell at n = 2^20 against its floor, with its profile.

    python -m pytest tests/speed/test_scale.py --benchmark-only -s

The cells are those of `threshold-search` with rho = .1: Rademacher noise of sigma 1, two hidden layers of width w = q, recipe
`best` (variable projection). The seconds of a step are processor time of this process, on one thread, over STEPS steps, what
comes before and after them included in neither. Slopes are least squares in logarithms. The large cell runs in a process of its
own, which says its peak memory; of its time the profile gives the share of each part of a step. Why it does not come within 1.01
of its floor: the least error of rank q needs q free numbers a row and a column, 2^18 of them at q = 128 and N = M = 1024, and the
net has little more than a quarter as many parameters.
"""

import cProfile
import json
import math
import pstats
import resource
import subprocess
import sys
import time

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from bench.cell import Cell
from bench.engines import find_engine
from bench.engines.base import Control
from bench.engines.threads import pin_threads
from bench.size_schedules import tied
from bench.studies.threshold_search import SQUARE, series
from operators.bounds.eckart_young import floors_of_deeponet
from operators.data.dataset import build
from operators.data.normalisation import predict, scaled

SIDES = (128, 256, 512, 1024)
WIDTHS = (16, 32, 64, 128)
FIRST_STEP, STEPS = 20, 120
LARGEST, LARGEST_WIDTH, LARGEST_STEPS = 1024, 128, 8000
PARTS = {
    "descend": "backward pass and SOAP",
    "ridge_head": "heads of the phase apart",
    "_single_product": "products with the labels",
    "_basis": "bases of the features",
}


def cell(side: int, width: int, steps: int) -> Cell:
    """A cell on a square grid, q = w."""
    template = series("antiderivative", 0.1, SQUARE).template
    training = template.training.model_copy(update={"steps": steps})
    update = {"functions": side, "points": side, "architecture": tied(width), "training": training}
    return template.model_copy(update=update)


def seconds_a_step(side: int, width: int) -> float:
    """Processor seconds a step, between the first report after FIRST_STEP and the last."""
    chosen, times = cell(side, width, STEPS), list[tuple[int, float]]()
    problem = scaled(build(chosen.request()), "standard", "unit", "task")
    control = Control(report=lambda done, step: times.append((step, time.process_time())))
    find_engine(chosen.training.engine).train([chosen], [problem], control)
    (first, start), (last, end) = next(entry for entry in times if entry[0] >= FIRST_STEP), times[-1]
    return (end - start) / (last - first)


def slope(sizes: list[float], seconds: list[float]) -> float:
    """The slope of ln seconds in ln size."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def parameters(width: int) -> int:
    """d of the cells of one width."""
    return cell(LARGEST, width, 1).deeponet().parameter_count()


def test_seconds_a_step_in_n(benchmark: BenchmarkFixture) -> None:
    pin_threads()
    seconds = benchmark.pedantic(lambda: [seconds_a_step(side, 64) for side in SIDES], rounds=1)
    found = slope([side**2 for side in SIDES], seconds)
    each = ", ".join(f"n = {side**2:,}: {1e3 * spent:.2f} ms" for side, spent in zip(SIDES, seconds, strict=True))
    benchmark.extra_info.update(slope=found)
    print(f"\nw = q = 64, d = {parameters(64):,}: {each}; slope of seconds a step in n {found:.2f}")
    assert found < 1.1


def test_seconds_a_step_in_d(benchmark: BenchmarkFixture) -> None:
    pin_threads()
    seconds = benchmark.pedantic(lambda: [seconds_a_step(512, width) for width in WIDTHS], rounds=1)
    found = slope([parameters(width) for width in WIDTHS], seconds)
    each = ", ".join(f"d = {parameters(width):,}: {1e3 * spent:.2f} ms" for width, spent in zip(WIDTHS, seconds, strict=True))
    benchmark.extra_info.update(slope=found)
    print(f"\nn = {512**2:,}: {each}; slope of seconds a step in d {found:.2f}")
    assert found < 1.1


def largest() -> dict[str, object]:
    """Train the large cell and say what was reached, in what time and memory."""
    pin_threads()
    chosen, started, times = cell(LARGEST, LARGEST_WIDTH, LARGEST_STEPS), time.process_time(), list[float]()
    dataset = build(chosen.request())
    problem = scaled(dataset, "standard", "unit", "task")
    times.append(time.process_time() - started)
    floor = float(floors_of_deeponet(problem.labels, problem.mean, problem.scale)[LARGEST_WIDTH])
    times.append(time.process_time() - started - times[0])
    profile = cProfile.Profile()
    fit = profile.runcall(find_engine(chosen.training.engine).train, [chosen], [problem], Control(floors=(floor,)))[0]
    assert fit.weights is not None
    error = float(np.mean((problem.labels - predict(chosen.deeponet(), fit.weights, problem)) ** 2))
    table = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    total = max(entry[3] for entry in table.values())
    return {
        "parameters": chosen.deeponet().parameter_count(),
        "data_seconds": times[0],
        "floor_seconds": times[1],
        "cpu_seconds": fit.cpu_seconds,
        "steps": fit.steps,
        "ratio": error / floor,
        "absorbed": 1.0 - error / dataset.noise_energy,
        "allowed": 1.0 - floor / dataset.noise_energy,
        "shares": {PARTS[name]: entry[3] / total for (_, _, name), entry in table.items() if name in PARTS},
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


@pytest.mark.timeout(3600)
def test_a_million_labels(benchmark: BenchmarkFixture) -> None:
    command = [sys.executable, "-c", "import json, test_scale; print(json.dumps(test_scale.largest()))"]
    said = benchmark.pedantic(
        lambda: subprocess.run(command, cwd=__file__.rpartition("/")[0], stdout=subprocess.PIPE, check=True, text=True).stdout,
        rounds=1,
    )
    found = json.loads(said.splitlines()[-1])
    benchmark.extra_info.update(found)
    shares = ", ".join(f"{name} {100 * share:.0f} %" for name, share in found["shares"].items())
    print(
        f"\nn = 2^20, q = w = {LARGEST_WIDTH}, d = {found['parameters']:,}: data {found['data_seconds']:.1f}, floors of all ranks"
        f" {found['floor_seconds']:.1f}, training {found['cpu_seconds']:.0f} CPU s, {found['steps']:,} steps of"
        f" {1e3 * found['cpu_seconds'] / found['steps']:.0f} ms ({shares}); peak memory {found['peak_bytes'] / 2**30:.2f} GiB;"
        f" error {found['ratio']:.3f} x the floor of rank {LARGEST_WIDTH}, {found['absorbed']:.3f} of the noise absorbed,"
        f" {found['allowed']:.3f} by free factors of that rank, which have {2 * LARGEST * LARGEST_WIDTH:,} entries"
    )
    assert math.isfinite(found["ratio"])
    assert found["peak_bytes"] < 4 * 2**30
