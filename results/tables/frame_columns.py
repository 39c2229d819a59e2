"""Columns of the tidy frame (`results.tables.frame`): what was asked, from the manifest; what came out, from the records.

Which columns there are beside the common ones is for the family of the study to say (`results.families.family`).
"""

from collections.abc import Iterable, Mapping
from operator import attrgetter
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from operators.errors import UserError
from results.families import FAMILIES, Family, deeponet
from results.records.manifest import ExpectedCell, Manifest
from results.records.record import Cost, Record, pairs_text

KEY: dict[str, str] = {"key": "identity of the cell and of its record"}
ASKED: dict[str, str] = {**KEY, **deeponet.ASKED}
COST = tuple(Cost.model_fields)
TEXT = ("status", "message", "recipe_used", "weights_sha256", "versions", "hardware")
_cost = attrgetter(*COST)


def outcome_columns(family: Family) -> tuple[str, ...]:
    """Columns of what came out: the common ones, the family's, the cost."""
    return (*TEXT, *family.outcome_columns(), *COST)


def require_same(expected: ExpectedCell, record: Record) -> None:
    """Hold a manifest to the record of one of its keys, which is the hash of its own cell.

    Raises:
        UserError: the manifest states another cell.
    """
    family = FAMILIES[record.family]
    if family.keyed(record.cell) != family.keyed(expected.cell):
        raise UserError(
            f"expected study.json to state the cell of each key, got another than that of record {record.key}; run the"
            " study again, which keeps its records"
        )


def columns(manifest: Manifest, records: Iterable[Record]) -> dict[str, Any]:
    """Values of every column by its name, one per expected cell: the key, what was asked, what came out, named measurements.

    Raises:
        UserError: the manifest states another cell under a key than the record of this key, which is the hash of its own.
    """
    family = FAMILIES[manifest.family]
    names, outcome_names = (*KEY, *family.asked_columns()), outcome_columns(family)
    asked = [(expected.key, *family.asked(expected.cell, expected.sizes)) for expected in manifest.expected]
    table: dict[str, Any] = _transposed(names, asked)
    position = {key: row for row, key in enumerate(table["key"])}
    missing: tuple[Any, ...] = ("missing", *(None,) * (len(outcome_names) - 1))
    nothing: tuple[Any, ...] = (None,) * len(family.outcome_columns())
    outcomes = [missing] * len(asked)
    texts: dict[tuple[Any, ...], str] = {}
    named: dict[str, dict[int, float | None]] = {}
    for record in records:
        row = position.get(record.key)
        if row is not None and record.family == family.name:
            require_same(manifest.expected[row], record)
            measured = record.measured
            outcomes[row] = (
                *_common(record, texts),
                *(nothing if measured is None else family.outcome(measured)),
                *((None,) * len(COST) if record.cost is None else _cost(record.cost)),
            )
            for values in named.values():
                values.pop(row, None)
            for name, value in family.named(measured).items() if measured is not None else ():
                named.setdefault(name, {})[row] = value
    table |= _transposed(outcome_names, outcomes)
    return typed(family, table) | {name: _sparse(values, len(asked)) for name, values in sorted(named.items())}


def typed(family: Family, table: Mapping[str, Any]) -> dict[str, Any]:
    """Columns with the types of the frame: values as they are, whole numbers, text, and real numbers for all others."""
    whole, text, kept = family.whole_columns(), {*TEXT, *KEY, *family.text_columns()}, family.value_columns()
    return {name: _column(values, whole=name in whole, text=name in text, value=name in kept) for name, values in table.items()}


def _transposed(names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> dict[str, Any]:
    return dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else {name: () for name in names}


def _common(record: Record, texts: dict[tuple[Any, ...], str]) -> tuple[Any, ...]:
    """What every family's outcome has, in the order of TEXT; equal texts are made once."""
    versions, hardware = tuple(record.versions.packages.items()), tuple(record.host.items())
    for pairs in (versions, hardware):
        if pairs not in texts:
            texts[pairs] = pairs_text(dict(pairs))
    return (record.status, record.message, record.recipe, record.weights_sha256, texts[versions], texts[hardware])


def _column(values: Any, *, whole: bool, text: bool, value: bool) -> Any:
    if value:
        return np.asarray(values, dtype=object)
    if whole:
        return np.asarray(values, dtype=np.int64)
    return pd.array(values, dtype="str") if text else np.asarray(values, dtype=float)


def _sparse(values: Mapping[int, float | None], length: int) -> NDArray[np.float64]:
    column = np.full(length, np.nan)
    column[list(values)] = np.asarray(list(values.values()), dtype=float)
    return column
