"""`local`: processes of one thread each on this machine.

A process is replaced after RECYCLE_AFTER cells and when it holds much memory (TensorFlow grows with every program). One that
dies takes down only the cell it was training: that cell is tried again alone, at most ATTEMPTS times, then recorded as
`failed`; the rest of its group goes on. If the kernel killed a process for want of memory, the cell is recorded as `oom`.
"""

import contextlib
import multiprocessing
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Self

import psutil

from bench.execution.executors.base import GIB, Group, Limits, Outcomes, Resources, StepReport, Tasks, unreported
from bench.execution.runner import Outcome, failed

ATTEMPTS = 2
RECYCLE_AFTER = 64
POLL_SECONDS = 0.5
SHARE_OF_MEMORY = 0.9
ROOT = Path(__file__).parents[3]


def run(tasks: Tasks, resources: Resources, report: StepReport = unreported) -> Outcomes:
    """Run groups on `workers` processes; without a stated limit, each may hold its share of the machine's memory."""
    limits, workers = resources.limits, resources.workers
    if limits.memory_bytes is None:
        limits = replace(limits, memory_bytes=int(SHARE_OF_MEMORY * psutil.virtual_memory().total / workers))
    pool = WorkerPool(limits, workers)
    try:
        yield from pool.run(tasks, report)
    finally:
        pool.close()


@dataclass
class WorkerProcess:
    """One training process (`bench.execution.executors.worker_process`) and what it is doing."""

    process: "subprocess.Popen[bytes]"
    connection: Connection
    kernel_kills: int
    group: Group = ()
    finished: int = 0
    cells_done: int = 0
    cell_started: float = 0.0

    @classmethod
    def start(cls, limits: Limits) -> Self:
        """Start a process that knows its limits."""
        ours, theirs = multiprocessing.Pipe()
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.execution.executors.worker_process", str(theirs.fileno())],
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path},
        )
        theirs.close()
        worker = cls(process, ours, kernel_kills())
        worker._send(limits)
        return worker

    @property
    def running(self) -> bool:
        """Whether a cell is being trained; after the last outcome of a group its end is still to come."""
        return self.finished < len(self.group)

    @property
    def cell(self) -> Any:
        """The cell that is being trained."""
        return self.group[self.finished]

    @property
    def rest(self) -> Group:
        """What comes after it in its group."""
        return self.group[self.finished + 1 :]

    def assign(self, group: Group) -> None:
        """Hand over a group."""
        self.group, self.finished, self.cell_started = group, 0, time.monotonic()
        self._send(group)

    def _send(self, value: Any) -> None:
        with contextlib.suppress(OSError):  # a process that has died is noticed when it is read
            self.connection.send(value)

    def resident_bytes(self) -> int:
        """Resident memory of the process, 0 if it is gone."""
        try:
            return int(psutil.Process(self.process.pid).memory_info().rss)
        except psutil.Error:
            return 0

    def overrun(self, limits: Limits) -> tuple[Any, str]:
        """Which limit the process exceeds: the status and the reason, or two empty strings."""
        if limits.timeout_seconds is not None:
            grace = 1.5 * limits.timeout_seconds + 60.0
            if time.monotonic() - self.cell_started > grace:
                return "timeout", f"worker killed after {grace:.0f} s on one cell"
        resident = self.resident_bytes() if limits.memory_bytes is not None else 0
        if limits.memory_bytes is not None and resident > limits.memory_bytes:
            return "oom", f"worker killed at {resident / GIB:.1f} GiB, limit {limits.memory_bytes / GIB:.1f} GiB"
        return "", ""

    def stop(self) -> int:
        """Kill the process and return its exit code."""
        self.process.kill()
        self.connection.close()
        return self.process.wait()


class WorkerPool:
    """A number of training processes, started when there is work and kept for more.

    Args:
        limits: of each process.
        size: how many there may be.
    """

    def __init__(self, limits: Limits, size: int) -> None:
        self._limits = limits
        self._size = size
        self._workers: list[WorkerProcess] = []
        self._attempts: Counter[str] = Counter()

    def run(self, tasks: Tasks, report: StepReport = unreported) -> Outcomes:
        """Yield outcomes as they finish; `report` is called with the cell and its step."""
        self._attempts.clear()
        while self._assign(tasks):
            for connection in wait([worker.connection for worker in self._workers], timeout=POLL_SECONDS):
                worker = next(worker for worker in self._workers if worker.connection is connection)
                yield from self._receive(worker, tasks, report)
            for worker in [worker for worker in self._workers if worker.running]:
                status, reason = worker.overrun(self._limits)
                if reason:
                    self._remove(worker)
                    tasks.add([worker.rest])
                    yield failed(worker.cell, reason, status)

    def close(self) -> None:
        """Kill all processes."""
        while self._workers:
            self._remove(self._workers[0])

    def _assign(self, tasks: Tasks) -> bool:
        """Give groups to those that are idle; return whether any is busy."""
        for worker in [worker for worker in self._workers if not worker.group and worker.process.poll() is not None]:
            self._remove(worker)
        while sum(1 for worker in self._workers if worker.group) < self._size:
            group = tasks.take()
            if not group:
                break
            idle = next((worker for worker in self._workers if not worker.group), None)
            if idle is None:
                idle = WorkerProcess.start(self._limits)
                self._workers.append(idle)
            idle.assign(group)
        return any(worker.group for worker in self._workers)

    def _receive(self, worker: WorkerProcess, tasks: Tasks, report: StepReport) -> Iterator[Outcome]:
        """Take one message: a step, an outcome, the end of a group, or the death of the process."""
        try:
            kind, value = worker.connection.recv()
        except (EOFError, ConnectionResetError):
            code = self._remove(worker)
            if worker.running:
                yield from self._retry_or_fail(worker, tasks, code)
            return
        if kind == "step":
            report(worker.cell, value)
        elif kind == "outcome":
            worker.finished += 1
            worker.cells_done += 1
            worker.cell_started = time.monotonic()
            yield value
        else:
            worker.group = ()
            if worker.cells_done >= RECYCLE_AFTER or worker.resident_bytes() > self._limits.recycle_bytes:
                self._remove(worker)

    def _retry_or_fail(self, worker: WorkerProcess, tasks: Tasks, code: int) -> Iterator[Outcome]:
        """After the death of a process: the current cell again and alone, or given up; the rest of the group goes on."""
        cell = worker.cell
        name = cell.model_dump_json()
        self._attempts[name] += 1
        tasks.add([worker.rest])
        if code == -9 and kernel_kills() > worker.kernel_kills:
            yield failed(cell, "worker killed while the kernel was out of memory", "oom")
        elif self._attempts[name] < ATTEMPTS:
            tasks.add([(cell,)])
        else:
            yield failed(cell, f"worker died {ATTEMPTS} times on this cell, last with exit code {code}")

    def _remove(self, worker: WorkerProcess) -> int:
        """Kill a process and return its exit code."""
        self._workers.remove(worker)
        return worker.stop()


def kernel_kills(statistics: Path = Path("/proc/vmstat")) -> int:
    """How many processes the kernel has killed for want of memory (machine or control group) since it started; 0 if unknown."""
    with contextlib.suppress(OSError, ValueError):
        for line in statistics.read_text().splitlines():
            name, _, count = line.partition(" ")
            if name == "oom_kill":
                return int(count)
    return 0
