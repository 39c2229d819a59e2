"""Columns of the tidy frame (`results.tables.frame`): what was asked, from the manifest; what came out, from the records."""

from collections.abc import Iterable, Mapping
from operator import attrgetter
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from operators.external.task import LOCATION
from results.records.manifest import ExpectedCell, Manifest
from results.records.model import canonical
from results.records.record import Bounds, Cost, Errors, Record, pairs_text
from results.tables.widths import Widths

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
    "control": "control experiment on the labels: none, permuted-noise or permuted-labels",
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
WIDTHS = ("branch_widths", "trunk_widths")
WHOLE = ("N", "M", "n", "q", "q_eff", "d", "d_eff", "replicate", "restart")
ERRORS, BOUNDS, COST = (tuple(model.model_fields) for model in (Errors, Bounds, Cost))
BOUNDS = tuple(name for name in BOUNDS if name != "values")
OUTCOME = ("status", "message", "recipe_used", "weights_sha256", "versions", "hardware", *ERRORS, *BOUNDS, *COST)
TEXT = ("status", "message", "recipe_used", "weights_sha256", "versions", "hardware")


def columns(manifest: Manifest, records: Iterable[Record]) -> dict[str, Any]:
    """Values of every column by its name, one an expected cell: ASKED, OUTCOME and the named bound values."""
    texts: dict[tuple[Any, ...], str] = {}
    asked = [_asked(cell, texts) for cell in manifest.expected]
    table: dict[str, Any] = dict(zip(ASKED, zip(*asked, strict=True), strict=True)) if asked else {name: () for name in ASKED}
    position = {key: row for row, key in enumerate(table["key"])}
    outcomes: list[tuple[Any, ...]] = [MISSING] * len(asked)
    named: dict[str, dict[int, float | None]] = {}
    for record in records:
        row = position.get(record.key)
        if row is not None:
            outcomes[row] = _outcome(record, texts)
            for values in named.values():
                values.pop(row, None)
            for name, value in record.bounds.values.items() if record.bounds else ():
                named.setdefault(f"bound_{name}", {})[row] = value
    table |= dict(zip(OUTCOME, zip(*outcomes, strict=True), strict=True)) if outcomes else {name: () for name in OUTCOME}
    found = {name: _column(name, values) for name, values in table.items()}
    return found | {name: _sparse(values, len(asked)) for name, values in sorted(named.items())}


def _asked(expected: ExpectedCell, texts: dict[tuple[Any, ...], str]) -> tuple[Any, ...]:
    """What was asked of one cell, in the order of ASKED; `texts` keeps what was written of equal settings."""
    cell, sizes = expected.cell, expected.sizes
    net, training, noise = cell["net"], cell["training"], cell["noise"]
    steps = training.get("steps")
    budget = f"{steps} steps" if steps is not None else f"{training.get('epochs')} epochs"
    settings = tuple(training.items())
    if settings not in texts:
        texts[settings] = _settings(training)
    return (
        expected.key,
        cell["task"],
        parameters_text(cell["parameters"]),
        cell["design"],
        net["schedule"],
        cell["functions"],
        cell["points"],
        cell["functions"] * cell["points"],
        noise["law"],
        noise["sigma"],
        noise.get("control", "none"),
        Widths(tuple(net["branch_widths"])),
        Widths(tuple(net["trunk_widths"])),
        net["q"],
        sizes["q_eff"],
        sizes["d"],
        sizes["d_eff"],
        net["ends"],
        net["activation"],
        training["engine"],
        training["recipe"],
        budget,
        texts[settings],
        training.get("output_scaling", ""),
        cell["replicate"],
        cell["restart"],
    )


def _settings(training: dict[str, Any]) -> str:
    """All settings of a training that have no column of their own."""
    other = sorted((name, value) for name, value in training.items() if name not in ("engine", "recipe", "steps", "epochs"))
    return " ".join(f"{name}={'full' if name == 'batch' and value is None else value}" for name, value in other)


def parameters_text(parameters: dict[str, Any]) -> str:
    """Constants as JSON; where a user's own data lie is left out."""
    told = {name: value for name, value in parameters.items() if name != LOCATION}
    return canonical(told) if told else ""


_errors, _bounds, _cost = attrgetter(*ERRORS), attrgetter(*BOUNDS), attrgetter(*COST)
NONE_OF = {part: (None,) * len(names) for part, names in (("errors", ERRORS), ("bounds", BOUNDS), ("cost", COST))}
MISSING = ("missing", *(None,) * (len(OUTCOME) - 1))


def _outcome(record: Record, texts: dict[tuple[Any, ...], str]) -> tuple[Any, ...]:
    """The outcome of one record, in the order of OUTCOME; equal texts are made once."""
    versions, hardware = tuple(record.versions.packages.items()), tuple(record.host.items())
    for pairs in (versions, hardware):
        if pairs not in texts:
            texts[pairs] = pairs_text(dict(pairs))
    return (
        record.status,
        record.message,
        record.recipe,
        record.weights_sha256,
        texts[versions],
        texts[hardware],
        *(NONE_OF["errors"] if record.errors is None else _errors(record.errors)),
        *(NONE_OF["bounds"] if record.bounds is None else _bounds(record.bounds)),
        *(NONE_OF["cost"] if record.cost is None else _cost(record.cost)),
    )


def _column(name: str, values: Any) -> Any:
    if name in WIDTHS:
        return np.asarray(values, dtype=object)
    if name in WHOLE:
        return np.asarray(values, dtype=np.int64)
    if name in TEXT or (name in ASKED and name != "sigma"):
        return pd.array(values, dtype="str")
    return np.asarray(values, dtype=float)


def _sparse(values: Mapping[int, float | None], length: int) -> NDArray[np.float64]:
    column = np.full(length, np.nan)
    column[list(values)] = np.asarray(list(values.values()), dtype=float)
    return column
