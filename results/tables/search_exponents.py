"""search_exponents.csv: q* ~ n^beta between two pairs of ends, which are not to be confused.

    this optimiser   (q_low, q_found]: the exponent of the least q that these trainings, with this budget, found
    certified        (q_certified, q_found]: what can be said of any optimiser, wide where the two ends are far apart

Fitted by interval-censored likelihood, as exponents.csv; slopes of the series of one target and path are compared by an F test on
the middles of the ends of this optimiser.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from operators.arrays import Array
from results.statistics.clustered import equal_slopes
from results.statistics.interval_censored import NotIdentifiable, fit_slope, log_ends
from results.tables import series
from results.tables.fitted_exponents import resolved
from results.tables.predicted_exponents import predicted_exponents

OPTIMISER, CERTIFIED = "this optimiser", "certified"
BETWEEN = {OPTIMISER: ("q_low", "q_found"), CERTIFIED: ("q_certified", "q_found")}
COLUMNS: dict[str, str] = {
    **series.COLUMNS,
    "target": "what a fit must reach",
    "path": "how the data grow with n",
    "between": "this optimiser (not found and found), or certified (certified and found)",
    "exponent": "maximum-likelihood exponent",
    "low": "lower end of its 95 % interval over the range tried",
    "high": "upper end",
    "width": "high - low",
    "reason": "why there is no exponent, or what else to know of the fit",
    "scatter": "standard deviation about the law, in logarithms",
    "misfit": "p-value: the means over replicates follow the law but for the scatter of replicates",
    "least_n": "smallest n of the fit",
    "largest_n": "largest n of the fit",
    "used": "thresholds that the fit rests on",
    "equal_slopes": "p-value: all series of this target, design, path and schedule have one slope; of this optimiser",
    "predicted": "exponents theory predicts, with their status",
}


def search_exponents(found: pd.DataFrame) -> pd.DataFrame:
    """Fit every series, target and path of searches.csv with `series`."""
    rows = list(_rows(found))
    table = pd.DataFrame(rows, columns=[*COLUMNS, "series"])
    return table.sort_values([*series.SERIES, "target", "path", "between"], kind="stable", ignore_index=True)


def located(rows: pd.DataFrame) -> "pd.Series[bool]":
    """Thresholds whose ends met the tolerance: only of these do the middles say where q* of this optimiser lies."""
    return (rows["search"] == "finished") & rows["q_found"].notna()


def middles(rows: pd.DataFrame) -> Array:
    """Ln of the geometric middles of (q_low, q_found], q_low = 0 taken as 1/2."""
    low, high = (rows[name].astype(float).to_numpy(float) for name in ("q_low", "q_found"))
    return np.asarray((np.log(np.maximum(low, 0.5)) + np.log(high)) / 2.0, dtype=float)


def _rows(found: pd.DataFrame) -> Iterator[dict[str, object]]:
    for target, design, path, part in series.panels(found):
        slopes = {how: _equal_slopes(alike) for how, alike in part[located(part)].groupby(["schedule", "sizes"])}
        shapes = list(zip(part["N"], part["M"], strict=True))
        for _, rows in part.groupby("series"):
            first = rows.iloc[0]
            predicted = predicted_exponents(str(first["schedule"]), design=design, noisy=first["sigma"] > 0, shapes=shapes)
            for between, ends in BETWEEN.items():
                yield {
                    **{name: first[name] for name in (*series.SERIES, "series")},
                    "target": target,
                    "path": path,
                    "between": between,
                    "least_n": int(rows["n"].min()),
                    "largest_n": int(rows["n"].max()),
                    "equal_slopes": slopes.get((first["schedule"], first["sizes"]), np.nan),
                    "predicted": "; ".join(one.sentence() for one in predicted),
                    **_fitted(rows, ends),
                }


def _equal_slopes(rows: pd.DataFrame) -> float:
    """P-value that all series have one slope."""
    return equal_slopes(np.log(rows["n"].to_numpy(float)), rows["series"].tolist(), middles(rows))


def _fitted(rows: pd.DataFrame, ends: tuple[str, str]) -> dict[str, object]:
    lower, upper = rows[ends[0]].where(rows[ends[0]] > 0), rows[ends[1]]
    low, high = log_ends(lower, upper)
    try:
        fit = fit_slope(np.log(rows["n"].to_numpy(float)), low, high)
    except NotIdentifiable as error:
        finite = {"low": error.low, "high": error.high} if np.isfinite([error.low, error.high]).any() else {}
        return {"reason": str(error), "used": len(rows), **finite}
    reason = f"misfit: the n deviate from the law by more than replicates scatter (p = {fit.misfit:.2g})"
    return {
        "exponent": resolved(fit.value),
        "low": fit.low,
        "high": fit.high,
        "width": fit.high - fit.low,
        "reason": reason if fit.misfit < 0.05 else "",
        "scatter": fit.scatter,
        "misfit": fit.misfit,
        "used": fit.runs,
    }
