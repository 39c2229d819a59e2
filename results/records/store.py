"""The store: append-only, checksummed JSON Lines; the only truth about what has run.

    <folder>/records/<host>-<process>-<time>-<random>.jsonl    one file per writing process, whole lines, each fsynced
    <folder>/quarantine/<same name>                            copies of the lines that were refused, with the reason

No locks: a process appends to its own file alone, and merging two machines' work is copying files. A key counts once: `done`,
`diverged` and `data_invalid` beat `timeout` and `oom`, which beat `failed`; among equals the earliest finished counts, then the
smallest checksum. Record files are never rewritten, so a refused line stays counted until its file is removed.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from operators.atomic_files import sweep, write_atomic, write_failure, writer_name
from operators.errors import UserError
from results.families import FAMILIES
from results.records.record import Record, RecordError, Status, from_line
from results.records.record_files import LineReader, LineWriter, Place, Refused
from results.schema.model import canonical

RANKS: dict[Status, int] = {"done": 0, "diverged": 0, "data_invalid": 0, "timeout": 1, "oom": 1, "failed": 2}
QUARANTINE_LINES = 1000


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A line that is no valid record: its file (relative to the study folder), its line number from 1, and why."""

    file: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What the index keeps of a record; the smallest `order` (rank, finished, checksum) of a key counts."""

    status: Status
    order: tuple[int, str, str]
    weights: str | None
    place: Place


@dataclass
class _Index:
    """What has been read so far."""

    entries: dict[str, Entry] = field(default_factory=dict)
    readers: dict[Path, LineReader] = field(default_factory=dict)
    disagreeing: set[str] = field(default_factory=set)
    unknown: dict[str, str] = field(default_factory=dict)


class Store:
    """Records of one study folder. One thread of a process writes; any number of processes read and write.

    Every question first reads what other writers have added since the last one; a file that has not grown costs one `stat`.
    Making a store and asking it touches nothing on the disk.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._records = folder / "records"
        self._index = _Index()

    def require_writable(self) -> None:
        """Make the folder if need be, and sweep temporary files that killed writers left.

        Raises:
            UserError: it cannot be written to.
        """
        probe = self._records / f".probe.{writer_name()}.tmp"
        try:
            self._records.mkdir(parents=True, exist_ok=True)
            probe.touch(exist_ok=False)
            probe.unlink()
        except OSError as error:
            raise write_failure(self._records, error) from error
        sweep(self.folder)

    @contextmanager
    def writer(self) -> Iterator[LineWriter]:
        """Open this process's own record file, which is made at the first record; use one writer per process.

        Raises:
            UserError: the folder cannot be written to (at once).
        """
        self.require_writable()
        writer = LineWriter(self._records)
        try:
            yield writer
        finally:
            writer.close()

    def refresh(self) -> list[str]:
        """Read what is new and return the keys whose record is new or replaced, in order of reading."""
        return list(dict.fromkeys(record.key for record in self.changes()))

    def changes(self) -> Iterator[Record]:
        """Read what is new; yield each record that counts when it is read. A later one of the same key replaces it.

        All records of a store are read once in this way, but twice by `records`, which knows from the start which count.
        """
        paths = sorted(self._records.glob("*.jsonl"))
        if set(self._index.readers) - set(paths) or any(reader.rewritten() for reader in self._index.readers.values()):
            self._index = _Index()
        for path in paths:
            reader = self._index.readers.setdefault(path, LineReader(path, self._check))
            for record, checksum, place in reader.new():
                if self._enter(record, checksum, place):
                    yield record

    def _check(self, record: Record) -> None:
        """Refuse a record whose data are not those of its cell; note one of data that this release does not know.

        Raises:
            RecordError: as `check_data`.
        """
        if not check_data(record):
            self._index.unknown[record.key] = str(record.cell.get("task", record.family))

    def _enter(self, record: Record, checksum: str, place: Place) -> bool:
        order = (RANKS[record.status], record.finished, checksum)
        entry, old = Entry(record.status, order, record.outcome_sha256(), place), self._index.entries.get(record.key)
        if old is not None and old.status == entry.status == "done" and old.weights != entry.weights:
            self._index.disagreeing.add(record.key)
        if old is not None and old.order <= entry.order:
            return False
        self._index.entries[record.key] = entry
        return True

    def statuses(self) -> dict[str, Status]:
        """Status of the record that counts, by key."""
        self.refresh()
        return {key: entry.status for key, entry in self._index.entries.items()}

    def missing(self, keys: Iterable[str], *, retry: bool = False) -> set[str]:
        """The keys that have no final record. `failed` is not final; with `retry`, neither are `timeout` and `oom`."""
        accepted = 0 if retry else 1
        return set(keys) - {key for key, status in self.statuses().items() if RANKS[status] <= accepted}

    def records(self, keys: Iterable[str] | None = None) -> Iterator[Record]:
        """The records that count, one a key, in the order in which they lie on the disk; `keys` selects some.

        Raises:
            UserError: a record file was altered while it was read.
        """
        self.refresh()
        known = self._index.entries
        places: dict[Path, list[Place]] = {}
        for key in known if keys is None else dict.fromkeys(keys):
            if key in known:
                places.setdefault(known[key].place.path, []).append(known[key].place)
        for path in sorted(places):
            try:
                with path.open("rb") as handle:
                    for place in sorted(places[path], key=lambda place: place.offset):
                        handle.seek(place.offset)
                        yield from_line(handle.read(place.length))
            except (OSError, RecordError) as error:
                raise UserError(f"expected {path} to stay as it was while it was read, got '{error}'; run again") from error

    def get(self, key: str) -> Record | None:
        """The record that counts for a key."""
        return next(self.records([key]), None)

    def quarantined(self) -> tuple[Quarantined, ...]:
        """Every refused line, by file and line; an unfinished last line counts until its writer finishes it."""
        self.refresh()
        refused = self._refused()
        return tuple(Quarantined(bad.place.path.relative_to(self.folder).as_posix(), bad.line, bad.reason) for bad in refused)

    def disagreeing(self) -> tuple[str, ...]:
        """Keys with several `done` records whose weights (or else measurements) differ: runs that were not deterministic."""
        self.refresh()
        return tuple(sorted(self._index.disagreeing))

    def unknown(self) -> dict[str, str]:
        """Records of data that this release does not know, by key with the name of their task.

        They answer no cell of a task that is known; whether a study asks for them is for its manifest to say.
        """
        self.refresh()
        return dict(sorted(self._index.unknown.items()))

    def _refused(self) -> list[Refused]:
        readers = self._index.readers
        return [bad for path in sorted(readers) for bad in (*readers[path].refused, readers[path].tail) if bad is not None]

    def quarantine(self) -> None:
        """Copy every refused line, with its reason, under <folder>/quarantine; doing it again changes nothing.

        Raises:
            UserError: the copies cannot be written.
        """
        self.refresh()
        by_path: dict[Path, list[str]] = {}
        for bad in self._refused():
            lines = by_path.setdefault(bad.place.path, [])
            if len(lines) < QUARANTINE_LINES:
                lines.append(canonical({"line": bad.line, "reason": bad.reason, "bytes": bad.place.head()}) + "\n")
        for path, lines in by_path.items():
            target, data = self.folder / "quarantine" / path.name, "".join(lines).encode()
            if not target.is_file() or target.read_bytes() != data:
                write_atomic(target, data)


def check_data(record: Record) -> bool:
    """Refuse a record whose cell names data that this release knows, of the same version, by another identity than the line's.

    Returns whether this release knows the data.

    Data that are not known here, or are of another version, cannot be compared; their key holds for what the line states.

    Raises:
        RecordError: the two differ.
    """
    known = FAMILIES[record.family].identity(record.cell)
    if known is not None and known.get("version") == record.task.get("version") and known != record.task:
        raise RecordError("data are not those that its cell names")
    return known is not None
