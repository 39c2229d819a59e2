"""Supervision risk of physics-informed nets against width, and the absorbed share against d with the line of 32-bit counting."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from results.charts.evidence import Evidence
from results.charts.model import GREY, Axis, Chart, Level, Line, Sketch, Switch, marked
from results.tables.numbers import number, numbers

DECADES = 4
VARIANCE = Switch("sigma^2", "theory", dash=1)
CLEAN = Switch("without noise: error of approximation", "data", colour=GREY)
POLYNOMIALS = Switch("least squares by polynomials", "fit", dash=2)
COUNTED = Switch("most that 32 bits per number allow", "theory", "certified", dash=1)
CLAIMED = Switch("claimed shape, d log d = C n eta^2", "theory", "slope only", dash=3)


def pinn_charts(evidence: Evidence) -> Iterator[Chart]:
    """Two charts for each equation, engine and budget."""
    table = evidence.tables["pinn"]
    for (equation, *how), part in table.groupby(["equation", "engine", "recipe", "iterations", "weight"], sort=True):
        if part["width"].nunique() > 1 and (part["sigma"] > 0.0).any():
            engine, recipe, iterations, weight = how
            told = f"{engine}, {iterations} steps of {recipe}, lambda_s = {weight:g}"
            yield _risks(part, str(equation), told)
            yield _absorbed(part, str(equation), told)


def _risks(part: pd.DataFrame, equation: str, how: str) -> Chart:
    sketch = Sketch()
    clean = part[part["sigma"] == 0.0]
    if len(clean):
        at = (sketch.switch(CLEAN),)
        sketch.layers.append(Line(switches=at, x=numbers(clean["width"]), y=numbers(clean["clean"]), colour=GREY, mark=True))
    noisy = part[part["sigma"] > 0.0]
    for colour, (sigma, line) in enumerate(noisy.groupby("sigma", sort=True)):
        switch, x = sketch.switch(Switch(f"sigma = {sigma:g}", "data", colour=colour)), numbers(line["width"])
        sketch.layers += [
            Line(switches=(switch,), x=x, y=numbers(line["risk"]), colour=colour, mark=True),
            Level(switches=(switch, sketch.switch(VARIANCE)), y=number(float(str(sigma)) ** 2), colour=colour, dash=1),
            Line(switches=(switch, sketch.switch(POLYNOMIALS)), x=x, y=numbers(line["line_risk"]), colour=colour, dash=2),
        ]
    return sketch.chart(
        section="companion",
        task=equation,
        title=f"supervision risk, {equation}, {how}",
        alt=f"Unweighted supervision risk against the width: from {noisy['risk'].max():.3g} to {noisy['risk'].min():.3g}, with"
        " sigma^2 as levels.",
        figure="risk",
        caption="Unweighted supervision risk of physics-informed nets against the width, beside sigma^2, a polynomial with as"
        " many coefficients, and the error of the net trained without noise",
        x=marked("width", part["width"]),
        y=Axis("supervision risk", decades=DECADES),
    )


def _absorbed(part: pd.DataFrame, equation: str, how: str) -> Chart:
    sketch = Sketch()
    noisy = part[part["sigma"] > 0.0]
    for colour, (sigma, line) in enumerate(noisy.groupby("sigma", sort=True)):
        switch, x = sketch.switch(Switch(f"sigma = {sigma:g}", "data", colour=colour)), numbers(line["d"])
        share = (line["energy"] - line["line_risk"]) / line["energy"]
        both = (switch, sketch.switch(POLYNOMIALS))
        sketch.layers += [
            Line(switches=(switch,), x=x, y=numbers(_positive(line["absorbed"])), colour=colour, mark=True),
            Line(switches=both, x=x, y=numbers(_positive(share)), colour=colour, dash=2),
        ]
    line = noisy.groupby("d", sort=True)[["n", "allowed"]].max().reset_index()
    x, d = numbers(line["d"]), line["d"].to_numpy(float)
    shape = np.sqrt(d * np.log(d) / line["n"].to_numpy(float))
    shape = shape * (line["allowed"].iloc[0] / shape[0])
    sketch.layers += [
        Line(switches=(sketch.switch(COUNTED),), x=x, y=numbers(line["allowed"]), dash=1),
        Line(switches=(sketch.switch(CLAIMED),), x=x, y=numbers(np.where(shape <= 1.0, shape, np.nan)), dash=3),
    ]
    return sketch.chart(
        section="companion",
        task=equation,
        title=f"absorbed noise, {equation}, {how}",
        alt=f"Share (V - risk) / V against d: at most {noisy['absorbed'].max():.2g}; the certified line from"
        f" {line['allowed'].iloc[0]:.2g} to {line['allowed'].iloc[-1]:.2g}. Negative shares are not drawn.",
        figure="absorbed",
        caption="Share of the noise energy that physics-informed nets absorb against the number of trained weights, below the"
        " line of 32-bit counting; the claimed shape starts on that line; negative shares are not drawn",
        x=marked("d", noisy["d"]),
        y=Axis("absorbed share", decades=DECADES),
    )


def _positive(values: "pd.Series[float]") -> "pd.Series[float]":
    return values.where(values > 0.0)
