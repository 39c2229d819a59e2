"""Execution: groups of cells in, records out as they finish. The store is the truth, not the scheduler.

`local` runs worker processes of one thread each, replaced after RECYCLE_AFTER cells (TensorFlow grows with every program). A
worker that dies takes down only the cell it was training: that cell is tried again alone, at most
ATTEMPTS times, then recorded as `failed`; the rest of its group goes on.
"""

import contextlib
import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import psutil

from bench.cell import Cell
from bench.run import Outcome, Runner, failed

ATTEMPTS = 2
RECYCLE_AFTER = 64
POLL_SECONDS = 0.5

Group = tuple[Cell, ...]


@dataclass(frozen=True)
class Limits:
    """What one worker may use.

    Attributes:
        cache: folder of generated data.
        timeout_seconds: wall seconds for one cell; a worker that overruns it by half and a minute is killed.
        memory_bytes: resident memory of one worker; above it the worker is killed and the cell recorded as `oom`.
    """

    cache: Path | None
    timeout_seconds: float | None = None
    memory_bytes: int | None = None


@dataclass
class _Worker:
    """One worker process and what it is doing."""

    process: BaseProcess
    connection: Connection
    group: Group = ()
    finished: int = 0
    cells_done: int = 0
    cell_started: float = 0.0

    def assign(self, group: Group) -> None:
        self.group, self.finished, self.cell_started = group, 0, time.monotonic()
        with contextlib.suppress(OSError):  # a worker that has died is noticed, and its group put back, when it is read
            self.connection.send(group)


def run_local(
    groups: Iterable[Group], limits: Limits, *, workers: int, watch: Callable[[Cell, int], None] = lambda cell, step: None
) -> Iterator[Outcome]:
    """Run groups on `workers` local processes and yield outcomes as they finish.

    Args:
        groups: what to run; a deque may be added to while records come back.
        limits: of each worker.
        workers: number of processes.
        watch: told which cell is at which step.
    """
    queue = groups if isinstance(groups, deque) else deque(groups)
    attempts: dict[str, int] = {}
    pool: list[_Worker] = []
    try:
        while queue or any(worker.group for worker in pool):
            while queue and len(pool) < workers:
                pool.append(_start(limits))
            for worker in [w for w in pool if not w.group][: len(queue)]:
                worker.assign(queue.popleft())
            for connection in wait([worker.connection for worker in pool], timeout=POLL_SECONDS):
                worker = next(w for w in pool if w.connection is connection)
                yield from _receive(worker, pool, queue, attempts=attempts, watch=watch)
            for worker in [w for w in pool if w.group]:
                status, reason = _overrun(worker, limits)
                if reason:
                    _stop(worker)
                    pool.remove(worker)
                    yield _abandon(worker, queue, reason=reason, status=status)
    finally:
        for worker in pool:
            _stop(worker)


def _receive(
    worker: _Worker,
    pool: list[_Worker],
    queue: deque[Group],
    *,
    attempts: dict[str, int],
    watch: Callable[[Cell, int], None],
) -> Iterator[Outcome]:
    """Take one message of a worker: a step, an outcome, the end of its group, or its death."""
    try:
        kind, value = worker.connection.recv()
    except (EOFError, ConnectionResetError):
        pool.remove(worker)
        _stop(worker)
        if worker.group:
            yield from _bury(worker, queue, attempts)
        return
    if kind == "step":
        watch(worker.group[worker.finished], value)
    elif kind == "outcome":
        worker.finished += 1
        worker.cells_done += 1
        worker.cell_started = time.monotonic()
        yield value
    else:
        worker.group = ()
        if worker.cells_done >= RECYCLE_AFTER:
            pool.remove(worker)
            _stop(worker)


def _bury(worker: _Worker, queue: deque[Group], attempts: dict[str, int]) -> Iterator[Outcome]:
    """After a worker's death: its current cell again and alone, or given up; the rest of the group goes on."""
    cell = worker.group[worker.finished]
    name = cell.model_dump_json()
    attempts[name] = attempts.get(name, 0) + 1
    code = worker.process.exitcode
    if attempts[name] < ATTEMPTS:
        queue.append((cell,))
        _requeue(worker, queue)
    else:
        yield _abandon(worker, queue, reason=f"worker died {ATTEMPTS} times on this cell, last with exit code {code}")


def _abandon(worker: _Worker, queue: deque[Group], *, reason: str, status: Any = "failed") -> Outcome:
    """Give up a worker's current cell and put the rest of its group back."""
    _requeue(worker, queue)
    return failed(worker.group[worker.finished], reason, status)


def _requeue(worker: _Worker, queue: deque[Group]) -> None:
    rest = worker.group[worker.finished + 1 :]
    if rest:
        queue.append(rest)


def _overrun(worker: _Worker, limits: Limits) -> tuple[str, str]:
    """Whether a worker exceeds a limit: the status and the reason, or two empty strings."""
    if limits.timeout_seconds is not None:
        grace = 1.5 * limits.timeout_seconds + 60.0
        if time.monotonic() - worker.cell_started > grace:
            return "timeout", f"worker killed after {grace:.0f} s on one cell"
    if limits.memory_bytes is not None:
        try:
            resident = psutil.Process(worker.process.pid).memory_info().rss
        except psutil.Error:
            return "", ""
        if resident > limits.memory_bytes:
            return "oom", f"worker killed at {resident / 2**30:.1f} GiB, limit {limits.memory_bytes / 2**30:.1f} GiB"
    return "", ""


def _start(limits: Limits) -> _Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, limits, os.getpid()), daemon=True)
    process.start()
    theirs.close()
    return _Worker(process, ours)


def _stop(worker: _Worker) -> None:
    worker.process.kill()
    worker.process.join()
    worker.connection.close()


def _work(connection: Connection, limits: Limits, driver: int) -> None:
    """The life of a worker: receive a group, run its cells, send outcomes; end when the driver is gone."""
    from bench.engines.batched.compilation import keep_compiled_programs
    from bench.engines.threads import pin_threads

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pin_threads()
    if limits.cache is not None:
        keep_compiled_programs(limits.cache)
    runner = Runner(limits.cache, limits.timeout_seconds)
    last = [time.monotonic()]

    def report(_: int, step: int) -> None:
        if os.getppid() != driver:
            os._exit(1)
        if time.monotonic() - last[0] > POLL_SECONDS:
            last[0] = time.monotonic()
            connection.send(("step", step))

    try:
        while True:
            for outcome in runner.run(connection.recv(), report):
                connection.send(("outcome", outcome))
            connection.send(("end", None))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
