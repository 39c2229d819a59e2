"""The process that trains: it receives groups, runs their cells, and sends outcomes back.

    python -m bench.execution.executors.worker_process FD

FD is the open file descriptor of a socket pair, whose other end the driver (or a Dask worker) holds. One thread; it ends
when the other end closes, when its parent is gone, or after IDLE_SECONDS without work.
"""

import os
import signal
import sys
import time
from multiprocessing.connection import Connection

from bench.engines.descent.program_cache import keep_compiled_programs
from bench.engines.threads import pin_threads
from bench.execution.executors.base import Limits
from bench.execution.runner import Runner

IDLE_SECONDS = 300.0
REPORT_SECONDS = 0.5


def serve(connection: Connection, parent: int) -> None:
    """Run what arrives, until nothing does."""
    limits: Limits = connection.recv()
    if limits.cache is not None:
        keep_compiled_programs(limits.cache)
    runner = Runner(limits.cache, limits.timeout_seconds)
    last = [time.monotonic()]

    def report(_: int, step: int) -> None:
        if os.getppid() != parent:
            os._exit(1)
        if time.monotonic() - last[0] > REPORT_SECONDS:
            last[0] = time.monotonic()
            connection.send(("step", step))

    while connection.poll(IDLE_SECONDS):
        for outcome in runner.run(connection.recv(), report):
            connection.send(("outcome", outcome))
        connection.send(("end", None))


def main(descriptor: int) -> None:
    """Serve one parent; Ctrl-C and the end of the terminal are the parent's business."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    parent = os.getppid()
    pin_threads()
    try:
        serve(Connection(descriptor), parent)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


if __name__ == "__main__":
    main(int(sys.argv[1]))
