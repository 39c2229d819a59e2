"""Training error against q with its floors, error surfaces over widths and q, and optimality ratios."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from results.charts.evidence import Evidence, task_label
from results.charts.model import COLOURS, Axis, Chart, Heat, Layer, Legend, Switch
from results.schema.widths import Widths
from results.tables.numbers import Number, number, numbers
from results.tables.series import NOISE, SERIES, has_error_curve, noise_label, series_names

FEW_TICKS = 9
SURFACE_ROWS = 40
DECADES = 7
CLEAN = ["task", "parameters", "design", "control", "ends", "activation", "engine", "recipe", "budget", "training", "n", "N", "M"]


def error_charts(evidence: Evidence) -> Iterator[Chart]:
    """One chart for each series with an error at two q; a colour for each (N, M)."""
    rows = evidence.tables.scaling.drop_duplicates([*SERIES, "N", "M", "q", "d"])
    for _, same in rows.groupby(["task", "parameters"], sort=True):
        names = series_names(same, noise=True)
        for key, part in same.groupby("series", sort=True):
            if has_error_curve(part):
                yield _error_chart(evidence, part, names[key])


def _error_chart(evidence: Evidence, part: pd.DataFrame, name: str) -> Chart:
    first, legend, layers = part.iloc[0], Legend(), []
    frame = evidence.tables.frame.reset_index(drop=True)
    runs = frame[(frame["series"] == first["series"]) & (frame["status"] == "done")]
    floors = Switch("floor of any rank-q model", "theory", "certified", dash=1)
    for i, ((n, functions, points), line) in enumerate(part.groupby(["n", "N", "M"], sort=True)):
        colour, line = i % COLOURS, line[line["training_mse_best"].notna()].sort_values("q")
        switch = legend.add(Switch(f"n = {n} ({functions} x {points})", "data", colour=colour))
        mine = runs[(runs["N"] == functions) & (runs["M"] == points)]
        layers.append(Layer("band", (switch,), _spread(line), colour=colour))
        layers.append(Layer("line", (switch,), {"x": line["q"].tolist(), "y": numbers(line["training_mse_best"])}, colour=colour))
        layers.append(Layer("record", (switch,), {"row": mine.index.tolist(), "x": "q", "y": "training_mse"}, colour=colour))
        under = line[line["floor"] > 0]
        if len(under):
            data = {"x": under["q"].tolist(), "y": numbers(under["floor"])}
            layers.append(Layer("line", (switch, legend.add(floors)), data, colour=colour, dash=1))
    energy = part["noise_energy"].median()
    if energy > 0:
        entry = legend.add(Switch("noise energy V", "theory", "measured", dash=2))
        layers.append(Layer("level", (entry,), {"y": number(energy)}, dash=2))
    task = task_label(first["task"], first["parameters"])
    q = sorted(set(part["q"]))
    alt = (
        f"Training error R against q for {task}, {name}, at {part['n'].nunique()} values of n: from"
        f" {part['training_mse_best'].max():.2g} to {part['training_mse_best'].min():.2g} (best runs); {int(part['done'].sum())}"
        f" runs done. Bands: best to worst run."
    )
    title = f"R(q): {first['design']}, {name}"
    x = Axis("q", ticks=q if len(q) <= FEW_TICKS else [])
    return Chart("errors", task, title, alt, x, Axis("training error R", decades=DECADES), tuple(legend.switches), tuple(layers))


def _spread(line: pd.DataFrame) -> dict[str, Any]:
    best, worst = numbers(line["training_mse_best"]), numbers(line["training_mse_worst"])
    return {"x": line["q"].tolist(), "low": best, "high": worst}


def surfaces(evidence: Evidence) -> Iterator[Heat]:
    """Error over widths (rows) and q (columns) of noise-free cells, a table for each data shape with several widths."""
    scaling = evidence.tables.scaling
    clean = scaling[(scaling["sigma"] == 0) & (scaling["schedule"] == "free") & scaling["relative_best"].notna()]
    for _, part in clean[clean["branch_widths"] != ""].groupby(CLEAN, sort=True):
        part = part.drop_duplicates(["branch_widths", "trunk_widths", "q"])
        widths = sorted(set(zip(part["branch_widths"], part["trunk_widths"], strict=True)))
        if part["branch_widths"].nunique() > 1 and part["trunk_widths"].nunique() > 1 and len(widths) <= SURFACE_ROWS:
            yield _surface(evidence, part, widths)


def _surface(evidence: Evidence, part: pd.DataFrame, widths: Sequence[tuple[Widths, Widths]]) -> Heat:
    first, q = part.iloc[0], sorted(set(part["q"]))
    places = {(row["branch_widths"], row["trunk_widths"], row["q"]): row for row in part.to_dict("records")}
    measures: dict[str, list[Number]] = {"relative error": [], "floor of the relative error": [], "error R / floor": []}
    behind: list[int | None] = []
    for branch, trunk in widths:
        for size in q:
            row = places.get((branch, trunk, size), {})
            error, mse, floor = (row.get(name, np.nan) for name in ("relative_best", "training_mse_best", "floor"))
            resolved = row.get("floor_status") == "certified" and floor > 0
            low = error * np.sqrt(floor / mse) if resolved and mse > 0 else np.nan
            ratio = row.get("optimality_best", np.nan) if resolved else np.nan
            for values, value in zip(measures.values(), (error, low, ratio), strict=True):
                values.append(number(value))
            place = tuple(int(row[name]) for name in ("series", "N", "M", "q", "d")) if row else None
            behind.append(evidence.best_sizes.get(place) if place is not None else None)  # type: ignore[arg-type]
    task = task_label(first["task"], first["parameters"])
    errors = part["relative_best"]
    return Heat(
        "surfaces",
        task,
        f"widths and q: {first['design']}, N = {first['N']}, M = {first['M']}, {noise_label(*first[list(NOISE)])}",
        f"Relative training error of {task} over {len(widths)} choices of widths and {len(q)} q: from {errors.max():.2g} to"
        f" {errors.min():.2g}.",
        "q",
        "branch | trunk",
        [str(size) for size in q],
        [f"{branch} | {trunk}" for branch, trunk in widths],
        [(name, values) for name, values in measures.items() if any(value is not None for value in values)],
        behind,
    )


def optimality_charts(evidence: Evidence) -> Iterator[Chart]:
    """R / floor against q for each task: how far training stops short of the best rank-q model."""
    records = evidence.records.reset_index(drop=True)
    done = records[(records["status"] == "done") & records["optimality"].notna()]
    for (task, parameters), part in done.groupby(["task", "parameters"], sort=True):
        legend, layers = Legend(), []
        groups = part.groupby(["design", "schedule", *NOISE, "engine", "recipe"], sort=True)
        for i, (key, runs) in enumerate(groups):
            design, schedule, law, sigma, control, engine, recipe = key
            where = f"{design}, {schedule}, {noise_label(law, float(str(sigma)), control)}"
            label = f"{where}, {engine} {recipe}: median {runs['optimality'].median():.3g}"
            entry = legend.add(Switch(label, "data", colour=i % COLOURS))
            data = {"row": runs.index.tolist(), "x": "q", "y": "optimality"}
            layers.append(Layer("record", (entry,), data, colour=i % COLOURS))
        entry = legend.add(Switch("R = floor", "theory", "certified", dash=1))
        layers.append(Layer("level", (entry,), {"y": 1}, dash=1))
        label = task_label(task, parameters)
        alt = f"Optimality ratio R / floor against q for {len(part)} runs of {label}: median {part['optimality'].median():.3g},"
        alt += f" largest {part['optimality'].max():.3g}. 1 is the certified optimum of any rank-q model."
        q = sorted(set(part["q"]))
        x = Axis("q", ticks=q if len(q) <= FEW_TICKS else [])
        title = "error over floor, R / floor, by q"
        yield Chart("optimality", label, title, alt, x, Axis("R / floor"), tuple(legend.switches), tuple(layers))
