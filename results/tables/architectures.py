"""architectures.csv: what each architecture paid for its best error, side by side on the same data in one run.

Of the sizes tried of a class, the one with the least held-out error (median over runs), and the CPU seconds of one training of
it. Recipes differ by class, so these are costs of these trainings, not of the classes: none is tuned for time, and the loss along
a training is no held-out error, so what an earlier stop would have cost is not said.
"""

from typing import Any

import pandas as pd

from results.tables.barrier import GROUP

YARDSTICK = "deeponet"
COLUMNS: dict[str, str] = {
    "task": "operator",
    "parameters": "constants of the task that differ from its defaults, as JSON",
    "N": "input functions",
    "M": "query points per function",
    "architecture": "hypothesis class",
    "rank": "terms of the size with the least held-out error; empty: it has no terms",
    "d": "its trainable scalars",
    "test_relative": "its relative held-out error in L2, median over runs",
    "relative": "its relative training error, median over runs",
    "cpu_seconds": "CPU seconds of one training of it, median over runs",
    "cpu_sizes": "CPU seconds of one training of every size that was tried",
    "cpu_to_deeponet": "least CPU seconds of a training of this class with at most the best held-out error of the DeepONets;"
    " empty: no size has it",
    "done": "runs of that size that ended as done",
    "expected": "its cells",
}
OF_BEST = ("rank", "d", "test_relative", "relative", "cpu_seconds", "done", "expected")


def architectures(barrier: pd.DataFrame) -> pd.DataFrame:
    """One row per data set and class, those with the least held-out error first."""
    known = barrier[barrier["test_relative"].notna() & barrier["cpu_seconds"].notna()]
    rows = list[dict[str, Any]]()
    for key, part in known.groupby(list(GROUP), sort=True):
        ours = part.loc[part["architecture"] == YARDSTICK, "test_relative"].min()
        for name, sizes in part.groupby("architecture", sort=True):
            best = sizes.sort_values(["test_relative", "cpu_seconds", "d"], kind="stable").iloc[0]
            rows.append(
                {
                    **dict(zip(GROUP, key, strict=True)),
                    "architecture": name,
                    **{column: best[column] for column in OF_BEST},
                    "cpu_sizes": sizes["cpu_seconds"].sum(),
                    "cpu_to_deeponet": sizes.loc[sizes["test_relative"] <= ours, "cpu_seconds"].min(),
                }
            )
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"rank": "Int64", "cpu_to_deeponet": "float"})
    return table.sort_values([*GROUP, "test_relative", "architecture"], kind="stable", ignore_index=True)
