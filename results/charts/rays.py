"""Errors along rays n = c q^alpha with the verdict of the trend test, and the proof-term audit of noisy runs."""

from collections.abc import Iterator

from results.charts.evidence import AUDITS, Evidence, task_label
from results.charts.model import COLOURS, Axis, Chart, Layer, Legend, Switch
from results.tables.numbers import numbers
from results.tables.rays import on_ray
from results.tables.series import NOISE, noise_label

FEW_TICKS = 9


def ray_charts(evidence: Evidence) -> Iterator[Chart]:
    """One chart for each series and M; a colour for each ray, points are runs, lines their medians."""
    frame = evidence.tables.frame.reset_index(drop=True)
    for (number, points), part in evidence.tables.rays.groupby(["series", "M"], sort=True):
        runs = frame[(frame["series"] == number) & (frame["M"] == points) & (frame["status"] == "done")]
        if runs.empty:
            continue
        first, legend, layers, said = part.iloc[0], Legend(), [], []
        for i, ray in enumerate(part.to_dict("records")):
            on = runs[on_ray(runs["q"].to_numpy(float), runs["n"].to_numpy(float), ray["alpha"], ray["c"])]
            middle = on.groupby("q")["relative"].median()
            p = f", p = {ray['p_holm']:.2g}" if ray["p_holm"] == ray["p_holm"] and ray["p_holm"] is not None else ""
            label = f"n = {ray['c']:.4g} q^{ray['alpha']:g}: {ray['verdict']}{p}"
            said.append(label)
            switch = legend.add(Switch(label, "data", colour=i % COLOURS))
            line = {"x": middle.index.tolist(), "y": numbers(middle)}
            layers.append(Layer("line", (switch,), line, colour=i % COLOURS))
            data = {"row": on.index.tolist(), "x": "q", "y": "relative"}
            layers.append(Layer("record", (switch,), data, colour=i % COLOURS))
        task = task_label(first["task"], first["parameters"])
        where = f"{first['sizes']}, M = {points}, {noise_label(*first[list(NOISE)])}"
        alt = f"Relative training error of {task} along rays at fixed budget, {where}. {'; '.join(said)}."
        q = sorted(set(runs["q"]))
        x, y = Axis("q", ticks=q if len(q) <= FEW_TICKS else []), Axis("relative training error")
        yield Chart("rays", task, f"rays: {where}", alt, x, y, tuple(legend.switches), tuple(layers))


def audit_charts(evidence: Evidence) -> Iterator[Chart]:
    """Information about the noise per effective parameter against n: a plateau is what the proof of n^(1/2) rests on."""
    name = "bound_nats_per_effective_parameter"
    records = evidence.records.reset_index(drop=True)
    if name not in records:
        return
    done = records[(records["status"] == "done") & (records["sigma"] > 0) & (records[name] > 0)]
    for (task, parameters), part in done.groupby(["task", "parameters"], sort=True):
        legend, layers = Legend(), []
        for i, (q, runs) in enumerate(part.groupby("q", sort=True)):
            switch = legend.add(Switch(f"q = {q}", "data", colour=i % COLOURS))
            middle = runs.groupby("n")[name].median()
            layers.append(
                Layer(
                    "line", (switch,), {"x": middle.index.tolist(), "y": numbers(middle)}, colour=i % COLOURS, dash=i // COLOURS
                )
            )
            layers.append(Layer("record", (switch,), {"row": runs.index.tolist(), "x": "n", "y": name}, colour=i % COLOURS))
        label = task_label(task, parameters)
        alt = f"{AUDITS[name].capitalize()}, against n, for {len(part)} noisy runs of {label} with some noise absorbed."
        n = sorted(set(part["n"]))
        x, y = Axis("n (labels)", ticks=n if len(n) <= FEW_TICKS else []), Axis("nats per effective parameter")
        yield Chart("audit", label, "noise information per effective parameter", alt, x, y, tuple(legend.switches), tuple(layers))
