"""Fits of the two laws as columns of exponents.csv, measured and for the certified floors alone, and the sentence that has both.

An interval is that of a slope over the range tried, not of a law at infinity: what the floors of the same data give over the same
range, seen on the same q, says how much of a measured exponent is theirs.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from results.statistics.interval_censored import NotIdentifiable, fit_slope, log_ends
from results.statistics.power_law import fit_power_law
from results.tables.frame import label_energy

LEVEL = 0.05
ROUNDING = 1e-12
NO_FLOORS = {"exponent": math.nan, "low": math.nan, "high": math.nan, "reason": None}
OF_FLOORS = {"exponent": "floor_exponent", "low": "floor_low", "high": "floor_high", "reason": "floor_reason"}


def fitted_slope(located: pd.DataFrame) -> dict[str, object]:
    """Columns of the fit of ln q* against ln n, and of that of the floors' own thresholds."""
    known = located[located["kind"] != "unknown"]
    unknown = len(located) - len(known)
    said = f"{unknown} thresholds without an outcome left out" if unknown else ""
    measured = _slope(known, ("q_low", "q_high"), "n", said)
    of_floors = located[located["q_floor_low"].notna() | located["q_floor_high"].notna()]
    return _beside(measured, _slope(of_floors, ("q_floor_low", "q_floor_high"), "n", "") if len(of_floors) else NO_FLOORS)


def fitted_error(cells: pd.DataFrame) -> dict[str, object]:
    """Columns of the fit of the relative error against q, the best restart of each replicate, and of that of their floors."""
    done = cells[cells["status"] == "done"]
    measured = _power_law(done, done["relative"])
    certified = done[(done["resolved"].to_numpy(float) > 0.0) & (label_energy(done) > 0.0)]
    floors = np.sqrt(certified["floor"] / label_energy(certified))
    return _beside(measured, _power_law(certified, floors) if len(certified) else NO_FLOORS)


def sentence(row: Mapping[Any, Any]) -> str:
    """The measured exponent in words, and what the floors alone would give where they tell."""
    measured = f"measured {_told(row['exponent'], row['low'], row['high'])}"
    if row["floor_reason"] is None:
        return measured
    return f"{measured}, what the floors alone would give: {_told(row['floor_exponent'], row['floor_low'], row['floor_high'])}"


def _told(exponent: float, low: float, high: float) -> str:
    if math.isfinite(exponent):
        return f"{exponent:.2f} [{low:.2f}, {high:.2f}]"
    if math.isfinite(low):
        return f"at least {low:.2f}"
    return f"at most {high:.2f}" if math.isfinite(high) else "no exponent"


def resolved(exponent: float) -> float:
    """An exponent; 0 where it is rounding, which differs between processors."""
    return exponent if abs(exponent) > ROUNDING else 0.0


def _beside(measured: dict[str, Any], of_floors: dict[str, Any]) -> dict[str, object]:
    """The columns of both fits."""
    return measured | {column: of_floors[name] for name, column in OF_FLOORS.items()}


def _unidentified(error: NotIdentifiable, used: int) -> dict[str, Any]:
    """Columns where there is no best exponent: an interval with one end, or nothing."""
    one_sided = math.isfinite(error.low) or math.isfinite(error.high)
    ends = {"low": error.low, "high": error.high} if one_sided else {"low": math.nan, "high": math.nan}
    identified = "one-sided" if one_sided else "no"
    return {"identified": identified, "reason": str(error), "exponent": math.nan, **ends, "used": used}


def _slope(rows: pd.DataFrame, ends: tuple[str, str], per: str, said: str) -> dict[str, Any]:
    low, high = log_ends(*(rows[name] for name in ends))
    try:
        fit = fit_slope(np.log(rows["n"].to_numpy(float)), low, high)
    except NotIdentifiable as error:
        return _unidentified(error, len(rows))
    return {
        "identified": "yes",
        "reason": "; ".join(part for part in (said, _misfit(fit.misfit, per)) if part),
        "exponent": resolved(fit.value),
        "intercept": fit.intercept,
        "low": fit.low,
        "high": fit.high,
        "scatter": fit.scatter,
        "misfit": fit.misfit,
        "used": fit.runs,
    }


def _power_law(cells: pd.DataFrame, errors: "pd.Series[float]") -> dict[str, Any]:
    best = errors.groupby([cells["replicate"], cells["q"]]).min()
    try:
        fit = fit_power_law(np.asarray(best.index.get_level_values("q"), dtype=float), np.asarray(best, dtype=float))
    except NotIdentifiable as error:
        return _unidentified(error, len(best))
    return {
        "identified": "yes",
        "reason": "; ".join(part for part in (fit.note, _misfit(fit.misfit, "q")) if part),
        "exponent": fit.exponent,
        "low": fit.low,
        "high": fit.high,
        "scatter": fit.scatter,
        "misfit": fit.misfit,
        "used": fit.runs,
        "floor": fit.floor,
    }


def _misfit(p: float, per: str) -> str:
    """What to say of a law that the means over replicates do not follow."""
    return f"misfit: the {per} deviate from the law by more than replicates scatter (p = {p:.2g})" if p < LEVEL else ""
