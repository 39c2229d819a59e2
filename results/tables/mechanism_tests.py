"""The tests of mechanism.csv: each takes noisy cells and yields a row for every group of cells that it can compare."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from operators.arrays import Array
from operators.bounds import bit_counting
from operators.bounds.bound import probability_text
from operators.bounds.lemmas.rates import LAWS, Law, inverse_rate, rate
from operators.diagnostics.noise_audit import RATES
from results.statistics.interval_censored import NotIdentifiable
from results.statistics.regression import FEWEST_VALUES, replicated_slope
from results.tables.mechanism_row import NET, SETTING, SHAPE, Claim, row_of, row_of_interval
from results.tables.noisy_cells import NoisyCells, Places, split
from results.tables.series import paths

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

NONE = np.array([], dtype=np.intp)

Rows = Iterator[dict[str, object]]


def capacity(noisy: NoisyCells) -> Rows:
    """B.1, one row per setting: runs above what bit counting allows, among those of which it excludes something."""
    worth = f"{CAPACITY.status}, each with probability {probability_text(CAPACITY.probability)}"
    claim = Claim("runs above their capacity", f"none ({worth})", 0.0, 0.0)
    absorbed, most = noisy.real("absorbed"), noisy.real("absorbable_bits")
    for cells in noisy.groups(SETTING):
        done = cells[noisy.done[cells] & ~np.isnan(most[cells])]
        speaks = done[most[done] < 1.0]
        over = int(np.sum(absorbed[speaks] > most[speaks] + 1e-12))
        said = ("holds" if over == 0 else "fails") if len(speaks) else "not identifiable"
        reason = f"bit counting excludes something for {len(speaks)} of {len(done)} runs"
        yield {**row_of(noisy.told(cells), claim, used=len(speaks), reason=reason), "value": float(over), "verdict": said}


def fresh(noisy: NoisyCells, runs: int) -> Rows:
    """B.3, one row per setting: the largest score of noise drawn after training, of so many runs of the study."""
    if "bound_fresh_noise_score" not in noisy:
        return
    most = float(np.sqrt(2.0 * np.log(2.0 * max(runs, 1) / DELTA)))
    claim = Claim("largest |score| of fresh noise", f"below {most:.3g} in all runs of the study", 0.0, most)
    for cells in noisy.groups(SETTING):
        scores = np.abs(noisy.real("bound_fresh_noise_score")[cells])
        scores = scores[~np.isnan(scores)]
        row = row_of(noisy.told(cells), claim, used=len(scores), reason="" if len(scores) else "no run")
        yield row | ({"value": scores.max(), "verdict": "holds" if scores.max() <= most else "fails"} if len(scores) else {})


def usable(noisy: NoisyCells, within: Array) -> Places:
    """The best done restart of each cell whose rho is limited by parameters: not saturated, not at the floor of its rank.

    Args:
        noisy: the cells.
        within: of each cell the number of what it is compared in.

    Returns:
        Their rows, the largest rho first.
    """
    absorbed = noisy.real("absorbed")
    order = np.argsort(-absorbed, kind="stable")
    order = order[noisy.done[order]]
    same = [within, noisy.number(NET), noisy.number(SHAPE), noisy.real("replicate")]
    best = order[~pd.DataFrame(np.column_stack(same)[order]).duplicated().to_numpy()]
    limited = noisy.real("optimality")[best] <= NEAR_FLOOR
    return best[(absorbed[best] > 0.0) & (absorbed[best] <= SATURATED) & ~limited]


def plateau(noisy: NoisyCells) -> Rows:
    """B.2, one row per net and path: the slope of ln rho against ln n."""
    if not len(noisy):
        return
    numbers = noisy.number(SETTING, NET)
    parts, shown = split(numbers, usable(noisy, noisy.number(SETTING))), noisy.shapes
    n, d, grid = noisy.real("n"), noisy.real("d"), (noisy.frame["design"] == "grid").to_numpy(bool)
    for number, cells in split(numbers).items():
        for path, shapes in paths({shown[row] for row in cells.tolist()}).items():
            if len({functions * points for functions, points in shapes}) >= FEWEST_VALUES:
                on_path, part = (_on(shown, rows, shapes) for rows in (cells, parts.get(number, NONE)))
                part = part[n[part] > d[part]]
                claim = Claim(f"slope of ln rho against ln n, {path}", PLATEAU, -1.0 - SLOPE_MARGIN, -1.0 + SLOPE_MARGIN)
                row = _slope_row(noisy, on_path, claim, part, "n", reason=_nats(noisy, part))
                square = path == "N = M" and bool(grid[on_path].all())
                yield row | ({"verdict": "not identifiable", "reason": SQUARE} if square else {})


def _on(shown: list[tuple[int, int]], rows: Places, shapes: list[tuple[int, int]]) -> Places:
    """Those of some rows whose data shape is among some."""
    wanted = set(shapes)
    return rows[[shown[row] in wanted for row in rows.tolist()]] if len(rows) else rows


def _nats(noisy: NoisyCells, part: Places) -> str:
    n = noisy.frame["n"].to_numpy()[part]
    if not len(part) or "bound_nats_per_effective_parameter" not in noisy:
        return "" if len(part) else LIMITED
    nats = noisy.real("bound_nats_per_effective_parameter")[part[n == n.max()]]
    nats = nats[~np.isnan(nats)]
    return f"n R(rho) / d_eff = {np.median(nats) if len(nats) else np.nan:.2g} nats at n = {n.max()}"


def fixed_d(noisy: NoisyCells) -> Rows:
    """B.4, two rows per setting, shape and d: the slopes of ln rho and of ln(rho / d_eff) against ln q."""
    d, q, d_eff = (noisy.real(name) for name in ("d", "q", "d_eff"))
    classes = [rows[alike] for rows in noisy.groups(SETTING, SHAPE) for alike in same_d(d[rows], q[rows])]
    numbers = np.full(len(noisy), -1.0)
    for number, cells in enumerate(classes):
        numbers[cells] = number
    parts = split(numbers, usable(noisy, numbers)) if classes else {}
    for number, cells in enumerate(classes):
        part, reason = parts.get(number, NONE), LIMITED
        steps = part[np.sort(np.unique(q[part], return_index=True)[1])]
        if len(steps) > 1:
            reason = f"d_eff goes like q^{_slope(q[steps], d_eff[steps]):.2f}"
        claim = Claim("slope of ln rho against ln q", BY_D, -np.inf, SLOPE_MARGIN)
        yield _slope_row(noisy, cells, claim, part, "q", reason=reason)
        prediction = "0: rho follows d_eff (heuristic)"
        claim = Claim("slope of ln(rho / d_eff) against ln q", prediction, -SLOPE_MARGIN, SLOPE_MARGIN)
        yield _slope_row(noisy, cells, claim, part, "q", per=d_eff[part], reason=reason)


def same_d(d: Array, q: Array) -> Iterator[Places]:
    """Places of (nearly) equal d with at least two q: d within SAME_D of the smallest of its class."""
    first = 0.0
    for value in np.unique(d).tolist():
        if value > SAME_D * first:
            first = value
            alike = np.flatnonzero((d >= first) & (d <= SAME_D * first))
            if len(set(q[alike].tolist())) >= 2:
                yield alike


def _slope_row(
    noisy: NoisyCells, cells: Places, claim: Claim, part: Places, x: str, *, reason: str, per: Array | float = 1.0
) -> dict[str, object]:
    """A row on the slope of ln(rho / per) against ln x: runs of one x share its data size or net, those of a replicate data."""
    told, replicates = noisy.told(cells), noisy.real("replicate")[part].tolist()
    try:
        found = replicated_slope(np.log(noisy.real(x)[part]), replicates, np.log(noisy.real("absorbed")[part] / per))
    except NotIdentifiable as error:
        return row_of(told, claim, used=len(part), reason="; ".join(text for text in (f"{x}: {error}", reason) if text))
    return row_of_interval(told, claim, found, used=len(part), reason=reason)


def _slope(x: Array, y: Array) -> float:
    """Least-squares slope of ln y against ln x."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def law(noisy: NoisyCells) -> Rows:
    """B.5, one row per net, shape and pair of laws: the log ratio of what is absorbed."""
    names = noisy.frame["noise_law"].to_numpy(object)
    if len(set(names.tolist())) < 2:
        return
    for cells in noisy.groups(_but("noise_law"), NET, SHAPE):
        of = {name: cells[names[cells] == name] for name in LAWS}
        laws = [name for name in LAWS if len(of[name])]
        for i, other in enumerate(laws):
            for one in laws[:i]:
                of_one, of_other = (_absorbed(noisy, of[name]) for name in (one, other))
                shift = rate_shift(one, other, float(np.median(list(of_other.values())))) if of_other else 0.0
                claim = Claim(
                    f"ln of rho({one}) / rho({other})",
                    f"0, or {shift:.3f} at equal nats; within a quarter",
                    min(0.0, shift) - RATIO_MARGIN,
                    max(0.0, shift) + RATIO_MARGIN,
                )
                yield _ratio_row(noisy.told(np.concatenate([of[one], of[other]])), claim, of_one, of_other)


def _but(name: str) -> tuple[str, ...]:
    """The setting less one of its columns."""
    return tuple(other for other in SETTING if other != name)


def rate_shift(one: Law, other: Law, rho: float) -> float:
    """ln(rho' / rho) with R_one(rho') = R_other(rho): what equal nats make of the ratio."""
    return float(np.log(inverse_rate(RATES[one], rate(RATES[other], rho)) / rho))


def permuted(noisy: NoisyCells) -> Rows:
    """B.6, one row per net, shape and control: the log ratio of what is absorbed with the control and without."""
    controls = noisy.frame["control"].to_numpy(object)
    if len(set(controls.tolist())) < 2:
        return
    for cells in noisy.groups(_but("control"), NET, SHAPE):
        plain = cells[controls[cells] == "none"]
        for control in sorted(set(controls[cells].tolist()) - {"none"}) if len(plain) else ():
            prediction = "0, within a quarter: absorption is memorisation"
            claim = Claim(f"ln of rho({control}) / rho(none)", prediction, -RATIO_MARGIN, RATIO_MARGIN)
            changed = cells[controls[cells] == control]
            told = noisy.told(np.concatenate([plain, changed]))
            yield _ratio_row(told, claim, _absorbed(noisy, changed), _absorbed(noisy, plain))


def _absorbed(noisy: NoisyCells, cells: Places) -> dict[float, float]:
    """The best rho of each replicate, where it is positive."""
    best: dict[float, float] = {}
    cells = cells[noisy.done[cells]]
    for replicate, rho in zip(noisy.real("replicate")[cells].tolist(), noisy.real("absorbed")[cells].tolist(), strict=True):
        if rho > best.get(replicate, 0.0):
            best[replicate] = rho
    return best


def _ratio_row(
    told: Mapping[str, object], claim: Claim, one: Mapping[float, float], other: Mapping[float, float]
) -> dict[str, object]:
    """The row of ln(one / other) over the replicates that have both."""
    ratios = [one[replicate] / other[replicate] for replicate in sorted(one.keys() & other.keys())]
    return row_of(told, claim, values=np.log(ratios).tolist(), used=2 * len(ratios))
