"""What verifying takes by a header against what it takes: CPU seconds stated over CPU seconds measured, over sizes and tasks.

    python -m pytest tests/speed/test_verification_cost.py --benchmark-only -s

A limit must not be undercut by much, or a stranger's file takes more than was allowed; nor may it be far above, or honest files
are refused. So every stated figure lies within [LEAST, MOST] of the measured one.
"""

import time
from typing import Any

import numpy as np
import pytest

from operators import find_task
from operators.architectures import Weights
from operators.data.dataset import Request
from results.records.manifest import Target
from results.schema.cells import Net
from results.witnesses.cost import cost
from results.witnesses.file import Witness
from results.witnesses.header import Header, Origin, Scaling, data_of
from results.witnesses.verification import verify

LEAST, MOST = 0.8, 5.0  # 1.2 to 3.2 when RATE was calibrated, on a busy machine
NOISE = {"noise_law": "rademacher", "sigma": 0.5}
Case = tuple[dict[str, Any], tuple[int, ...], int]
CASES: dict[str, Case] = {
    "small grid": ({"task": "antiderivative", "functions": 200, "points": 64}, (32, 32), 8),
    "wide net": ({"task": "antiderivative", "functions": 2000, "points": 100}, (1200, 1200), 100),
    "many functions": ({"task": "antiderivative", "functions": 20000, "points": 100}, (64, 64), 20),
    "noisy square": ({"task": "advection", "functions": 256, "points": 100, **NOISE}, (64, 64), 32),
    "large grid": ({"task": "heat", "parameters": {"time_count": 40}, "functions": 1000, "points": 1500}, (64, 64), 20),
    "scattered": ({"task": "burgers", "design": "scattered", "functions": 500, "points": 100}, (64, 64), 20),
    "triples": ({"task": "advection-space-time", "design": "triples", "functions": 5000, "points": 1, **NOISE}, (128, 128), 32),
    "burgers": ({"task": "burgers", "functions": 500, "points": 128}, (64, 64), 20),
    "fine burgers": ({"task": "burgers", "parameters": {"steps": 1000}, "functions": 256, "points": 64}, (64, 64), 20),
    "darcy": ({"task": "darcy", "functions": 128, "points": 100}, (64, 64), 10),
    "reaction": ({"task": "advection-diffusion-reaction", "functions": 1000, "points": 100}, (64, 64), 10),
}


def witness_of(case: Case) -> tuple[Witness, Request]:
    """A net of small weights that no target refuses before it is measured."""
    data, widths, q = case
    task = find_task(data["task"], data.get("parameters"))
    request = Request(
        task, test_functions=1, **{name: value for name, value in data.items() if name not in ("task", "parameters")}
    )
    noisy = request.noise_law != "none"
    settings = Net(branch_widths=widths, trunk_widths=widths, q=q, activation="tanh", ends="linear")
    net = settings.on(len(task.sensors()), task.points().shape[1])
    header = Header(
        data=data_of(request),
        sensors=net.sensors,
        coordinates=net.coordinates,
        architecture=settings,
        scaling=Scaling(inputs="standard", coordinates="unit"),
        target=Target(kind="absorb" if noisy else "relative", value=0.5),
        origin=Origin(author="Planted", method="drawn", created="2026-01-01"),
    )
    generator = np.random.default_rng(0)
    weights = {
        name: generator.normal(size=shape) / np.sqrt(max(shape[0], 1) if shape else 1) for name, shape in net.shapes().items()
    }
    return Witness(header, Weights(weights)), request


@pytest.mark.parametrize("name", CASES)
def test_what_is_stated_is_near_what_it_takes(benchmark: Any, name: str) -> None:
    witness, request = witness_of(CASES[name])
    spent = []

    def measured() -> None:
        started = time.process_time()
        found = verify(witness, None, entering=True, limits=None)
        spent.append(time.process_time() - started)
        assert found.measured is not None, found.reason

    benchmark.pedantic(measured, rounds=2, iterations=1)
    work = cost(request, witness.header.net())
    ratio = work.seconds / min(spent)
    benchmark.extra_info.update(stated=work.seconds, measured=min(spent), ratio=ratio)
    print(f"\n{name}: stated {work.seconds:.2f}, measured {min(spent):.2f} CPU-s, factor {ratio:.2f}")
    assert LEAST <= ratio <= MOST
