"""barrier.csv: errors against the number of terms, linear and nonlinear in the trunk, beside the floor of linear reconstruction.

On a clean grid the outputs of a net that is linear in its trunk form a matrix of limited rank r, so its relative error, on
labels and on held-out functions alike, is at least the Eckart-Young tail of rank r of these very outputs: certified, run by
run. An architecture without a limit of rank may lie below the floor of as many terms; that is allowed and no violation, and
what the table shows.

For solutions with a jump whose place depends on the input, linear reconstruction errs in L1 by at least C / r, which is
r^(-1/2) in L2 (Lanthaler, Mishra, Karniadakis 2022, arXiv:2102.09618; Lanthaler, Molinaro, Hadorn, Mishra 2023,
arXiv:2210.01074): slopes to compare.
"""

from typing import Any

import numpy as np
import pandas as pd

from results.tables.frame import label_energy

GROUP = ("task", "parameters", "N", "M")
COLUMNS: dict[str, str] = {
    "task": "operator",
    "parameters": "constants of the task that differ from its defaults, as JSON",
    "N": "input functions",
    "M": "query points per function",
    "architecture": "hypothesis class",
    "rank": "terms: the proved limit of the rank of the outputs, or the terms of a class without limit; empty: it has no terms",
    "d": "trainable scalars",
    "reconstruction": "linear: the outputs have a limit of rank; nonlinear: they have none",
    "relative": "relative training error in L2, median over runs",
    "test_relative": "relative held-out error in L2, median over runs",
    "test_low": "least of the runs",
    "test_high": "largest of the runs",
    "test_relative_l1": "relative held-out error in L1, median over runs",
    "floor_train": "certified: least relative training error of linear reconstruction of this rank, least of replicates",
    "floor_held_out": "certified: the same of the held-out functions; empty where no run of this rank recorded it",
    "below": "nonlinear runs whose held-out error lies below that floor of their own data",
    "linear_rank": "of nonlinear runs: least rank of linear reconstruction that the held-out error does not exclude",
    "standing": "what that says",
    "slope_l1": "exponent of the held-out error in L1 as the rank grows, least squares over the rows of this class",
    "slope_floor": "exponent of the held-out floor in L2 over the same rows",
    "cpu_seconds": "CPU seconds of the training, median over runs",
    "done": "runs that ended as done",
    "expected": "cells",
}
LINEAR, CROSSES, ABOVE = "linear: not below its floor", "nonlinear: below the floor, allowed", "nonlinear: not below the floor"
PARTLY, WITHOUT_TERMS = "nonlinear: below the floor in some runs, allowed", "nonlinear: without terms"
FEWEST = 3


def barrier(frame: pd.DataFrame) -> pd.DataFrame | None:
    """Build the table from the tidy frame; None unless linear and nonlinear reconstruction meet on one clean grid."""
    clean = frame[(frame["design"] == "grid") & (frame["sigma"] == 0.0) & (frame["control"] == "none")]
    if (clean["q_eff"] > 0).nunique() < 2:
        return None
    runs = _runs(clean)
    both = runs.groupby("problem")["reconstruction"].transform("nunique") == 2
    if not both.any():
        return None
    names = [*GROUP, "architecture", "reconstruction", "rank", "d"]
    groups = runs[both].groupby(names, dropna=False, sort=True)
    table = pd.DataFrame([dict(zip(names, map(_plain, key), strict=True)) | _row(part) for key, part in groups])
    for _, part in table.groupby([*GROUP, "architecture"], sort=False):
        table.loc[part.index, "slope_l1"] = _slope(part, "test_relative_l1")
        table.loc[part.index, "slope_floor"] = _slope(part, "floor_held_out")
    whole = dict.fromkeys(("rank", "below", "linear_rank"), "Int64")
    return table[list(COLUMNS)].astype(whole)


def _runs(clean: pd.DataFrame) -> pd.DataFrame:
    """Clean grid cells with the class, its terms, its kind of reconstruction and the floors of as many terms."""
    limit, q = clean["q_eff"].to_numpy(float), clean["q"].to_numpy(float)
    terms = np.where(limit > 0, limit, q)
    own = np.sqrt(clean["floor"].to_numpy(float) / label_energy(clean))
    runs = clean.assign(
        architecture=clean["architecture"].astype("str").str.partition(" ")[0],
        reconstruction=np.where(limit > 0, "linear", "nonlinear"),
        rank=np.where(terms > 0, terms, np.nan),
        floor_train=np.where(limit > 0, own, _named(clean, "bound_linear_floor")),
        floor_held_out=_named(clean, "bound_linear_floor_held_out"),
        linear_rank=_named(clean, "bound_linear_rank_held_out"),
    )
    shared = runs.groupby(["problem", "replicate", "rank"])["floor_held_out"].transform("min")
    return runs.assign(floor_held_out=shared)


def _named(frame: pd.DataFrame, name: str) -> Any:
    return frame[name].to_numpy(float) if name in frame else np.full(len(frame), np.nan)


def _row(part: pd.DataFrame) -> dict[str, Any]:
    """One class of one size on one data set."""
    done = part[part["status"] == "done"]
    linear = part["reconstruction"].iloc[0] == "linear"
    below = int((done["test_relative"] < done["floor_held_out"]).sum())
    middle = {name: done[name].median() for name in ("relative", "test_relative", "test_relative_l1", "cpu_seconds")}
    return {
        **middle,
        "test_low": done["test_relative"].min(),
        "test_high": done["test_relative"].max(),
        "floor_train": part["floor_train"].min(),
        "floor_held_out": part["floor_held_out"].min(),
        "below": pd.NA if linear or part["floor_held_out"].isna().all() else below,
        "linear_rank": done["linear_rank"].min(),
        "standing": _standing(part, below, done=len(done), linear=bool(linear)),
        "done": len(done),
        "expected": len(part),
    }


def _standing(part: pd.DataFrame, below: int, *, done: int, linear: bool) -> str:
    """In words; that no linear run lies below its training floor was checked where the frame was built."""
    if not done:
        return "no run is done"
    if linear:
        return LINEAR
    if part["floor_held_out"].isna().all():
        return WITHOUT_TERMS
    return ABOVE if not below else CROSSES if below == done else PARTLY


def _slope(part: pd.DataFrame, name: str) -> float:
    """Least-squares slope of the logarithm of a column against that of the rank; NaN of fewer than FEWEST ranks, or of zeros."""
    kept = part[part["rank"].notna() & (part[name] > 0.0)]
    if kept["rank"].nunique() < FEWEST or len(kept) < len(part):
        return float("nan")
    return float(np.polyfit(np.log(kept["rank"].to_numpy(float)), np.log(kept[name].to_numpy(float)), 1)[0])


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
