"""A scheduler without workers is told of every minute and borne up to a limit; its own logs stay away. The clock is handed in."""

import logging

import pytest

from bench.execution.executors.quiet_logs import without_logs
from bench.execution.executors.worker_watch import WorkerWatch
from operators.errors import UserError

ADDRESS = "tcp://10.0.0.1:8786"


class Clock:
    """Seconds that pass when they are told to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def looked(clock: Clock, watch: WorkerWatch, *, seconds: int, threads: int = 0) -> None:
    """Look twice a second."""
    for _ in range(2 * seconds):
        clock.now += 0.5
        watch.look(threads)


def test_no_workers_are_told_of_every_minute_with_the_address_and_end_the_run_at_the_limit() -> None:
    clock, told = Clock(), list[str]()
    watch = WorkerWatch(ADDRESS, 600.0, told.append, clock)
    looked(clock, watch, seconds=599)
    assert len(told) == 9
    assert all(ADDRESS in sentence for sentence in told)
    assert "for 1 min; waiting 10 min in all" in told[0]
    with pytest.raises(UserError, match=rf"expected workers at the Dask scheduler {ADDRESS}, got none for 600 s; .* --wait"):
        looked(clock, watch, seconds=1)


def test_the_time_counts_from_the_last_worker() -> None:
    clock, told = Clock(), list[str]()
    watch = WorkerWatch(ADDRESS, 90.0, told.append, clock)
    looked(clock, watch, seconds=80)
    looked(clock, watch, seconds=1, threads=2)
    looked(clock, watch, seconds=89)
    assert len(told) == 2
    with pytest.raises(UserError, match="got none for 90 s"):
        looked(clock, watch, seconds=1)


def test_logs_of_dask_are_silent_within_and_as_before_after(capfd: pytest.CaptureFixture[str]) -> None:
    names = ("distributed.planted.deep", "tornado.application", "asyncio")
    handler = logging.StreamHandler()
    for name in names:
        logging.getLogger(name).addHandler(handler)
    levels = [logging.getLogger(name).level for name in names]
    try:
        with without_logs():
            for name in names:
                logging.getLogger(name).critical("a traceback")
        assert capfd.readouterr() == ("", "")
        assert [logging.getLogger(name).level for name in names] == levels
        logging.getLogger(names[0]).critical("audible")
        assert "audible" in capfd.readouterr().err
    finally:
        for name in names:
            logging.getLogger(name).removeHandler(handler)
