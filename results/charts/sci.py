"""Distances from the spectrum against the size of the section: what square and rectangular sections say."""

from collections.abc import Iterator

import pandas as pd

from results.charts.evidence import Evidence
from results.charts.model import Axis, Chart, Level, Line, Sketch, Switch, marked
from results.tables.numbers import number, numbers

SAYS = (("square_distance", "square section"), ("injection_modulus", "rectangular section (upper bound)"))
DECADES = 13
TRUE = Switch("distance from the spectrum", "theory", "certified", dash=1)


def section_charts(evidence: Evidence) -> Iterator[Chart]:
    """A chart for each cut and point with several sizes."""
    for (cut, re, im), part in evidence.tables["sci"].groupby(["cut", "re", "im"], sort=True):
        if part["n"].nunique() > 1:
            yield _chart(part, str(cut), complex(float(str(re)), float(str(im))))


def _chart(part: pd.DataFrame, cut: str, z: complex) -> Chart:
    sketch, distance = Sketch(), float(part["distance"].iloc[0])
    for colour, (name, label) in enumerate(SAYS):
        switch = sketch.switch(Switch(label, "data", colour=colour))
        sketch.layers.append(Line(switches=(switch,), x=numbers(part["n"]), y=numbers(part[name]), colour=colour, mark=True))
    if distance > 0.0:
        sketch.layers.append(Level(switches=(sketch.switch(TRUE),), y=number(distance), dash=1))
    where = f"z = {z.real:g}" + (f" + {z.imag:g}i" if z.imag else "")
    return sketch.chart(
        section="companion",
        task="dimerised chain",
        title=f"{where}, {cut} bonds cut",
        alt=f"Distance of {where} from the spectrum as {len(part)} sections of up to {part['n'].max()} sites say it; in truth"
        f" {distance:.3g}. Rectangular sections end at {part['injection_modulus'].iloc[-1]:.4g}, square ones at"
        f" {part['square_distance'].iloc[-1]:.2g}.",
        figure="sections",
        caption="What finite sections of the dimerised chain say of the distance of a point from its spectrum; what lies more"
        f" than {DECADES} decades below the largest is drawn on the lower edge",
        x=marked("n", part["n"]),
        y=Axis("distance", decades=DECADES),
    )
