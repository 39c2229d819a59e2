"""exponents.csv: measured exponents with their intervals, or why there is none, beside the predicted ones.

q*(n) ~ n^beta             a row for each series, target and path of the data; thresholds as intervals, fitted by
                           interval-censored likelihood (`results.statistics.interval_censored`)
E(q) = E_inf + A q^-a      a row for each noise-free series and data shape; best restart of each replicate
                           (`results.statistics.power_law`)

Intervals are those of a slope over the range tried; the same fit to the certified floors alone stands beside
(`results.tables.fitted_exponents`).
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from results.tables import floor_thresholds, series
from results.tables.fitted_exponents import fitted_error, fitted_slope, sentence
from results.tables.frame import outcome_counts
from results.tables.predicted_exponents import predicted_exponents
from results.tables.scaling import COUNTS
from results.tables.thresholds import FEWEST_Q

THRESHOLD_LAW, ERROR_LAW = "q* ~ n^beta", "E = E_inf + A q^-a"
COLUMNS: dict[str, str] = {
    **series.COLUMNS,
    "law": "what was fitted; the exponent is beta or a",
    "target": "what a fit must reach (law of q*)",
    "path": "how the data grow with n (law of q*), or the data shape (law of the error)",
    "identified": "yes; one-sided (no best exponent, but one end of the interval); or no",
    "reason": "why the exponent is not identifiable, or what else to know of the fit",
    "exponent": "maximum-likelihood exponent (law of q*), least squares in logarithms (law of the error)",
    "low": "lower end of its 95 % interval over the range tried, whatever replicates share; E_inf >= 0 is profiled out",
    "high": "upper end of that interval",
    "floor_exponent": "the same fit to the certified floors alone: to the q from which they reach the target, or to the floors",
    "floor_low": "lower end of its 95 % interval",
    "floor_high": "upper end of that interval",
    "floor_reason": "why the floors' exponent is not identifiable, or what else to know of that fit",
    "sentence": "both in words",
    "scatter": "standard deviation about the fitted law, in logarithms",
    "misfit": "p-value: the means over replicates follow the law but for the scatter of replicates",
    "used": "thresholds or errors the fit rests on",
    "floor": "fitted E_inf (law of the error), 0 if none was seen",
    "predicted": "exponents theory predicts, with their status",
    "thresholds": "q*(n) by n, one interval per replicate",
    **{name: f"of all cells the row rests on: {name}" for name in COUNTS},
}
CELLS = ("series", "N", "M", "q", "replicate", "status", "relative", "training_mse", "floor", "resolved")
LOCATED = ("series", "target", "n", "N", "M", "replicate", "kind", "q_low", "q_high", *floor_thresholds.COLUMNS)


def exponent_table(frame: pd.DataFrame, located: pd.DataFrame) -> pd.DataFrame:
    """Build the table from the frame with series and its thresholds; sorted by series, law, target and path.

    Columns: COLUMNS, and `series` and `intercept` (ln q* = intercept + beta ln n) for figures.
    """
    cells = frame[list(CELLS)].astype({"status": object})
    of_series = {int(str(number)): rows for number, rows in cells.groupby("series")}
    firsts = frame.drop_duplicates("series")[[*series.SERIES, "series"]].to_dict("records")
    settings = {int(first["series"]): first for first in firsts}
    rows = [*_threshold_rows(located, of_series, settings), *_error_rows(of_series, settings)]
    table = pd.DataFrame([row | {"sentence": sentence(row)} for row in rows], columns=[*COLUMNS, "series", "intercept"])
    return table.sort_values([*series.SERIES, "law", "target", "path"], kind="stable", ignore_index=True)


def _threshold_rows(
    located: pd.DataFrame, of_series: Mapping[int, pd.DataFrame], of_each: Mapping[int, Mapping[Any, Any]]
) -> Iterator[dict[str, object]]:
    located = located[list(LOCATED)].astype({"kind": object})
    for (number, target), found in located.groupby(["series", "target"], sort=False):
        cells, settings = of_series[int(str(number))], of_each[int(str(number))]
        for path, shapes in series.paths(zip(found["N"], found["M"], strict=True)).items():
            on_path, here = series.of_shapes(found, shapes), series.of_shapes(cells, shapes)
            predicted = predicted_exponents(
                str(settings["schedule"]), design=str(settings["design"]), noisy=settings["sigma"] > 0, shapes=shapes
            )
            yield {
                **settings,
                **outcome_counts(here["status"]),
                "law": THRESHOLD_LAW,
                "target": target,
                "path": path,
                "predicted": "; ".join(prediction.sentence() for prediction in predicted),
                "thresholds": threshold_text(on_path),
                **fitted_slope(on_path),
            }


def threshold_text(located: pd.DataFrame) -> str:
    """Thresholds by n: `n=256: (2, 4] (2, 4]; n=1024: > 16`."""
    columns = (located[name].tolist() for name in ("n", "N", "replicate", "kind", "q_low", "q_high"))
    intervals: dict[int, list[str]] = {}
    for n, _, _, kind, low, high in sorted(zip(*columns, strict=True), key=lambda row: row[:3]):
        text = {"interval": f"({low}, {high}]", "left": f"<= {high}", "right": f"> {low}", "unknown": "?"}
        intervals.setdefault(n, []).append(text[kind])
    return "; ".join(f"n={n}: {' '.join(texts)}" for n, texts in intervals.items())


def _error_rows(of_series: Mapping[int, pd.DataFrame], of_each: Mapping[int, Mapping[Any, Any]]) -> Iterator[dict[str, object]]:
    for number, cells in of_series.items():
        if of_each[number]["sigma"] > 0:
            continue
        for (functions, points), shape in cells.groupby(["N", "M"]):
            if shape["q"].nunique() < FEWEST_Q:
                continue
            yield {
                **of_each[number],
                **outcome_counts(shape["status"]),
                "law": ERROR_LAW,
                "target": "",
                "path": f"N = {functions}, M = {points}",
                "predicted": "set by the output spectrum",
                "thresholds": "",
                **fitted_error(shape),
            }
