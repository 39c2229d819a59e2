"""exponents.csv: measured exponents with their intervals, or why there is none, beside the predicted ones.

q*(n) ~ n^beta             a row for each series, target and path of the data; thresholds as intervals, fitted by
                           interval-censored likelihood (`results.statistics.interval_censored`)
E(q) = E_inf + A q^-a      a row for each noise-free series and data shape; best restart of each replicate
                           (`results.statistics.power_law`)
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from results.statistics.interval_censored import NotIdentifiable, fit_slope, log_ends
from results.statistics.power_law import fit_power_law
from results.tables import series
from results.tables.frame import status_counts
from results.tables.predicted_exponents import predicted_exponents
from results.tables.scaling import COUNTS
from results.tables.thresholds import FEWEST_Q

THRESHOLD_LAW, ERROR_LAW = "q* ~ n^beta", "E = E_inf + A q^-a"
COLUMNS: dict[str, str] = {
    **series.COLUMNS,
    "law": "what was fitted; the exponent is beta or a",
    "target": "what a fit must reach (law of q*)",
    "path": "how the data grow with n (law of q*), or the data shape (law of the error)",
    "identified": "yes, or no",
    "reason": "why the exponent is not identifiable, or what else to know of the fit",
    "exponent": "maximum-likelihood exponent",
    "low": "lower end of its 95 % profile-likelihood interval",
    "high": "upper end of its 95 % profile-likelihood interval",
    "scatter": "standard deviation about the fitted law, in logarithms",
    "used": "thresholds or errors the fit rests on",
    "floor": "fitted E_inf (law of the error), 0 if none was seen",
    "predicted": "exponents theory predicts, with their status",
    "thresholds": "q*(n) by n, one interval per replicate",
    **{name: f"of all cells the row rests on: {name}" for name in COUNTS},
}


def exponent_table(frame: pd.DataFrame, located: pd.DataFrame) -> pd.DataFrame:
    """Build the table from the frame with series and its thresholds; sorted by series, law, target and path.

    Columns: COLUMNS, and `series` and `intercept` (ln q* = intercept + beta ln n) for figures.
    """
    of_series = {int(str(number)): cells for number, cells in frame.groupby("series")}
    rows = [*_threshold_rows(located, of_series), *_error_rows(of_series)]
    table = pd.DataFrame(rows, columns=[*COLUMNS, "series", "intercept"])
    return table.sort_values([*series.SERIES, "law", "target", "path"], kind="stable", ignore_index=True)


def _settings(cells: pd.DataFrame) -> dict[str, object]:
    return {name: cells[name].iloc[0] for name in (*series.SERIES, "series")}


def _counts(cells: pd.DataFrame) -> dict[str, object]:
    counts = status_counts(cells.assign(_all=0), "_all").iloc[0]
    return {name: counts[name] for name in COUNTS}


def _threshold_rows(located: pd.DataFrame, of_series: dict[int, pd.DataFrame]) -> Iterator[dict[str, object]]:
    for (number, target), found in located.groupby(["series", "target"], sort=False):
        cells = of_series[int(str(number))]
        for path, shapes in series.paths(zip(found["N"], found["M"], strict=True)).items():
            on_path = found[series.on_shapes(found, shapes)]
            settings = _settings(cells)
            predicted = predicted_exponents(
                str(settings["schedule"]), design=str(settings["design"]), noisy=bool(cells["sigma"].iloc[0] > 0), shapes=shapes
            )
            yield {
                **settings,
                **_counts(cells[series.on_shapes(cells, shapes)]),
                "law": THRESHOLD_LAW,
                "target": target,
                "path": path,
                "predicted": "; ".join(prediction.sentence() for prediction in predicted),
                "thresholds": threshold_text(on_path),
                **fitted_slope(on_path),
            }


def fitted_slope(located: pd.DataFrame) -> dict[str, object]:
    """Columns of the fit of ln q* against ln n."""
    known = located[located["kind"] != "unknown"]
    low, high = log_ends(known["q_low"], known["q_high"])
    try:
        fit = fit_slope(np.log(known["n"].to_numpy(float)), low, high)
    except NotIdentifiable as error:
        return {"identified": "no", "reason": str(error), "used": len(known)}
    unknown = len(located) - len(known)
    reason = f"{unknown} thresholds without an outcome left out" if unknown else ""
    return {
        "identified": "yes",
        "reason": reason,
        "exponent": fit.value,
        "intercept": fit.intercept,
        "low": fit.low,
        "high": fit.high,
        "scatter": fit.scatter,
        "used": fit.runs,
    }


def threshold_text(located: pd.DataFrame) -> str:
    """Thresholds by n: `n=256: (2, 4] (2, 4]; n=1024: > 16`."""
    parts = []
    for n, rows in located.sort_values(["n", "N", "replicate"]).groupby("n"):
        intervals = []
        for kind, low, high in zip(rows["kind"], rows["q_low"], rows["q_high"], strict=True):
            text = {"interval": f"({low}, {high}]", "left": f"<= {high}", "right": f"> {low}", "unknown": "?"}
            intervals.append(text[kind])
        parts.append(f"n={n}: {' '.join(intervals)}")
    return "; ".join(parts)


def _error_rows(of_series: dict[int, pd.DataFrame]) -> Iterator[dict[str, object]]:
    for cells in of_series.values():
        if cells["sigma"].iloc[0] > 0:
            continue
        for (functions, points), shape in cells.groupby(["N", "M"]):
            if shape["q"].nunique() < FEWEST_Q:
                continue
            done = shape[shape["status"] == "done"]
            best = done.groupby(["replicate", "q"])["relative"].min().reset_index()
            yield {
                **_settings(cells),
                **_counts(shape),
                "law": ERROR_LAW,
                "target": "",
                "path": f"N = {functions}, M = {points}",
                "predicted": "set by the output spectrum",
                "thresholds": "",
                **fitted_error(best),
            }


def fitted_error(best: pd.DataFrame) -> dict[str, object]:
    """Columns of the fit of the relative error against q."""
    try:
        fit = fit_power_law(best["q"].to_numpy(float), best["relative"].to_numpy(float))
    except NotIdentifiable as error:
        return {"identified": "no", "reason": str(error), "used": len(best)}
    return {
        "identified": "yes",
        "reason": fit.note,
        "exponent": fit.exponent,
        "low": fit.low,
        "high": fit.high,
        "scatter": fit.scatter,
        "used": fit.runs,
        "floor": fit.floor,
    }
