"""The brackets of a study, and the frontier where questions fix q: their section of the report."""

from results.report.markdown import plain_table
from results.tables.brackets import summary
from results.tables.study_tables import StudyTables

SHOWN = (
    *("net_class", "nets", "task", "design", "N", "M", "target", "q", "standing"),
    *("q_lower", "q_upper", "d_lower", "d_bound", "d_upper", "d_ratio"),
)
SLOPES = (
    "net_class",
    "task",
    "design",
    "target",
    "slope",
    "estimate",
    "low",
    "high",
    "if_d_is_n",
    "if_q2_d_is_n",
    "verdict",
    "witnessed",
)


def bracket_section(tables: StudyTables) -> str:
    """The section of a bracket study; empty for other studies."""
    if "brackets" not in tables:
        return ""
    rows = tables["brackets"]
    per_task = summary(rows)
    text = "## Brackets: certified below, witnessed above\n\nWhole table: `brackets.csv`; witnesses: `witnesses/`.\n\n"
    text += plain_table(per_task, tuple(per_task.columns)) + "\n"
    text += plain_table(rows, SHOWN, "brackets.csv") + "\n"
    if "frontier" in tables:
        text += "## Frontier: the smallest d at each q\n\nWhole table: `frontier.csv`. log d = a + b log n + c log q.\n\n"
        text += plain_table(tables["frontier"], SLOPES, "frontier.csv") + "\n"
    return text
