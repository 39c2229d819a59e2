"""`dask`: groups as tasks of a Dask scheduler, a cluster on this machine or an existing one by its address.

Each Dask worker keeps one training process of its own (as `local` does, with the same limits, retries and statuses), so a
Dask worker itself stays small and is alive to report. Should it die all the same, Dask runs the task elsewhere; a group that
has brought down too many workers is split into its cells, and a cell that still does so is recorded as `failed`. Workers
return outcomes; the driver alone writes records.
"""

import logging
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from typing import Any

import dask
from distributed import Client, Future, KilledWorker, LocalCluster, Worker, WorkerPlugin, get_worker

from bench.execution.executors.base import Group, Limits, Outcomes, Resources, StepReport, Tasks, unreported
from bench.execution.executors.local import POLL_SECONDS, SHARE_OF_MEMORY, WorkerPool
from bench.execution.executors.quiet_logs import without_logs
from bench.execution.executors.worker_watch import WorkerWatch
from bench.execution.runner import Outcome, failed
from operators.atomic_files import writer_name
from operators.errors import UserError

ALLOWED_FAILURES = 1
DASHBOARD = "127.0.0.1:0"  # any free port: that of a scheduler beside it is no matter
CONNECT_SECONDS = 20.0
LOST = "lost the Dask scheduler; what was finished is kept, run again to go on"


def run(tasks: Tasks, resources: Resources, report: StepReport = unreported) -> Outcomes:
    """Run groups on the scheduler at `resources.scheduler`, or on a cluster of this machine that lives as long as the run.

    Steps are not reported.

    Raises:
        UserError: the scheduler cannot be reached or is lost, or its workers cannot import this package.
    """
    with ExitStack() as stack:
        stack.enter_context(without_logs())
        if resources.scheduler is not None:
            client = stack.enter_context(connected(resources.scheduler))
            watch = WorkerWatch(resources.scheduler, resources.wait_seconds, resources.notify)
            yield from run_on(client, tasks, resources.limits, watch=watch)
        else:
            cluster = stack.enter_context(closing(on_this_machine(resources)))
            yield from run_on_own(cluster, stack.enter_context(Client(cluster)), tasks, resources)


def on_this_machine(resources: Resources) -> LocalCluster:
    """A scheduler, and workers of one thread, each under a nanny."""
    limit = resources.limits.memory_bytes
    with dask.config.set({"distributed.scheduler.allowed-failures": ALLOWED_FAILURES}):
        return LocalCluster(
            n_workers=resources.workers,
            threads_per_worker=1,
            memory_limit="auto" if limit is None else int(limit / SHARE_OF_MEMORY),
            dashboard_address=DASHBOARD,
            silence_logs=logging.CRITICAL,
        )


def connected(address: str) -> Client:
    """A client of an existing scheduler.

    Raises:
        UserError: it cannot be reached.
    """
    try:
        return Client(address, timeout=CONNECT_SECONDS)
    except (OSError, ValueError) as error:
        raise UserError(f"expected a Dask scheduler at {address}, got {type(error).__name__}: {error}") from None


def run_on_own(cluster: LocalCluster, client: Client, tasks: Tasks, resources: Resources) -> Outcomes:
    """Run groups on a cluster of our own, and replace the workers it gives up: those that take long to start again."""
    watch = WorkerWatch(cluster.scheduler_address, resources.wait_seconds, resources.notify)
    return run_on(client, tasks, resources.limits, while_waiting=lambda: cluster.scale(resources.workers), watch=watch)


def run_on(
    client: Client,
    tasks: Tasks,
    limits: Limits,
    *,
    while_waiting: Callable[[], None] = lambda: None,
    watch: WorkerWatch | None = None,
) -> Outcomes:
    """Run groups on the workers of a scheduler, never more at once than there are threads.

    Args:
        client: of the scheduler.
        tasks: what is to be run.
        limits: of each training process; without a memory limit, a share of what its Dask worker may use.
        while_waiting: called now and then while no task ends.
        watch: told then how many threads there are.

    Raises:
        UserError: the scheduler is lost, or has had no workers for too long.
    """
    name = f"deeponet-{writer_name()}"
    _register_plugin(client, name, limits)
    running: dict[Any, tuple[Future, Group]] = {}
    ended: queue.SimpleQueue[Future] = queue.SimpleQueue()
    number = 0
    try:
        while True:
            while len(running) < max(1, _threads(client)) and (group := tasks.take()):
                number += 1
                future = client.submit(_train, name, group, key=f"{name}-{number}", pure=False)
                running[future.key] = (future, group)
                future.add_done_callback(ended.put)
            if not running:
                return
            try:
                future = ended.get(timeout=POLL_SECONDS)
            except queue.Empty:
                while_waiting()
                if watch is not None:
                    watch.look(_threads(client))
                continue
            future, group = running.pop(future.key)
            yield from _outcomes(future, group, tasks)
    finally:
        with suppress(OSError, RuntimeError, CancelledError):
            client.cancel([future for future, _ in running.values()])
            client.unregister_worker_plugin(name)


def _threads(client: Client) -> int:
    """Threads of all workers.

    Raises:
        UserError: the scheduler does not answer any more.
    """
    try:
        return sum(client.nthreads().values())
    except (OSError, RuntimeError, ValueError, TimeoutError, CancelledError):
        raise UserError(LOST) from None


def _register_plugin(client: Client, name: str, limits: Limits) -> None:
    """Give every worker, also those still to come, what it needs to train."""
    try:
        client.register_plugin(TrainingPlugin(limits), name)
    except Exception as error:
        raise UserError(
            f"expected Dask workers that import this release, got {type(error).__name__}: {error};"
            " install the same version of deeponet-size-bounds there"
        ) from error


class TrainingPlugin(WorkerPlugin):  # type: ignore[misc]
    """Keeps the training process of one Dask worker."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def setup(self, worker: Worker) -> None:
        """Prepare; the process starts with the first group."""
        limit = worker.memory_manager.memory_limit
        limits = self._limits
        if limits.memory_bytes is None and limit:
            limits = replace(limits, memory_bytes=int(SHARE_OF_MEMORY * limit))
        self._pool = WorkerPool(limits, 1)
        self._one_at_a_time = threading.Lock()

    def teardown(self, worker: Worker) -> None:
        """End the process."""
        self._pool.close()

    def train(self, group: Group) -> list[Outcome]:
        """Run one group."""
        with self._one_at_a_time:
            return list(self._pool.run(Tasks([group])))


def _train(name: str, group: Group) -> list[Outcome]:
    """Run one group on the Dask worker this is called on."""
    return get_worker().plugins[name].train(group)


def _outcomes(future: Future, group: Group, tasks: Tasks) -> Iterator[Outcome]:
    """What became of a task."""
    try:
        yield from future.result()
    except KilledWorker as error:
        if len(group) > 1:
            tasks.add((cell,) for cell in group)
        else:
            yield failed(group[0], f"Dask workers died on this cell, the last at {error.last_worker.address}")
    except CancelledError:
        raise UserError(LOST) from None
    except Exception as error:
        for cell in group:
            yield failed(cell, f"{type(error).__name__} on a Dask worker: {error}"[:2000])
