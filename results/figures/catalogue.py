"""Which figures a study gets: one of each kind for each task that has the data for it."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from results.figures import style
from results.figures.thresholds import threshold_figure
from results.tables.series import has_error_curve
from results.tables.study_tables import Tables

TASK = ["task", "parameters"]


@dataclass(frozen=True)
class Picture:
    """A figure with its file name (without ending) and a sentence that says what it shows."""

    name: str
    caption: str
    figure: style.Figure


def pictures(tables: Tables) -> Iterator[Picture]:
    """Draw every figure the tables have data for."""
    for (task, parameters), located in tables.located.groupby(TASK):
        if (located["kind"] != "unknown").any() and located["n"].nunique() > 1:
            figure = threshold_figure(located, tables.exponents, tables.demanded)
            yield Picture(_name("thresholds", task, parameters), f"q*(n) of {task}: intervals, fitted slopes, bounds", figure)
    scaling = tables.scaling
    for (task, parameters, noisy), rows in scaling.groupby([*TASK, scaling["sigma"] > 0]):
        if has_error_curve(rows):
            kind, what = ("errors-noisy", "noisy") if noisy else ("errors", "noise-free")
            caption = f"Training error of {task} against q, {what} labels: best run, certified floor"
            yield Picture(_name(kind, task, parameters), caption, style.error_figure(rows))
    plain = (scaling["sigma"] == 0) & (scaling["control"] == "none") & (scaling["schedule"] == "free")
    clean = scaling[plain & scaling["relative_best"].notna()]
    for (task, parameters), rows in clean.groupby(TASK):
        if rows["branch_widths"].nunique() > 1 and rows["trunk_widths"].nunique() > 1:
            caption = f"Relative training error of {task} over branch and trunk widths"
            yield Picture(_name("widths", task, parameters), caption, style.surface_figure(rows))
    for (task, parameters), rows in tables.rays.groupby(TASK):
        if rows["done"].sum() > 0:
            caption = f"Relative training error of {task} along rays n = c q^alpha at fixed budget d"
            yield Picture(_name("rays", task, parameters), caption, style.ray_figure(rows, tables.frame))


def _name(kind: str, task: object, parameters: object) -> str:
    """A file name of letters, digits, hyphens and underscores, distinct for distinct tasks."""
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", str(task))[:60]
    same = plain == str(task) and not parameters
    return f"{kind}-{plain}" + ("" if same else "-" + hashlib.sha256(f"{task}\n{parameters}".encode()).hexdigest()[:8])
