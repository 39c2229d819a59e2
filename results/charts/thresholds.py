"""q*(n) and d*(n): measured thresholds, fitted slopes with confidence bands, what bounds demand, and predicted slopes.

Within a series q decides d, so an interval for q* is one for d*, and a bound on q is one on d. Where the budget d is fixed,
sizes of one q differ, or many series share a chart, there is no d*(n); the leaderboard has the smallest d.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from results.charts.evidence import Evidence
from results.charts.model import GREY, Band, Chart, Intervals, Line, Sketch, Status, Switch, marked
from results.statistics.interval_censored import NotIdentifiable, fit_band, fit_slope, log_ends
from results.tables.demands import claims, size_of_q
from results.tables.numbers import numbers
from results.tables.predicted_exponents import slope_guides
from results.tables.series import of_shapes, panels, series_names, task_label

BAND_POINTS = 7
MOST_SERIES = 3
D_FACTOR = {"tied": 2.0, "fixed-width": 1.0, "free": 1.0}
SHOWN = ("series", "n", "N", "M", "replicate", "kind", "q_low", "q_high", "confirmed")
MEASURED = "measured intervals, one per replicate"
CAPTIONS = {
    "q*": ("thresholds", "q*(n) of {task}: measured intervals, fitted slopes with 95 % bands, bounds, predicted slopes"),
    "d*": ("parameters", "d*(n) of {task}, the parameters at q*: measured intervals, fitted slopes, bounds, predicted slopes"),
}


@dataclass(frozen=True)
class Quantity:
    """What is on the vertical axis: its name, its value for a q of a series, and the exponent of q in it."""

    name: str
    of_q: Callable[[int, float], float]
    factor: Callable[[str], float]


@dataclass(frozen=True)
class Panel:
    """Thresholds of one target, design and path of the data, and the look of what theory says of the task."""

    task: str
    target: str
    design: str
    path: str
    rows: pd.DataFrame
    demanded: pd.DataFrame
    dashes: Mapping[str, int]

    @property
    def where(self) -> str:
        """The panel in words."""
        return f"{self.target}, {self.design}, {self.path}"


def threshold_charts(evidence: Evidence) -> Iterator[Chart]:
    """One chart of q* and one of d* for each task, target, design and path with thresholds at two n."""
    for panel in _panels(evidence):
        yield _chart(evidence, panel, Quantity("q*", lambda _, q: q, lambda _: 1.0))
        if panel.rows["series"].nunique() <= MOST_SERIES:
            sizes = {int(key): d_of_q(evidence, int(key)) for key in panel.rows["series"].unique()}
            found = {key: value for key, value in sizes.items() if value is not None}
            sized = panel.rows[panel.rows["series"].isin(found)]
            if len(sized):
                quantity = Quantity("d*", lambda s, q, found=found: found[s](q), lambda name: D_FACTOR.get(name, math.nan))  # type: ignore[misc]
                demanded = panel.demanded[panel.demanded["series"].isin(found)]
                yield _chart(evidence, replace(panel, rows=sized, demanded=demanded), quantity)


def _panels(evidence: Evidence) -> Iterator[Panel]:
    demands = evidence.tables["demands"]
    for (task, parameters), rows in evidence.tables["thresholds"].groupby(["task", "parameters"]):
        if "brackets" in evidence.tables:  # a search passes through hundreds of sizes, most of them at one n
            rows = rows[rows.groupby("series")["n"].transform("nunique") > 1]
        if not (rows["kind"] != "unknown").any() or rows["n"].nunique() < 2:
            continue
        of_task = demands[demands["series"].isin(rows["series"])]
        dashes = {bound: dash for dash, bound in enumerate(sorted(of_task["bound"][~of_task["vacuous"]].unique()), 1)}
        for target, design, path, part in panels(rows):
            mine = of_task[of_task["series"].isin(part["series"]) & (of_task["target"] == target)]
            mine = of_shapes(mine, list(zip(part["N"], part["M"], strict=True)))
            yield Panel(task_label(task, parameters), target, design, path, part, mine, dashes)


def d_of_q(evidence: Evidence, series: int) -> Callable[[float], float] | None:
    """Parameters of a series at each q; None where q does not decide them, or at a fixed budget."""
    frame = evidence.tables.frame
    cells = frame[frame["series"] == series]
    known = cells.groupby("q")["d"].agg(["min", "max"])
    if cells["schedule"].iloc[0] == "fixed-budget" or (known["min"] != known["max"]).any():
        return None
    table = {float(str(q)): float(d) for q, d in known["min"].items()}
    net = size_of_q(cells)

    def of_q(q: float) -> float:
        if q in table or net is None or not math.isfinite(q):
            return table.get(q, math.nan)
        return float(net[0](math.ceil(q)).parameter_count())

    return of_q


def _chart(evidence: Evidence, panel: Panel, quantity: Quantity) -> Chart:
    sketch, said = Sketch(), []
    refused: dict[str, list[str]] = {}
    names = series_names(panel.rows)
    for colour, (key, runs) in enumerate(panel.rows.groupby("series")):
        name, alone = names[key], len(names) == 1
        switch = sketch.switch(Switch(MEASURED if alone else name, "data", colour=colour))
        sketch.layers.append(_intervals(evidence, runs, quantity, switch=switch, colour=colour))
        try:
            sentence = _fit(sketch, runs, quantity, name="" if alone else f"{name}: ", colour=colour)
        except NotIdentifiable as error:
            refused.setdefault(str(error), []).append(name)
            sentence = f"slope not identifiable: {error}"
        said.append(f"{name}: {sentence}")
    for reason, whom in refused.items():
        whose = f" for {'; '.join(whom)}" if len(whom) < len(names) else ""
        sketch.switch(Switch(f"slope not identifiable{whose}: {reason}", "fit", empty=True))
    _certified(sketch, evidence, panel, quantity)
    _demands(sketch, panel, quantity, _least_n(evidence, panel))
    _guides(sketch, panel, quantity)
    n, (figure, caption) = panel.rows["n"], CAPTIONS[quantity.name]
    return sketch.chart(
        section="thresholds",
        task=panel.task,
        title=f"{quantity.name}(n): {panel.where}",
        alt=f"{quantity.name} against n for {panel.task}, {panel.where}: {len(n)} thresholds at {n.nunique()} values of n."
        f" {'; '.join(said)}.",
        figure=figure,
        caption=caption.format(task=panel.task),
        target=panel.target,
        x=marked("n (labels)", n),
        y=marked(quantity.name, _seen(panel.rows) if quantity.name == "q*" else ()),
    )


def _seen(part: pd.DataFrame) -> list[int]:
    return sorted({int(q) for name in ("q_low", "q_high") for q in part[name].dropna()})


def _ends(
    runs: pd.DataFrame, quantity: Quantity, names: tuple[str, str] = ("q_low", "q_high")
) -> tuple[list[float | None], list[float | None]]:
    """Lower and upper ends of the intervals in the units of the axis; None where there is none."""
    found = []
    for name in names:
        pairs = zip(runs["series"], runs[name], strict=True)
        found.append([None if q is pd.NA or pd.isna(q) else quantity.of_q(int(key), float(q)) for key, q in pairs])
    return found[0], found[1]


def _intervals(evidence: Evidence, runs: pd.DataFrame, quantity: Quantity, *, switch: int, colour: int) -> Intervals:
    low, high = _ends(runs, quantity)
    text, rows = [], []
    for row, below, above in zip(runs[list(SHOWN)].to_dict("records"), low, high, strict=True):
        sides = {
            "interval": f"{below:g} < {quantity.name} <= {above:g}" if row["kind"] == "interval" else "",
            "left": f"{quantity.name} <= {above or 0:g}: reached at the smallest q tried",
            "right": f"{quantity.name} > {below or 0:g}: no q tried reaches the target",
            "unknown": "no run has an outcome",
        }
        sure = {"yes": "; the next q reaches it too", "no": "; not confirmed at a next q"}.get(str(row["confirmed"]), "")
        text.append(f"n = {row['n']} ({row['N']} x {row['M']}), replicate {row['replicate']}: {sides[row['kind']]}{sure}")
        q = row["q_low"] if pd.isna(row["q_high"]) else row["q_high"]
        place = None if pd.isna(q) else (row["series"], row["N"], row["M"], row["replicate"], int(q))
        rows.append(None if place is None else evidence.best_rows.get(place))
    n, lower, upper = runs["n"].tolist(), numbers(low), numbers(high)
    return Intervals(switches=(switch,), x=n, low=lower, high=upper, text=text, row=rows, colour=colour)


def _fit(sketch: Sketch, runs: pd.DataFrame, quantity: Quantity, *, name: str, colour: int) -> str:
    """Add line and band of the fitted slope, and return the sentence of the legend.

    Raises:
        NotIdentifiable: the thresholds do not support a slope.
    """
    known = runs[runs["kind"] != "unknown"]
    low, high = log_ends(*_ends(known, quantity))
    x = np.log(known["n"].to_numpy(float))
    fit = fit_slope(x, low, high)
    at: NDArray[np.float64] = np.linspace(x.min(), x.max(), BAND_POINTS)
    lower, upper = (numbers(np.exp(end)) for end in fit_band(x, low, high, at=at))
    sentence = f"fit n^{fit.value:.2f}, 95 % [{fit.low:.2f}, {fit.high:.2f}]; 95 % band{_of_floors(runs, quantity)}"
    entry, n = sketch.switch(Switch(f"{name}{sentence}", "fit", colour=colour)), numbers(np.exp(at))
    sketch.layers += [
        Band(switches=(entry,), x=n, low=lower, high=upper, colour=colour),
        Line(switches=(entry,), x=n, y=numbers(np.exp(fit.intercept + fit.value * at)), colour=colour),
    ]
    return sentence


def _of_floors(runs: pd.DataFrame, quantity: Quantity) -> str:
    """What to add to the sentence: the slope that the certified floors alone would give, where they tell."""
    known = runs[runs["q_floor_low"].notna() | runs["q_floor_high"].notna()]
    low, high = log_ends(*_ends(known, quantity, ("q_floor_low", "q_floor_high")))
    try:
        fit = fit_slope(np.log(known["n"].to_numpy(float)), low, high)
    except NotIdentifiable:
        return ""
    return f"; the floors alone would give n^{fit.value:.2f}, 95 % [{fit.low:.2f}, {fit.high:.2f}]"


def _certified(sketch: Sketch, evidence: Evidence, panel: Panel, quantity: Quantity) -> None:
    """Of a search, the least q that is not certified to miss the target on the labels of some replicate."""
    if "searches" not in evidence.tables:
        return
    found = evidence.tables["searches"]
    mine = found[found["series"].isin(panel.rows["series"]) & (found["target"] == panel.target)]
    mine = of_shapes(mine, list(zip(panel.rows["N"], panel.rows["M"], strict=True)))
    if not (mine["q_certified"] > 0).any():
        return
    entry = sketch.switch(Switch("least q not excluded on these labels", "theory", "certified", claim="certified"))
    for key, rows in mine.groupby("series"):
        least = rows.groupby("n")["q_certified"].min() + 1
        y = numbers([quantity.of_q(int(str(key)), float(q)) for q in least])
        sketch.layers.append(Line(switches=(entry,), x=[int(n) for n in least.index], y=y, mark=True))


def _least_n(evidence: Evidence, panel: Panel) -> Mapping[tuple[str, int], int]:
    """Of a search, from which n on each bound excludes anything of each series."""
    if "least_n" not in evidence.tables:
        return {}
    rows = evidence.tables["least_n"]
    mine = rows[(rows["target"] == panel.target) & (rows["path"] == panel.path) & rows["least_n"].notna()]
    keys = zip(mine["bound"], mine["series"], strict=True)
    return {(str(bound), int(number)): int(n) for (bound, number), n in zip(keys, mine["least_n"], strict=True)}


def _demands(sketch: Sketch, panel: Panel, quantity: Quantity, least_n: Mapping[tuple[str, int], int]) -> None:
    """What each bound demands; those that demand nothing here stay in the legend without a curve.

    Of a search, a curve starts where its bound first excludes something, and the legend says where one would that does not here.
    """
    for bound, lines in panel.demanded.groupby("bound", sort=True):
        first = {int(key): least_n[str(bound), int(key)] for key in lines["series"].unique() if (str(bound), int(key)) in least_n}
        named = f"{bound} (from n = {min(first.values()):.2g} on)" if first else str(bound)
        said = lines[~lines["vacuous"]]
        said = said.assign(y=[quantity.of_q(int(key), float(q)) for key, q in zip(said["series"], said["q"], strict=True)])
        drawn = said[np.isfinite(said["y"])]
        if said.empty:
            sketch.switch(Switch(named, "theory", "vacuous", claim=claims(lines)[0], empty=True))
        if drawn.empty:
            continue
        status, dash = cast(Status, drawn["status"].iloc[0]), panel.dashes[str(bound)]
        entry = sketch.switch(Switch(str(bound), "theory", status, claim="; ".join(claims(drawn)), dash=dash))
        for key, line in drawn.sort_values("n").groupby("series"):
            x, y = line["n"].tolist(), numbers(line["y"])
            start = first.get(int(str(key)), x[0])
            if panel.rows["n"].min() <= start < x[0]:
                x, y = [start, *x], [quantity.of_q(int(str(key)), 2.0), *y]
            sketch.layers.append(Line(switches=(entry,), x=x, y=y, mark=True, dash=dash))


def _guides(sketch: Sketch, panel: Panel, quantity: Quantity) -> None:
    """Predicted slopes through the middle of the bounded thresholds; for d only where one schedule decides the exponent."""
    factors = {quantity.factor(str(name)) for name in panel.rows["schedule"]}
    low, high = _ends(panel.rows[panel.rows["kind"] == "interval"], quantity)
    if len(factors) != 1 or not low:
        return
    middle = float(np.exp(np.mean(np.log(np.asarray([low, high], dtype=float)))))
    factor = factors.pop()
    for dash, guide in enumerate(slope_guides(panel.rows), 1):
        exponent = factor * guide.exponent
        label = f"predicted slope n^{exponent:.3g}: {guide.names}"
        entry = sketch.switch(Switch(label, "theory", "slope only", colour=GREY, dash=dash, shown=False))
        y = middle * (guide.n / np.sqrt(guide.n[0] * guide.n[1])) ** exponent
        sketch.layers.append(Line(switches=(entry,), x=numbers(guide.n), y=numbers(y), colour=GREY, dash=dash))
