"""The tidy frame of a study (`results.tables.frame`) as Parquet files in groups, which no table compares with one another.

    study.json                  what the study asks, sealed, without its cells
    <group>/<number>.parquet    rows of one (task, parameters, design), typed columns, and `position`: place among all cells

The files are derived: who writes them reads the records, and tables made of them are those of the records that were read.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from operators.atomic_files import atomic
from operators.errors import UserError
from results.families import FAMILIES, Family
from results.records.manifest import Manifest, load_manifest, save_manifest
from results.schema.widths import Widths
from results.tables.frame_columns import KEY, outcome_columns, typed

GROUP = ("task", "parameters", "design")
POSITION = "position"
PROVENANCE = ("message", "recipe_used", "weights_sha256", "versions", "hardware")  # of a page, not of the tables
BATCH = 50_000
WHOLE = "cells"  # the only group of a family whose cells have no task


@dataclass
class FrameWriter:
    """Writes frames, piece by piece, below a folder.

    Attributes:
        target: the folder.
        manifest: what the study asks.
        position: cells written so far.
        files: files written so far, by group.
    """

    target: Path
    manifest: Manifest
    position: int = 0
    files: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Write study.json.

        Raises:
            UserError: the folder holds something, or cannot be written; or the study asks for what no cell answers.
        """
        asked = {"witnesses": self.manifest.brackets, "thresholds": self.manifest.thresholds, "lines": self.manifest.baselines}
        others = [what for what, some in asked.items() if some]
        if others:
            raise UserError(
                f"expected a study of cells, got {self.manifest.name}, which asks for {others[0]}; `python -m bench report` makes"
                " its tables"
            )
        if self.target.is_dir() and any(self.target.iterdir()):
            raise UserError(f"expected a new or empty folder, got {self.target}; give another, or remove it")
        self.target.mkdir(parents=True, exist_ok=True)
        save_manifest(self.target, self.manifest.without_cells())

    def add(self, frame: pd.DataFrame) -> None:
        """Write the next cells.

        Args:
            frame: columns of `results.tables.frame_columns`, rows in the order of the study.

        Raises:
            UserError: a file cannot be written.
        """
        family = FAMILIES[self.manifest.family]
        placed = frame.assign(**{POSITION: np.arange(self.position, self.position + len(frame))})
        self.position += len(frame)
        grouped = placed.groupby(list(GROUP), dropna=False, sort=False) if _has_groups(family) else [((WHOLE,), placed)]
        for key, rows in grouped:
            name = _group_name(key)
            number = self.files.get(name, 0)
            self.files[name] = number + 1
            folder = self.target / name
            folder.mkdir(exist_ok=True)
            with atomic(folder / f"{number:06d}.parquet") as handle:
                pq.write_table(_arrow(rows, family), handle, compression="zstd")


def _has_groups(family: Family) -> bool:
    return set(GROUP) <= set(family.asked_columns())


def _group_name(key: Sequence[object]) -> str:
    """The folder of a group: the hash of its values, which may be of any length."""
    known = [None if value is None or value != value else str(value) for value in key]
    return hashlib.sha256(repr(known).encode()).hexdigest()[:16]


def _arrow(rows: pd.DataFrame, family: Family) -> pa.Table:
    texts = {name: rows[name].map(str).astype("str") for name in family.value_columns()}
    return pa.Table.from_pandas(rows.assign(**texts), preserve_index=False).replace_schema_metadata(None)


@dataclass(frozen=True)
class FrameFiles:
    """What a writer left.

    Attributes:
        folder: where.
        manifest: what the study asks, without its cells.
        groups: folders of the groups, in the order of the tables.
        cells: cells of each group.
    """

    folder: Path
    manifest: Manifest
    groups: tuple[str, ...]
    cells: tuple[int, ...]

    @property
    def family(self) -> Family:
        """The kind of experiment."""
        return FAMILIES[self.manifest.family]

    def batches(self, cells: int = BATCH) -> tuple[tuple[str, ...], ...]:
        """Groups that follow one another, together of at most so many cells, or one larger group alone."""
        found: list[list[str]] = []
        held = cells
        for group, size in zip(self.groups, self.cells, strict=True):
            if held + size > cells:
                found.append([])
                held = 0
            found[-1].append(group)
            held += size
        return tuple(map(tuple, found))

    def read(self, groups: Sequence[str] = (), columns: Sequence[str] | None = None, without: Sequence[str] = ()) -> pd.DataFrame:
        """Rows of some groups, in the order of the study.

        Args:
            groups: some of `groups`; all by default.
            columns: those that are wanted; all by default.
            without: those that are not.

        Raises:
            UserError: a file is none of a writer's.
        """
        paths = [path for name in groups or self.groups for path in _files(self.folder / name)]
        tables = [_read(path, columns, without) for path in paths]
        table = pa.concat_tables(tables, promote_options="default").sort_by(POSITION).drop_columns([POSITION])
        return _typed(table, self.family)


def open_frame_files(folder: Path) -> FrameFiles:
    """Read what a writer left in a folder.

    Raises:
        UserError: there is none.
    """
    manifest = load_manifest(folder)
    names = sorted(path.name for path in folder.iterdir() if path.is_dir())
    if not names:
        raise UserError(f"expected parts of a study in {folder}, found none; `python -m bench compact --parts` writes them")
    cells = {name: sum(map(_cells, _files(folder / name))) for name in names}
    if not _has_groups(FAMILIES[manifest.family]):
        return FrameFiles(folder, manifest, tuple(names), tuple(cells.values()))
    firsts = [_read(_files(folder / name)[0], GROUP, ()).slice(0, 1).to_pandas().assign(name=name) for name in names]
    order = pd.concat(firsts).astype("str").sort_values(list(GROUP), kind="stable")
    ordered = tuple(order["name"])
    return FrameFiles(folder, manifest, ordered, tuple(cells[name] for name in ordered))


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.parquet"))


def _read(path: Path, columns: Sequence[str] | None, without: Sequence[str]) -> pa.Table:
    with _opened(path) as file:
        known = file.schema_arrow.names
        wanted = set(known if columns is None else (*columns, POSITION)) - set(without)
        return file.read(columns=[name for name in known if name in wanted])


def _cells(path: Path) -> int:
    with _opened(path) as file:
        return int(file.metadata.num_rows)


@contextmanager
def _opened(path: Path) -> Iterator[pq.ParquetFile]:
    try:
        with pq.ParquetFile(path) as file:
            yield file
    except (OSError, pa.ArrowException) as error:
        raise UserError(f"expected part of a study in {path}, got '{error}'; write the parts again") from error


def _typed(table: pa.Table, family: Family) -> pd.DataFrame:
    """Columns with the types and in the order of a frame that is built of records."""
    asked, outcome = (*KEY, *family.asked_columns()), outcome_columns(family)
    known = [name for name in (*asked, *outcome) if name in table.column_names]
    named = sorted(set(table.column_names) - {*asked, *outcome})
    kept = family.value_columns()
    columns = {name: table.column(name) for name in (*known, *named)}
    return pd.DataFrame(typed(family, {name: _widths(one) if name in kept else one.to_pandas() for name, one in columns.items()}))


def _widths(column: pa.ChunkedArray) -> np.ndarray[Any, Any]:
    """Widths from text, equal ones made once."""
    codes, texts = pd.factorize(column.to_pandas())
    values = np.empty(len(texts), dtype=object)
    values[:] = [Widths(tuple(map(int, filter(None, str(text).split("x"))))) for text in texts]
    return values[codes]
