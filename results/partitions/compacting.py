"""A study folder as frame files: its record lines once through, in the memory of CELLS cells beside study.json."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import pandas as pd

from results.partitions.frame_files import FrameWriter
from results.records.gc_pause import paused_collection
from results.records.manifest import ExpectedCell, load_manifest
from results.records.record import Record, from_line, to_line
from results.records.store import Store
from results.tables.frame_columns import columns

CELLS = 50_000


def write_parts(folder: Path, target: Path, cells: int = CELLS) -> FrameWriter:
    """Write the frame of a study below a folder.

    Args:
        folder: of the study.
        target: a new or empty folder.
        cells: cells held at a time.

    Raises:
        UserError: no study lies there, it asks for witnesses, or a file cannot be written.
    """
    manifest = load_manifest(folder)
    writer = FrameWriter(target, manifest)
    pieces = [manifest.expected[start : start + cells] for start in range(0, len(manifest.expected), cells)]
    with tempfile.TemporaryDirectory(dir=target) as spool, ExitStack() as stack:
        files = [stack.enter_context((Path(spool) / str(number)).open("w+b")) for number in range(len(pieces))]
        _spooled(Store(folder), pieces, files)
        for piece, file in zip(pieces, files, strict=True):
            with paused_collection():
                writer.add(pd.DataFrame(columns(manifest.model_copy(update={"expected": piece}), _records(file))))
    return writer


def _spooled(store: Store, pieces: list[tuple[ExpectedCell, ...]], files: Sequence[IO[bytes]]) -> None:
    """Write each record to the file of the cells that expect it."""
    place = {cell.key: number for number, piece in enumerate(pieces) for cell in piece}
    for record in store.changes():
        if record.key in place:
            files[place[record.key]].write(to_line(record).encode())


def _records(file: IO[bytes]) -> Iterator[Record]:
    file.seek(0)
    return (from_line(line) for line in file)
