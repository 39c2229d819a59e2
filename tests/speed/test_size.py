"""`bench size` on 20,000 x 4,096 outputs: time and peak memory, in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from repository import REPOSITORY

SHAPE = (20_000, 4_096)
RANK = 400
PROGRAM = """
import json, re, sys
from pathlib import Path
from operators.threads import one_thread
from results.sizing.request import SizeRequest, size_report
with one_thread():
    report = size_report(SizeRequest(Path(sys.argv[1]), 0.01, noise=float(sys.argv[2]) or None)).as_json()
facts = {name: report[name] for name in ("method", "q_certified", "q_attained")}
peak = re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())  # getrusage would count the parent's memory
print(json.dumps({**facts, "peak_bytes": 1024 * int(peak.group(1))}))
"""


@pytest.fixture(scope="module", params=[("smooth", 0.0), ("algebraic", 0.005)], ids=["smooth", "algebraic-noisy"])
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float, int | None]:
    """A file of outputs with planted singular values, the level of the noise added, and the exact q where there is none."""
    kind, relative = request.param
    values = 0.8 ** np.arange(RANK) if kind == "smooth" else 1.0 / np.arange(1.0, RANK + 1)
    generator = np.random.default_rng(1)
    left, right = (np.linalg.qr(generator.standard_normal((side, RANK)))[0] for side in SHAPE)
    outputs = (left * values) @ right.T
    sigma = relative * float(np.linalg.norm(values)) / np.sqrt(outputs.size)
    if sigma:
        outputs += sigma * generator.standard_normal(SHAPE)
    path = tmp_path_factory.mktemp("size") / "outputs.npz"
    np.savez(path, outputs=outputs)
    tails = np.append(np.cumsum(values[::-1] ** 2)[::-1], 0.0)
    return path, sigma, None if sigma else int(np.argmax(tails <= 1e-4 * tails[0]))


def test_size_of_a_large_matrix_within_a_minute_and_4_gigabytes(benchmark: Any, case: tuple[Path, float, int | None]) -> None:
    path, sigma, expected = case
    command = [sys.executable, "-c", PROGRAM, str(path), str(sigma)]
    run = benchmark.pedantic(
        subprocess.run, args=(command,), kwargs={"cwd": REPOSITORY, "capture_output": True, "check": True}, rounds=1
    )
    facts = json.loads(run.stdout)
    benchmark.extra_info.update(facts)
    assert facts["q_certified"] == facts["q_attained"]
    assert expected is None or facts["q_certified"] == expected
    assert facts["peak_bytes"] < 4e9
    assert benchmark.stats["max"] < 60.0
