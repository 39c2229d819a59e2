"""data_efficiency.csv: held-out error against N of nets, trained here or published, and which of them a linear map beats.

Rows are made for tasks with published curves (`results.tables.published_curves`), for every N whose reference lines are recorded.
All errors are means over held-out functions of the relative L2 error of each, medians over replicates. A linear map beats a net
where least squares on the same N functions has the smaller error: of a net trained here on the very same data, of a published one
on another draw of the same law.
"""

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from results.tables.frame import ASKED
from results.tables.lines import DATA
from results.tables.published_curves import Curve, published_curves

HERE = "trained here"
LINES = {"least_squares": "least-squares", "ridge": "ridge", "kernel": "kernel"}
COLUMNS: dict[str, str] = {
    **{name: ASKED[name] for name in ("task", "N", "M")},
    "net": "what was trained: as published, or recipe, ends, activation, q and d",
    "source": f"where it was published; `{HERE}`: a cell of this study",
    "runs": "runs behind the error: cells that ended as done, or published repeats where their number is known",
    "error": "mean relative error on held-out functions: median over replicates, or as published",
    "spread": "half the range over replicates, or the published standard deviation",
    "train": "the same error on the training functions; blank where not published",
    "floor": "relative error that no net of its rank goes below on these labels (certified), median over replicates",
    **{name: f"held-out error of the line `{line}` at this N, median over replicates" for name, line in LINES.items()},
    "rank_q": "of the linear map of the best rank (chosen on the held-out functions: a floor of such maps)",
    "span": "of the projection on the span of the training outputs (a floor: it reads the outputs that it is judged by)",
    "beaten": "whether least squares has the smaller error: yes, no; blank: not measured",
}


NUMBERS = ("error", "spread", "train", "floor", *LINES, "rank_q", "span")


def data_efficiency_table(lines: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame | None:
    """The rows, by N, published nets first; None where no recorded line has a published curve."""
    rows = [row for (task, points), mine in _curves().items() for row in _rows(task, points, mine, lines, frame)]
    kinds = {**dict.fromkeys(("N", "M", "runs"), "Int64"), **dict.fromkeys(NUMBERS, "float64")}
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(kinds) if rows else None


def _curves() -> dict[tuple[str, int], list[Curve]]:
    found: dict[tuple[str, int], list[Curve]] = {}
    for curve in published_curves():
        found.setdefault((curve.task, curve.points), []).append(curve)
    return found


def _rows(task: str, points: int, curves: list[Curve], lines: pd.DataFrame, frame: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Rows of one task."""

    def of_task(table: pd.DataFrame) -> pd.DataFrame:
        plain = (table["task"] == task) & (table["M"] == points) & (table["parameters"] == "") & (table["noise_law"] == "none")
        return table[plain]

    done = of_task(frame[frame["status"] == "done"])
    drawn_here = of_task(lines)
    for functions in sorted({int(n) for n in drawn_here["N"]}):
        drawn = drawn_here[drawn_here["N"] == functions]
        beside, nets = _beside(drawn), done[done["N"] == functions]
        same = {"task": task, "N": functions, "M": points}
        for curve in curves:
            if functions in curve.errors:
                error, deviation = curve.errors[functions]
                yield _row(same, {"net": curve.net, "source": curve.source, "error": error, "spread": deviation}, beside)
        for name, part in nets.groupby(_names(nets), sort=True):
            yield _row(same, _trained(str(name), part), _beside(_of_these(drawn, part)))


def _row(same: Mapping[str, Any], net: Mapping[str, Any], beside: Mapping[str, float | None]) -> dict[str, Any]:
    line = beside["least_squares"]
    verdict = None if line is None else "yes" if line < net["error"] else "no"
    return {**same, **net, **beside, "beaten": verdict}


def _names(nets: pd.DataFrame) -> "pd.Series[str]":
    """What a net is, in words."""
    words = [
        f"{row['recipe']}, {row['architecture']}, {row['ends']}, {row['activation']}, q = {row['q']}, d = {row['d']}"
        for row in nets.to_dict("records")
    ]
    return pd.Series(words, index=nets.index, dtype="str")


def _trained(name: str, part: pd.DataFrame) -> dict[str, Any]:
    """The errors of replicates of one net."""
    errors, floors = part["test_relative_mean"], part["relative"] * np.sqrt(part["floor"] / part["training_mse"])
    return {
        "net": name,
        "source": HERE,
        "runs": len(part),
        "error": errors.median(),
        "spread": float(errors.max() - errors.min()) / 2.0,
        "train": part["relative_mean"].median(),
        "floor": floors.median(),
    }


def _of_these(drawn: pd.DataFrame, part: pd.DataFrame) -> pd.DataFrame:
    """The lines of the data sets of some runs."""
    keys = set(part[list(DATA)].itertuples(index=False, name=None))
    return drawn[[key in keys for key in drawn[list(DATA)].itertuples(index=False, name=None)]]


def _beside(drawn: pd.DataFrame) -> dict[str, float | None]:
    """Held-out errors of the lines of one N."""

    def median(rows: "pd.Series[float]") -> float | None:
        return None if rows.empty else float(rows.median())

    error = drawn.set_index("line")["test_relative_mean"]
    found = {name: median(error[error.index == line]) for name, line in LINES.items()}
    best = {name: drawn[drawn["line"] == line].groupby("replicate")["test_relative_mean"].min() for name, line in _RANKED.items()}
    return {**found, **{name: median(values) for name, values in best.items()}}


_RANKED: Mapping[str, Hashable] = {"rank_q": "reduced-rank", "span": "projection"}
