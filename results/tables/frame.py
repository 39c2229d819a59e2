"""Records against what the study expects, as one tidy table: one row an expected cell, the missing ones included.

Sizes and settings come from the manifest, outcomes from the records, so that a record cannot change what was asked. Two integer
columns number the rows for grouping: `configuration` (everything but replicate and restart) and `problem` (task, parameters,
design, N, M, noise: the same data for every net, replicate by replicate).
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from operators.bounds.outward import rounded_down
from operators.diagnostics.floor import below, lowered
from operators.errors import UserError
from results.families import FAMILIES, Family
from results.records.gc_pause import paused_collection
from results.records.manifest import Manifest, Target
from results.records.record import Record
from results.tables.frame_columns import ASKED as ASKED
from results.tables.frame_columns import columns

Bools = NDArray[np.bool_]

PROBLEM = ("task", "parameters", "design", "N", "M", "noise_law", "sigma", "control")
COUNTS: dict[str, str] = {
    "expected": "cells",
    "runs": "cells with a final outcome",
    "done": "runs that ended as done",
    "diverged": "runs that diverged",
    "failed": "cells whose worker crashed; run again",
    "missing": "cells without a record",
}
ENDED = ("done", "diverged", "timeout", "oom", "data_invalid")
OUTCOMES = (*ENDED, "failed", "missing")


class FloorViolation(UserError):
    """A record whose training error lies below its certified floor: it cannot be right, and no table is built on it."""


def build_frame(manifest: Manifest, records: Iterable[Record]) -> pd.DataFrame:
    """Build the table; records of keys the study does not expect are left out, and of several of one key the last counts.

    Status is `missing` where there is no record. Columns: those of `results.tables.frame_columns` for the study's family,
    `configuration`, and `problem` where the family has data of a task.

    Raises:
        FloorViolation: a training error lies below its floor.
    """
    with paused_collection():
        return numbered(pd.DataFrame(columns(manifest, records)), FAMILIES[manifest.family])


def numbered(frame: pd.DataFrame, family: Family) -> pd.DataFrame:
    """Add `configuration` and `problem`, as in `build_frame`.

    Raises:
        FloorViolation: a training error lies below its floor.
    """
    asked = family.asked_columns()
    frame["configuration"] = _numbered(frame, [name for name in asked if name not in ("replicate", "restart")])
    if set(PROBLEM) <= set(asked):
        frame["problem"] = _numbered(frame, list(PROBLEM))
    check_floors(frame)
    return frame


def _numbered(frame: pd.DataFrame, names: list[str]) -> NDArray[np.int64]:
    """Number the distinct combinations of some columns, in order of first appearance."""
    return np.asarray(frame.groupby(names, sort=False, dropna=False).ngroup(), dtype=np.int64)


def label_energy(frame: pd.DataFrame) -> NDArray[np.float64]:
    """Mean square of the labels: training_mse / relative^2; NaN without errors, 0 where the training error is 0."""
    mse, square = frame["training_mse"].to_numpy(float), frame["relative"].to_numpy(float) ** 2
    return np.divide(mse, square, out=np.where(np.isnan(mse), np.nan, 0.0), where=square > 0)


def check_floors(frame: pd.DataFrame) -> int:
    """Assert that no floor excludes the error of its record and return the number of records that have a floor.

    Raises:
        FloorViolation: naming the keys below their floor.
    """
    if "floor" not in frame:
        return 0
    mse, floor, unit = (frame[name].to_numpy(float) for name in ("training_mse", "floor", "unit"))
    excluded_rows = below(mse, floor, unit)
    if excluded_rows.any():
        first = frame[excluded_rows].iloc[0]
        raise FloorViolation(
            "expected no training error below its certified floor, got"
            f" {first['training_mse']:.9g} < {rounded_down(first['floor'], 9)} in record {first['key']}"
            f" ({int(excluded_rows.sum())} such records); the floor or the record is wrong: remove it and run the cell again"
        )
    return int(np.sum(~np.isnan(mse) & ~np.isnan(floor)))


OF_FLOOR = ("sigma", "training_mse", "relative", "noise_energy", "floor", "unit")
"""Columns that `applies` and `excluded` read."""


def applies(frame: pd.DataFrame, target: Target) -> Bools:
    """Rows a target is meant for: noisy cells for `absorb`, noise-free cells for `relative`."""
    noisy = frame["sigma"].to_numpy(float) > 0.0
    return noisy if target.kind == "absorb" else ~noisy


def reached(frame: pd.DataFrame, target: Target) -> Bools:
    """Rows that ended as `done` and reach a target that is meant for them."""
    quality = frame["absorbed"].to_numpy(float) >= target.value
    if target.kind == "relative":
        quality = frame["relative"].to_numpy(float) <= target.value
    return quality & applies(frame, target) & (frame["status"] == "done").to_numpy(bool)


def excluded(frame: pd.DataFrame, target: Target) -> Bools:
    """Rows whose floor exceeds what the target allows: certified impossible on these data at this rank.

    The target allows a training error of V (1 - value) (`absorb`) or value^2 mean y^2 (`relative`).
    """
    allowed = target.value**2 * label_energy(frame)
    if target.kind == "absorb":
        allowed = frame["noise_energy"].to_numpy(float) * (1.0 - target.value)
    return below(allowed, frame["floor"].to_numpy(float), frame["unit"].to_numpy(float)) & applies(frame, target)


def lowered_floors(frame: pd.DataFrame) -> NDArray[np.float64]:
    """Floors less their tolerance (`operators.diagnostics.floor`)."""
    return lowered(frame["floor"].to_numpy(float), frame["unit"].to_numpy(float))


def counted(status: "pd.Series[str]") -> dict[str, int]:
    """Counts of some cells by outcome: COUNTS."""
    return tallied(status.value_counts().to_dict(), len(status))


def tallied(found: Mapping[Any, int], expected: int) -> dict[str, int]:
    """COUNTS of so many cells, of which so many ended in each way."""
    return {
        "expected": expected,
        "runs": sum(found.get(name, 0) for name in ENDED),
        **{name: found.get(name, 0) for name in ("done", "diverged", "failed", "missing")},
    }


def outcome_counts(status: "pd.Series[str]") -> dict[str, int]:
    """One row of `status_counts`: of all these cells."""
    found = Counter(status.tolist())
    counts = {name: found[name] for name in OUTCOMES}
    return {"expected": sum(counts.values()), "runs": sum(counts[name] for name in ENDED), **counts}


def status_counts(frame: pd.DataFrame, group: str) -> pd.DataFrame:
    """Count the rows of each group by outcome; index: the group.

    expected = runs + failed + missing, and runs = done + diverged + timeout + oom + data_invalid.
    """
    size = int(frame[group].max()) + 1 if len(frame) else 0
    codes, status = frame[group].to_numpy(), frame["status"].to_numpy(object)
    counts: Mapping[str, NDArray[np.int64]] = {name: np.bincount(codes[status == name], minlength=size) for name in OUTCOMES}
    runs = sum((counts[name] for name in ENDED), np.zeros(size, dtype=np.int64))
    return pd.DataFrame({"expected": runs + counts["failed"] + counts["missing"], "runs": runs, **counts})
