"""The figure of `python -m bench fit`: error against q, with the floor, what was trained, the target and reference lines."""

from collections.abc import Mapping
from dataclasses import dataclass

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from results.figures.style import COLOURS, style

Curve = tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class FitCurves:
    """What is drawn; errors are relative.

    Attributes:
        title: of the figure.
        target: asked for.
        curves: (q, error) by name; the name `floor (certified)` is drawn as a line without markers.
        chosen: (q, test error) of the net that is returned.
        lines: test errors of methods without ranks by name.
    """

    title: str
    target: float
    curves: Mapping[str, Curve]
    chosen: tuple[int, float]
    lines: Mapping[str, float]


def fit_figure(drawn: FitCurves) -> Figure:
    """Relative error against q, both logarithmic."""
    with style():
        figure = Figure(figsize=(6.4, 4.2), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        axes.set(xscale="log", yscale="log", xlabel="q", ylabel="relative L2 error", title=drawn.title)
        for number, (name, curve) in enumerate(drawn.curves.items()):
            shown = [(q, error) for q, error in curve if q > 0 and error > 0.0]
            marker = "" if name.startswith("floor") else "."
            axes.plot(
                *(zip(*shown, strict=True) if shown else ([], [])),
                color=COLOURS[number % len(COLOURS)],
                lw=1.6,
                marker=marker,
                ms=3,
                label=name,
            )
        axes.plot(*drawn.chosen, color="black", marker="*", ms=10, ls="", label="test error of the net returned")
        axes.axhline(drawn.target, color="black", lw=0.8, label=f"target {drawn.target:.3g} (training)")
        for number, (name, error) in enumerate(drawn.lines.items()):
            if error > 0.0:
                axes.axhline(error, color=COLOURS[(number + 4) % len(COLOURS)], lw=1.0, ls=":", label=f"{name} (test)")
        axes.legend(loc="best")
        return figure
