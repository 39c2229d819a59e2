"""Workers may die, hang or swell: the cell at fault is recorded, the rest goes on, and nothing runs twice."""

import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from bench.cell import Cell, Net, Training
from bench.execution.executors import Limits, Resources, Tasks, execute, local
from bench.execution.executors.local import ROOT, WorkerPool, WorkerProcess, kernel_kills
from bench.execution.runner import Runner, group
from bench.study import cell_key
from results.families.sci import Cell as Section

pytestmark = pytest.mark.system

SLOW, ENDLESS = 15_000, 10**7  # with nets of width 1, which never reach what rank 3 leaves: seconds, and for ever


def cell(replicate: int = 0, steps: int = 20) -> Cell:
    width = 6 if steps < SLOW else 1
    net = Net(branch_widths=(width,), trunk_widths=(width,), q=3)
    training = Training(engine="native", recipe="variable-projection", steps=steps, learning_rate=1e-2)
    return Cell(task="antiderivative", functions=20, points=20, architecture=net, training=training, replicate=replicate)


def section(place: int) -> Section:
    """A cell that needs neither data nor training."""
    return Section(n=4, re=place)


def run(groups, limits: Limits, workers: int = 1, watch=lambda cell, step: None):
    return execute("local", Tasks(groups), Resources(limits, workers), watch)


def trainers() -> list[psutil.Process]:
    return [
        child for child in psutil.Process().children() if "bench.execution.executors.worker_process" in " ".join(child.cmdline())
    ]


def test_groups_hold_every_cell_once_and_share_one_data_set() -> None:
    cells = [cell(replicate, steps) for replicate in range(3) for steps in range(1, 12)]
    groups = group(cells)
    assert sorted(map(cell_key, (c for g in groups for c in g))) == sorted(map(cell_key, cells))
    assert all(len({c.request() for c in g}) == 1 for g in groups)


def test_records_come_back_for_every_cell_and_no_process_stays(tmp_path: Path) -> None:
    cells = [section(place) for place in (5, 6, 7)]
    records = [outcome.record for outcome in run([(cells[0],), tuple(cells[1:])], Limits(tmp_path), workers=2)]
    assert sorted(r.key for r in records) == sorted(map(cell_key, cells))
    assert {r.status for r in records} == {"done"}
    assert trainers() == []


def test_a_cell_that_kills_its_worker_twice_is_failed_and_the_others_go_on(tmp_path: Path) -> None:
    poison, healthy = cell(0, ENDLESS), [section(place) for place in (5, 6, 7)]
    deaths = 0

    def watch(running: Cell | Section, step: int) -> None:
        nonlocal deaths
        if running == poison and step > 0:
            deaths += 1
            for child in trainers():
                child.kill()

    outcomes = run([(healthy[0], poison, *healthy[1:])], Limits(tmp_path), watch=watch)
    records = {outcome.record.key: outcome.record for outcome in outcomes}
    assert records[cell_key(poison)].status == "failed"
    assert "worker died 2 times" in records[cell_key(poison)].message
    assert {records[cell_key(c)].status for c in healthy} == {"done"}
    assert deaths == 2


def test_a_worker_killed_once_in_training_costs_no_record_and_changes_no_bit(tmp_path: Path) -> None:
    cells, killed = [cell(0, SLOW), cell(0, 6)], []

    def watch(running: Cell, step: int) -> None:
        if not killed and step > 0:
            killed.extend(child.pid for child in trainers())
            for pid in killed:
                os.kill(pid, signal.SIGKILL)

    disturbed = [outcome.record for outcome in run([(cells[0],), (cells[1],)], Limits(tmp_path), watch=watch)]
    assert len(killed) == 1
    assert sorted(record.key for record in disturbed) == sorted(map(cell_key, cells))
    calm = {outcome.record.key: outcome.record.weights_sha256 for outcome in Runner(tmp_path).run(cells)}
    assert {record.key: record.weights_sha256 for record in disturbed} == calm


def test_a_cell_over_its_memory_is_oom_and_the_others_go_on(tmp_path: Path) -> None:
    cells = (cell(0, ENDLESS), cell(0, 5))
    limits = Limits(tmp_path, memory_bytes=2**20)
    records = {outcome.record.key: outcome.record.status for outcome in run([cells], limits)}
    assert set(records.values()) == {"oom"}
    assert len(records) == 2


def test_a_worker_that_the_kernel_killed_for_want_of_memory_is_oom_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = [0]
    monkeypatch.setattr(local, "kernel_kills", lambda: counted[0])

    def watch(running: Cell, step: int) -> None:
        counted[0] += 1
        for child in trainers():
            child.kill()

    (record,) = [outcome.record for outcome in run([(cell(0, ENDLESS),)], Limits(tmp_path), watch=watch)]
    assert (record.status, counted) == ("oom", [1])
    assert "kernel" in record.message


@pytest.mark.parametrize("last", ["end", "death"])
def test_a_process_over_its_memory_or_dead_after_its_last_outcome_costs_nothing(last: str) -> None:
    """Between the last outcome of a group and its end no cell is being trained."""
    ours, theirs = multiprocessing.Pipe()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        worker, pool = WorkerProcess(process, ours, 0), WorkerPool(Limits(None, memory_bytes=1), 1)
        worker.group = (section(5),)
        pool._workers.append(worker)
        theirs.send(("outcome", "its outcome"))
        if last == "end":
            theirs.send(("end", None))
        else:
            theirs.close()
        assert list(pool.run(Tasks([]))) == ["its outcome"]
        pool.close()
        process.kill()


def test_the_kernels_count_is_read_from_its_statistics(tmp_path: Path) -> None:
    (tmp_path / "vmstat").write_text("pgfault 10\noom_kill 3\nzswpin 0\n")
    assert kernel_kills(tmp_path / "vmstat") == 3
    assert kernel_kills(tmp_path / "absent") == 0
    assert kernel_kills() >= 0


def test_a_cell_over_its_time_ends_as_timeout(tmp_path: Path) -> None:
    record = next(run([(cell(0, ENDLESS),)], Limits(tmp_path, timeout_seconds=1.0))).record
    assert record.status == "timeout"
    assert record.cost is not None
    assert record.cost.steps > 0


def test_a_worker_that_hangs_past_its_time_is_killed_and_its_cell_a_timeout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock of the driver is set forward once the first step is seen; the training itself has no time limit to heed."""
    ahead = [0.0]
    monkeypatch.setattr(local.time, "monotonic", lambda: ahead[0])

    def watch(running: Cell | Section, step: int) -> None:
        ahead[0] = 1e9 if running == hanging else ahead[0]

    hanging, healthy = cell(0, ENDLESS), section(5)
    records = {o.record.key: o.record for o in run([(hanging, healthy)], Limits(tmp_path, timeout_seconds=1e6), watch=watch)}
    assert records[cell_key(hanging)].status == "timeout"
    assert "worker killed after" in records[cell_key(hanging)].message
    assert records[cell_key(healthy)].status == "done"


def weights(groups: list[tuple[Cell, ...]], count: int, cache: Path | None) -> dict[str, str | None]:
    return {o.record.key: o.record.weights_sha256 for o in run(groups, Limits(cache), count)}


@pytest.fixture(scope="module")
def backward() -> dict[str, str | None]:
    """The weights of two cells that one worker trained in one group, the last first, on data kept nowhere."""
    return weights([(cell(1), cell(0))], 1, None)


@pytest.mark.parametrize("workers", [1, 2])
def test_same_cells_same_weights_whatever_the_workers_and_the_order(
    backward: dict[str, str | None], tmp_path: Path, workers: int
) -> None:
    assert weights([(cell(0),), (cell(1),)], workers, tmp_path) == backward
    assert len(backward) == 2
    assert None not in backward.values()


def test_cells_added_while_others_run_are_run_too(tmp_path: Path) -> None:
    tasks = Tasks([(section(5),)])
    seen = []
    for outcome in execute("local", tasks, Resources(Limits(tmp_path))):
        seen.append(outcome.record.key)
        if len(seen) < 3:
            tasks.add([(section(5 + len(seen)),)])
    assert seen == [cell_key(section(place)) for place in (5, 6, 7)]


@pytest.mark.parametrize(("recycle_bytes", "processes"), [(1, 3), (2**40, 1)])
def test_a_worker_that_holds_much_memory_between_groups_is_replaced(tmp_path: Path, recycle_bytes: int, processes: int) -> None:
    pids = set()
    for _ in run([(section(place),) for place in (5, 6, 7)], Limits(tmp_path, recycle_bytes=recycle_bytes)):
        pids |= {child.pid for child in trainers()}
    assert len(pids) == processes


def test_a_worker_is_replaced_after_its_number_of_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "RECYCLE_AFTER", 2)
    pids = []
    for _ in run([(section(place),) for place in range(5, 9)], Limits(tmp_path)):
        pids += [child.pid for child in trainers()]
    assert len(set(pids)) == 2


def test_a_pool_is_kept_between_runs_and_replaces_a_process_that_has_gone(tmp_path: Path) -> None:
    pool = WorkerPool(Limits(tmp_path), 1)
    try:
        assert [o.record.status for o in pool.run(Tasks([(section(5),)]))] == ["done"]
        (first,) = trainers()
        assert [o.record.status for o in pool.run(Tasks([(section(6),)]))] == ["done"]
        assert trainers() == [first]
        first.kill()
        first.wait()
        assert [o.record.status for o in pool.run(Tasks([(section(7),)]))] == ["done"]
    finally:
        pool.close()
    assert trainers() == []


def test_a_training_process_whose_parent_is_gone_ends_in_the_midst_of_training(tmp_path: Path) -> None:
    worker = WorkerProcess.start(Limits(tmp_path))
    worker.assign((cell(0, ENDLESS),))
    process = psutil.Process(worker.process.pid)
    assert worker.connection.recv()[0] == "step"
    worker.connection.close()
    assert worker.process.wait(timeout=20) != -signal.SIGKILL
    assert not process.is_running()
    assert (ROOT / "bench").is_dir()
