"""Reading files that a stranger wrote: regular files only, of bounded size, read once.

A link is not followed and a pipe or device not waited for, so that what is checked is what is used.
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from operators.errors import UserError

LONGEST_NAME = 80


class Unreadable(UserError):
    """A file that is not what it must be; the message says why, and repeats no more of it than short printable ASCII."""


@dataclass(frozen=True)
class Refusal:
    """A file that was not taken: its name, as `shown`, and why."""

    file: str
    reason: str


def shown(name: str) -> str:
    """A file name as printable ASCII in quotes, cut at LONGEST_NAME characters."""
    text = ascii(name)
    return text if len(text) <= LONGEST_NAME else f"{text[:LONGEST_NAME]}..."


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading.

    Raises:
        Unreadable: it is a symbolic link, a folder, a pipe or a device, or cannot be read.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        if path.is_symlink():
            raise Unreadable("expected a regular file, got a symbolic link")
        descriptor = os.open(path, flags)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise Unreadable("expected a regular file, got a folder, a pipe or a device")
        return os.fdopen(descriptor, "rb")
    except (OSError, ValueError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable(f"expected a file that can be read, got '{getattr(error, 'strerror', None) or error}'") from None


def read_regular(path: Path, most: int) -> bytes:
    """Read a regular file of at most `most` bytes.

    Raises:
        Unreadable: as `open_regular`, or the file is longer.
    """
    with open_regular(path) as handle:
        size = os.fstat(handle.fileno()).st_size
        data = handle.read(most + 1) if size <= most else b""
    if size > most or len(data) > most:
        raise Unreadable(f"expected a file of at most {most} bytes, got {max(size, len(data))}")
    return data
