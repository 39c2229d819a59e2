"""Error over widths and q of noise-free cells, as tables of coloured cells."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from results.charts.evidence import Evidence
from results.charts.model import Heat
from results.schema.widths import Widths
from results.tables.numbers import Number, number
from results.tables.series import NOISE, noise_label, task_label

MOST_ROWS = 40
CLEAN = [
    *("task", "parameters", "design", "architecture", "control", "ends", "activation"),
    *("engine", "recipe", "budget", "training", "n", "N", "M"),
]
MEASURES = ("relative error", "floor of the relative error", "error R / floor")
Pair = tuple[Widths, Widths]


def surfaces(evidence: Evidence) -> Iterator[Heat]:
    """A table for each data shape with several widths: widths are rows, q are columns."""
    scaling = evidence.tables["scaling"]
    clean = scaling[(scaling["sigma"] == 0) & (scaling["schedule"] == "free") & scaling["relative_best"].notna()]
    for _, part in clean.groupby(CLEAN, sort=True):
        part = part.drop_duplicates(["branch_widths", "trunk_widths", "q"])
        widths = sorted(set(zip(part["branch_widths"], part["trunk_widths"], strict=True)))
        if part["branch_widths"].nunique() > 1 and part["trunk_widths"].nunique() > 1 and len(widths) <= MOST_ROWS:
            yield _surface(evidence, part, widths)


def _surface(evidence: Evidence, part: pd.DataFrame, widths: Sequence[Pair]) -> Heat:
    first, q = part.iloc[0], sorted(set(part["q"]))
    task, errors = task_label(first["task"], first["parameters"]), part["relative_best"]
    places = {(row["branch_widths"], row["trunk_widths"], row["q"]): row for row in part.to_dict("records")}
    rows = [places.get((*pair, size)) for pair in widths for size in q]
    columns = zip(*map(_measured, rows), strict=True)
    measures = [(name, list(values)) for name, values in zip(MEASURES, columns, strict=True)]
    return Heat(
        section="surfaces",
        task=task,
        title=f"widths and q: {first['design']}, N = {first['N']}, M = {first['M']}, {noise_label(*first[list(NOISE)])}",
        alt=f"Relative training error of {task} over {len(widths)} choices of widths and {len(q)} q: from {errors.max():.2g} to"
        f" {errors.min():.2g}.",
        figure="widths",
        caption=f"Relative training error of {task} over hidden widths of branch and trunk (rows) and q (columns), noise-free"
        " labels: best run",
        x_label="q",
        y_label="branch | trunk",
        x=[str(size) for size in q],
        y=[f"{branch} | {trunk}" for branch, trunk in widths],
        measures=[(name, values) for name, values in measures if any(value is not None for value in values)],
        row=[None if row is None else evidence.best_sizes.get(_place(row)) for row in rows],
    )


def _measured(row: Mapping[Hashable, Any] | None) -> tuple[Number, Number, Number]:
    """Error, floor and their ratio R / floor of a configuration; None for what is not known."""
    if row is None:
        return (None, None, None)
    error, mse, floor = row["relative_best"], row["training_mse_best"], row["floor"]
    resolved = row["floor_status"] == "certified" and floor > 0
    low = error * np.sqrt(floor / mse) if resolved and mse > 0 else np.nan
    return number(error), number(low, "floor"), number(row["optimality_best"] if resolved else np.nan)


def _place(row: Mapping[Hashable, Any]) -> tuple[int, int, int, int, int]:
    return (int(row["series"]), int(row["N"]), int(row["M"]), int(row["q"]), int(row["d"]))
