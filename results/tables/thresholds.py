"""thresholds.csv: q*(n), the smallest q that reaches a target, as an interval for every replicate.

For a series, data shape and replicate, q_1 < q_2 < ... are the q tried; at each the best restart counts. q* is the first q_i
at which the target is met and is met again at q_(i+1) (this guards against luck; at the end of the grid, or before a q without
outcome, the first is taken and called unconfirmed). What is known is q_low < q* <= q_high, with q_low the largest smaller q that
was tried and did not do. A q all of whose runs diverged or are missing tells nothing and widens the interval.

    interval   q_low < q* <= q_high        left     q* <= q_high: no smaller q was tried with an outcome
    right      q* > q_low: none does       unknown  no run has an outcome

Shapes at which the study asks for a single q have no threshold and no row.

Where meeting the target is not monotone in q, q_isotonic is where the isotonic regression of the log error crosses the target.
Beside q* stands the threshold of the floors themselves (`results.tables.floor_thresholds`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from results.records.manifest import Manifest, Target
from results.tables import floor_thresholds, series
from results.tables.frame import applies, reached

FEWEST_Q = 2
READ = ("series", "n", "N", "M", "replicate", "q", "status", "sigma", "relative", "absorbed")
Kind = Literal["interval", "left", "right", "unknown"]
COLUMNS: dict[str, str] = {
    **series.COLUMNS,
    "target": "what a fit must reach",
    "n": "training labels, N M",
    "N": "input functions",
    "M": "query points per function",
    "replicate": "replicate",
    "kind": "interval, left (censored), right (censored) or unknown",
    "q_low": "q* exceeds this",
    "q_high": "q* is at most this",
    "confirmed": "yes if the next q reaches the target too",
    "q_isotonic": "crossing of the isotonic regression, where reaching the target is not monotone in q",
    **floor_thresholds.COLUMNS,
    "tried": "number of q with an outcome",
    "asked": "number of q asked for",
}


@dataclass(frozen=True)
class Threshold:
    """What is known of q*: q_low < q* <= q_high (None: no such bound)."""

    kind: Kind
    q_low: float | None = None
    q_high: float | None = None
    confirmed: bool = False


def locate(q: Sequence[int], met: Sequence[bool | None]) -> Threshold:
    """Locate q* from increasing q and whether each meets the target (None: no outcome)."""
    known = [value is not None for value in met]
    if not any(known):
        return Threshold("unknown")
    for i, value in enumerate(met):
        following = met[i + 1] if i + 1 < len(met) else None
        if value and following is not False:
            below = [q[j] for j in range(i) if known[j]]
            return Threshold("interval" if below else "left", below[-1] if below else None, q[i], following is True)
    return Threshold("right", max(q[j] for j in range(len(q)) if known[j]))


def isotonic_crossing(q: Sequence[int], log_error: NDArray[np.float64], log_allowed: float) -> float | None:
    """First q at which the non-increasing regression of the log error is at most the allowed one; None if none is."""
    fitted = scipy.optimize.isotonic_regression(log_error, increasing=False).x
    below = np.flatnonzero(fitted <= log_allowed)
    return float(q[below[0]]) if len(below) else None


def thresholds(frame: pd.DataFrame, manifest: Manifest) -> pd.DataFrame:
    """Build the table (COLUMNS and `series`) from the frame with series; sorted by series, target, n and replicate."""
    rows = [
        row
        for order, target in enumerate(sorted(set(manifest.targets), key=lambda t: (t.kind, t.value)))
        for row in _rows(frame.loc[applies(frame, target), list(READ)], target, order)
    ]
    names = ["series", "_order", "n", "N", "M", "replicate"]
    found = pd.DataFrame(rows, columns=[*names, "target", "kind", "q_low", "q_high", "confirmed", "q_isotonic", "tried", "asked"])
    first = frame[["series", *series.SERIES]].drop_duplicates("series").set_index("series")
    of_floors = _of_floors(frame, manifest)
    table = found.join(first, on="series").join(of_floors, on=["target", *floor_thresholds.PLACE])
    table = table.sort_values(names, kind="stable", ignore_index=True)
    for name in ("q_low", "q_high", "q_isotonic", *floor_thresholds.COLUMNS):
        table[name] = table[name].astype("Float64").astype("Int64")
    return table[[*COLUMNS, "series"]]


def _of_floors(frame: pd.DataFrame, manifest: Manifest) -> pd.DataFrame:
    """What the floors alone would give for each target."""
    parts = {target.label: floor_thresholds.floor_thresholds(frame, target) for target in manifest.targets}
    names = ["target", *floor_thresholds.PLACE]
    if not parts:
        nothing = pd.MultiIndex.from_arrays([[] for _ in names], names=names)
        return pd.DataFrame(index=nothing, columns=list(floor_thresholds.COLUMNS), dtype=float)
    return pd.concat(parts, names=names[:1])


def _rows(frame: pd.DataFrame, target: Target, order: int) -> Iterator[tuple[object, ...]]:
    """One row for each series, shape and replicate."""
    names = ["series", "n", "N", "M", "replicate", "q"]
    done = (frame["status"] == "done").to_numpy(bool)
    error = frame["relative"] if target.kind == "relative" else 1.0 - frame["absorbed"]
    best = (
        frame.assign(met=np.where(done, reached(frame, target), np.nan), error=error.where(done))
        .groupby(names, dropna=False)
        .agg(met=("met", "max"), error=("error", "min"))
        .reset_index()
    )
    columns = best[names[:-1]].to_numpy()
    q, met, errors = best["q"].to_numpy(), best["met"].to_numpy(float), best["error"].to_numpy(float)
    if not len(best):
        return
    starts = np.flatnonzero(np.any(columns[1:] != columns[:-1], axis=1)) + 1
    allowed = target.value if target.kind == "relative" else 1.0 - target.value
    sizes, outcomes = q.tolist(), [None if np.isnan(value) else bool(value) for value in met]
    for first, end in pairwise([0, *starts.tolist(), len(best)]):
        if end - first < FEWEST_Q:
            continue
        number, n, functions, points, replicate = columns[first]
        found = locate(sizes[first:end], outcomes[first:end])
        tried = [row for row in range(first, end) if outcomes[row] is not None]
        crossing = None
        if any(outcomes[one] and not outcomes[other] for one, other in pairwise(tried)):
            logs = np.log(np.maximum(errors[tried], 1e-300))
            crossing = isotonic_crossing(q[tried].tolist(), logs, float(np.log(max(allowed, 1e-300))))
        confirmed = "" if found.q_high is None else "yes" if found.confirmed else "no"
        head = (number, order, n, functions, points, replicate, target.label)
        yield (*head, found.kind, found.q_low, found.q_high, confirmed, crossing, len(tried), end - first)
