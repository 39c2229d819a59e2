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
