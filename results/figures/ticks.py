"""Which values an axis marks, as the page's script chooses them: those given, or round ones, with labels that do not overlap."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axis import Axis as DrawnAxis
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from operators.arrays import Array
from results.charts.model import Axis

STEPS: tuple[tuple[float, tuple[float, ...]], ...] = (
    (0.7, (1, 1.5, 2, 3, 4, 5, 6, 7, 8)),
    (1.4, (1, 2, 3, 5, 7)),
    (2.2, (1, 2, 5)),
    (3.5, (1, 3)),
    (np.inf, (1,)),
)
FEWEST_DECADES, MOST_DECADES = 0.3, 7
LINEAR = (1, 2, 5)
WHOLE = 2
CHARACTER, LINE = 0.075, 0.16


def mark(drawn: DrawnAxis, axis: Axis, ends: tuple[float, float], *, inches: float, upright: bool) -> None:
    """Set the marks of an axis.

    Args:
        drawn: the axis of the figure.
        axis: what it is of.
        ends: its lower and upper end.
        inches: its length.
        upright: whether labels stand one above another.
    """
    values = values_of(axis, ends)
    places = np.log(values / ends[0]) / np.log(ends[1] / ends[0]) if axis.log else (values - ends[0]) / (ends[1] - ends[0])
    labels, last = [], -np.inf
    for place, label in zip(places * inches, map(_label, values), strict=True):
        free = place - last >= (LINE if upright else CHARACTER * (len(_seen(label)) + 1))
        labels.append(label if free else "")
        last = place if free else last
    drawn.set_major_locator(FixedLocator(values.tolist()))
    drawn.set_minor_locator(NullLocator())
    drawn.set_major_formatter(FixedFormatter(labels))


def values_of(axis: Axis, ends: tuple[float, float]) -> Array:
    """The values to mark between two ends, increasing."""
    low, high = ends
    found: Sequence[float]
    if axis.ticks:
        found = axis.ticks
    elif axis.log and (decades := np.log10(high / low)) >= FEWEST_DECADES:
        steps = next(steps for most, steps in STEPS if decades < most)
        every = max(1, int(np.ceil(decades / MOST_DECADES)))
        powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
        found = [step * 10.0**power for power in powers for step in steps if len(steps) > 1 or power % every == 0]
    else:
        coarse = (high - low) / 3
        power = 10.0 ** np.floor(np.log10(coarse))
        step = max(power * max(factor for factor in LINEAR if factor * power <= coarse), 0.0 if low < WHOLE else 1.0)
        found = [(np.ceil(low / step) + i) * step for i in range(60)]
    values = np.array(sorted(found), dtype=float)
    return values[(values >= low * (1 - 1e-9)) & (values <= high * (1 + 1e-9))]


def _seen(label: str) -> str:
    """The characters of a label that take room of their own."""
    return label.replace(r"\cdot", ".").translate(str.maketrans("", "", "${}^"))


def _label(value: float) -> str:
    power = round(float(np.log10(abs(value)))) if value else 0
    if abs(power) >= 4 and abs(value / 10.0**power - 1) < 1e-9:
        return f"$10^{{{power}}}$"
    if value and not 1e-3 <= abs(value) < 1e6:
        mantissa, _, exponent = f"{value:.2e}".partition("e")
        return rf"${float(mantissa):g}\cdot10^{{{int(exponent)}}}$"
    return f"{value:g}"
