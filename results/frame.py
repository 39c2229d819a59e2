"""Records against what the study expects, as one tidy table: one row an expected cell, the missing ones included.

Sizes and settings come from the manifest, outcomes from the records, so that a record cannot change what was asked. Two integer
columns number the rows for grouping: `configuration` (everything but replicate and restart) and `problem` (task, parameters,
design, N, M, noise: the same data for every net, replicate by replicate).
"""

from collections.abc import Iterable, Mapping
from operator import attrgetter
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from operators.errors import UserError
from results.record import Bounds, Cost, Errors, Record, canonical
from results.study import ExpectedCell, Manifest, Target

Bools = NDArray[np.bool_]

PROBLEM = ("task", "parameters", "design", "N", "M", "noise_law", "sigma")
ASKED: dict[str, str] = {
    "key": "identity of the cell and of its record",
    "task": "operator",
    "parameters": "constants of the task that differ from its defaults, as JSON",
    "design": "grid, scattered or triples",
    "schedule": "rule that chose the widths",
    "N": "input functions",
    "M": "query points per function",
    "n": "training labels, N M",
    "noise_law": "law of the label noise",
    "sigma": "standard deviation of the noise over the RMS of clean outputs",
    "branch_widths": "hidden widths of the branch, joined by x",
    "trunk_widths": "hidden widths of the trunk, joined by x",
    "q": "common output dimension",
    "q_eff": "effective output dimension",
    "d": "trainable scalars",
    "d_eff": "trainable scalars less the gauge redundancy",
    "ends": "what ends branch and trunk",
    "activation": "hidden activation",
    "engine": "engine asked for",
    "recipe": "recipe asked for",
    "budget": "optimiser steps or epochs asked for",
    "training": "all other settings of the training",
    "output_scaling": "what scales the outputs",
    "replicate": "replicate",
    "restart": "restart on the same data",
}
WHOLE = ("N", "M", "n", "q", "q_eff", "d", "d_eff", "replicate", "restart")
ERRORS, BOUNDS, COST = (tuple(model.model_fields) for model in (Errors, Bounds, Cost))
BOUNDS = tuple(name for name in BOUNDS if name != "values")
OUTCOME = ("status", "message", "recipe_used", "weights_sha256", "versions", "hardware", *ERRORS, *BOUNDS, *COST)
TEXT = ("status", "message", "recipe_used", "weights_sha256", "versions", "hardware")


COUNTS: dict[str, str] = {
    "expected": "cells",
    "runs": "cells with a final outcome",
    "done": "runs that ended as done",
    "diverged": "runs that diverged",
    "failed": "cells whose worker crashed; run again",
    "missing": "cells without a record",
}


class FloorViolation(UserError):
    """A record whose training error lies below its certified floor: it cannot be right, and no table is built on it."""


def build_frame(manifest: Manifest, records: Iterable[Record]) -> pd.DataFrame:
    """Build the table; records of keys the study does not expect are left out.

    Status is `missing` where there is no record. Columns: ASKED, OUTCOME, one `bound_<name>` for each named bound value, and
    `configuration` and `problem`.

    Raises:
        FloorViolation: a training error lies below its floor.
    """
    rows = [_asked(cell) for cell in manifest.expected]
    table: dict[str, Any] = dict(zip(ASKED, zip(*rows, strict=True), strict=True)) if rows else {name: () for name in ASKED}
    position = {key: row for row, key in enumerate(table["key"])}
    outcome: dict[str, list[Any]] = {name: [None] * len(rows) for name in OUTCOME}
    outcome["status"] = ["missing"] * len(rows)
    named: dict[str, list[float | None]] = {}
    texts: dict[str, str] = {}
    for record in records:
        row = position.get(record.key)
        if row is not None:
            _enter(outcome, row, record, texts=texts)
            for name, value in record.bounds.values.items() if record.bounds else ():
                named.setdefault(f"bound_{name}", [None] * len(rows))[row] = value
    columns = {name: _column(name, values) for name, values in {**table, **outcome}.items()}
    columns |= {name: np.asarray(values, dtype=float) for name, values in sorted(named.items())}
    frame = pd.DataFrame(columns)
    frame["configuration"] = _numbered(frame, [name for name in ASKED if name not in ("key", "replicate", "restart")])
    frame["problem"] = _numbered(frame, list(PROBLEM))
    check_floors(frame)
    return frame


def _asked(expected: ExpectedCell) -> tuple[Any, ...]:
    cell, sizes = expected.cell, expected.sizes
    net, training, noise = cell["net"], cell["training"], cell["noise"]
    steps = training.get("steps")
    budget = f"{steps} steps" if steps is not None else f"{training.get('epochs')} epochs"
    other = {name: value for name, value in training.items() if name not in ("engine", "recipe", "steps", "epochs")}
    return (
        expected.key,
        cell["task"],
        canonical(cell["parameters"]) if cell["parameters"] else "",
        cell["design"],
        net["schedule"],
        cell["functions"],
        cell["points"],
        cell["functions"] * cell["points"],
        noise["law"],
        noise["sigma"],
        "x".join(map(str, net["branch_widths"])),
        "x".join(map(str, net["trunk_widths"])),
        net["q"],
        sizes["q_eff"],
        sizes["d"],
        sizes["d_eff"],
        net["ends"],
        net["activation"],
        training["engine"],
        training["recipe"],
        budget,
        " ".join(f"{name}={'full' if name == 'batch' and value is None else value}" for name, value in sorted(other.items())),
        training.get("output_scaling", ""),
        cell["replicate"],
        cell["restart"],
    )


_errors, _bounds, _cost = attrgetter(*ERRORS), attrgetter(*BOUNDS), attrgetter(*COST)


def _enter(outcome: dict[str, list[Any]], row: int, record: Record, *, texts: dict[str, str]) -> None:
    """Write the outcome of one record into its row; equal texts are kept once."""
    versions, hardware = (
        ", ".join(f"{name} {value}" for name, value in sorted(pairs.items())) for pairs in (record.versions.packages, record.host)
    )
    values = [record.status, record.message, record.recipe, record.weights_sha256]
    values += [texts.setdefault(text, text) for text in (versions, hardware)]
    for names, part, fields in ((ERRORS, record.errors, _errors), (BOUNDS, record.bounds, _bounds), (COST, record.cost, _cost)):
        values += fields(part) if part is not None else [None] * len(names)
    for name, value in zip(OUTCOME, values, strict=True):
        outcome[name][row] = value


def _column(name: str, values: Any) -> Any:
    if name in WHOLE:
        return np.asarray(values, dtype=np.int64)
    if name in TEXT or (name in ASKED and name != "sigma"):
        return pd.array(list(values), dtype="str")
    return np.asarray(values, dtype=float)


def _numbered(frame: pd.DataFrame, names: list[str]) -> NDArray[np.int64]:
    """Number the distinct combinations of some columns, in order of first appearance."""
    return np.asarray(frame.groupby(names, sort=False, dropna=False).ngroup(), dtype=np.int64)


def label_energy(frame: pd.DataFrame) -> NDArray[np.float64]:
    """Mean square of the labels: training_mse / relative^2; NaN without errors, 0 where the training error is 0."""
    mse, square = frame["training_mse"].to_numpy(float), frame["relative"].to_numpy(float) ** 2
    return np.divide(mse, square, out=np.where(np.isnan(mse), np.nan, 0.0), where=square > 0)


def check_floors(frame: pd.DataFrame) -> int:
    """Assert training_mse >= floor (1 - 1e-6) - 2e-12 mean y^2 and return the number of records that have a floor.

    Where the error is exactly 0, mean y^2 cannot be told from the record, and only a resolved floor is held against it.

    Raises:
        FloorViolation: naming the keys below their floor.
    """
    mse, floor = frame["training_mse"].to_numpy(float), frame["floor"].to_numpy(float)
    energy = label_energy(frame)
    below = (mse < floor * (1.0 - 1e-6) - 2e-12 * energy) & ((energy > 0.0) | (frame["resolved"].to_numpy(float) > 0.0))
    if below.any():
        first = frame[below].iloc[0]
        raise FloorViolation(
            "expected no training error below its certified floor, got"
            f" {first['training_mse']:.9g} < {first['floor']:.9g} in record {first['key']} ({int(below.sum())} such records);"
            " the floor or the record is wrong: remove it and run the cell again"
        )
    return int(np.sum(~np.isnan(mse) & ~np.isnan(floor)))


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
    energy = label_energy(frame)
    allowed = target.value**2 * energy
    if target.kind == "absorb":
        allowed = frame["noise_energy"].to_numpy(float) * (1.0 - target.value)
    floor = frame["floor"].to_numpy(float)
    return (floor * (1.0 - 1e-6) - 2e-12 * energy > allowed) & applies(frame, target)


def counted(status: "pd.Series[str]") -> dict[str, int]:
    """Counts of some cells by outcome: COUNTS."""
    found = {name: int((status == name).sum()) for name in ("done", "diverged", "timeout", "oom", "data_invalid")}
    return {
        "expected": len(status),
        "runs": sum(found.values()),
        "done": found["done"],
        "diverged": found["diverged"],
        "failed": int((status == "failed").sum()),
        "missing": int((status == "missing").sum()),
    }


def status_counts(frame: pd.DataFrame, group: str) -> pd.DataFrame:
    """Count the rows of each group by outcome; index: the group.

    expected = runs + failed + missing, and runs = done + diverged + timeout + oom + data_invalid.
    """
    size = int(frame[group].max()) + 1 if len(frame) else 0
    codes, status = frame[group].to_numpy(), frame["status"].to_numpy(object)
    counts: Mapping[str, NDArray[np.int64]] = {
        name: np.bincount(codes[status == name], minlength=size)
        for name in ("done", "diverged", "timeout", "oom", "data_invalid", "failed", "missing")
    }
    runs = sum((counts[name] for name in ("done", "diverged", "timeout", "oom", "data_invalid")), np.zeros(size, dtype=np.int64))
    return pd.DataFrame({"expected": runs + counts["failed"] + counts["missing"], "runs": runs, **counts})
