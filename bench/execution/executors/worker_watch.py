"""Are there workers? A run whose scheduler has none waits for them, says so every minute, and ends after a limit."""

import time
from collections.abc import Callable

from operators.errors import UserError

TOLD_EVERY_SECONDS = 60.0


class WorkerWatch:
    """How long a scheduler has had no workers.

    Args:
        address: of the scheduler.
        limit_seconds: how long none is borne.
        notify: called with a sentence that a user should read.
        clock: seconds that never go backwards.
    """

    def __init__(
        self, address: str, limit_seconds: float, notify: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._address, self._limit, self._notify, self._clock = address, limit_seconds, notify, clock
        self._seen = self._told = clock()

    def look(self, threads: int) -> None:
        """Note how many threads all workers have together.

        Raises:
            UserError: none for longer than the limit.
        """
        now = self._clock()
        if threads > 0:
            self._seen = self._told = now
            return
        absent = now - self._seen
        if absent >= self._limit:
            raise UserError(
                f"expected workers at the Dask scheduler {self._address}, got none for {absent:.0f} s; what was finished is kept:"
                f" start some (`dask worker {self._address}`), then run again to go on, or raise --wait"
            )
        if now - self._told >= TOLD_EVERY_SECONDS:
            self._told = now
            self._notify(
                f"no workers at the Dask scheduler {self._address} for {absent / 60:.0f} min; waiting {self._limit / 60:.0f} min"
                f" in all, as --wait says; `dask worker {self._address}` starts one"
            )
