"""Plain Markdown from text nobody vouches for: names, messages and reasons come from records, which anyone may have written."""

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from results.answers.leading import leading
from results.tables.numbers import decimal_text

_ESCAPES = {
    **{ord(character): f"&#{ord(character)};" for character in "&<>`|"},
    **{ord(character): f"\\{character}" for character in "\\*_[]"},
}
LONGEST_TEXT = 400
DIGITS = 4


def escape(text: str, longest: int = LONGEST_TEXT) -> str:
    """Text that Markdown and HTML show as it is, on one line, cut at so many characters."""
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    text = text if len(text) <= longest else text[: longest - 1] + "…"
    escaped = text.translate(_ESCAPES)
    return f"\\{escaped}" if escaped[:1] in tuple("#-+=~") else escaped


def coded(text: str) -> str:
    """Text of this project, in which what stands between backticks is code."""
    return "".join(f"`{part}`" if i % 2 else part.translate(_ESCAPES) for i, part in enumerate(text.split("`")))


def table(rows: pd.DataFrame, names: Mapping[str, str], *, full: str | None) -> str:
    """A Markdown table of some columns under some headings: of many rows those that matter first.

    Args:
        rows: the table.
        names: column -> heading.
        full: where the whole table is, named if rows are left out: `NAME.csv` for the table NAME. None: all rows are shown.
    """
    if rows.empty:
        return "None.\n"
    shown = rows if full is None else rows.iloc[leading(full.removesuffix(".csv"), rows)]
    lines = ["| " + " | ".join(map(escape, names.values())) + " |", "|" + " --- |" * len(names)]
    for values in zip(*(shown[name] for name in names), strict=True):
        lines.append("| " + " | ".join(map(_cell, values, names)) + " |")
    text = "\n".join(lines) + "\n"
    return text if len(shown) == len(rows) else f"{text}\n{len(rows) - len(shown)} more rows in `{full}`.\n"


def plain_table(rows: pd.DataFrame, names: Sequence[str], full: str | None = None) -> str:
    """Some columns under their own names, without underscores."""
    return table(rows, {name: name.replace("_", " ") for name in names}, full=full)


def _cell(value: object, column: str) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return ""
    return escape(decimal_text(value, column, DIGITS) if isinstance(value, float) else str(value))


def bullets(items: Sequence[str]) -> str:
    """A list of lines that are Markdown already."""
    return "".join(f"- {item}\n" for item in items)
