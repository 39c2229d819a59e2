"""CPU seconds to the floor: `best` against DeepXDE's Adam on the same nets, data, scaling and initial law.

    python -m pytest tests/speed/test_time_to_floor.py --benchmark-only -s

N = 200, M = 100, widths 64 (96 for q = 64), five replicates. `best` stops by itself within 0.1 % of what rank q leaves, so
its whole time is reported. Adam (cosine from 3e-3) gets ADAM_STEPS steps on one replicate; its time to 1.01 x floor is read off
its learning curve, a dash where it never gets there. Floors below 1e-7 of the variance are not resolved and are left out.
"""

import time
from statistics import median

import pytest

from bench.cell import Cell, Net, Noise, Training
from bench.engines import find_engine
from bench.engines.base import Control, Fit
from bench.engines.threads import pin_threads
from bench.measure import RESOLUTION
from operators.bounds.eckart_young import floors_of_deeponet
from operators.dataset import build
from operators.scaling import Problem, predict, scaled

TASKS = ("advection-speed", "antiderivative", "burgers-low-viscosity", "burgers", "darcy")
ADAM_STEPS = 10_000
BEST = Training(steps=20_000, learning_rate=2e-2)
ADAM = Training(engine="deepxde", recipe="adam", steps=ADAM_STEPS, learning_rate=3e-3, decay="cosine")


def cell(task: str, sigma: float, q: int, *, training: Training, replicate: int = 0) -> Cell:
    width = 64 if q < 64 else 96
    return Cell(
        task=task,
        functions=200,
        points=100,
        noise=Noise(law="rademacher", sigma=sigma) if sigma else Noise(),
        net=Net(branch_widths=(width, width), trunk_widths=(width, width), q=q),
        training=training,
        replicate=replicate,
    )


def train(chosen: Cell) -> tuple[Fit, Problem, float, float]:
    """Train; return the fit, its problem, its floor and its training error."""
    problem = scaled(build(chosen.request()), "standard", "unit", "task")
    floor = float(floors_of_deeponet(problem.labels, problem.mean, problem.scale)[chosen.net.q])
    fit = find_engine(chosen.training.engine).train([chosen], [problem], Control())[0]
    assert fit.weights is not None
    error = float(((problem.labels - predict(chosen.deeponet(), fit.weights, problem)) ** 2).mean())
    return fit, problem, floor, error


def adam_seconds(task: str, sigma: float, q: int) -> str:
    """CPU seconds of DeepXDE's Adam to 1.01 x floor, or its ratio to the floor at the end."""
    fit, problem, floor, error = train(cell(task, sigma, q, training=ADAM))
    reached = [step for step, loss in fit.curve if loss * problem.unit**2 <= 1.01 * floor]
    seconds = fit.cpu_seconds * (min(reached) / fit.steps) if reached else None
    return f"{seconds:.2f}" if seconds is not None else f"- ({error / floor:.3g} x floor after {fit.cpu_seconds:.1f})"


@pytest.mark.parametrize("q", [4, 8, 16, 32, 64])
@pytest.mark.parametrize("sigma", [0.0, 0.1])
@pytest.mark.parametrize("task", TASKS)
def test_cpu_seconds_to_the_floor(benchmark, task: str, sigma: float, q: int) -> None:
    pin_threads()
    results: list[tuple[float, float]] = []
    cells = [cell(task, sigma, q, training=BEST, replicate=replicate) for replicate in range(5)]
    problem = scaled(build(cells[0].request()), "standard", "unit", "task")
    if floors_of_deeponet(problem.labels, problem.mean, problem.scale)[q] < RESOLUTION * problem.unit**2:
        pytest.skip(f"floor of {task} at noise {sigma:g}, q = {q} is below {RESOLUTION:g} of the variance")

    def run() -> None:
        for chosen in cells:
            fit, _, floor, error = train(chosen)
            results.append((error / floor, fit.cpu_seconds))

    started = time.process_time()
    benchmark.pedantic(run, rounds=1)
    ratios, seconds = [r for r, _ in results], [s for _, s in results]
    adam = adam_seconds(task, sigma, q) if q <= 16 else "not run"
    benchmark.extra_info.update(ratio=median(ratios), cpu_seconds=median(seconds), adam=adam)
    print(
        f"\n{task:22s} noise {sigma:3g} q {q:3d}: error / floor {median(ratios):.4f} [{min(ratios):.4f}, {max(ratios):.4f}],"
        f" CPU s {median(seconds):.2f} [{min(seconds):.2f}, {max(seconds):.2f}]; Adam to 1.01: {adam}"
        f" (all {time.process_time() - started:.0f} s)"
    )
