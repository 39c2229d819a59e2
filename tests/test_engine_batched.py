"""The batched engine: what it promises beyond parity with the reference engine (see test_parity)."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.cell import Cell, Training
from bench.engines.base import Control, Fit
from bench.engines.batched import BatchedEngine
from bench.engines.batched.compilation import keep_compiled_programs
from bench.engines.batched.descent import descend
from bench.engines.batched.forms import Shape, loss_form, operands
from bench.engines.batched.rates import learning_rates, warm_up
from bench.engines.threads import pinned_tensorflow
from bench.initialisation import initial_weights
from operators.bounds.eckart_young import floors_of_deeponet
from operators.dataset import build
from operators.deeponet import DeepONet, Weights
from operators.scaling import Problem, predict, scaled

ROOT = Path(__file__).parent.parent
SMALL: dict[str, Any] = {
    "task": "antiderivative",
    "parameters": {"sensor_count": 9, "point_count": 12},
    "functions": 14,
    "points": 10,
    "test_functions": 1,
}


def small(*, net: dict[str, Any] | None = None, **settings: Any) -> Cell:
    """A cell that trains in milliseconds; settings named in Training go there."""
    training = {name: settings.pop(name) for name in list(settings) if name in Training.model_fields}
    return Cell.model_validate(
        {
            **SMALL,
            **settings,
            "net": {"branch_widths": [8, 8], "trunk_widths": [8, 8], "q": 3, **(net or {})},
            "training": {"engine": "batched", "steps": 60, **training},
        }
    )


def problem_of(cell: Cell) -> Problem:
    training = cell.training
    return scaled(build(cell.request()), training.input_scaling, training.coordinate_scaling, training.output_scaling)


def train(*cells: Cell, control: Control | None = None) -> list[Fit]:
    return BatchedEngine().train(cells, [problem_of(cell) for cell in cells], control or Control())


def hashes(fits: list[Fit]) -> list[str]:
    return [fit.weights.sha256() for fit in fits if fit.weights is not None]


def loss_in_float64(cell: Cell, problem: Problem, weights: Weights) -> float:
    return float(np.mean((predict(cell.deeponet(), weights, problem) - problem.labels) ** 2)) / problem.unit**2


@pytest.mark.parametrize("recipe", ["adam", "soap"])
def test_a_fit_has_the_same_bits_whatever_else_is_in_its_group(recipe: str) -> None:
    cells = [
        small(recipe=recipe, replicate=0),
        small(recipe=recipe, replicate=1),
        small(recipe=recipe, functions=9),
        small(recipe=recipe, replicate=1, batch=4),
    ]
    together, alone = hashes(train(*cells)), [hashes(train(cell))[0] for cell in cells]
    assert together == alone
    assert hashes(train(*cells[::-1])) == alone[::-1]
    assert len(set(alone)) == len(cells)


def test_a_fit_has_the_same_bits_in_another_process_that_reads_compiled_programs_from_disk(tmp_path: Path) -> None:
    cell = small(recipe="adam", batch=4)
    program = (
        "import sys; from pathlib import Path; sys.path.insert(0, 'tests')\n"
        "from bench.engines.batched.compilation import keep_compiled_programs\n"
        "keep_compiled_programs(Path(sys.argv[1]))\n"
        "from test_engine_batched import hashes, small, train\n"
        "print(*hashes(train(small(recipe='adam', batch=4))))"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    outputs = [subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split() for _ in range(2)]
    assert list(tmp_path.rglob("*.pb"))
    assert outputs[0] == outputs[1] == hashes(train(cell))
