"""Triples and sigmoid ends: the errors of `soap-ends`, `best` and `adam` after equal CPU seconds.

    python -m pytest tests/speed/test_ends.py --benchmark-only -s

The task is the antiderivative, 4,096 labels, widths 32. `soap-ends` takes the steps of CASES; the others as many as fit into its
processor time without compilation, by the cost of further steps in two short runs before. On these cases `best` is `soap` with
a cosine. Adam's rate is the best of RATES on restart 0, the tuning not counted. Grids have a certified floor, of rank q; how
near sigmoid ends, whose values lie in (0, 1), can come to it is not known. Errors are relative to the variance, geometric means
of RESTARTS with their range.
"""

import time
from typing import Any

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from bench.cell import Cell, Net, Training
from bench.engines import find_engine
from bench.engines.base import Control
from bench.engines.threads import pin_threads
from operators.bounds.eckart_young import floors_of_deeponet
from operators.data.dataset import build
from operators.data.normalisation import Problem, predict, scaled

CASES: dict[str, tuple[dict[str, Any], int]] = {
    "triples, linear ends, q = 8": ({"design": "triples", "functions": 4096, "points": 1, "ends": "linear", "q": 8}, 1500),
    "grid 64 x 64, sigmoid ends, q = 16": ({"design": "grid", "functions": 64, "points": 64, "ends": "sigmoid", "q": 16}, 3000),
    "triples, sigmoid ends, q = 16": ({"design": "triples", "functions": 4096, "points": 1, "ends": "sigmoid", "q": 16}, 1500),
}
RATES = {"soap-ends": (2e-2,), "best": (2e-2,), "adam": (3e-3, 1e-2)}
PROBE = 300
RESTARTS = 3


def cell(case: str, recipe: str, *, steps: int, rate: float, restart: int = 0) -> Cell:
    chosen = dict(CASES[case][0])
    net = Net(branch_widths=(32, 32), trunk_widths=(32, 32), q=chosen.pop("q"), ends=chosen.pop("ends"))
    training = Training(recipe=recipe, steps=steps, learning_rate=rate, decay="cosine")
    return Cell(task="antiderivative", test_functions=1, architecture=net, training=training, restart=restart, **chosen)


def trained(chosen: Cell, problem: Problem) -> tuple[float, float]:
    """The mean squared error over the variance, and processor seconds; the program is compiled before."""
    started = time.process_time()
    fit = find_engine("native").train([chosen], [problem], Control())[0]
    seconds = time.process_time() - started
    assert fit.weights is not None
    return float(np.mean((predict(chosen.net(), fit.weights, problem) - problem.labels) ** 2)) / problem.unit**2, seconds


def steps_within(seconds: float, case: str, recipe: str, problem: Problem) -> int:
    """Steps that fit into so many processor seconds."""
    fewer, more = (cell(case, recipe, steps=steps, rate=RATES[recipe][0]) for steps in (PROBE, 3 * PROBE))
    trained(fewer, problem)
    first, second = trained(fewer, problem)[1], trained(more, problem)[1]
    per_step = (second - first) / (2 * PROBE)
    return int(PROBE + (seconds - first) / per_step)


def errors(case: str, problem: Problem) -> tuple[dict[str, list[float]], dict[str, int], float]:
    """Errors by recipe over the restarts, the steps of each recipe, and the mean processor seconds of `soap-ends`."""
    steps = {"soap-ends": CASES[case][1]}
    trained(cell(case, "soap-ends", steps=PROBE, rate=2e-2), problem)
    ours = [
        trained(cell(case, "soap-ends", steps=steps["soap-ends"], rate=2e-2, restart=one), problem) for one in range(RESTARTS)
    ]
    found, seconds = {"soap-ends": [error for error, _ in ours]}, float(np.mean([spent for _, spent in ours]))
    for recipe in ("best", "adam"):
        steps[recipe] = steps_within(seconds, case, recipe, problem)
        first = {rate: trained(cell(case, recipe, steps=steps[recipe], rate=rate), problem)[0] for rate in RATES[recipe]}
        rate = min(first, key=lambda one: first[one])
        others = range(1, RESTARTS)
        found[recipe] = [
            first[rate],
            *(trained(cell(case, recipe, steps=steps[recipe], rate=rate, restart=one), problem)[0] for one in others),
        ]
    return found, steps, seconds


@pytest.mark.parametrize("case", CASES)
def test_errors_after_equal_cpu_seconds(benchmark: BenchmarkFixture, case: str) -> None:
    pin_threads()
    asked = cell(case, "best", steps=1, rate=2e-2)
    problem = scaled(build(asked.request()), "standard", "unit", "task")
    found, steps, seconds = benchmark.pedantic(errors, args=(case, problem), rounds=1)
    floor = 0.0
    if asked.design == "grid":
        floor = float(floors_of_deeponet(problem.labels, problem.mean, problem.scale)[asked.deeponet().q]) / problem.unit**2
    print(f"\n{case}: {seconds:.2f} CPU s each" + (f"; floor of rank q {floor:.3g}" if floor else "; no floor"))
    means = {recipe: float(np.exp(np.mean(np.log(values)))) for recipe, values in found.items()}
    for recipe, values in found.items():
        above = f", {means[recipe] / floor:.3g} x the floor" if floor else ""
        spread = f"{means[recipe]:.3e} [{min(values):.3e}, {max(values):.3e}]"
        print(f"  {recipe:10s}{steps[recipe]:7d} steps  {spread}{above}")
    benchmark.extra_info.update(means, cpu_seconds=seconds, floor=floor)
    assert means["soap-ends"] < means["adam"]
