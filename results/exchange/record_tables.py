"""Records and expected cells of a published study as Parquet files.

Of records.parquet only the column `line` is read back: it carries checksum and key of the record. The typed columns beside it are
those of `results.exchange.parquet`, less the learning curve; they are for readers with pandas, DuckDB or R.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from operators.atomic_files import atomic
from operators.errors import UserError
from results.exchange.parquet import typed
from results.records.gc_pause import paused_collection
from results.records.manifest import ExpectedCell
from results.records.record import SCHEMA, Record, RecordError, from_line, to_line
from results.schema.model import canonical

RECORDS, CELLS = "records.parquet", "cells.parquet"
CURVE = ("curve.steps", "curve.losses")
BATCH = 10_000


def write_records(folder: Path, study: str, records: Iterable[Record]) -> None:
    """Write records.parquet, sorted by key.

    Raises:
        UserError: it cannot be written; the old file stays.
    """
    rows = sorted(records, key=lambda record: record.key)
    table = typed(study, rows).drop_columns(list(CURVE))
    table = table.append_column("line", pa.array([to_line(record) for record in rows], type=pa.string()))
    _write(folder / RECORDS, table)


def read_records(folder: Path) -> Iterator[Record]:
    """The records of records.parquet.

    Raises:
        UserError: there is no such file, or one of its lines is no record.
    """
    for (line,) in _rows(folder / RECORDS, ("line",)):
        try:
            yield from_line(line.encode())
        except RecordError as error:
            raise UserError(f"expected records in {folder / RECORDS}, got one that is refused: {error}") from None


def write_cells(folder: Path, cells: Iterable[ExpectedCell]) -> None:
    """Write cells.parquet, in the order of the study.

    Raises:
        UserError: it cannot be written; the old file stays.
    """
    rows = list(cells)
    columns = {
        "key": [one.key for one in rows],
        "cell": [canonical(one.cell) for one in rows],
        "sizes": [canonical(one.sizes) for one in rows],
    }
    _write(folder / CELLS, pa.table({name: pa.array(values, type=pa.string()) for name, values in columns.items()}))


def read_cells(folder: Path) -> tuple[ExpectedCell, ...]:
    """The cells of cells.parquet.

    Raises:
        UserError: there is no such file, or it holds something else.
    """
    with paused_collection():
        try:
            return tuple(
                ExpectedCell.model_validate_json(f'{{"cell":{cell},"key":"{key}","sizes":{sizes}}}')
                for key, cell, sizes in _rows(folder / CELLS, ("key", "cell", "sizes"))
            )
        except ValueError as error:
            raise UserError(f"expected cells in {folder / CELLS}, got others: {error}") from None


def _write(path: Path, table: pa.Table) -> None:
    with atomic(path) as handle:
        pq.write_table(
            table.replace_schema_metadata({"schema_version": str(SCHEMA)}), handle, compression="zstd", compression_level=15
        )


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Rows of text columns of a file, batch by batch."""
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(BATCH, columns=list(columns)):
                yield from zip(*(batch.column(name).to_pylist() for name in columns), strict=True)
    except (OSError, KeyError, pa.ArrowException) as error:
        raise UserError(f"expected a published study with {path}, got '{error}'; clone the project again") from None
