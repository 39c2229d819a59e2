"""baselines.csv: what regression reaches on each data set of a study, and the smallest nets of it that do better.

A net beats a line if its error lies below that of the line on the same data: same replicate and held-out functions. The smallest
q and d are those of recorded trainings: a smaller net that was not tried, or was trained badly, may beat the line too, and where
none of them does the line is not shown to be out of reach.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from results.tables.frame import ASKED, PROBLEM
from results.tables.lines import DATA, ERRORS

MEDIANS = {
    "relative": ("train", "relative error |y - h| / |y| over all training labels"),
    "relative_mean": ("train_mean", "mean over functions of the relative training error of each"),
    "test_relative": ("test", "relative error on held-out functions against clean outputs"),
    "test_relative_mean": ("test_mean", "mean over held-out functions of the relative error of each"),
}
JUDGED_BY = {"test": "test_relative", "train": "relative"}
SIZES = {
    f"{size}_{which}": f"smallest {size} of a recorded net whose {words} lies below the line on the same data; blank: none does"
    for which, words in (("test", "held-out error"), ("train", "training error"))
    for size in ("q", "d")
}
COLUMNS: dict[str, str] = {
    **{name: ASKED[name] for name in PROBLEM},
    "held_out": "held-out functions",
    "replicates": "replicates whose lines are recorded",
    "line": "method (`operators.baselines`); `sensors`: what the sensors leave undetermined",
    "q": "rank of the method, where it has one: powers of two, those of the nets, and the largest",
    "status": "fitted: from the training data alone; floor: it reads the outputs that it is judged by; asymptotic: a floor over"
    " fresh functions as the sensors become dense",
    **{name: f"median over replicates: {words}" for name, words in MEDIANS.values()},
    "nets": "recorded nets on the same data that ended as done",
    "beaten": "whether one of them has a smaller held-out error: yes, no; blank: no net is recorded",
    **SIZES,
}


def baseline_table(lines: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """One row per data set, line and rank; replicates together.

    Args:
        lines: `results.tables.lines.line_table`.
        frame: the tidy frame of the nets, with `held_out`.
    """
    done = frame[frame["status"] == "done"]
    nets = {key: part for key, part in done.groupby(list(DATA), dropna=False)}
    groups = lines.groupby([name for name in DATA if name != "replicate"], sort=False, dropna=False)
    rows = [row for _, part in groups for row in _rows(part, nets)]
    whole = dict.fromkeys(("N", "M", "held_out", "replicates", "q", "nets", *SIZES), "Int64")
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(whole)


def _rows(part: pd.DataFrame, nets: Mapping[Any, pd.DataFrame]) -> Iterator[dict[str, Any]]:
    """Rows of one data set, its replicates together."""
    keys = list(dict.fromkeys(_keys(part)))
    mine = pd.concat([nets[key] for key in keys if key in nets]) if any(key in nets for key in keys) else None
    shown = _shown(part, mine)
    for _, same in part.groupby(["line", "q"], sort=False, dropna=False):
        first = same.iloc[0]
        if pd.isna(first["q"]) or int(first["q"]) in shown:
            found = _beaten(same, nets)
            yield {
                **{name: first[name] for name in (*PROBLEM, "held_out", "line", "status", "q")},
                "replicates": len(same),
                **{MEDIANS[name][0]: same[name].median() for name in ERRORS},
                "nets": 0 if mine is None else len(mine),
                "beaten": None if mine is None else ("yes" if found["q_test"] is not None else "no"),
                **found,
            }


def _shown(part: pd.DataFrame, nets: pd.DataFrame | None) -> set[int]:
    """Ranks that have a row: powers of two, those of the nets, and the largest of each method."""
    ranks = part[part["q"].notna()]
    largest = {int(q) for q in ranks.groupby("line")["q"].max()}
    return {2**k for k in range(31)} | largest | (set() if nets is None else {int(q) for q in nets["q"]})


def _beaten(same: pd.DataFrame, nets: Mapping[Any, pd.DataFrame]) -> dict[str, int | None]:
    """Smallest sizes of the nets that beat a line, over the replicates."""
    better: dict[str, list[tuple[int, int]]] = {which: [] for which in JUDGED_BY}
    for key, *errors in zip(_keys(same), *(same[name] for name in JUDGED_BY.values()), strict=True):
        if key in nets:
            mine = nets[key]
            for (which, name), error in zip(JUDGED_BY.items(), errors, strict=True):
                beats = mine[mine[name] < error]
                better[which] += zip(beats["q"].tolist(), beats["d"].tolist(), strict=True)
    return {
        f"{size}_{which}": min((int(sizes[place]) for sizes in found), default=None)
        for which, found in better.items()
        for place, size in enumerate(("q", "d"))
    }


def _keys(rows: pd.DataFrame) -> list[tuple[Any, ...]]:
    """The data set of each row."""
    return list(zip(*(rows[name].tolist() for name in DATA), strict=True))
