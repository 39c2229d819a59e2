"""The brackets of a study: `brackets.csv`, `frontier.csv` where questions fix q, and their section of the report."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from results.records.manifest import Manifest
from results.report.markdown import bullets, escape, plain_table
from results.tables.brackets import COLUMNS, brackets, summary, training_costs
from results.tables.csv_files import write_csv
from results.tables.frontier import COLUMNS as FRONTIER_COLUMNS
from results.tables.frontier import frontier
from results.witnesses.submissions import Entries

BRACKET_COLUMNS: dict[str, Mapping[str, str]] = {"brackets.csv": COLUMNS, "frontier.csv": FRONTIER_COLUMNS}
SHOWN = ("task", "design", "N", "M", "target", "q", "standing", "q_lower", "q_upper", "d_lower", "d_bound", "d_upper", "d_ratio")
SLOPES = ("task", "design", "target", "slope", "estimate", "low", "high", "if_d_is_n", "if_q2_d_is_n", "verdict", "witnessed")


def bracket_section(folder: Path, manifest: Manifest, frame: pd.DataFrame, *, held: Entries) -> str:
    """Write the tables of a bracket study into its folder and return its section of the report; empty for other studies.

    Args:
        folder: the study folder.
        manifest: its questions.
        frame: its records, for what the trainings cost.
        held: its witnesses.
    """
    if not manifest.brackets:
        return ""
    rows = brackets(manifest, held.accepted, training_costs(frame))
    write_csv(folder / "brackets.csv", rows)
    per_task = summary(rows)
    text = "## Brackets: certified below, witnessed above\n\nWhole table: `brackets.csv`; witnesses: `witnesses/`.\n\n"
    text += plain_table(per_task, tuple(per_task.columns), "brackets.csv") + "\n"
    text += plain_table(rows, SHOWN, "brackets.csv") + "\n"
    if rows["q"].notna().any():
        slopes = frontier(rows)
        write_csv(folder / "frontier.csv", slopes)
        text += "## Frontier: the smallest d at each q\n\nWhole table: `frontier.csv`. log d = a + b log n + c log q.\n\n"
        text += plain_table(slopes, SLOPES, "frontier.csv") + "\n"
    if held.refused:
        text += bullets([f"refused entry {escape(refusal.file)}: {escape(refusal.reason)}" for refusal in held.refused]) + "\n"
    return text
