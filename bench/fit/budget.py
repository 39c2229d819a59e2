"""A budget of CPU seconds, and who is told how far it is spent."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


def silent(line: str) -> None:
    """Say nothing."""


@dataclass
class Budget:
    """CPU seconds of this process.

    Attributes:
        seconds: how many there are.
        share: the part of them after which the present stage ends.
        say: told before each piece of work what it is and how many seconds may be left.
    """

    seconds: float
    say: Callable[[str], None] = silent
    share: float = 1.0
    started: float = field(default_factory=time.process_time)
    _longest: float = 0.0

    @property
    def used(self) -> float:
        """CPU seconds since the start."""
        return time.process_time() - self.started

    @property
    def left(self) -> float:
        """CPU seconds of this stage that are left, not negative."""
        return max(0.0, self.share * self.seconds - self.used)

    @property
    def spent(self) -> bool:
        """Whether another piece of work, half as long as the longest so far, would not fit."""
        return self.left <= 0.5 * self._longest

    @property
    def longest(self) -> float:
        """Wall seconds that one training may take: what is left, and at least one."""
        return max(1.0, self.left)

    def restart(self, *, share: float) -> None:
        """Count from now on; the first stage ends after this share."""
        self.started, self.share, self._longest = time.process_time(), share, 0.0

    def next_stage(self) -> None:
        """The last stage: all that is left."""
        self.share, self._longest = 1.0, 0.0

    @contextmanager
    def counted(self, what: str) -> Iterator[None]:
        """Announce a piece of work and note how long it takes."""
        self.say(
            f"{what}; {self.used:.0f} of at most {self.seconds:.0f} CPU s used, about {self.left:.0f} s to the end of this stage"
        )
        before = self.used
        yield
        self._longest = max(self._longest, self.used - before)
