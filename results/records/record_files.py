"""Files of records: one writer each, read line by line while it grows.

A line counts once its newline is there. A line that is no valid record is refused with a reason, and the next line is
read; nothing here raises because of what a file holds, and no line is held in memory beyond MAXIMUM_LINE_BYTES.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from operators.atomic_files import sync_folder, write_failure, writer_name
from results.records.record import MAXIMUM_LINE_BYTES, Record, RecordError, from_line, to_line

HEAD_BYTES = 4096
WRITING = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
READ_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line lies."""

    path: Path
    offset: int
    length: int

    def head(self) -> str:
        """The first HEAD_BYTES bytes of the line, one character per byte."""
        with suppress(OSError), self.path.open("rb") as handle:
            handle.seek(self.offset)
            return handle.read(min(self.length, HEAD_BYTES)).decode("latin-1")
        return ""


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that is no valid record: its place, its number from 1, and why."""

    place: Place
    line: int
    reason: str


class LineReader:
    """Reads the records of one file, continuing where it stopped.

    Args:
        path: the file.
        check: raises RecordError for a record to be refused although `from_line` accepts its line.

    Attributes:
        refused: refused lines so far.
        tail: what follows the last newline, or why the file holds nothing; None if all is well.
    """

    def __init__(self, path: Path, check: Callable[[Record], None]) -> None:
        self.path = path
        self.refused: list[Refused] = []
        self.tail: Refused | None = None
        self._check = check
        self._offset = 0
        self._line = 0

    def rewritten(self) -> bool:
        """Whether the file is gone or shorter than what was read of it."""
        try:
            return self.path.stat().st_size < self._offset
        except OSError:
            return self._offset > 0

    def new(self) -> Iterator[tuple[Record, str, Place]]:
        """Yield (record, checksum, place) of the whole lines that were added since the last call."""
        try:
            if self.tail is None and 0 < self._offset == self.path.stat().st_size:
                return
            handle = self.path.open("rb", buffering=READ_BYTES)
        except OSError as error:
            self.tail = self._refuse(0, f"cannot be read: {error.strerror}")
            return
        self.tail = None
        with handle:
            handle.seek(self._offset)
            for line, length in _lines(handle):
                if not line.endswith(b"\n"):
                    self.tail = self._refuse(length, "torn: the last line has no end")
                    return
                try:
                    if length > MAXIMUM_LINE_BYTES:
                        raise RecordError(f"line longer than {MAXIMUM_LINE_BYTES} bytes")
                    record = from_line(line)
                    self._check(record)
                except RecordError as error:
                    self.refused.append(self._refuse(length, str(error)))
                else:
                    yield record, line[13:77].decode("ascii"), Place(self.path, self._offset, length)
                self._offset += length
                self._line += 1
        if self._line == 0:
            self.tail = self._refuse(0, "empty file")

    def _refuse(self, length: int, reason: str) -> Refused:
        return Refused(Place(self.path, self._offset, length), self._line + 1, reason)


def _lines(handle: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Yield (line, its length in bytes); of an overlong line only the head and the newline are kept."""
    while line := handle.readline(MAXIMUM_LINE_BYTES + 1):
        length = len(line)
        if length > MAXIMUM_LINE_BYTES and not line.endswith(b"\n"):
            line = line[:HEAD_BYTES]
            while more := handle.readline(MAXIMUM_LINE_BYTES):
                length += len(more)
                if more.endswith(b"\n"):
                    line += b"\n"
                    break
        yield line, length


class LineWriter:
    """Appends records to a file of its own, made at the first record; a forked child makes another."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._descriptor: int | None = None
        self._owner = 0

    def append(self, record: Record) -> None:
        """Write one record as one line and wait until it is on the disk.

        Raises:
            UserError: the disk is full or the folder may not be written to. What was written before stays, the torn
                line is cut off, and the next record begins a new file.
            ValueError: the record is longer than MAXIMUM_LINE_BYTES.
        """
        data = to_line(record).encode()
        if len(data) > MAXIMUM_LINE_BYTES:
            raise ValueError(f"expected a record of at most {MAXIMUM_LINE_BYTES} bytes, got {len(data)}")
        try:
            _write_whole(self._open(), data)
        except OSError as error:
            self.close()
            raise write_failure(self.folder, error) from error

    def _open(self) -> int:
        if self._descriptor is None or self._owner != os.getpid():
            path = self.folder / f"{writer_name()}.jsonl"
            self._descriptor = os.open(path, WRITING, 0o666)
            self._owner = os.getpid()
            sync_folder(self.folder)
        return self._descriptor

    def close(self) -> None:
        """Close the file; the next record begins a new one."""
        if self._descriptor is not None and self._owner == os.getpid():
            with suppress(OSError):
                os.close(self._descriptor)
        self._descriptor = None


def _write_whole(descriptor: int, data: bytes) -> None:
    """Write all of `data` and fsync it, or leave the file as it was."""
    start, rest = os.fstat(descriptor).st_size, memoryview(data)
    try:
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    except BaseException as error:
        if rest or isinstance(error, OSError):
            with suppress(OSError):
                os.ftruncate(descriptor, start)
        raise
