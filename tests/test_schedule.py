"""Workers may die, hang or swell: the cell at fault is recorded, the rest goes on, and nothing runs twice."""

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from bench.cell import Cell, Net, Training
from bench.run import group
from bench.schedule import Limits, run_local
from bench.study import cell_key


def cell(replicate: int = 0, steps: int = 20) -> Cell:
    net = Net(branch_widths=(6,), trunk_widths=(6,), q=3)
    training = Training(engine="batched", recipe="varpro", steps=steps, learning_rate=1e-2)
    return Cell(task="antiderivative", functions=20, points=20, net=net, training=training, replicate=replicate)


ENDLESS = 10**7


def kill_workers(when: Callable[[], bool], number: int = signal.SIGKILL) -> threading.Thread:
    """Send a signal to this process's workers as soon as `when` holds."""

    def wait() -> None:
        while not when():
            time.sleep(0.05)
        for child in psutil.Process(os.getpid()).children():
            if "spawn_main" in " ".join(child.cmdline()):
                child.send_signal(number)

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread


def test_groups_hold_every_cell_once_and_share_one_data_set() -> None:
    cells = [cell(replicate, steps) for replicate in range(3) for steps in range(1, 12)]
    groups = group(cells)
    assert sorted(map(cell_key, (c for g in groups for c in g))) == sorted(map(cell_key, cells))
    assert all(len({c.request() for c in g}) == 1 for g in groups)


def test_records_come_back_for_every_cell(tmp_path: Path) -> None:
    cells = [cell(replicate) for replicate in range(3)]
    records = list(run_local(group(cells), Limits(tmp_path), workers=2))
    assert sorted(r.key for r in records) == sorted(map(cell_key, cells))
    assert {r.status for r in records} == {"done"}


def test_a_cell_that_kills_its_worker_twice_is_failed_and_the_others_go_on(tmp_path: Path) -> None:
    poison, healthy = cell(0, ENDLESS), [cell(0, steps) for steps in (5, 6, 7)]
    deaths = 0

    def watch(running: Cell, step: int) -> None:
        nonlocal deaths
        if running.training.steps == ENDLESS and step > 0:
            deaths += 1
            for child in psutil.Process().children():
                child.kill()

    records = {r.key: r for r in run_local([(healthy[0], poison, *healthy[1:])], Limits(tmp_path), workers=1, watch=watch)}
    assert records[cell_key(poison)].status == "failed"
    assert "worker died 2 times" in records[cell_key(poison)].message
    assert {records[cell_key(c)].status for c in healthy} == {"done"}
    assert deaths == 2


def test_a_cell_over_its_memory_is_oom_and_the_others_go_on(tmp_path: Path) -> None:
    cells = (cell(0, ENDLESS), cell(0, 5))
    limits = Limits(tmp_path, memory_bytes=2**20)
    records = {r.key: r.status for r in run_local([cells], limits, workers=1)}
    assert set(records.values()) == {"oom"}
    assert len(records) == 2


def test_a_cell_over_its_time_ends_as_timeout(tmp_path: Path) -> None:
    record = next(run_local([(cell(0, ENDLESS),)], Limits(tmp_path, timeout_seconds=1.0), workers=1))
    assert record.status == "timeout"
    assert record.cost is not None
    assert record.cost.steps > 0


@pytest.mark.parametrize("workers", [1, 2])
def test_same_cells_same_weights_whatever_the_workers_and_the_order(tmp_path: Path, workers: int) -> None:
    cells = [cell(replicate) for replicate in range(2)]
    forward = {r.key: r.weights_sha256 for r in run_local([tuple(cells[:1]), tuple(cells[1:])], Limits(tmp_path), workers=workers)}
    backward = {r.key: r.weights_sha256 for r in run_local([(cells[1],), (cells[0],)], Limits(None), workers=1)}
    assert forward == backward
    assert None not in forward.values()
