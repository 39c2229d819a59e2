"""cells.csv: one row per cell, what was asked and what was measured; the table of families that have no others."""

from collections.abc import Mapping

import pandas as pd

from results.families import Family

COMMON: dict[str, str] = {
    "status": "how the cell ended",
    "cpu_seconds": "CPU seconds of the cell",
    "message": "why it did not end as done",
}


def cell_columns(family: Family) -> Mapping[str, str]:
    """Columns of the table for a family, with their meanings."""
    told = {**family.asked_columns(), **family.outcome_columns()}
    shown = {name: text for name, text in told.items() if name not in family.unfolded_columns()}
    return {"key": "key of the cell and its record", **shown, **COMMON}


def cell_table(frame: pd.DataFrame, family: Family) -> pd.DataFrame:
    """The table, sorted by what was asked."""
    return frame.sort_values([*family.asked_columns(), "key"], kind="stable", ignore_index=True)[list(cell_columns(family))]
