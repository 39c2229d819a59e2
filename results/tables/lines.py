"""Reference lines of the data sets of a study, from their records: one row per data set, method and rank; no file of its own.

A net is compared with the lines of its very data set: same task, sizes, noise, replicate and held-out functions.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pandas as pd

from operators.baselines import BASELINES
from results.families import FAMILIES
from results.families.baselines import Measured
from results.records.manifest import BASELINES as FAMILY
from results.records.manifest import ExpectedCell
from results.records.record import Record
from results.tables.frame import PROBLEM
from results.tables.frame_columns import require_same

ERRORS = ("relative", "relative_mean", "test_relative", "test_relative_mean")
DATA = (*PROBLEM, "held_out", "replicate")
SENSORS = "sensors"
BESIDE = {"linear_map": "ridge", "kernel": "kernel", "rank_q": "reduced-rank"}
COLUMNS: dict[str, str] = {
    f"{name}_{part}": f"median over replicates: relative error of the {BASELINES[method].title}, {words}"
    for name, method in BESIDE.items()
    for part, words in (("train", "over all training labels"), ("test", "on held-out functions"))
}
"""Columns of scaling.csv where lines are recorded."""


def line_table(asked: Iterable[ExpectedCell], records: Mapping[str, Record]) -> pd.DataFrame:
    """The rows: columns DATA, `line`, `status`, `q` (missing where a method has no rank) and ERRORS.

    Raises:
        UserError: the manifest states another data set under a key than its record.
    """
    rows = [row for one in asked if one.key in records for row in _rows(one, records[one.key])]
    table = pd.DataFrame(rows, columns=[*DATA, "line", "status", "q", *ERRORS])
    return table.astype({"q": "Int64", **dict.fromkeys(ERRORS, "float64")})


def _rows(asked: ExpectedCell, record: Record) -> Iterator[tuple[Any, ...]]:
    family, measured = FAMILIES[FAMILY], record.measured
    require_same(asked, record)
    if not isinstance(measured, Measured):
        return
    said = dict(zip(family.asked_columns(), family.asked(asked.cell, {}), strict=True)) | {"design": "grid"}
    where = tuple(said[name] for name in DATA)
    known = [name for name in BASELINES if name in measured.lines]
    for name in (*known, *sorted(measured.lines.keys() - set(known))):
        line = measured.lines[name]
        errors = zip(*(getattr(line, error) for error in ERRORS), strict=True)
        status = BASELINES[name].status if name in BASELINES else "fitted"
        for q, values in zip(line.q or (None,), errors, strict=True):
            yield (*where, name, status, q, *values)
    if measured.sensor_floor is not None:
        yield (*where, SENSORS, "asymptotic", None, None, None, measured.sensor_floor, None)


def with_lines(scaling: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """scaling.csv with COLUMNS: the lines of each row's data, those of rank q at its own q, medians over replicates."""
    table = scaling
    for name, method in BESIDE.items():
        mine = lines[lines["line"] == method]
        if mine.empty:
            continue
        keys = [*PROBLEM, "q"] if mine["q"].notna().any() else list(PROBLEM)
        found = mine.groupby(keys)[["relative", "test_relative"]].median()
        found = found.set_axis([f"{name}_train", f"{name}_test"], axis=1).reset_index()
        table = table.merge(_as(found, table, keys), on=keys, how="left")
    return table


def _as(found: pd.DataFrame, like: pd.DataFrame, keys: Iterable[str]) -> pd.DataFrame:
    """The keys in the types that they have elsewhere."""
    return found.astype({name: like[name].dtype for name in keys})
