"""The narrowest net that reaches 1.1 x what its ends allow, recipe by recipe, with every restart and failure counted in the cost.

    python -m pytest tests/speed/test_narrow_nets.py --benchmark-only -s

q = 8, N = 200, M = 100 (triples: n = 2,000), all hidden widths equal to w, two hidden layers a side. The least w of WIDTHS is
found by bisection; a width counts as missed after RESTARTS initial weights. What the ends allow is the certified floor of rank q
for the first two. With sigmoid ends, whose factors lie in (0, 1), it is the least error of free factors in (0, 1), without any
net, that descent finds (`operators.constructions.free_factors`, heuristic). Triples have no floor: the target is the same mean
squared error as on the grid of the same task.
"""

import math
import time
from functools import cache
from typing import NamedTuple

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from bench.cell import Cell, Net, Training
from bench.engines import find_engine
from bench.engines.base import Control
from bench.engines.threads import pin_threads
from operators.architectures.deeponet import Ends
from operators.bounds.eckart_young import floors_of_deeponet
from operators.constructions.free_factors import free_factors
from operators.data.dataset import build
from operators.data.normalisation import predict, scaled

TASKS = ("advection-speed", "burgers-low-viscosity")
Q = 8
WIDTHS = (4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 20, 24, 32, 48, 64)
RESTARTS = 3
NEAR = 1.1
STEPS = 10_000
RECIPES = {
    "adam": Training(recipe="adam", steps=STEPS, learning_rate=3e-3, decay="cosine"),
    "soap": Training(recipe="soap", steps=STEPS, learning_rate=1e-2, decay="cosine"),
    "variable-projection": Training(recipe="variable-projection", steps=STEPS),
    "best": Training(recipe="best", steps=STEPS),
}
CASES: tuple[tuple[str, Ends], ...] = (
    ("grid", "activated-trunk"),
    ("grid", "linear"),
    ("grid", "sigmoid"),
    ("triples", "linear"),
)


def cell(task: str, design: str, ends: Ends, *, training: Training, width: int, restart: int) -> Cell:
    functions, points = (200, 100) if design == "grid" else (2000, 1)
    net = Net(branch_widths=(width, width), trunk_widths=(width, width), q=Q, ends=ends)
    return Cell(
        task=task,
        design=design,
        functions=functions,
        points=points,
        test_functions=1,
        architecture=net,
        training=training,
        restart=restart,
    )


@cache
def allowed(task: str, ends: Ends) -> float:
    """The floor of the training error on the grid, or the least error of free sigmoid factors, in physical units."""
    chosen = cell(task, "grid", "linear", training=RECIPES["adam"], width=8, restart=0)
    problem = scaled(build(chosen.request()), "standard", "unit", "task")
    if ends == "sigmoid":
        return free_factors((problem.labels - problem.mean) / problem.scale, Q).error * float(problem.scale) ** 2
    return float(floors_of_deeponet(problem.labels, problem.mean, problem.scale)[Q])


class Found(NamedTuple):
    """What a search found: the least width within NEAR of what the ends allow, the least such ratio seen, and the cost."""

    width: int | None
    ratio: float
    trainings: int
    cpu_seconds: float


def least_width(task: str, design: str, ends: Ends, *, training: Training) -> Found:
    """The least width by bisection; a width is missed after RESTARTS trainings."""
    floor, goal, least, trainings = allowed(task, "linear"), allowed(task, ends), math.inf, 0
    started = time.process_time()
    problem = scaled(build(cell(task, design, ends, training=training, width=8, restart=0).request()), "standard", "unit", "task")
    low, high = -1, len(WIDTHS)
    while high - low > 1:
        middle = (low + high) // 2
        for restart in range(RESTARTS):
            chosen = cell(task, design, ends, training=training, width=WIDTHS[middle], restart=restart)
            fit = find_engine(training.engine).train([chosen], [problem], Control(floors=(floor,)))[0]
            trainings += 1
            if fit.weights is not None:
                ratio = float(((problem.labels - predict(chosen.deeponet(), fit.weights, problem)) ** 2).mean()) / goal
                least = min(least, ratio)
                if ratio <= NEAR:
                    high = middle
                    break
        else:
            low = middle
    width = WIDTHS[high] if high < len(WIDTHS) else None
    return Found(width, least, trainings, time.process_time() - started)


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize(("design", "ends"), CASES)
@pytest.mark.parametrize("task", TASKS)
def test_least_width_for_the_floor(benchmark: BenchmarkFixture, task: str, design: str, ends: Ends, recipe: str) -> None:
    pin_threads()
    training = RECIPES[recipe]
    case = f"{task:22s} {design:8s} {ends:16s} {recipe:7s}"
    refusal = find_engine(training.engine).refuses(cell(task, design, ends, training=training, width=64, restart=0))
    if refusal:
        pytest.skip(f"{case}: {refusal}")
    found = benchmark.pedantic(least_width, args=(task, design, ends), kwargs={"training": training}, rounds=1)
    benchmark.extra_info.update(found._asdict())
    missed = f"not reached up to w = {WIDTHS[-1]}: {found.ratio:.3g} x what the ends allow"
    said = f"least w = {found.width}" if found.width is not None else missed
    against = allowed(task, ends) / allowed(task, "linear")
    said += f" ({against:.3g} x the floor)" if ends == "sigmoid" else ""
    print(f"\n{case}: {said}; {found.trainings} trainings, {found.cpu_seconds:.1f} CPU s")
