"""The figure of `python -m bench size`: certified floors against q, with the target and the noise."""

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from operators.sizing.required_size import Size, tails_with
from results.figures.style import COLOURS, style
from results.sizing.report import OFFSETS


def size_figure(size: Size) -> Figure:
    """Relative error against q, both logarithmic.

    Lines: floors, certified, for each offset; band: between certified and attained without offset; dots: the q the target needs.
    """
    with style():
        figure = Figure(figsize=(5.4, 3.8), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        axes.set(xscale="log", yscale="log", xlabel="q", ylabel="relative L2 training error")
        axes.set_title(f"{size.demand.shape[0]} functions x {size.demand.shape[1]} points")
        listed = [q for q in size.listed() if q > 0]
        for (offset, (_, words)), colour, dash in zip(OFFSETS.items(), COLOURS, ("-", "--", ":"), strict=False):
            floors = [(q, floor) for q, floor in size.floors(offset) if q > 0 and floor > 0.0]
            certified = size.ranks[offset].certified
            axes.plot(
                *zip(*floors, strict=True) if floors else ([], []),
                color=colour,
                ls=dash,
                lw=1.6,
                label=f"floor, {words} (certified)",
            )
            axes.plot(max(certified, 1), size.demand.target, color=colour, marker="o", ms=5, ls="", mfc="none")
        tails = tails_with(size.spectrum, "none")
        lower, upper = (values[listed] ** 0.5 for values in (tails.lower, tails.upper))
        shown = upper > 0.0
        least = min([size.demand.target / 10, *lower[lower > 0.0]])
        axes.fill_between(
            [q for q, seen in zip(listed, shown, strict=True) if seen], lower[shown].clip(least), upper[shown], alpha=0.15, lw=0
        )
        axes.axhline(size.demand.target, color="black", lw=0.8, label=f"target {size.demand.target:.3g}")
        if size.noise is not None:
            axes.axhline(size.noise.relative, color="grey", lw=0.8, label=f"noise level {size.noise.relative:.3g}")
            for name, words, marker in (
                ("q_clean", "clean outputs demand", "v"),
                ("q_clean_estimate", "clean outputs, estimated", "^"),
            ):
                one = size.noise.statements[name]
                axes.plot(
                    max(one.value, 1), size.demand.target, color="grey", marker=marker, ls="", label=f"{words} ({one.worth})"
                )
        axes.set_ylim(bottom=least / 2)
        axes.legend(loc="best")
        return figure
