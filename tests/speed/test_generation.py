"""Generating 1,000 functions on one core: under 5 seconds of processor time and 2 GB (run by `tox -e speed`)."""

import resource
import time

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from operators import TASKS
from operators.data.function_cache import BlockCache, functions

FUNCTIONS = 1000
SECONDS = 5.0
GIGABYTES = 2.0


@pytest.mark.parametrize("name", TASKS)
def test_thousand_functions(benchmark: BenchmarkFixture, name: str) -> None:
    task = TASKS[name]
    benchmark.extra_info["solver_error"] = task.card.solver_error
    spent = []

    def generate() -> tuple[np.ndarray, np.ndarray]:
        started = time.process_time()
        generated = functions(task, "inputs", replicate=0, count=FUNCTIONS, cache=BlockCache(None))
        spent.append(time.process_time() - started)
        return generated

    inputs, outputs = benchmark.pedantic(generate, rounds=1, iterations=1)
    assert inputs.shape == (FUNCTIONS, len(task.sensors()))
    assert outputs.shape == (FUNCTIONS, len(task.points()))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    benchmark.extra_info |= {"processor_seconds": spent[0], "peak_gigabytes": peak}
    assert spent[0] < SECONDS
    assert peak < GIGABYTES
