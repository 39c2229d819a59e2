"""Koopman spectra: pseudospectra as contours with EDMD's eigenvalues, and the spurious share against the size of a dictionary."""

from collections.abc import Iterator

import pandas as pd

from results.charts.contours import level_lines
from results.charts.evidence import Evidence
from results.charts.model import Axis, Chart, Line, Sketch, Switch, marked
from results.tables.numbers import numbers

LEVELS = (0.3, 0.1, 0.03, 0.01)
SPURIOUS = 0.1
DECADES = 8
TRUE, FALSE = (
    Switch("eigenvalue, residual at most 0.1", "data", colour=0),
    Switch("eigenvalue, residual above 0.1", "data", colour=1),
)


def koopman_charts(evidence: Evidence) -> Iterator[Chart]:
    """Contours of each pseudospectrum; for each system the spurious share and the invariance defect."""
    for (system, dictionary, q), part in evidence.tables["pseudospectrum"].groupby(["system", "dictionary", "q"], sort=True):
        yield _contours(part, str(system), str(dictionary), int(str(q)))
    for system, part in evidence.tables["koopman"].groupby("system", sort=True):
        yield _against_q(part, str(system), "spurious", "spurious share", log=False)
        yield _against_q(part, str(system), "invariance_defect", "invariance defect", log=True)


def _contours(part: pd.DataFrame, system: str, dictionary: str, q: int) -> Chart:
    sketch, grid = Sketch(), part[part["kind"] == "grid"].pivot(index="im", columns="re", values="residual")
    x, y, values = grid.columns.to_numpy(float), grid.index.to_numpy(float), grid.to_numpy(float)
    for colour, level in enumerate(LEVELS):
        switch = sketch.switch(Switch(f"least residual {level:g}", "fit", colour=colour + 2))
        for across, upwards in level_lines(x, y, values, level):
            line = Line(switches=(switch,), x=numbers(across), y=numbers(upwards), colour=colour + 2)
            sketch.layers.append(line)
    seen = part[(part["kind"] == "eigenvalue") & part["re"].between(x[0], x[-1]) & part["im"].between(0.0, y[-1])]
    for re, im, residual in seen[["re", "im", "residual"]].itertuples(index=False):
        switch = sketch.switch(TRUE if residual <= SPURIOUS else FALSE)
        colour = 0 if residual <= SPURIOUS else 1
        sketch.layers.append(Line(switches=(switch,), x=numbers([re]), y=numbers([im]), colour=colour, mark=True))
    return sketch.chart(
        section="companion",
        task=system,
        title=f"pseudospectrum, {q} {dictionary} functions",
        alt=f"Contours of the least residual over the upper half plane at {', '.join(map(str, LEVELS))}, and"
        f" {len(seen)} EDMD eigenvalues, {int((seen['residual'] > SPURIOUS).sum())} of them with a residual above 0.1.",
        figure="pseudospectrum",
        caption=f"Pseudospectrum of the Koopman operator of {system}: contours of the least residual, upper half plane, and"
        " eigenvalues of EDMD",
        x=Axis("real part of z", log=False),
        y=Axis("imaginary part of z", log=False),
    )


def _against_q(part: pd.DataFrame, system: str, name: str, label: str, *, log: bool) -> Chart:
    sketch = Sketch()
    named = part.assign(
        noise=part["witness"].fillna(""), label=[_label(*row) for row in zip(part["dictionary"], part["scale"], strict=True)]
    )
    for colour, (what, line) in enumerate(named.groupby("label", sort=True)):
        switch = sketch.switch(Switch(str(what), "data", colour=colour))
        means = line.groupby("q", sort=True)[name].mean()
        x, y = numbers(means.index), numbers(means.clip(lower=1e-16) if log else means)
        sketch.layers.append(Line(switches=(switch,), x=x, y=y, colour=colour, mark=True))
    return sketch.chart(
        section="companion",
        task=system,
        title=f"{label} against q",
        alt=f"{label} of {system} for {named['label'].nunique()} dictionaries: from {part[name].min():.2g} to"
        f" {part[name].max():.2g}.",
        figure="dictionaries",
        caption=f"Dictionaries of {system}: share of eigenvalues with a residual above 0.1, and what leaves the span, against"
        f" their size; a defect more than {DECADES} decades below the largest is drawn on the lower edge",
        x=marked("q", part["q"]),
        y=Axis(label, log=log, decades=DECADES if log else 0),
    )


def _label(dictionary: str, scale: float) -> str:
    return f"tanh, scale {scale:g}" if dictionary == "tanh" else dictionary
