"""q*(n) and d*(n): measured thresholds, fitted slopes with confidence bands, what bounds demand, and predicted slopes.

Within a series q decides d, so an interval for q* is one for d*, and a bound on q is one on d. Where the budget d is fixed,
sizes of one q differ, or many series share a chart, there is no d*(n); the leaderboard has the smallest d.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from results.charts.evidence import Evidence, task_label
from results.charts.model import COLOURS, Axis, Chart, Layer, Legend, Switch
from results.statistics.interval_censored import NotIdentifiable, fit_band, fit_slope, log_ends
from results.tables.demands import claims, size_of_q
from results.tables.numbers import numbers
from results.tables.predicted_exponents import slope_guides
from results.tables.series import on_shapes, panels, series_names

BAND_POINTS = 7
FEW_TICKS = 8
MOST_SERIES = 3
D_FACTOR = {"tied": 2.0, "fixed-width": 1.0, "free": 1.0}


@dataclass(frozen=True)
class Quantity:
    """What is on the vertical axis: its name, its value for a q of a series, and the exponent of q in it."""

    name: str
    of_q: Callable[[int, float], float]
    factor: Callable[[str], float]


def threshold_charts(evidence: Evidence) -> Iterator[Chart]:
    """One chart of q* and one of d* for each task, target, design and path with thresholds at two n."""
    located = evidence.tables.located
    for (task, parameters), rows in located.groupby(["task", "parameters"]):
        if not (rows["kind"] != "unknown").any() or rows["n"].nunique() < 2:
            continue
        label = task_label(task, parameters)
        for target, design, path, part in panels(rows):
            where = f"{target}, {design}, {path}"
            yield _chart(evidence, part, (label, target), Quantity("q*", lambda _, q: q, lambda _: 1.0), where)
            if part["series"].nunique() > MOST_SERIES:
                continue
            sizes = {int(str(key)): d_of_q(evidence, int(str(key))) for key in part["series"].unique()}
            sized = part[[sizes[number_] is not None for number_ in part["series"]]]
            if len(sized):
                found = {key: value for key, value in sizes.items() if value is not None}
                quantity = Quantity("d*", lambda s, q, found=found: found[s](q), lambda name: D_FACTOR.get(name, math.nan))  # type: ignore[misc]
                yield _chart(evidence, sized, (label, target), quantity, where)


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


def _chart(evidence: Evidence, part: pd.DataFrame, what: tuple[str, str], quantity: Quantity, where: str) -> Chart:
    task, target = what
    legend, layers, said = Legend(), [], []
    refused: dict[str, list[str]] = {}
    names = series_names(part)
    many = len(names) > 1
    for i, (key, runs) in enumerate(part.groupby("series")):
        colour, name = i % COLOURS, names[key]
        switch = legend.add(Switch(name if many else "measured intervals, one a replicate", "data", colour=colour))
        layers.append(Layer("interval", (switch,), _intervals(evidence, runs, quantity), colour=colour))
        try:
            fit, sentence = _fit(runs, quantity)
        except NotIdentifiable as error:
            refused.setdefault(str(error), []).append(name)
            said.append(f"{name}: slope not identifiable: {error}")
        else:
            said.append(f"{name}: {sentence}")
            entry = legend.add(Switch(f"{name}: {sentence}" if many else sentence, "fit", colour=colour))
            layers += [Layer(kind, (entry,), data, colour=colour) for kind, data in fit]  # type: ignore[arg-type]
    for reason, whom in refused.items():
        whose = f" for {'; '.join(whom)}" if len(whom) < len(names) else ""
        legend.add(Switch(f"slope not identifiable{whose}: {reason}", "fit", empty=True))
    demanded = evidence.tables.demanded
    mine = demanded[demanded["series"].isin(part["series"]) & (demanded["target"] == target)]
    layers += _demands(mine[on_shapes(mine, list(zip(part["N"], part["M"], strict=True)))], legend, quantity)
    layers += _guides(part, legend, quantity)
    sizes = sorted(set(part["n"]))
    alt = f"{quantity.name} against n for {task}, {where}: {len(part)} thresholds at {len(sizes)} values of n. {'; '.join(said)}."
    n_ticks, q_ticks = ([] if len(values) > FEW_TICKS else values for values in (sizes, _seen(part)))
    y = Axis(quantity.name, ticks=q_ticks if quantity.name == "q*" else [])
    title = f"{quantity.name}(n): {where}"
    return Chart("thresholds", task, title, alt, Axis("n (labels)", ticks=n_ticks), y, tuple(legend.switches), tuple(layers))


def _seen(part: pd.DataFrame) -> list[int]:
    return sorted({int(q) for name in ("q_low", "q_high") for q in part[name].dropna()})


def _ends(runs: pd.DataFrame, quantity: Quantity) -> tuple[list[float | None], list[float | None]]:
    """Lower and upper ends of the intervals in the units of the axis; None where there is none."""
    found = []
    for name in ("q_low", "q_high"):
        pairs = zip(runs["series"], runs[name], strict=True)
        found.append([None if q is pd.NA or pd.isna(q) else quantity.of_q(int(key), float(q)) for key, q in pairs])
    return found[0], found[1]


def _intervals(evidence: Evidence, runs: pd.DataFrame, quantity: Quantity) -> dict[str, object]:
    low, high = _ends(runs, quantity)
    text, rows = [], []
    for row, below, above in zip(runs.to_dict("records"), low, high, strict=True):
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
    return {"x": runs["n"].tolist(), "low": numbers(low), "high": numbers(high), "text": text, "row": rows}


def _fit(runs: pd.DataFrame, quantity: Quantity) -> tuple[list[tuple[str, dict[str, object]]], str]:
    """Line and band of the fitted slope, and the sentence for the legend.

    Raises:
        NotIdentifiable: the thresholds do not support a slope.
    """
    known = runs[runs["kind"] != "unknown"]
    low, high = log_ends(*_ends(known, quantity))
    x = np.log(known["n"].to_numpy(float))
    fit = fit_slope(x, low, high)
    at: NDArray[np.float64] = np.linspace(x.min(), x.max(), BAND_POINTS)
    ends = fit_band(x, low, high, at=at)
    n = numbers(np.exp(at))
    line: dict[str, object] = {"x": n, "y": numbers(np.exp(fit.intercept + fit.value * at))}
    band: dict[str, object] = {"x": n, "low": numbers(np.exp(ends[0])), "high": numbers(np.exp(ends[1]))}
    interval = f"[{fit.low:.2f}, {fit.high:.2f}]"
    return [("band", band), ("line", line)], f"fit n^{fit.value:.2f}, 95 % {interval}; 95 % band"


def _demands(demanded: pd.DataFrame, legend: Legend, quantity: Quantity) -> list[Layer]:
    """What each bound demands; those that demand nothing here stay in the legend without a curve."""
    layers, dash = [], 0
    for bound, lines in demanded.groupby("bound", sort=True):
        said = lines[~lines["vacuous"]]
        said = said.assign(y=[quantity.of_q(int(key), float(q)) for key, q in zip(said["series"], said["q"], strict=True)])
        drawn = said[np.isfinite(said["y"])]
        if said.empty:
            legend.add(Switch(str(bound), "theory", "vacuous", claim=claims(lines)[0], empty=True))
        if drawn.empty:
            continue
        dash += 1
        entry = legend.add(Switch(str(bound), "theory", str(drawn["status"].iloc[0]), claim="; ".join(claims(drawn)), dash=dash))
        for _, line in drawn.sort_values("n").groupby("series"):
            data = {"x": line["n"].tolist(), "y": numbers(line["y"]), "mark": True}
            layers.append(Layer("line", (entry,), data, dash=dash))
    return layers


def _guides(part: pd.DataFrame, legend: Legend, quantity: Quantity) -> list[Layer]:
    """Predicted slopes through the middle of the bounded thresholds; for d only where one schedule decides the exponent."""
    factors = {quantity.factor(str(name)) for name in part["schedule"]}
    low, high = _ends(part[part["kind"] == "interval"], quantity)
    if len(factors) != 1 or not low:
        return []
    middle = float(np.exp(np.mean(np.log(np.asarray([low, high], dtype=float)))))
    layers, factor = [], factors.pop()
    for dash, guide in enumerate(slope_guides(part), 1):
        exponent = factor * guide.exponent
        label = f"predicted slope n^{exponent:.3g}: {guide.names}"
        entry = legend.add(Switch(label, "theory", "slope only", colour=COLOURS, dash=dash, shown=False))
        y = middle * (guide.n / np.sqrt(guide.n[0] * guide.n[1])) ** exponent
        layers.append(Layer("line", (entry,), {"x": numbers(guide.n), "y": numbers(y)}, colour=COLOURS, dash=dash))
    return layers
