"""Merging results folders: another's records, witnesses and entries copied into one's own.

    study.json                 checked, and copied if there is none; another one is a conflict, unless it is a smaller preset
    cells.parquet              of a published study: the cells of its study.json, and copied as part of that
    records/*.jsonl            one file per writer, append-only: of two of one name one must continue the other; the longer stays
    records.parquet            of a published study: its records, each line checked, as one more file of the target's
    witnesses/<sha256>.npz     read in full, and kept under its own address only
    submissions/<sha256>.json  checked, and kept only with its witness

The sources are untrusted: names are allow-listed, links and special files refused, sizes bounded, and nothing is written outside
the target. Records are believed as their writers made them (their checksums and keys are checked when they are read);
witnesses need no belief, `results.witnesses.verification.verify_folder` measures them again. Merging twice changes nothing.
"""

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Literal

from operators.atomic_files import atomic, sweep, write_atomic, write_failure
from operators.errors import UserError
from operators.file_names import inside
from results.records.manifest import manifest_from_bytes
from results.records.record import to_line
from results.schema.sealed import Damaged, seal
from results.witnesses.file import MAXIMUM_FILE_BYTES, decode, encode
from results.witnesses.submissions import ENTRY_NAME, MAXIMUM_ENTRY_BYTES, WITNESS_NAME, from_bytes
from results.witnesses.untrusted_files import Refusal, Unreadable, open_regular, read_regular, shown

RECORD_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,119}\.jsonl")
MAXIMUM_RECORD_FILE_BYTES = 2 * 2**30
PUBLISHED, PUBLISHED_CELLS = "records.parquet", "cells.parquet"
CHUNK = 2**20

Outcome = Literal["copied", "unchanged"]


class Conflict(Unreadable):
    """Source and target hold different files where they must hold the same."""


@dataclass(frozen=True)
class Merged:
    """What a merge did: files copied and found unchanged, by kind, conflicts (the target's file stays) and refusals."""

    copied: dict[str, int]
    unchanged: dict[str, int]
    conflicts: tuple[Refusal, ...]
    refused: tuple[Refusal, ...]


@dataclass
class _Tally:
    copied: dict[str, int] = field(default_factory=dict)
    unchanged: dict[str, int] = field(default_factory=dict)
    conflicts: list[Refusal] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)

    def take(self, kind: str, path: Path, copy: Callable[[Path], Outcome]) -> None:
        """Copy one file and note the outcome."""
        name = f"{shown(str(path.parent.parent))} {kind} {shown(path.name)}"
        try:
            counts = getattr(self, copy(path))
        except Conflict as error:
            self.conflicts.append(Refusal(name, str(error)))
        except Unreadable as error:
            self.refused.append(Refusal(name, str(error)))
        else:
            counts[kind] = counts.get(kind, 0) + 1


def merge(sources: Sequence[Path], target: Path) -> Merged:
    """Copy what other results folders hold into the target folder.

    Raises:
        UserError: a source that is no results folder or is the target itself, or the target cannot be written.
    """
    for source in sources:
        if not source.is_dir():
            raise UserError(f"expected a results folder at {source}, found none")
        if target.exists() and source.samefile(target):
            raise UserError(f"expected another folder than the target, got {source} as a source too")
    try:
        for kind in ("records", "witnesses", "submissions"):
            (target / kind).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_failure(target, error) from error
    sweep(target)
    tally = _Tally()
    for source in sources:
        if os.path.lexists(source / "study.json"):
            tally.take("study", source / "study.json", partial(_copy_study, own=target / "study.json"))
        if os.path.lexists(source / PUBLISHED):
            tally.take("records", source / PUBLISHED, partial(_copy_published, folder=target / "records"))
        for kind, allowed, copy in KINDS:
            for path in _files(source / kind, tally, kind):
                tally.take(kind, path, partial(_named, allowed=allowed, copy=copy, folder=target / kind))
    return Merged(tally.copied, tally.unchanged, tuple(tally.conflicts), tuple(tally.refused))


def _files(folder: Path, tally: _Tally, kind: str) -> Iterator[Path]:
    """Everything in a folder but writers' temporary files, by name; a link in place of the folder is refused."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        tally.refused.append(Refusal(f"{shown(str(folder.parent))} {kind}", "expected a folder, got a link or a file"))
    elif folder.is_dir():
        yield from sorted(path for path in folder.iterdir() if not (path.name.startswith(".") and path.name.endswith(".tmp")))


def _named(path: Path, *, allowed: re.Pattern[str], copy: Callable[[Path, Path], Outcome], folder: Path) -> Outcome:
    """Copy a file if its name is allowed."""
    if not allowed.fullmatch(path.name):
        raise Unreadable("expected a name as this suite gives, got another")
    return copy(path, inside(folder, path.name))


def _copy_study(path: Path, own: Path) -> Outcome:
    data = read_regular(path, MAXIMUM_FILE_BYTES)
    try:
        if os.path.lexists(cells := path.with_name(PUBLISHED_CELLS)):
            from results.exchange.record_tables import read_cells

            data = seal("study", manifest_from_bytes(data).model_copy(update={"expected": _read_published(cells, read_cells)}))
        if own.exists() and own.read_bytes() == data:
            return "unchanged"
        theirs = manifest_from_bytes(data)
        ours = manifest_from_bytes(own.read_bytes()) if own.exists() else None
    except Damaged as error:
        raise Unreadable(f"expected a study.json as a run writes it, got {error}") from None
    if ours is not None and theirs.part_of(ours):
        return "unchanged"
    if ours is not None:
        presets = f" at preset {ours.preset}, got preset {theirs.preset}" if ours.part_of(theirs) else ", got another one"
        raise Conflict(f"expected the target's study{presets}")
    write_atomic(own, data)
    return "copied"


def _copy_witness(path: Path, own: Path) -> Outcome:
    witness = decode(read_regular(path, MAXIMUM_FILE_BYTES))
    if path.name != f"{witness.sha256}.npz":
        raise Unreadable(f"expected the witness of address {witness.sha256} under that name, got another")
    data = encode(witness)
    if own.is_file() and not own.is_symlink() and own.read_bytes() == data:
        return "unchanged"
    write_atomic(own, data)
    return "copied"


def _copy_entry(path: Path, own: Path) -> Outcome:
    data = read_regular(path, MAXIMUM_ENTRY_BYTES)
    entry = from_bytes(data)
    if path.name != f"{entry.witness}.json":
        raise Unreadable(f"expected the entry of witness {entry.witness} under that name, got another")
    if not inside(own.parent.parent / "witnesses", f"{entry.witness}.npz").is_file():
        raise Unreadable("expected the witness of this entry, found none")
    if own.exists():
        if own.read_bytes() != data:
            raise Conflict("expected the target's entry of this witness, got another one (who entered it first?)")
        return "unchanged"
    write_atomic(own, data)
    return "copied"


def _copy_records(path: Path, own: Path) -> Outcome:
    with open_regular(path) as theirs:
        size = _size_of_records(theirs)
        if any(other.name != own.name and other.name.casefold() == own.name.casefold() for other in own.parent.iterdir()):
            raise Conflict("expected names that differ by more than case")
        if os.path.lexists(own):
            with open_regular(own) as ours:
                if not _agree(theirs, ours):
                    raise Conflict("expected one file to continue the other, got two different ones")
                if size <= os.fstat(ours.fileno()).st_size:
                    return "unchanged"
        theirs.seek(0)
        left = size
        with atomic(own) as copy:
            while left > 0 and (chunk := theirs.read(min(CHUNK, left))):
                copy.write(chunk)
                left -= len(chunk)
    return "copied"


def _copy_published(path: Path, folder: Path) -> Outcome:
    """Write the records of a Parquet file as lines, under a name that follows from them."""
    from results.exchange.record_tables import read_records

    data = b"".join(to_line(record).encode() for record in _read_published(path, read_records))
    own = folder / f"published-{hashlib.sha256(data).hexdigest()[:16]}.jsonl"
    if own.exists():
        return "unchanged"
    write_atomic(own, data)
    return "copied"


def _read_published(path: Path, read: Callable[[Path], Iterable[Any]]) -> tuple[Any, ...]:
    """What `read` finds in the folder of a Parquet file, which is a regular one and no larger than is read."""
    with open_regular(path) as theirs:
        _size_of_records(theirs)
    try:
        return tuple(read(path.parent))
    except UserError as error:
        raise Unreadable(str(error)) from None


def _size_of_records(file: BinaryIO) -> int:
    """Bytes of a file of records, no larger than is read."""
    size = os.fstat(file.fileno()).st_size
    if size > MAXIMUM_RECORD_FILE_BYTES:
        raise Unreadable(f"expected a record file of at most {MAXIMUM_RECORD_FILE_BYTES} bytes, got {size}")
    return size


def _agree(first: BinaryIO, second: BinaryIO) -> bool:
    """Whether two files agree up to the end of the shorter one."""
    while True:
        one, other = first.read(CHUNK), second.read(CHUNK)
        common = min(len(one), len(other))
        if one[:common] != other[:common]:
            return False
        if common < CHUNK:
            return True


KINDS: tuple[tuple[str, re.Pattern[str], Callable[[Path, Path], Outcome]], ...] = (
    ("records", RECORD_NAME, _copy_records),
    ("witnesses", WITNESS_NAME, _copy_witness),
    ("submissions", ENTRY_NAME, _copy_entry),
)
