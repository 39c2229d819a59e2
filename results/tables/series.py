"""Series: configurations that differ only in q and in the amount of data, so that a law can be read along them.

How the widths follow q is part of the series: `widths = q` (schedule tied), the widths themselves (fixed-width, free), or the
budget d (fixed-budget). Along n the data grow along a path: N = M, M fixed or N fixed.
"""

from collections.abc import Hashable, Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from operators.architectures import DeepONet
from results.tables.frame import ASKED

SERIES = (
    *("task", "parameters", "design", "architecture", "schedule", "sizes", "ends", "activation"),
    *("engine", "recipe", "budget", "training", "noise_law", "sigma", "control"),
)
COLUMNS: dict[str, str] = {name: ASKED.get(name, "how the sizes follow q") for name in SERIES}
NOISE = ("noise_law", "sigma", "control")
NAMED = {"ends": "{} ends", "activation": "{}", "engine": "{}", "recipe": "{}", "budget": "{}", "training": "{}"}
BUDGET_SPREAD = 1.05
FEWEST_ON_PATH = 3


def with_series(frame: pd.DataFrame, budgets: NDArray[np.int64] | None = None) -> pd.DataFrame:
    """Add `sizes` (how widths follow q, as text) and `series` (a number) to the tidy frame.

    Args:
        frame: the rows.
        budgets: `budgets_of` all cells of the study, where the rows are a part of them.
    """
    nets = list(zip(frame["branch_widths"], frame["trunk_widths"], strict=True))
    depths = _texts(frame, (f"{len(branch.layers)}+{len(trunk.layers)} hidden layers" for branch, trunk in nets))
    widths = _texts(frame, (f"branch {branch}, trunk {trunk}" for branch, trunk in nets))
    sizes = widths.where(frame["schedule"] != "tied", "widths = q, " + depths)
    fixed = (frame["schedule"] == "fixed-budget").to_numpy(bool)
    if fixed.any():
        sizes = sizes.where(
            ~fixed,
            "d about "
            + _budgets(frame["d"].to_numpy(), fixed, budgets_of(frame) if budgets is None else budgets)
            + ", "
            + depths,
        )
    sizes = sizes.where(frame["architecture"] == DeepONet.name, frame["architecture"])
    frame = frame.assign(sizes=sizes.astype("str"))
    return frame.assign(series=frame.groupby(list(SERIES), dropna=False).ngroup())


def _texts(frame: pd.DataFrame, texts: Iterable[str]) -> "pd.Series[str]":
    return pd.Series(pd.array(list(texts), dtype="str"), index=frame.index)


def task_label(task: object, parameters: object) -> str:
    """A task with its constants, if it has any."""
    return f"{task} {parameters}" if isinstance(parameters, str) and parameters else str(task)


def noise_label(law: object, sigma: float, control: object = "none") -> str:
    """The labels of some cells in words: noise and control."""
    noise = f"{law} noise, sigma = {sigma:g}" if sigma > 0 else "noise-free"
    return noise if control == "none" else f"{noise}, {str(control).replace('-', ' ')}"


def series_names(rows: pd.DataFrame, *, noise: bool = False) -> dict[Hashable, str]:
    """What to call each series of some rows: how its sizes follow q, and every other setting in which these series differ.

    Args:
        rows: a table with series.
        noise: tell the noise where it is the same in all of them, too.
    """
    settings = rows.drop_duplicates("series").set_index("series")
    differing = {name: form for name, form in NAMED.items() if settings[name].nunique(dropna=False) > 1}
    noise = noise or len(settings[list(NOISE)].drop_duplicates()) > 1
    names = {}
    for number, row in settings.iterrows():
        told = [noise_label(*row[list(NOISE)])] if noise else []
        told += [form.format(row[name]) for name, form in differing.items()]
        names[number] = ", ".join([f"{row['schedule']}: {row['sizes']}", *told])
    return names


def budgets_of(cells: pd.DataFrame) -> NDArray[np.int64]:
    """The distinct d of the cells whose schedule fixes it, increasing."""
    return np.unique(cells["d"][cells["schedule"] == "fixed-budget"].to_numpy(np.int64))


def _budgets(d: NDArray[np.int64], fixed: NDArray[np.bool_], values: NDArray[np.int64]) -> NDArray[np.object_]:
    """The budget D each d belongs to, to two digits: `values` within BUDGET_SPREAD of one another share one."""
    breaks = np.flatnonzero(values[1:] > BUDGET_SPREAD * values[:-1]) + 1
    names = np.full(len(d), "", dtype=object)
    for group in np.split(values, breaks):
        middle = float(np.median(group))
        names[np.isin(d, group) & fixed] = f"{round(middle, 1 - int(np.floor(np.log10(middle)))):.0f}"
    return names


def paths(shapes: Iterable[tuple[int, int]]) -> dict[str, list[tuple[int, int]]]:
    """Paths along which n grows through data shapes (N, M), by name.

    N = M, each fixed M and each fixed N with at least three n; shapes that lie on none of them form one path more, named after
    what they share, or `other`.
    """
    shapes = sorted(set(shapes))
    found: dict[str, list[tuple[int, int]]] = {"N = M": [shape for shape in shapes if shape[0] == shape[1]]}
    found |= {f"M = {m}": [shape for shape in shapes if shape[1] == m] for m in sorted({m for _, m in shapes})}
    found |= {f"N = {n}": [shape for shape in shapes if shape[0] == n] for n in sorted({n for n, _ in shapes})}
    kept = {name: path for name, path in found.items() if len(path) >= FEWEST_ON_PATH}
    rest = [shape for shape in shapes if not any(shape in path for path in kept.values())]
    if rest:
        whole = (
            [name for name, path in found.items() if path == rest] if len(rest) > 1 else [f"N = {rest[0][0]}, M = {rest[0][1]}"]
        )
        kept[whole[0] if whole else "other"] = rest
    return kept


def on_shapes(table: pd.DataFrame, shapes: list[tuple[int, int]]) -> "pd.Series[bool]":
    """Rows whose data shape (N, M) is among `shapes`."""
    kept, found = set(shapes), zip(table["N"].tolist(), table["M"].tolist(), strict=True)
    return pd.Series([shape in kept for shape in found], index=table.index, dtype=bool)


def of_shapes(table: pd.DataFrame, shapes: list[tuple[int, int]]) -> pd.DataFrame:
    """The rows whose data shape (N, M) is among `shapes`."""
    on = on_shapes(table, shapes)
    return table if on.all() else table[on]


def panels(located: pd.DataFrame) -> list[tuple[str, str, str, pd.DataFrame]]:
    """Thresholds by (target, design, path): what is drawn in one panel."""
    found = []
    for (target, design), part in located.groupby(["target", "design"]):
        for path, shapes in paths(zip(part["N"], part["M"], strict=True)).items():
            found.append((str(target), str(design), path, of_shapes(part, shapes)))
    return found


def with_errors_at(scaling: pd.DataFrame, fewest: int) -> list[int]:
    """Series with an error at so many q on data of one shape (scaling.csv with series)."""
    measured = scaling[scaling["training_mse_best"].notna()]
    known = measured.groupby(["series", "N", "M"])["q"].nunique()
    return sorted({int(number) for number, _, _ in known.index[known >= fewest]})
