"""The tests of mechanism.csv: each takes noisy cells and yields a row for every group of cells that it can compare."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from operators.bounds import bit_counting
from operators.bounds.bound import probability_text
from operators.bounds.lemmas.rates import LAWS, Law, inverse_rate, rate
from operators.diagnostics.noise_audit import RATES
from results.statistics.interval_censored import NotIdentifiable
from results.statistics.regression import FEWEST_VALUES, replicated_slope
from results.tables.mechanism_row import NET, SETTING, SHAPE, Claim, row_of, row_of_interval
from results.tables.series import on_shapes, paths

CAPACITY = bit_counting.BOUND
DELTA = 1e-3
SATURATED = 0.5
NEAR_FLOOR = 1.05
SAME_D = 1.05
SLOPE_MARGIN = 0.1
RATIO_MARGIN = float(np.log(1.25))
LIMITED = f"no run with 0 < rho <= {SATURATED:g} above the floor of its rank"
PLATEAU = "slope -1: a plateau of n R(rho) / d; -1/2 is the paper's shape"
SQUARE = "on square grids the rank of the noise alone gives -1/2: let N grow at fixed M, or use triples"
BY_D = "at most 0: d matters, not q (localised, bit counting); the paper's shape allows 1"

Rows = Iterator[dict[str, object]]


def capacity(noisy: pd.DataFrame) -> Rows:
    """B.1, one row per setting: runs above what bit counting allows, among those of which it excludes something."""
    worth = f"{CAPACITY.status}, each with probability {probability_text(CAPACITY.probability)}"
    claim = Claim("runs above their capacity", f"none ({worth})", 0.0, 0.0)
    for _, cells in noisy.groupby(list(SETTING)):
        done = cells[(cells["status"] == "done") & cells["absorbable_bits"].notna()]
        speaks = done[done["absorbable_bits"] < 1.0]
        over = int((speaks["absorbed"] > speaks["absorbable_bits"] + 1e-12).sum())
        said = ("holds" if over == 0 else "fails") if len(speaks) else "not identifiable"
        reason = f"bit counting excludes something for {len(speaks)} of {len(done)} runs"
        yield {**row_of(cells, claim, used=len(speaks), reason=reason), "value": float(over), "verdict": said}


def fresh(noisy: pd.DataFrame, runs: int) -> Rows:
    """B.3, one row per setting: the largest score of noise drawn after training, of so many runs of the study."""
    if "bound_fresh_noise_score" not in noisy:
        return
    most = float(np.sqrt(2.0 * np.log(2.0 * max(runs, 1) / DELTA)))
    claim = Claim("largest |score| of fresh noise", f"below {most:.3g} in all runs of the study", 0.0, most)
    for _, cells in noisy.groupby(list(SETTING)):
        scores = cells["bound_fresh_noise_score"].abs().dropna()
        row = row_of(cells, claim, used=len(scores), reason="" if len(scores) else "no run")
        yield row | ({"value": scores.max(), "verdict": "holds" if scores.max() <= most else "fails"} if len(scores) else {})


def usable(cells: pd.DataFrame) -> pd.DataFrame:
    """The best done restart of each cell whose rho is limited by parameters: not saturated, not at the floor of its rank."""
    done = cells[cells["status"] == "done"].sort_values("absorbed", ascending=False, kind="stable")
    best = done.drop_duplicates([*NET, *SHAPE, "replicate"])
    limited = best["optimality"] <= NEAR_FLOOR
    return best[(best["absorbed"] > 0.0) & (best["absorbed"] <= SATURATED) & ~limited]


def plateau(noisy: pd.DataFrame) -> Rows:
    """B.2, one row per net and path: the slope of ln rho against ln n."""
    for _, cells in noisy.groupby([*SETTING, *NET]):
        for path, shapes in paths(zip(cells["N"], cells["M"], strict=True)).items():
            if len({functions * points for functions, points in shapes}) >= FEWEST_VALUES:
                on_path = cells[on_shapes(cells, shapes)]
                part = usable(on_path)
                part = part[part["n"] > part["d"]]
                claim = Claim(f"slope of ln rho against ln n, {path}", PLATEAU, -1.0 - SLOPE_MARGIN, -1.0 + SLOPE_MARGIN)
                row = _slope_row(on_path, claim, part, "n", reason=_nats(part))
                square = path == "N = M" and (cells["design"] == "grid").all()
                yield row | ({"verdict": "not identifiable", "reason": SQUARE} if square else {})


def _nats(part: pd.DataFrame) -> str:
    last = part[part["n"] == part["n"].max()]
    if last.empty or "bound_nats_per_effective_parameter" not in last:
        return LIMITED if last.empty else ""
    nats = last["bound_nats_per_effective_parameter"].median()
    return f"n R(rho) / d_eff = {nats:.2g} nats at n = {last['n'].iloc[0]}"


def fixed_d(noisy: pd.DataFrame) -> Rows:
    """B.4, two rows per setting, shape and d: the slopes of ln rho and of ln(rho / d_eff) against ln q."""
    for _, group in noisy.groupby([*SETTING, *SHAPE]):
        for cells in same_d(group):
            part, reason = usable(cells), LIMITED
            steps = part.drop_duplicates("q")
            if len(steps) > 1:
                reason = f"d_eff goes like q^{_slope(steps['q'], steps['d_eff']):.2f}"
            claim = Claim("slope of ln rho against ln q", BY_D, -np.inf, SLOPE_MARGIN)
            yield _slope_row(cells, claim, part, "q", reason=reason)
            part = part.assign(absorbed=part["absorbed"] / part["d_eff"])
            prediction = "0: rho follows d_eff (heuristic)"
            claim = Claim("slope of ln(rho / d_eff) against ln q", prediction, -SLOPE_MARGIN, SLOPE_MARGIN)
            yield _slope_row(cells, claim, part, "q", reason=reason)


def same_d(cells: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Cells of (nearly) equal d with at least two q: d within SAME_D of the smallest of its class."""
    first = 0
    for d in sorted(cells["d"].unique()):
        if d > SAME_D * first:
            first = d
            alike = cells[(cells["d"] >= first) & (cells["d"] <= SAME_D * first)]
            if alike["q"].nunique() >= 2:
                yield alike


def _slope_row(cells: pd.DataFrame, claim: Claim, part: pd.DataFrame, x: str, *, reason: str) -> dict[str, object]:
    """A row on the slope of ln rho against ln x: runs of one x share its data size or net, those of a replicate share data."""
    logs = {name: np.log(part[name].to_numpy(float)) for name in (x, "absorbed")}
    try:
        found = replicated_slope(logs[x], part["replicate"].tolist(), logs["absorbed"])
    except NotIdentifiable as error:
        return row_of(cells, claim, used=len(part), reason="; ".join(text for text in (f"{x}: {error}", reason) if text))
    return row_of_interval(cells, claim, found, used=len(part), reason=reason)


def _slope(x: "pd.Series[float]", y: "pd.Series[float]") -> float:
    """Least-squares slope of ln y against ln x."""
    return float(np.polyfit(np.log(x.to_numpy(float)), np.log(y.to_numpy(float)), 1)[0])


def law(noisy: pd.DataFrame) -> Rows:
    """B.5, one row per net, shape and pair of laws: the log ratio of what is absorbed."""
    if noisy["noise_law"].nunique() < 2:
        return
    for _, cells in noisy.groupby([name for name in (*SETTING, *NET, *SHAPE) if name != "noise_law"]):
        laws = [name for name in LAWS if (cells["noise_law"] == name).any()]
        for i, other in enumerate(laws):
            for one in laws[:i]:
                of_one, of_other = (_absorbed(cells[cells["noise_law"] == name]) for name in (one, other))
                shift = rate_shift(one, other, float(of_other.median())) if len(of_other) else 0.0
                claim = Claim(
                    f"ln of rho({one}) / rho({other})",
                    f"0, or {shift:.3f} at equal nats; within a quarter",
                    min(0.0, shift) - RATIO_MARGIN,
                    max(0.0, shift) + RATIO_MARGIN,
                )
                yield _ratio_row(cells[cells["noise_law"].isin([one, other])], claim, of_one, of_other)


def rate_shift(one: Law, other: Law, rho: float) -> float:
    """ln(rho' / rho) with R_one(rho') = R_other(rho): what equal nats make of the ratio."""
    return float(np.log(inverse_rate(RATES[one], rate(RATES[other], rho)) / rho))


def permuted(noisy: pd.DataFrame) -> Rows:
    """B.6, one row per net, shape and control: the log ratio of what is absorbed with the control and without."""
    if noisy["control"].nunique() < 2:
        return
    for _, cells in noisy.groupby([name for name in (*SETTING, *NET, *SHAPE) if name != "control"]):
        plain = cells[cells["control"] == "none"]
        for control in sorted(set(cells["control"]) - {"none"}) if len(plain) else ():
            prediction = "0, within a quarter: absorption is memorisation"
            claim = Claim(f"ln of rho({control}) / rho(none)", prediction, -RATIO_MARGIN, RATIO_MARGIN)
            changed = cells[cells["control"] == control]
            yield _ratio_row(pd.concat([plain, changed]), claim, _absorbed(changed), _absorbed(plain))


def _absorbed(cells: pd.DataFrame) -> "pd.Series[float]":
    """The best rho of each replicate, where it is positive."""
    best = cells[cells["status"] == "done"].groupby("replicate")["absorbed"].max()
    return best[best > 0.0]


def _ratio_row(cells: pd.DataFrame, claim: Claim, one: "pd.Series[float]", other: "pd.Series[float]") -> dict[str, object]:
    """The row of ln(one / other) over the replicates that have both."""
    ratios = (one / other).dropna().to_numpy(float)
    return row_of(cells, claim, values=np.log(ratios).tolist(), used=2 * len(ratios))
