"""Standard streams as they are found: closed, full, cut off by a reader that has seen enough, or unable to write all characters.

What a command does must not depend on who listens: `run | head -1` still writes its tables. The failure of a stream is told once,
when the work is done, and the stream takes nothing more.
"""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO


class Output(io.FileIO):
    """A file descriptor that keeps its first failure to write, and drops what comes after."""

    failure: OSError | None = None

    def write(self, data: Any, /) -> int:
        """Write, or pretend to."""
        if self.failure is None:
            try:
                return super().write(data)
            except OSError as error:
                self.failure = error
        return memoryview(data).nbytes


@contextmanager
def standard_streams() -> Iterator[Output | None]:
    """Standard output and error that never raise; yields the former, or None where it is no file of the system's.

    Closed ones are opened on nothing, lest a data file take their number. Characters that an encoding lacks are spelled out.
    """
    _fill_closed()
    kept = sys.stdout, sys.stderr
    output, sys.stdout = _guarded(sys.stdout, 1)
    _, sys.stderr = _guarded(sys.stderr, 2)
    try:
        yield output
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        sys.stdout, sys.stderr = kept


def _fill_closed() -> None:
    """Open what is closed among the first three descriptors."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one


def _guarded(stream: TextIO | None, descriptor: int) -> tuple[Output | None, TextIO]:
    """A stream over an Output, with the encoding and buffering of the old one; one that is no file stays as it is."""
    if stream is None:
        raw = Output(descriptor, "w", closefd=False)
        return raw, io.TextIOWrapper(io.BufferedWriter(raw), "utf-8", "backslashreplace", line_buffering=True)
    try:
        raw = Output(stream.fileno(), "w", closefd=False)
    except (OSError, ValueError):
        return None, stream
    stream.flush()
    lines = bool(getattr(stream, "line_buffering", False))
    return raw, io.TextIOWrapper(io.BufferedWriter(raw), stream.encoding, "backslashreplace", line_buffering=lines)
