"""What verifying takes, from the header alone: never less than what is done, and refused above the limits. No clocks.

Counted are the functions that do the work, by the size of what they are called with, and the memory that NumPy asks for.
"""

import dataclasses
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from bench.cli.app import app
from operators import TASKS, Task, find_task
from operators.architectures import DeepONet, Weights
from operators.data.dataset import BLOCK, BlockCache, Request, build
from operators.errors import UserError
from operators.numerics.substructuring import Skeleton
from operators.tasks.darcy import SMOOTH_ITERATIONS
from operators.work import PRODUCT
from results.records.manifest import Target
from results.schema.cells import Net
from results.witnesses.cost import Limits, cost
from results.witnesses.error import measure
from results.witnesses.file import Witness, save_witness
from results.witnesses.header import Header, Origin, Scaling, data_of
from results.witnesses.verification import verify

PYTHON_BYTES = 2**20  # objects of the interpreter, which no array is
VARIED = {
    "burgers": {"modes": 80, "steps": 150, "sensor_count": 140},
    "burgers-low-viscosity": {"time_count": 11, "point_count": 40},
    "darcy": {"side": 15, "degree": 3, "high": 120.0},
    "darcy-lognormal": {"side": 9, "refinement": 2},
    "advection-diffusion-reaction": {"nodes": 32, "steps": 2, "velocity": 0.1},
    "advection-speed": {"time_count": 30},
    "heat": {"time_count": 20},
    "heat-square": {"side": 12},
    "korteweg-de-vries": {"horizon": 0.3, "modes": 40, "steps": 120, "sensor_count": 60},
    "poisson": {"side": 9, "refinement": 6, "modes": 20},
    "shallow-shock": {"horizon": 2.0, "sensor_count": 31, "point_count": 60},
    "wave": {"time_count": 20},
}
REFINED = [find_task(name, parameters) for name, parameters in VARIED.items()]
SAMPLED = [*TASKS.values(), *REFINED]


def net_for(request: Request, q: int, widths: tuple[int, ...] = (8,)) -> DeepONet:
    return DeepONet(len(request.task.sensors()), request.task.points().shape[1], widths, widths, q, "tanh", "linear")


def witness_for(request: Request, net: DeepONet, value: float, target: float = 0.5) -> Witness:
    """A net whose weights are all the same number."""
    stated = Net(
        branch_widths=net.branch_widths, trunk_widths=net.trunk_widths, q=net.q, activation=net.activation, ends=net.ends
    )
    header = Header(
        data=data_of(request),
        sensors=net.sensors,
        coordinates=net.coordinates,
        architecture=stated,
        scaling=Scaling(inputs="raw", coordinates="raw"),
        target=Target(kind="relative" if request.noise_law == "none" else "absorb", value=target),
        origin=Origin(author="Planted", method="constant", created="2026-01-01"),
    )
    return Witness(header, Weights({name: np.full(shape, value) for name, shape in net.shapes().items()}))


def counted(frame: FrameType) -> float:
    """Operations, at least, of a call that does the bulk of a task's work; 0 for all others."""
    name, known = frame.f_code.co_qualname, frame.f_locals
    if name == "PeriodicField.evaluate":
        return PRODUCT * known["z"].size * len(known["x"])
    if name == "NeumannField.evaluate":
        return float(PRODUCT * known["z"].size * len(known["x"]) * 2)
    if name == "_at" and "hopf_lax" in frame.f_code.co_filename:
        return float(20.0 * len(known["y"]) * (len(known["coefficients"]) - 1))
    if name == "Etdrk4.step":
        return float(20.0 * known["v"].size)
    if name == "_Matrix.__call__":
        skeleton = known["self"].skeleton
        return float(PRODUCT * (8 * skeleton.degree * skeleton.n) ** 2 * known["v"].shape[-1])
    return float(9.0 * known["v"].size) if name == "solve.<locals>.matrix" else 0.0


def generated(task: Task) -> tuple[float, dict[str, int]]:
    """Operations counted while one block is generated, and how often each function was called."""
    done, calls = [0.0], dict[str, int]()

    def profile(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and "operators" in frame.f_code.co_filename:
            calls[frame.f_code.co_qualname] = calls.get(frame.f_code.co_qualname, 0) + 1
            done[0] += counted(frame)

    sys.setprofile(profile)
    try:
        BlockCache(None).block(task, "inputs", replicate=0, number=0)
    finally:
        sys.setprofile(None)
    return done[0], calls


def peak_bytes(work: Callable[[], object]) -> int:
    """Most that Python and NumPy hold at once."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("task", SAMPLED, ids=lambda task: task.name)
def test_a_task_does_no_more_than_it_states(task: Task) -> None:
    done, _ = generated(task)
    assert done <= task.work(BLOCK).operations
    held = peak_bytes(lambda: BlockCache(None).block(task, "inputs", replicate=0, number=1))
    assert held <= 8.0 * task.work(BLOCK).numbers + PYTHON_BYTES


@pytest.mark.parametrize("name", [name for name in TASKS if name != "advection-box"])
def test_what_is_counted_is_not_nothing(name: str) -> None:
    assert generated(find_task(name, VARIED.get(name)))[0] > 0.0


@pytest.mark.parametrize("contrast", [1.0, 4.0, 1e2, 1e4])
def test_iterations_of_the_skeleton_method_are_bounded_by_the_contrast(contrast: float) -> None:
    task = find_task("darcy", {"side": 9, "low": 1.0, "high": contrast})
    _, calls = generated(task)
    solves = BLOCK // 8
    assert calls["_Matrix.__call__"] <= solves * Skeleton(8, 1.0, contrast, 2, 16).iterations(1e-6, most=2000)


@pytest.mark.parametrize("parameters", [{"side": 9}, {"side": 21}, {"side": 9, "refinement": 3}])
def test_iterations_for_smooth_coefficients_stay_below_those_assumed(parameters: dict[str, Any]) -> None:
    _, calls = generated(find_task("darcy-lognormal", parameters))
    assert calls["solve.<locals>.matrix"] <= 2 * (BLOCK // 8) * SMOOTH_ITERATIONS


@pytest.mark.parametrize("name", list(TASKS))
def test_finer_tasks_cost_more(name: str) -> None:
    task = TASKS[name]
    for field in dataclasses.fields(task):
        value = getattr(task, field.name)
        if field.type is int and field.name != "mean_mode":
            finer, most = find_task(name, {field.name: min(2 * value, field.metadata["most"])}), task.work(BLOCK)
            assert finer.work(BLOCK).operations >= most.operations, field.name
            assert finer.work(BLOCK).numbers >= most.numbers, field.name
    assert task.work(2 * BLOCK).operations >= task.work(BLOCK).operations


def test_costs_grow_with_functions_points_and_every_width() -> None:
    request = Request(find_task("antiderivative"), "scattered", functions=50, points=20, noise_law="gaussian", sigma=0.1)
    net = DeepONet(100, 1, (32, 16), (24, 8), 10)
    least = cost(request, net)
    larger = [
        *((dataclasses.replace(request, **changed), net) for changed in ({"functions": 200}, {"points": 60})),
        *((request, dataclasses.replace(net, **changed)) for changed in ({"q": 40}, {"branch_widths": (32, 48)})),
        (request, dataclasses.replace(net, trunk_widths=(96, 8))),
        (request, dataclasses.replace(net, branch_widths=(32, 16, 16))),
    ]
    for more in (cost(*one) for one in larger):
        assert more.operations > least.operations
        assert more.numbers >= least.numbers
    assert cost(request, net, independent=True).operations > least.operations


REQUESTS = [
    Request(find_task("antiderivative"), functions=300, points=90, test_functions=1),
    Request(find_task("burgers"), "scattered", 100, 60, "gaussian", 0.3, test_functions=1),
    Request(find_task("advection-space-time"), "triples", 600, 1, "rademacher", 0.3, test_functions=1),
    Request(find_task("heat", {"time_count": 40}), functions=70, points=1500, test_functions=1),
]


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda one: f"{one.task.name}-{one.design}")
def test_no_more_is_held_than_is_stated(request_: Request) -> None:
    net = net_for(request_, 20, widths=(40, 30))
    witness = witness_for(request_, net, 0.01)

    def work() -> None:
        measure(witness, build(request_), disturb=True)

    assert peak_bytes(work) <= 8.0 * cost(request_, net).numbers + PYTHON_BYTES


GREEDY = {
    "raise --cpu-seconds": Request(find_task("burgers", {"steps": 100000}), functions=512, points=8),
    "raise --memory": Request(find_task("antiderivative", {"point_count": 4096}), "scattered", functions=20000, points=4096),
}


def greedy(remedy: str) -> Witness:
    return witness_for(GREEDY[remedy], net_for(GREEDY[remedy], 2), 0.0)


@pytest.mark.parametrize("remedy", list(GREEDY))
def test_a_witness_that_asks_for_too_much_is_refused_with_the_figure_before_anything_is_generated(
    remedy: str, tmp_path: Path
) -> None:
    found = verify(greedy(remedy), BlockCache(tmp_path))
    assert not found.passed
    assert found.reason.startswith("expected at most")
    assert "got about" in found.reason
    assert found.reason.endswith(remedy)
    assert list(tmp_path.iterdir()) == []


def test_limits_can_be_raised() -> None:
    for remedy, request in GREEDY.items():
        work = cost(request, net_for(request, 2))
        Limits(work.seconds + 1.0, 8.0 * work.numbers + 1.0).require(work)
        with pytest.raises(UserError, match="expected at most"):
            Limits().require(work)
        assert remedy.startswith("raise")


def test_commands_refuse_by_the_header_and_go_on_with_a_higher_limit(tmp_path: Path) -> None:
    path, cheap = tmp_path / "greedy.npz", tmp_path / "cheap.npz"
    save_witness(path, greedy("raise --cpu-seconds"))
    (tmp_path / "study").mkdir()
    assert path.stat().st_size < 64 * 2**10
    out, run = ["--out", str(tmp_path)], CliRunner()
    verified = run.invoke(app, ["verify", str(path), *out])
    assert verified.exit_code == 1
    assert "raise --cpu-seconds" in verified.stdout
    for where in (["--study", "study"], ["--into", str(tmp_path / "reference")]):
        refused = run.invoke(app, ["submit", str(path), *where, *out])
        assert isinstance(refused.exception, UserError)
        assert str(refused.exception).startswith("witness not entered: expected at most 600 CPU seconds")
    assert not (tmp_path / ".data").exists()
    request = Request(find_task("antiderivative", {"sensor_count": 500}), functions=8000, points=90)
    save_witness(cheap, witness_for(request, net_for(request, 2), 0.0))
    tight = run.invoke(app, ["verify", str(cheap), *out, "--cpu-seconds", "1"])
    assert "expected at most 1 CPU seconds" in tight.stdout
    assert "misses the target" in run.invoke(app, ["verify", str(cheap), *out]).stdout
