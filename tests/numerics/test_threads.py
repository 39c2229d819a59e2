"""Linear algebra is held to one thread also where SciPy's own library is loaded later."""

import json
import os
import subprocess
import sys

import pytest
from repository import REPOSITORY

PROGRAM = """
import json
import threadpoolctl
{start}
    import scipy.linalg, scipy.optimize, scipy.sparse.linalg, scipy.special
    found = [(one["filepath"], one["num_threads"]) for one in threadpoolctl.threadpool_info()]
print(json.dumps(found))
"""
STARTS = {
    "one thread": "from operators.threads import one_thread\nwith one_thread():",
    "worker": "import os\nfrom bench.engines.threads import pin_threads\npin_threads()\nif True:",
}


@pytest.mark.parametrize("start", STARTS)
def test_every_library_of_linear_algebra_is_held_to_one_thread(start: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    command = [sys.executable, "-c", PROGRAM.format(start=STARTS[start])]
    run = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, env=environment, check=True)
    threads = dict(json.loads(run.stdout))
    assert any("scipy" in library for library in threads)
    assert set(threads.values()) == {1}


GENERATION = """
import json
import threadpoolctl
from operators import find_task
from operators.data import function_cache

task, found = find_task("advection-diffusion-reaction"), {}
outputs = type(task).outputs

def watched(self, coefficients):
    made = outputs(self, coefficients)
    found.update((one["filepath"], one["num_threads"]) for one in threadpoolctl.threadpool_info())
    return made

type(task).outputs = watched
function_cache.BlockCache(None).block(task, "train", replicate=0, number=0)
print(json.dumps(found))
"""


def test_functions_are_generated_on_one_thread_though_a_task_loads_scipy_as_it_goes() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    command = [sys.executable, "-c", GENERATION]
    run = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, env=environment, check=True)
    threads = json.loads(run.stdout)
    assert any("scipy" in library for library in threads)
    assert set(threads.values()) == {1}
