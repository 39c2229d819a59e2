"""Workers may die, hang or swell: the cell at fault is recorded, the rest goes on, and nothing runs twice."""

from collections import deque
from pathlib import Path

import psutil
import pytest

from bench.cell import Cell, Net, Training
from bench.run import group
from bench.schedule import Limits, run_local
from bench.study import cell_key

ENDLESS = 10**7  # with nets of width 1, which never reach what rank 3 leaves


def cell(replicate: int = 0, steps: int = 20) -> Cell:
    width = 6 if steps < ENDLESS else 1
    net = Net(branch_widths=(width,), trunk_widths=(width,), q=3)
    training = Training(engine="batched", recipe="varpro", steps=steps, learning_rate=1e-2)
    return Cell(task="antiderivative", functions=20, points=20, net=net, training=training, replicate=replicate)


def test_groups_hold_every_cell_once_and_share_one_data_set() -> None:
    cells = [cell(replicate, steps) for replicate in range(3) for steps in range(1, 12)]
    groups = group(cells)
    assert sorted(map(cell_key, (c for g in groups for c in g))) == sorted(map(cell_key, cells))
    assert all(len({c.request() for c in g}) == 1 for g in groups)


def test_records_come_back_for_every_cell(tmp_path: Path) -> None:
    cells = [cell(replicate) for replicate in range(3)]
    records = [outcome.record for outcome in run_local(group(cells), Limits(tmp_path), workers=2)]
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
                if "spawn_main" in " ".join(child.cmdline()):
                    child.kill()

    outcomes = run_local([(healthy[0], poison, *healthy[1:])], Limits(tmp_path), workers=1, watch=watch)
    records = {outcome.record.key: outcome.record for outcome in outcomes}
    assert records[cell_key(poison)].status == "failed"
    assert "worker died 2 times" in records[cell_key(poison)].message
    assert {records[cell_key(c)].status for c in healthy} == {"done"}
    assert deaths == 2


def test_a_cell_over_its_memory_is_oom_and_the_others_go_on(tmp_path: Path) -> None:
    cells = (cell(0, ENDLESS), cell(0, 5))
    limits = Limits(tmp_path, memory_bytes=2**20)
    records = {outcome.record.key: outcome.record.status for outcome in run_local([cells], limits, workers=1)}
    assert set(records.values()) == {"oom"}
    assert len(records) == 2


def test_a_cell_over_its_time_ends_as_timeout(tmp_path: Path) -> None:
    record = next(run_local([(cell(0, ENDLESS),)], Limits(tmp_path, timeout_seconds=1.0), workers=1)).record
    assert record.status == "timeout"
    assert record.cost is not None
    assert record.cost.steps > 0


@pytest.mark.parametrize("workers", [1, 2])
def test_same_cells_same_weights_whatever_the_workers_and_the_order(tmp_path: Path, workers: int) -> None:
    cells = [cell(replicate) for replicate in range(2)]

    def weights(groups: list[tuple[Cell, ...]], count: int, cache: Path | None) -> dict[str, str | None]:
        return {o.record.key: o.record.weights_sha256 for o in run_local(groups, Limits(cache), workers=count)}

    forward = weights([tuple(cells[:1]), tuple(cells[1:])], workers, tmp_path)
    assert forward == weights([(cells[1],), (cells[0],)], 1, None)
    assert None not in forward.values()


def test_cells_added_while_others_run_are_run_too(tmp_path: Path) -> None:
    queue = deque([(cell(0, 5),)])
    seen = []
    for outcome in run_local(queue, Limits(tmp_path), workers=1):
        seen.append(outcome.record.key)
        if len(seen) < 3:
            queue.append((cell(0, 5 + len(seen)),))
    assert seen == [cell_key(cell(0, steps)) for steps in (5, 6, 7)]
