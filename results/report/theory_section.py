"""The section of the report that sets measurement against theory: bounds beside thresholds, and how noise was absorbed."""

import pandas as pd

from results.report.markdown import escape, plain_table

BOUNDS = (
    *("task", "design", "sizes", "target", "n", "bound", "status", "probability", "assumptions"),
    *("q_demanded", "q_low", "q_high", "agrees", "runs", "expected"),
)
TESTS = (
    *("test", "task", "design", "noise_law", "control", "q", "d", "n", "statistic", "value", "low", "high"),
    *("prediction", "verdict", "reason", "used", "runs", "expected"),
)


def theory_section(compared: pd.DataFrame, absorbed: pd.DataFrame) -> str:
    """The rows of `bounds.csv` that say something, which bounds are vacuous throughout, and `mechanism.csv` if there is noise."""
    said = compared[~compared["vacuous"]]
    vacuous = sorted(set(compared["bound"]) - set(said["bound"]))
    text = "## Bounds against measurement\n\nWhole table: `bounds.csv`. Measured: q_low < q* <= q_high.\n\n"
    text += plain_table(said, BOUNDS, "bounds.csv")
    text += f"\nVacuous at every n here: {escape(', '.join(vacuous))}.\n" if vacuous else ""
    if absorbed.empty:
        return f"{text}\n"
    text += "\n## How the noise was absorbed\n\nWhole table: `mechanism.csv`; its columns are explained in `columns.md`.\n\n"
    return f"{text}{plain_table(absorbed, TESTS, 'mechanism.csv')}\n"
