"""Training error against q with the floors it cannot go below."""

from collections.abc import Iterator

import pandas as pd

from results.charts.evidence import Evidence
from results.charts.model import Axis, Band, Chart, Level, Line, Records, Sketch, Switch, marked
from results.tables.numbers import number, numbers
from results.tables.series import SERIES, series_names, task_label, with_errors_at

DECADES = 7
FLOORS = Switch("floor of any rank-q model", "theory", "certified", dash=1)
ENERGY = Switch("noise energy V", "theory", "measured", dash=2)
FEWEST_Q, FEWEST_OF_SEARCH = 2, 4
CAPTION = (
    "Training error of {task} against q, {labels} labels: best runs joined, bands to the worst, dots are runs; dashed: certified"
    " floor. What lies more than seven decades below the largest error is drawn on the lower edge"
)


def error_charts(evidence: Evidence) -> Iterator[Chart]:
    """One chart for each series with an error at two q; a colour for each (N, M).

    Of a search for brackets, which passes through hundreds of sizes, those with an error at four q: fewer show no law.
    """
    rows = evidence.tables["scaling"].drop_duplicates([*SERIES, "N", "M", "q", "d"])
    curves = with_errors_at(rows, FEWEST_OF_SEARCH if "brackets" in evidence.tables else FEWEST_Q)
    frame = evidence.tables.frame.reset_index(drop=True)
    done = frame[(frame["status"] == "done") & frame["series"].isin(curves)]
    runs = dict(list(done.groupby("series")))
    for _, same in rows.groupby(["task", "parameters"], sort=True):
        names = series_names(same, noise=True)
        for key, part in same[same["series"].isin(curves)].groupby("series", sort=True):
            yield _chart(part, runs[key], names[key])


def _chart(part: pd.DataFrame, runs: pd.DataFrame, name: str) -> Chart:
    first, sketch = part.iloc[0], Sketch()
    groups = list(part.groupby(["n", "N", "M"], sort=True))
    for colour, ((n, functions, points), line) in enumerate(groups):
        switch = sketch.switch(Switch(f"n = {n} ({functions} x {points})", "data", colour=colour))
        _add(sketch, switch, line.sort_values("q"), colour)
        mine = runs[(runs["N"] == functions) & (runs["M"] == points)].index.tolist()
        sketch.layers.append(Records(switches=(switch,), row=mine, x="q", y="training_mse", colour=colour))
    energy = part["noise_energy"].median()
    if energy > 0:
        sketch.layers.append(Level(switches=(sketch.switch(ENERGY),), y=number(energy), dash=2))
    task, noisy, best = task_label(first["task"], first["parameters"]), first["sigma"] > 0, part["training_mse_best"]
    return sketch.chart(
        section="errors",
        task=task,
        title=f"R(q): {first['design']}, {name}",
        alt=f"Training error R against q for {task}, {name}, at {part['n'].nunique()} values of n: from {best.max():.2g} to"
        f" {best.min():.2g} (best runs); {int(part['done'].sum())} runs done. Bands: best to worst run.",
        figure="errors-noisy" if noisy else "errors",
        caption=CAPTION.format(task=task, labels="noisy" if noisy else "noise-free"),
        x=marked("q", part["q"]),
        y=Axis("training error R", decades=DECADES),
        shades=len(groups),
    )


def _add(sketch: Sketch, switch: int, line: pd.DataFrame, colour: int) -> None:
    """Best and worst runs and floors on data of one shape, in order of q."""
    seen = line[line["training_mse_best"].notna()]
    q, best, worst = seen["q"].tolist(), numbers(seen["training_mse_best"]), numbers(seen["training_mse_worst"])
    sketch.layers += [
        Band(switches=(switch,), x=q, low=best, high=worst, colour=colour),
        Line(switches=(switch,), x=q, y=best, colour=colour),
    ]
    under = seen[seen["floor"] > 0]
    if len(under):
        floors, y = (switch, sketch.switch(FLOORS)), numbers(under["floor"])
        sketch.layers.append(Line(switches=floors, x=under["q"].tolist(), y=y, colour=colour, dash=1))
