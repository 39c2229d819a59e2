"""Tables for print: of each CSV file of a study the columns a paper would show, as LaTeX and as Markdown, below `tables/`.

The CSV files have all columns and rows; here numbers are rounded to DIGITS significant digits. The law
of the noise and the control are printed where they are not the same in all rows.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pandas as pd

from operators.atomic_files import write_atomic
from results.report import latex, markdown
from results.tables.csv_files import texts
from results.tables.numbers import decimal_text
from results.tables.study_tables import StudyTables

DIGITS = 4
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?")
NOISE = {"noise_law": "noise", "sigma": r"$\sigma$"}
LABELS = {**NOISE, "control": "control"}
VARYING = ("noise_law", "control")
DATA = {"task": "task", "design": "design", "N": "$N$", "M": "$M$", **NOISE, "target": "target"}
SERIES = {"task": "task", "design": "design", "sizes": "sizes", **LABELS, "target": "target"}
RUNS = {"done": "done", "expected": "of"}
INTERVAL = {"low": "low", "high": "high"}
THRESHOLD = {"q_low": r"$q^* >$", "q_high": r"$q^* \le$"}
PRINTED: dict[str, dict[str, str]] = {
    "brackets": {
        "net_class": "class",
        **DATA,
        "q_lower": r"$q \ge$",
        "q_upper": r"$q \le$",
        "d_lower": r"$d \ge$",
        "d_upper": r"$d \le$",
        "standing": "standing",
    },
    "frontier": {
        "net_class": "class",
        "task": "task",
        "design": "design",
        "target": "target",
        "slope": "slope",
        "estimate": "estimate",
        **INTERVAL,
        "verdict": "verdict",
    },
    "searches": {
        **SERIES,
        "n": "$n$",
        "replicate": "replicate",
        "q_certified": "certified",
        "q_not_found": "not found",
        "below": "below",
        "q_found": "found",
        "search": "search",
    },
    "search_exponents": {**SERIES, "path": "path", "between": "between", "exponent": "exponent", **INTERVAL, "used": "used"},
    "joint_law": {
        "design": "design",
        "law": "law",
        "term": "term",
        "coefficient": "exponent",
        **INTERVAL,
        "excluded": "excluded",
    },
    "least_n": {
        **SERIES,
        "path": "path",
        "bound": "bound",
        "status": "status",
        "least_n": "least $n$",
        "largest_n": "study to $n$",
    },
    "leaderboard": {
        **DATA,
        "control": "control",
        "smallest": "smallest",
        "standing": "standing",
        "q": "$q$",
        "d": "$d$",
        "error": "error",
        "q_certified": r"$q \ge$ (certified)",
        **RUNS,
    },
    "scaling": {
        "task": "task",
        "design": "design",
        "branch_widths": "branch",
        "trunk_widths": "trunk",
        "n": "$n$",
        **LABELS,
        "target": "target",
        "q": "$q$",
        "d": "$d$",
        "relative_best": r"$|y-h|/|y|$",
        "absorbed_best": r"$\rho$",
        "floor": "floor",
        "optimality_best": "$R$/floor",
        "reached": "reached",
        **RUNS,
    },
    "thresholds": {**SERIES, "n": "$n$", "replicate": "replicate", **THRESHOLD, "kind": "kind"},
    "exponents": {
        "task": "task",
        "design": "design",
        "sizes": "sizes",
        **LABELS,
        "law": "law",
        "target": "target",
        "path": "path",
        "exponent": "exponent",
        **INTERVAL,
        "floor_exponent": "of the floors",
        "floor_low": "low",
        "floor_high": "high",
        "identified": "identified",
        **RUNS,
    },
    "bounds": {
        **SERIES,
        "n": "$n$",
        "bound": "bound",
        "status": "status",
        "probability": "probability",
        "assumptions": "assumed",
        "q_demanded": r"demands $q \ge$",
        **THRESHOLD,
        "agrees": "agrees",
    },
    "data_efficiency": {
        "task": "task",
        "N": "$N$",
        "net": "net",
        "error": "held out",
        "spread": "spread",
        "train": "train",
        "floor": "floor",
        "least_squares": "least squares",
        "kernel": "kernel",
        "beaten": "beaten",
    },
    "baselines": {
        "task": "task",
        "N": "$N$",
        "M": "$M$",
        **LABELS,
        "line": "line",
        "q": "rank",
        "train": "train",
        "test": "held out",
        "nets": "nets",
        "beaten": "beaten",
        "q_test": r"$q \le$",
        "d_test": r"$d \le$",
    },
    "literature": {
        "task": "task",
        "N": "$N$",
        "M": "$M$",
        "net": "net",
        "published": "published",
        "linear_map": "linear map",
        "linear_map_below": "below",
        "kernel": "kernel",
        "kernel_below": "below",
        "source": "source",
    },
    "anchors": {
        "task": "task",
        "N": "$N$",
        "net": "net",
        "published": "published",
        "test": "ours",
        "factor": "factor",
        "verdict": "verdict",
        "d": "$d$",
        "cpu_seconds": "CPU seconds",
        "linear_map": "linear map",
        "kernel": "kernel",
    },
    "rays": {
        "task": "task",
        "sizes": "sizes",
        **LABELS,
        "M": "$M$",
        "alpha": r"$\alpha$",
        "points": "$(q, n)$",
        "p_holm": "$p$ (Holm)",
        "fall": "fall",
        "verdict": "verdict",
        **RUNS,
    },
    "architectures": {
        "task": "task",
        "architecture": "architecture",
        "rank": "terms",
        "d": "$d$",
        "test_relative": "held out",
        "relative": "training",
        "cpu_seconds": "CPU seconds",
    },
    "barrier": {
        "task": "task",
        "architecture": "architecture",
        "rank": "terms",
        "d": "$d$",
        "relative": "training",
        "test_relative": "held out",
        "floor_held_out": "floor, held out",
        "test_relative_l1": "held out, $L^1$",
        "linear_rank": "linear rank",
        "standing": "standing",
        "cpu_seconds": "CPU s",
        **RUNS,
    },
    "mechanism": {
        "test": "test",
        "task": "task",
        "noise_law": "noise",
        "control": "control",
        "q": "$q$",
        "n": "$n$",
        "statistic": "statistic",
        "value": "value",
        **INTERVAL,
        "prediction": "prediction",
        "verdict": "verdict",
        "used": "used",
        "expected": "of",
    },
}


@dataclass(frozen=True)
class Rows:
    """Some columns of a table as text.

    Attributes:
        names: the columns.
        cells: one sequence per row, numbers rounded.
        numeric: which columns hold numbers and blanks only.
    """

    names: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]


def print_tables(folder: Path, tables: StudyTables, names: Collection[str] | None = None) -> None:
    """Write `tables/NAME.tex` and `tables/NAME.md` for each table: the columns of PRINTED, or all where it names none.

    Args:
        folder: the study folder.
        tables: what is printed.
        names: which of them; all by default.

    Raises:
        UserError: one cannot be written; the old file stays.
    """
    for name, table in tables.written():
        if names is not None and name not in names:
            continue
        headings = PRINTED.get(name) or {column: latex.escape(column) for column in tables.columns[name]}
        rows = chosen(table, headings)
        write_atomic(folder / "tables" / f"{name}.tex", as_latex(rows, headings, f"{name}.csv").encode())
        write_atomic(folder / "tables" / f"{name}.md", as_markdown(rows).encode())


def chosen(table: pd.DataFrame, names: Iterable[str]) -> Rows:
    """Pick columns of a table; those of VARYING only if they vary.

    Raises:
        KeyError: a column that the table does not have.
    """
    columns = {name: texts(table[name]) for name in names}
    columns = {name: column for name, column in columns.items() if name not in VARYING or len(set(column)) > 1}
    numeric = [all(NUMBER.fullmatch(value) for value in column if value) and any(column) for column in columns.values()]
    rounded = [
        [_rounded(value, name) for value in column] if flag else column
        for (name, column), flag in zip(columns.items(), numeric, strict=True)
    ]
    return Rows(tuple(columns), tuple(zip(*rounded, strict=True)), tuple(numeric))


def as_latex(rows: Rows, headings: Mapping[str, str], source: str) -> str:
    """The rows as LaTeX."""
    note = f"made from {source}, which has all columns"
    return latex.table([headings[name] for name in rows.names], rows.cells, numeric=rows.numeric, note=note)


def as_markdown(rows: Rows) -> str:
    """The rows as a Markdown table."""
    lines = [rows.names, tuple("---:" if flag else "---" for flag in rows.numeric)]
    body = [tuple(map(markdown.escape, row)) for row in rows.cells]
    names = tuple(map(markdown.escape, lines[0]))
    return "".join(f"| {' | '.join(line)} |\n" for line in (names, lines[1], *body))


def _rounded(text: str, column: str) -> str:
    """A number of a column to DIGITS significant digits; whole numbers and blanks as they are."""
    return text if not text or text.lstrip("-").isdigit() else decimal_text(Decimal(text), column, DIGITS)
