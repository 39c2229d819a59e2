"""Dask runs what local runs: the same records, the same statuses; a Dask worker that dies costs at most the cell at fault."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import dask
import psutil
import pytest
from distributed import Client, LocalCluster

from bench.cell import Cell, Net, Training
from bench.execution.executors import EXECUTORS, Limits, Resources, Tasks, execute
from bench.execution.executors import dask as dask_executor
from bench.execution.executors.dask import on_this_machine, run_on, run_on_own
from bench.study import cell_key
from operators.errors import UserError
from results.families.sci import Cell as Section

pytestmark = pytest.mark.system

ENDLESS = 10**7


def cell(steps: int) -> Cell:
    width = 6 if steps < ENDLESS else 1
    net = Net(branch_widths=(width,), trunk_widths=(width,), q=3)
    training = Training(recipe="variable-projection", steps=steps, learning_rate=1e-2)
    return Cell(task="antiderivative", functions=20, points=20, architecture=net, training=training)


def section(place: int) -> Section:
    """A cell that needs neither data nor training."""
    return Section(n=4, re=place)


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    """A cluster of one worker on this machine, as the executor makes it."""
    made = on_this_machine(Resources(Limits(None), workers=1))
    yield made
    made.close()


@pytest.fixture
def client(cluster: LocalCluster) -> Iterator[Client]:
    """A client of it."""
    with Client(cluster) as made:
        yield made


def test_an_existing_scheduler_gives_the_records_of_local(cluster: LocalCluster, tmp_path: Path) -> None:
    groups = [tuple(cell(steps) for steps in (5, 6, 7)), (cell(8),)]
    ignored = {"cost", "finished", "host"}

    def records(name: str, resources: Resources) -> dict[str, dict]:
        outcomes = list(execute(name, Tasks(groups), resources))
        assert all(outcome.weights is not None for outcome in outcomes)
        return {outcome.record.key: outcome.record.model_dump(exclude=ignored) for outcome in outcomes}

    limits = Limits(tmp_path)
    there = records("dask", Resources(limits, scheduler=cluster.scheduler_address))
    assert there == records("local", Resources(limits, workers=1))
    assert len(there) == 4


def test_timeout_and_oom_are_those_of_local_and_the_rest_goes_on(client: Client, tmp_path: Path) -> None:
    def statuses(limits: Limits) -> dict[str, str]:
        found = run_on(client, Tasks([(cell(ENDLESS), cell(5))]), limits)
        return {outcome.record.key: outcome.record.status for outcome in found}

    late = statuses(Limits(tmp_path, timeout_seconds=1.0))
    assert late == {cell_key(cell(ENDLESS)): "timeout", cell_key(cell(5)): "done"}
    swollen = statuses(Limits(tmp_path, memory_bytes=2**20))
    assert set(swollen.values()) == {"oom"}
    assert len(swollen) == 2


def dask_workers(client: Client) -> list[int]:
    return [int(pid) for pid in client.run(lambda: __import__("os").getpid()).values()]


def test_a_cell_that_kills_dask_workers_is_failed_alone_and_the_rest_goes_on(
    client: Client, cluster: LocalCluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whenever the endless cell is being trained, the whole Dask worker is killed; its nanny starts another."""
    monkeypatch.setattr(cluster.scheduler, "allowed_failures", 0)
    finished, deaths = threading.Event(), []

    def kill_while_endless() -> None:
        while not finished.wait(0.2):
            for pid in dask_workers(client):
                worker = psutil.Process(pid)
                children = [
                    child
                    for child in worker.children()
                    if "bench.execution.executors.worker_process" in " ".join(child.cmdline())
                ]
                if any(sum(child.cpu_times()[:2]) > 1.5 for child in children):
                    deaths.append(pid)
                    worker.kill()
                    worker.wait()

    killer = threading.Thread(target=kill_while_endless)
    killer.start()
    try:
        groups = [(section(5), cell(ENDLESS), section(6))]
        resources = Resources(Limits(tmp_path), workers=1)
        records = {outcome.record.key: outcome.record for outcome in run_on_own(cluster, client, Tasks(groups), resources)}
    finally:
        finished.set()
        killer.join()
    assert records[cell_key(cell(ENDLESS))].status == "failed"
    assert "Dask workers died on this cell" in records[cell_key(cell(ENDLESS))].message
    assert {records[cell_key(section(place))].status for place in (5, 6)} == {"done"}
    assert len(set(deaths)) == 2


def test_a_worker_that_the_cluster_gives_up_is_replaced(client: Client, cluster: LocalCluster, tmp_path: Path) -> None:
    """The cluster drops a worker that does not come back within a time; at 0.01 s none does."""
    resources = Resources(Limits(tmp_path), workers=1)
    cluster.scale(1)
    client.wait_for_workers(1, timeout=60.0)
    with dask.config.set({"distributed.deploy.lost-worker-timeout": "10 ms"}):
        (pid,) = dask_workers(client)
        psutil.Process(pid).kill()
        deadline = time.monotonic() + 60.0
        while cluster.workers and time.monotonic() < deadline:
            time.sleep(0.01)
    assert not cluster.workers
    (outcome,) = run_on_own(cluster, client, Tasks([(section(5),)]), resources)
    assert outcome.record.status == "done"
    assert len(cluster.workers) == 1


def test_what_is_added_meanwhile_runs_and_no_more_is_handed_out_than_there_are_threads(client: Client, tmp_path: Path) -> None:
    handed: list[tuple[Section, ...]] = []

    def unfinished(group: tuple[Section, ...]) -> tuple[Section, ...]:
        handed.append(group)
        return group

    tasks = Tasks([(section(5),), (section(6),)], unfinished)
    seen = []
    for outcome in run_on(client, tasks, Limits(tmp_path)):
        seen.append(outcome.record.key)
        assert len(handed) <= len(seen) + 1
        if len(seen) == 1:
            tasks.add([(section(7),)])
    assert sorted(seen) == sorted(cell_key(section(place)) for place in (5, 6, 7))


def test_an_interrupted_run_leaves_nothing_on_the_scheduler(client: Client, tmp_path: Path) -> None:
    outcomes = run_on(client, Tasks([(section(place),) for place in (5, 6, 7)]), Limits(tmp_path))
    next(outcomes)
    outcomes.close()
    assert not [name for name in client.run(lambda dask_worker: list(dask_worker.plugins)).popitem()[1] if "deeponet" in name]
    (pid,) = dask_workers(client)
    assert [
        child
        for child in psutil.Process(pid).children()
        if "bench.execution.executors.worker_process" in " ".join(child.cmdline())
    ] == []


def test_a_scheduler_that_is_not_there_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_executor, "CONNECT_SECONDS", 1.0)
    with pytest.raises(UserError, match=r"expected a Dask scheduler at tcp://127\.0\.0\.1:9"):
        list(execute("dask", Tasks([(section(5),)]), Resources(Limits(None), scheduler="tcp://127.0.0.1:9")))


def test_a_scheduler_without_workers_ends_the_run_after_its_limit_in_one_sentence(capfd: pytest.CaptureFixture[str]) -> None:
    with LocalCluster(n_workers=0, processes=False, dashboard_address=":0") as empty:
        resources = Resources(Limits(None), scheduler=empty.scheduler_address, wait_seconds=0.0)
        with pytest.raises(UserError, match=rf"expected workers at the Dask scheduler {empty.scheduler_address}, got none"):
            list(execute("dask", Tasks([(section(5),)]), resources))
    assert capfd.readouterr() == ("", "")


def test_two_schedulers_on_one_machine_do_not_ask_for_one_port() -> None:
    """A warning would end the test."""
    nobody = Resources(Limits(None), workers=0)
    with closing(on_this_machine(nobody)) as one, closing(on_this_machine(nobody)) as other:
        assert one.scheduler_address != other.scheduler_address


@pytest.mark.parametrize("name", ["dask", "slurm"])
def test_a_missing_package_says_what_to_install(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UserError, match=r"pip install 'deeponet-size-bounds\[cluster\]'"):
        execute(name, Tasks([]), Resources(Limits(None)))


def test_an_unknown_executor_is_refused() -> None:
    with pytest.raises(UserError, match="expected an executor among"):
        execute("kubernetes", Tasks([]), Resources(Limits(None)))
    assert set(EXECUTORS) == {"local", "inline", "dask", "slurm"}
