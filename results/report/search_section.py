"""The searches of a study: their section of the report."""

from results.report.markdown import plain_table
from results.tables.study_tables import StudyTables

WHERE = ("task", "design", "schedule", "sizes", "target")
SHOWN: dict[str, tuple[str, tuple[str, ...]]] = {
    "search_exponents": (
        "Exponents: of this optimiser, and what is certified of any",
        (*WHERE, "path", "between", "exponent", "low", "high", "width", "reason", "equal_slopes", "used"),
    ),
    "joint_law": (
        "One law for all thresholds",
        (
            "design",
            "law",
            "term",
            "coefficient",
            "low",
            "high",
            "if_counting",
            "if_paper_shaped",
            "if_rank",
            "excluded",
            "data_sets",
        ),
    ),
    "searches": (
        "Thresholds: certified, not found, found",
        (
            *WHERE,
            "n",
            "replicate",
            "q_certified",
            "certified_by",
            "q_not_found",
            "below",
            "not_found_optimality",
            "q_found",
            "search",
        ),
    ),
    "least_n": (
        "From which n on a bound excludes anything",
        (*WHERE, "path", "bound", "status", "assumptions", "least_n", "largest_n", "bites"),
    ),
}


def search_section(tables: StudyTables) -> str:
    """The section of a study of thresholds; empty for other studies."""
    text = ""
    for name, (title, columns) in SHOWN.items():
        if name in tables:
            text += f"## {title}\n\nWhole table: `{name}.csv`.\n\n{plain_table(tables[name], columns, f'{name}.csv')}\n"
    return text
