"""Errors along rays n = c q^alpha with the verdict of the trend test."""

from collections.abc import Hashable, Iterator, Mapping

import pandas as pd

from results.charts.evidence import Evidence
from results.charts.model import Axis, Chart, Line, Records, Sketch, Switch, marked
from results.tables.numbers import numbers
from results.tables.rays import on_ray
from results.tables.series import NOISE, noise_label, task_label


def ray_charts(evidence: Evidence) -> Iterator[Chart]:
    """One chart for each series and M; a colour for each ray, points are runs, lines their medians."""
    frame = evidence.tables.frame.reset_index(drop=True)
    for (number, points), part in evidence.tables["rays"].groupby(["series", "M"], sort=True):
        runs = frame[(frame["series"] == number) & (frame["M"] == points) & (frame["status"] == "done")]
        if len(runs):
            yield _chart(part, runs)


def _chart(rays: pd.DataFrame, runs: pd.DataFrame) -> Chart:
    first, sketch = rays.iloc[0], Sketch()
    for colour, ray in enumerate(rays.to_dict("records")):
        on = runs[on_ray(runs["q"].to_numpy(float), runs["n"].to_numpy(float), ray["alpha"], ray["c"])]
        middle = on.groupby("q")["relative"].median()
        switch = sketch.switch(Switch(_label(ray), "data", colour=colour))
        sketch.layers += [
            Line(switches=(switch,), x=middle.index.tolist(), y=numbers(middle), colour=colour),
            Records(switches=(switch,), row=on.index.tolist(), x="q", y="relative", colour=colour),
        ]
    task = task_label(first["task"], first["parameters"])
    where = f"{first['sizes']}, M = {first['M']}, {noise_label(*first[list(NOISE)])}"
    said = "; ".join(switch.label for switch in sketch.switches)
    return sketch.chart(
        section="rays",
        task=task,
        title=f"rays: {where}",
        alt=f"Relative training error of {task} along rays at fixed budget, {where}. {said}.",
        figure="rays",
        caption=f"Relative training error of {task} along rays n = c q^alpha at fixed budget d: runs and their medians",
        x=marked("q", runs["q"]),
        y=Axis("relative training error"),
    )


def _label(ray: Mapping[Hashable, float]) -> str:
    p = "" if pd.isna(ray["p_holm"]) else f", p = {ray['p_holm']:.2g}"
    return f"n = {ray['c']:.4g} q^{ray['alpha']:g}: {ray['verdict']}{p}"
