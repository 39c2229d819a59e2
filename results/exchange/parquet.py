"""Records of many studies as one Parquet file: one row a record that counts, one typed column a fact.

    study, key, status, ...        as in `results.records.record.Record`
    cell.<name>                    the settings most asked for; `cell` is all of them, as canonical JSON
    sizes.*, errors.*, cost.*      null where there are none
    bounds.<name>                  floor, ..., and every named value
    curve.steps, curve.losses      the learning curve, two lists of one length

Rows are sorted by study and key, so equal records give equal files. The file is for reading fast, by pandas, polars, DuckDB or R;
the JSON Lines stay the truth, and nothing of this suite reads the file back.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from operators.atomic_files import atomic, write_failure
from results.records.gc_pause import paused_collection
from results.records.model import Model, canonical
from results.records.record import Bounds, Cost, Errors, Record, Sizes
from results.records.store import Store

SCHEMA = "1"
BATCH = 5000
TEXT, WHOLE, REAL = pa.string(), pa.int64(), pa.float64()
RECORD = {
    **dict.fromkeys(("study", "key", "status", "message", "recipe", "cell", "packages", "host", "finished"), TEXT),
    **dict.fromkeys(("data_sha256", "weights_sha256"), TEXT),
    **dict.fromkeys(("schema_version", "task_version", "engine_version"), WHOLE),
    "curve.steps": pa.list_(WHOLE),
    "curve.losses": pa.list_(REAL),
}
CELL = {
    **dict.fromkeys(("task", "design"), TEXT),
    **dict.fromkeys(("functions", "points", "test_functions", "replicate", "restart"), WHOLE),
    **dict.fromkeys(("noise.law", "noise.control"), TEXT),
    "noise.sigma": REAL,
    **dict.fromkeys(("net.schedule", "net.activation", "net.ends"), TEXT),
    "net.q": WHOLE,
    **dict.fromkeys(("net.branch_widths", "net.trunk_widths"), pa.list_(WHOLE)),
    **dict.fromkeys(("training.engine", "training.recipe", "training.decay", "training.initialisation"), TEXT),
    **dict.fromkeys(("training.input_scaling", "training.coordinate_scaling", "training.output_scaling"), TEXT),
    **dict.fromkeys(("training.steps", "training.epochs", "training.batch", "training.decay_steps"), WHOLE),
    **dict.fromkeys(("training.learning_rate", "training.decay_rate", "training.l2"), REAL),
}
PYTHON: dict[pa.DataType, tuple[type, ...]] = {TEXT: (str,), WHOLE: (int,), REAL: (int, float), pa.list_(WHOLE): (list,)}
PLACES = [(f"cell.{path}", path.rpartition(".")[0], path.rpartition(".")[2], PYTHON[kind]) for path, kind in CELL.items()]
PARTS: dict[str, type[Model]] = {"sizes": Sizes, "errors": Errors, "bounds": Bounds, "cost": Cost}


@dataclass(frozen=True)
class Compacted:
    """What was written: studies, records, columns, bytes; and lines that were refused as damaged."""

    studies: int
    records: int
    columns: int
    bytes: int
    quarantined: int


def compact(folders: Sequence[Path], target: Path) -> Compacted:
    """Write the records of study folders to a Parquet file, atomically.

    Raises:
        UserError: the file cannot be written; the old one stays.
    """
    tables, quarantined = [_table([])], 0
    last: dict[tuple[str, str], int] = {}
    numbers = count()
    for folder in sorted(folders):
        store = Store(folder)
        with paused_collection():
            for batch in _batches(store.changes()):
                tables.append(_table([_row(folder.name, record) for record in batch]))
                last |= {(folder.name, record.key): next(numbers) for record in batch}
        quarantined += len(store.quarantined())
    table = pa.concat_tables(tables, promote_options="default").take(pa.array(last.values(), type=WHOLE))
    named = sorted(set(table.column_names) - set(tables[0].column_names))
    table = table.select([*tables[0].column_names, *named]).sort_by([("study", "ascending"), ("key", "ascending")])
    table = table.replace_schema_metadata({"schema_version": SCHEMA})
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_failure(target, error) from error
    with atomic(target) as handle:
        pq.write_table(table, handle, compression="zstd")
    return Compacted(len(folders), table.num_rows, table.num_columns, target.stat().st_size, quarantined)


def _batches(records: Iterator[Record]) -> Iterator[list[Record]]:
    while batch := list(islice(records, BATCH)):
        yield batch


def _table(rows: list[dict[str, Any]]) -> pa.Table:
    """Rows as typed columns; a named bound is a column where some row has it."""
    types = {**RECORD, **{f"cell.{name}": kind for name, kind in CELL.items()}}
    for part, model in PARTS.items():
        types |= {f"{part}.{name}": _type(field.annotation) for name, field in model.model_fields.items() if name != "values"}
    types |= {name: REAL for row in rows for name in row if name not in types}
    return pa.table({name: pa.array([row.get(name) for row in rows], type=kind) for name, kind in types.items()})


def _type(annotation: Any) -> pa.DataType:
    """Arrow's type of a field of a record: whole, real, yes or no; or null besides."""
    kinds = set(getattr(annotation, "__args__", (annotation,)))
    return pa.bool_() if bool in kinds else WHOLE if int in kinds else REAL


def _row(study: str, record: Record) -> dict[str, Any]:
    row = {
        "study": study,
        "key": record.key,
        "status": record.status,
        "message": record.message,
        "recipe": record.recipe,
        "cell": canonical(record.cell),
        "packages": canonical(record.versions.packages),
        "host": canonical(record.host),
        "finished": record.finished,
        "data_sha256": record.data_sha256,
        "weights_sha256": record.weights_sha256,
        "schema_version": record.schema_version,
        "task_version": record.versions.task,
        "engine_version": record.versions.engine,
        "curve.steps": [step for step, _ in record.curve],
        "curve.losses": [loss for _, loss in record.curve],
        **dict(_settings(record.cell)),
    }
    for part in PARTS:
        values = getattr(record, part)
        row |= {f"{part}.{name}": value for name, value in values or () if name != "values"}
    return row | ({f"bounds.{name}": value for name, value in record.bounds.values.items()} if record.bounds else {})


def _settings(cell: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The settings of a cell by column; None where it has none of this type (other releases' cells may differ)."""
    for column, part, name, types in PLACES:
        holder = cell.get(part) if part else cell
        value = holder.get(name) if isinstance(holder, dict) else None
        fits = type(value) in types and (type(value) is not list or all(type(item) is int for item in value))
        yield column, value if fits else None
