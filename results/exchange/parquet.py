"""Records of many studies as one Parquet file: one row per record that counts, one typed column per fact.

    study, key, status, ...        as in `results.records.record.Record`
    cell.<name>                    every setting, nested ones joined by dots; `cell` is all of them, as canonical JSON
    measured.<name>                every measurement likewise; null where there is none
    cost.<name>                    null where there is none
    curve.steps, curve.losses      the learning curve, two lists of one length

Which settings and measurements there are, the records of each family say. Rows are sorted by study and key, so equal records give
equal files. The file is for reading fast, by pandas, polars, DuckDB or R; the JSON Lines stay the truth, and nothing of this
suite reads the file back.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from typing import Any, get_args, get_origin

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel

from operators.atomic_files import atomic, sweep, write_failure
from results.families import FAMILIES
from results.records.gc_pause import paused_collection
from results.records.record import SCHEMA, Cost, Record
from results.records.store import Store
from results.schema.cells import Settings
from results.schema.model import canonical

BATCH = 5000
TEXT, WHOLE, REAL = pa.string(), pa.int64(), pa.float64()
ARROW: dict[Any, pa.DataType] = {str: TEXT, int: WHOLE, float: REAL, bool: pa.bool_()}
RECORD = {
    **dict.fromkeys(
        ("study", "family", "key", "status", "message", "recipe", "task", "cell", "packages", "host", "finished"), TEXT
    ),
    **dict.fromkeys(("data_sha256", "weights_sha256"), TEXT),
    **dict.fromkeys(("schema_version", "method_version"), WHOLE),
    "curve.steps": pa.list_(WHOLE),
    "curve.losses": pa.list_(REAL),
    **{f"cost.{name}": WHOLE if name == "steps" else REAL for name in Cost.model_fields},
}


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
    tables, quarantined = [_table([], set())], 0
    last: dict[tuple[str, str], int] = {}
    numbers = count()
    for folder in sorted(folders):
        store = Store(folder)
        with paused_collection():
            for batch in _batches(store.changes()):
                tables.append(typed(folder.name, batch))
                last |= {(folder.name, record.key): next(numbers) for record in batch}
        quarantined += len(store.quarantined())
    table = pa.concat_tables(_agreed(tables), promote_options="permissive").take(pa.array(last.values(), type=WHOLE))
    named = sorted(set(table.column_names) - set(tables[0].column_names))
    table = table.select([*tables[0].column_names, *named]).sort_by([("study", "ascending"), ("key", "ascending")])
    table = table.replace_schema_metadata({"schema_version": str(SCHEMA)})
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_failure(target, error) from error
    sweep(target.parent, below=False)
    with atomic(target) as handle:
        pq.write_table(table, handle, compression="zstd")
    return Compacted(len(folders), table.num_rows, table.num_columns, target.stat().st_size, quarantined)


def typed(study: str, records: Sequence[Record]) -> pa.Table:
    """Records of a study as rows of typed columns, in their order."""
    return _table([_row(study, record) for record in records], {record.family for record in records})


def _batches(records: Iterator[Record]) -> Iterator[list[Record]]:
    while batch := list(islice(records, BATCH)):
        yield batch


def _table(rows: list[dict[str, Any]], families: set[str]) -> pa.Table:
    """Rows as typed columns: those of the families' models, and what else some row has."""
    types = dict(RECORD)
    for name in sorted(families):
        types |= dict(_typed("cell", FAMILIES[name].cell)) | dict(_typed("measured", FAMILIES[name].measured))
    for name in dict.fromkeys(name for row in rows for name in row if name not in types):
        types[name] = _type_of_all([row.get(name) for row in rows])
    return pa.table({name: _array([row.get(name) for row in rows], kind) for name, kind in types.items()})


def _array(values: list[Any], kind: pa.DataType) -> pa.Array:
    """Values as a column; in one of text, what is none as canonical JSON."""
    if kind == TEXT:
        values = [value if value is None or isinstance(value, str) else canonical(value) for value in values]
    return pa.array(values, type=kind)


def _agreed(tables: list[pa.Table]) -> list[pa.Table]:
    """The tables with columns of one name that hold numbers in one and something else in another as text."""
    kinds: dict[str, set[pa.DataType]] = {}
    for field in (field for table in tables for field in table.schema):
        kinds.setdefault(field.name, set()).add(field.type)
    mixed = [name for name, found in kinds.items() if len(found) > 1 and not found <= {WHOLE, REAL}]
    for position, table in enumerate(tables):
        for name in set(mixed) & set(table.column_names):
            text = _array(table.column(name).to_pylist(), TEXT)
            table = table.set_column(table.column_names.index(name), name, text)
        tables[position] = table
    return tables


def _typed(prefix: str, model: type[BaseModel]) -> Iterator[tuple[str, pa.DataType]]:
    """Columns of a model by dotted name; fields that may be anything are left to the rows."""
    for name, field in model.model_fields.items():
        kinds = [kind for kind in (get_args(field.annotation) or (field.annotation,)) if kind is not type(None)]
        if get_origin(field.annotation) in (dict, tuple) or (isinstance(kinds[0], type) and issubclass(kinds[0], Settings)):
            continue
        if isinstance(kinds[0], type) and issubclass(kinds[0], BaseModel):
            yield from _typed(f"{prefix}.{name}", kinds[0])
        elif kinds[0] in ARROW:
            yield f"{prefix}.{name}", ARROW[kinds[0]]
        else:
            yield f"{prefix}.{name}", TEXT


def _type_of_all(values: list[Any]) -> pa.DataType:
    """The type that holds all of these: yes or no, whole, real, lists of whole numbers, else text."""
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, float}:
        return WHOLE if kinds == {int} else REAL
    return {bool: pa.bool_(), list: pa.list_(WHOLE)}.get(next(iter(kinds)), TEXT) if len(kinds) == 1 else TEXT


def _row(study: str, record: Record) -> dict[str, Any]:
    row = {
        "study": study,
        "family": record.family,
        "key": record.key,
        "status": record.status,
        "message": record.message,
        "recipe": record.recipe,
        "task": canonical(record.task),
        "cell": canonical(record.cell),
        "packages": canonical(record.versions.packages),
        "host": canonical(record.host),
        "finished": record.finished,
        "data_sha256": record.data_sha256,
        "weights_sha256": record.weights_sha256,
        "schema_version": record.schema_version,
        "method_version": record.versions.method,
        "curve.steps": [step for step, _ in record.curve],
        "curve.losses": [loss for _, loss in record.curve],
    }
    row |= {f"cost.{name}": value for name, value in record.cost or ()}
    cell = FAMILIES[record.family].cell.model_validate(record.cell)
    row |= dict(_flat("cell", type(cell), cell.model_dump(mode="json")))
    measured = record.measured
    return row | (dict(_flat("measured", type(measured), measured.model_dump(mode="json"))) if measured is not None else {})


def _flat(prefix: str, model: type[BaseModel] | None, values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Values by dotted name, defaults of fields that are left out included; lists but of whole numbers as canonical JSON."""
    fields = model.model_fields if model is not None else {}
    left_out = {name: field.default for name, field in fields.items() if name not in values and not field.is_required()}
    for name, value in {**left_out, **values}.items():
        if isinstance(value, Mapping):
            kind = fields[name].annotation if name in fields else None
            inner = kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None
            yield from _flat(f"{prefix}.{name}", inner, value)
        elif isinstance(value, list | tuple) and not all(type(item) is int for item in value):
            yield f"{prefix}.{name}", canonical(value)
        else:
            yield f"{prefix}.{name}", value
