"""rays.csv: along rays n = c q^alpha at a fixed budget d, does the training error fall as q grows?

Rows of a table are replicates, columns the points of the ray in order of q. Page's statistic asks for a decreasing error, against
points exchanged for all replicates at once, because the replicates of a point share its amount of data and its net
(`results.statistics.trend`); Holm's correction over the alphas of a series. k points have k! orders, so that p cannot fall below
1 / k!: a ray whose k and whose number of alphas leave no room below LEVEL is not testable. Beside it the size of the effect: the
fall of the isotonic regression of the mean log error, and the number of adjacent rises with a bootstrap interval over replicates.
"No evidence of a fall" is not "a rise"; a trend is not monotony at each step.

At fixed d, q_eff and d_eff fall as q grows, and d / n falls along the ray, which alone lessens absorbed noise: noise-free rays
and the columns d_eff_first and d_eff_last are there to be read beside.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from operators.arrays import Array
from results.records.manifest import Manifest
from results.statistics.trend import fall_p_value, least_p_value
from results.tables import series
from results.tables.frame import outcome_counts
from results.tables.scaling import COUNTS

COLUMNS: dict[str, str] = {
    **series.COLUMNS,
    "M": "query points per function",
    "alpha": "exponent of the ray n = c q^alpha",
    "c": "its constant, from the point of smallest q",
    "points": "points (q, n) of the ray",
    "replicates": "replicates with an error at every point",
    "error_first": "median relative training error at the smallest q",
    "error_last": "median relative training error at the largest q",
    "d_eff_first": "effective parameters at the smallest q",
    "d_eff_last": "effective parameters at the largest q",
    "p": "Page's statistic, one-sided, H1: the error falls; points exchanged for all replicates at once",
    "p_holm": "p corrected over the alphas of this series",
    "fall": "ln(first / last) of the isotonic regression of the mean log error",
    "rises": "adjacent steps at which the mean log error rises",
    "rises_low": "5 % bootstrap quantile of the rises over replicates",
    "rises_high": "95 % bootstrap quantile of the rises over replicates",
    "verdict": "falls (p_holm <= 0.05); no evidence of a fall; or not testable and why",
    **{name: f"of all cells of the ray: {name}" for name in COUNTS},
}
TOLERANCE = 0.06
LEVEL = 0.05
FEWEST_POINTS = 4
FEWEST_REPLICATES = 2
RESAMPLES = 1000


def ray_table(frame: pd.DataFrame, manifest: Manifest) -> pd.DataFrame:
    """Build the table (COLUMNS and `series`) from the frame with series: fixed-budget series, every alpha of the manifest."""
    frame = frame[frame["schedule"] == "fixed-budget"]
    rows: list[dict[str, object]] = []
    for (_, points), group in frame.groupby(["series", "M"]):
        tested = [row for alpha in sorted(set(manifest.rays)) for row in _rays(group, alpha)]
        _correct(tested)
        rows += [{**{name: group[name].iloc[0] for name in (*series.SERIES, "series")}, "M": points, **row} for row in tested]
    table = pd.DataFrame(rows, columns=[*COLUMNS, "series"])
    return table.sort_values([*series.SERIES, "M", "alpha", "c"], kind="stable", ignore_index=True)


def ray_points(q: Array, n: Array, alpha: float) -> Iterator[tuple[float, NDArray[np.bool_]]]:
    """Yield c and the points of each ray n = c q^alpha that starts at the smallest q, to within rounding of N."""
    for start in np.unique(n[q == q.min()]):
        c = start / float(q.min()) ** alpha
        on = on_ray(q, n, alpha, c)
        if len(np.unique(q[on])) > 1:
            yield c, on


def on_ray(q: Array, n: Array, alpha: float, c: float) -> NDArray[np.bool_]:
    """Which points lie on the ray n = c q^alpha, to within TOLERANCE (N is a whole number)."""
    return np.abs(n / (c * q**alpha) - 1.0) <= TOLERANCE


def _rays(group: pd.DataFrame, alpha: float) -> Iterator[dict[str, object]]:
    q, n = group["q"].to_numpy(float), group["n"].to_numpy(float)
    for c, on in ray_points(q, n, alpha):
        ray = group[on]
        done = ray[ray["status"] == "done"]
        errors = done.pivot_table(index="replicate", columns="q", values="relative", aggfunc="min")
        errors = errors.reindex(columns=sorted(ray["q"].unique()))
        points = ray.drop_duplicates("q").sort_values("q")
        row: dict[str, object] = {
            "alpha": alpha,
            "c": c,
            "points": " ".join(f"({a}, {b})" for a, b in zip(points["q"], points["n"], strict=True)),
            "d_eff_first": points["d_eff"].iloc[0],
            "d_eff_last": points["d_eff"].iloc[-1],
            **outcome_counts(ray["status"]),
        }
        yield row | _trend(errors)


def _trend(errors: pd.DataFrame) -> dict[str, object]:
    """Test and effect size of a table replicates x points, incomplete replicates left out."""
    complete = errors.dropna()
    table = np.log(np.maximum(complete.to_numpy(float), 1e-300))
    found: dict[str, object] = {"replicates": len(complete)}
    if len(complete):
        found |= {"error_first": complete.iloc[:, 0].median(), "error_last": complete.iloc[:, -1].median()}
        mean = table.mean(axis=0)
        fitted = scipy.optimize.isotonic_regression(mean, increasing=False).x
        found |= {"fall": float(fitted[0] - fitted[-1]), "rises": int(_rises(mean))}
    if table.shape[1] < FEWEST_POINTS:
        return found | {"verdict": f"not testable: {table.shape[1]} points, at least {FEWEST_POINTS} needed"}
    if len(complete) < FEWEST_REPLICATES:
        return found | {"verdict": f"not testable: {len(complete)} complete replicates, at least {FEWEST_REPLICATES} needed"}
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(0)))
    picks = generator.integers(len(table), size=(RESAMPLES, len(table)))
    low, high = np.quantile(_rises(table[picks].mean(axis=1)), [0.05, 0.95])
    test = {"p": fall_p_value(table), "least_p": least_p_value(table.shape[1])}
    return found | test | {"rises_low": float(low), "rises_high": float(high)}


def _rises(mean: Array) -> NDArray[np.int64]:
    return np.sum(np.diff(mean, axis=-1) > 0, axis=-1)


def _correct(rows: list[dict[str, object]]) -> None:
    """Holm's correction over the tested rows, and the verdict."""
    tested = sorted((row for row in rows if "p" in row), key=lambda row: float(str(row["p"])))
    running = 0.0
    for rank, row in enumerate(tested):
        running = max(running, min(1.0, (len(tested) - rank) * float(str(row["p"]))))
        row["p_holm"] = running
        least = (len(tested) - rank) * float(str(row["least_p"]))
        if running <= LEVEL:
            row["verdict"] = "falls"
        elif least > LEVEL:
            row["verdict"] = f"not testable: so few points and {len(tested)} alphas leave p_holm at {least:.2g} or more"
        else:
            row["verdict"] = "no evidence of a fall"
