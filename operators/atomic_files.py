"""Writing files so that a reader never sees half of one.

A file is written under a temporary name in its own folder, flushed to the disk and renamed into place: it is the old one
or the new one, whole, whatever kills the writer. A temporary file names its writer, so that a later run can sweep what a
killed one left.
"""

import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from operators.errors import WriteError

STALE_SECONDS = 24 * 3600.0


def writer_name() -> str:
    """Name of this writer, unique on all hosts that share a folder: host, process, time and a random part."""
    host = "".join(c if c.isalnum() else "_" for c in socket.gethostname())[:40]
    return f"{host}-{os.getpid()}-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{secrets.token_hex(4)}"


def write_failure(path: Path, error: OSError) -> WriteError:
    """The error a user sees when `path` cannot be written."""
    reason = error.strerror or str(error) or type(error).__name__
    return WriteError(f"expected to write {path}, got '{reason}'; free space or choose a folder you may write to, then run again")


@contextmanager
def atomic(path: Path) -> Iterator[BinaryIO]:
    """Open `path` for writing bytes; it appears whole when the block ends, and is untouched when the block raises.

    Raises:
        UserError: the disk is full or the folder may not be written to; the old file stays.
    """
    temporary = path.with_name(f".{path.name[:80]}.{writer_name()}.tmp")
    try:
        with temporary.open("xb") as handle:
            yield handle
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(temporary, path)
        sync_folder(path.parent)
    except OSError as error:
        raise write_failure(path, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_atomic(path: Path, data: bytes) -> None:
    """Write `data` to `path`, making its folder, with the promise of `atomic`.

    Raises:
        UserError: the disk is full or the folder may not be written to; the old file stays.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_failure(path, error) from error
    with atomic(path) as handle:
        handle.write(data)


def sync_folder(folder: Path) -> None:
    """Flush the names in a folder to the disk, where the system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sweep(folder: Path, *, below: bool = True) -> int:
    """Remove temporary files that no writer will finish, and return how many.

    Those of a process of this host that is gone, and any older than a day.

    Args:
        folder: where they may lie.
        below: look into the folders below it, too.
    """
    removed = 0
    for path in folder.rglob(".*.tmp") if below else folder.glob(".*.tmp"):
        with suppress(OSError):
            if _abandoned(path):
                path.unlink()
                removed += 1
    return removed


def sweep_results(out: Path) -> int:
    """`sweep` a results folder with all its studies, and the generated data, which may lie elsewhere by a link."""
    return sweep(out) + sweep(out / ".data")


def _abandoned(path: Path) -> bool:
    if time.time() - path.stat().st_mtime > STALE_SECONDS:
        return True
    parts, mine = path.name.split(".")[-2].split("-"), writer_name().split("-")
    same_host = len(parts) == len(mine) and parts[0] == mine[0] and parts[1].isdigit()
    return same_host and Path("/proc/self").exists() and not Path("/proc", parts[1]).exists()
