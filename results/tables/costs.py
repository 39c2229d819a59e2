"""What the cells of a study cost, by what made them; no file of its own, since it hangs on the machine."""

from collections.abc import Iterable

import pandas as pd

COSTS: dict[str, str] = {
    "engine": "engine",
    "recipe": "recipe",
    "task": "operator",
    "runs": "runs that have a cost",
    "cpu_seconds": "CPU seconds of all runs",
    "median_cpu_seconds": "median CPU seconds of a run",
    "flops": "floating-point work of all runs",
}


def costs(frame: pd.DataFrame, by: Iterable[str]) -> pd.DataFrame:
    """Costs of the runs of a tidy frame, by those of some columns that it has; columns of COSTS."""
    ran = frame[frame["cpu_seconds"].notna()]
    named = {
        "runs": ("key", "size"),
        "cpu_seconds": ("cpu_seconds", "sum"),
        "median_cpu_seconds": ("cpu_seconds", "median"),
        "flops": ("flops", "sum"),
    }
    known = [name for name in by if name in frame]
    if known:
        return ran.groupby(known).agg(**named).reset_index()
    return ran.assign(_all=0).groupby("_all").agg(**named).reset_index(drop=True)
