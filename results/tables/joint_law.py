"""joint_law.csv: one law for all thresholds of a design, with what each theory would give.

    q*    ln q* = a_task + b ln n + c ln(d / q^2) + e ln rho        d in the middle of both ends
    d*    ln d* = a_task + b ln n + e ln rho                        tied widths only; free of the q on the right-hand side

                                       b (q*)   c       e       b (d*)   e (d*)
    counting, d >= C n rho             1/2      -1/2    1/2     1        1
    paper-shaped, q^2 d >= C n rho^2   1/4      -1/4    1/2     1/2      1
    rank of a square grid              1/2      0       -       1        -

The middles of (q_low, q_found] that met the tolerance are fitted; thresholds on the labels of one data set may share an error
(`results.statistics.clustered`). d / q^2 follows from q*, so least squares would find c in the schedule itself: its instrument is
d / q^2 of the same series at the q that n and rho alone predict, over all series. What is fitted are sizes that these trainings
found: an upper end that is larger than need be moves the law. A bound excludes nothing here: a law that lies above it agrees with
it.
"""

import math
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import pandas as pd

from operators.arrays import Array
from results.statistics.clustered import clustered_fit
from results.statistics.interval_censored import NotIdentifiable
from results.tables.demands import Sizes, size_of_q
from results.tables.search_exponents import located, middles

DATA = ("task", "parameters", "N", "M", "replicate")
TERMS = (("q*", "ln n"), ("q*", "ln d/q^2"), ("q*", "ln rho"), ("d*", "ln n"), ("d*", "ln rho"))
IF: dict[str, tuple[float | None, ...]] = {
    "if_counting": (0.5, -0.5, 0.5, 1.0, 1.0),
    "if_paper_shaped": (0.25, -0.25, 0.5, 0.5, 1.0),
    "if_rank": (0.5, 0.0, None, 1.0, None),
}
NAMES = {"if_counting": "counting", "if_paper_shaped": "the paper's shape", "if_rank": "rank"}
COLUMNS: dict[str, str] = {
    "design": "grid, scattered or triples",
    "law": "q* or d*",
    "term": "what is multiplied: ln n, ln d/q^2 or ln rho",
    "coefficient": "exponent fitted",
    "low": "lower end of its 95 % interval",
    "high": "upper end",
    "if_counting": "what d = C n rho would give",
    "if_paper_shaped": "what q^2 d = C n rho^2 would give",
    "if_rank": "what the rank of a square grid would give",
    "excluded": "which of these the interval excludes",
    "scatter": "standard deviation about the law, in logarithms",
    "thresholds": "thresholds fitted",
    "data_sets": "data sets they rest on",
    "reason": "why there is no coefficient",
}


def joint_law(found: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """Fit both laws to the located thresholds of noisy labels in searches.csv, design by design; `frame` tells sizes of nets."""
    sizes = {number: size_of_q(frame[frame["series"] == number]) for number in found["series"].unique()}
    known = found[located(found) & found["rho"].notna()]
    known = known[known["series"].map({number: known_sizes is not None for number, known_sizes in sizes.items()}).astype(bool)]
    rows = [row for design, part in known.groupby("design", sort=True) for row in _rows(str(design), part, sizes)]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    real = ("coefficient", "low", "high", *IF, "scatter")
    return table.astype({**dict.fromkeys(real, "float"), "thresholds": "Int64", "data_sets": "Int64"})


def _rows(design: str, part: pd.DataFrame, sizes: Mapping[int, Sizes | None]) -> Iterator[dict[str, object]]:
    middle, tied = middles(part), (part["schedule"] == "tied").to_numpy(bool)
    ends = [_log_sizes(part["series"], part[name].clip(lower=1), sizes) for name in ("q_low", "q_found")]
    of_d = (ends[0] + ends[1]) / 2.0
    log_n, log_rho = (np.log(part[name].to_numpy(float)) for name in ("n", "rho"))
    terms = {"ln n": log_n, "ln d/q^2": of_d - 2.0 * middle, "ln rho": log_rho}
    for law, y, rows in (("q*", middle, np.full(len(part), True)), ("d*", of_d, tied)):
        mine = {name: terms[name][rows] for of, name in TERMS if of == law and rows.any() and np.ptp(terms[name][rows]) > 0.0}
        given = dict(mine)
        if "ln d/q^2" in mine:
            given["ln d/q^2"] = _of_schedule(part, middle, (terms["ln n"], terms["ln rho"]), sizes)
        yield from _fitted(design, law, part[rows], y=y[rows], terms=mine, instruments=tuple(given.values()))


def _of_schedule(part: pd.DataFrame, y: Array, settings: tuple[Array, ...], sizes: Mapping[int, Sizes | None]) -> Array:
    """Ln(d / q^2) of the nets of each series at the q that the settings alone predict."""
    levels = np.column_stack([np.ones(len(y)), *settings])
    predicted = np.maximum(np.round(np.exp(levels @ np.linalg.lstsq(levels, y, rcond=None)[0])), 1.0)
    return _log_sizes(part["series"], predicted, sizes) - 2.0 * np.log(predicted)


def _log_sizes(series: Iterable[int], q_values: Iterable[float], sizes: Mapping[int, Sizes | None]) -> Array:
    """Ln d of the net of each series with this q."""
    found = []
    for number, q in zip(series, q_values, strict=True):
        declared = sizes[number]
        assert declared is not None
        found.append(math.log(declared[0](int(q)).parameter_count()))
    return np.asarray(found)


def _fitted(
    design: str, law: str, part: pd.DataFrame, *, y: Array, terms: Mapping[str, Array], instruments: tuple[Array, ...]
) -> Iterator[dict[str, object]]:
    tasks = part["task"].tolist()
    levels = np.eye(len(set(tasks)))[[sorted(set(tasks)).index(task) for task in tasks]]
    columns, given = (np.column_stack([levels, *parts]) for parts in (terms.values(), instruments))
    head = {"design": design, "law": law, "thresholds": len(part)}
    try:
        fit = clustered_fit(columns, y, list(map(tuple, part[list(DATA)].to_numpy())), instruments=given)
    except NotIdentifiable as error:
        yield from ({**head, "term": term, "reason": str(error)} for term in terms)
        return
    for term, found in zip(terms, fit.coefficients[levels.shape[1] :], strict=True):
        place = TERMS.index((law, term))
        expected = {name: values[place] for name, values in IF.items() if values[place] is not None}
        out = [NAMES[name] for name, value in expected.items() if value is not None and not found.low <= value <= found.high]
        yield {
            **head,
            "term": term,
            "coefficient": found.value,
            "low": found.low,
            "high": found.high,
            **expected,
            "excluded": ", ".join(out) or "none",
            "scatter": fit.scatter,
            "data_sets": fit.clusters,
            "reason": "",
        }
