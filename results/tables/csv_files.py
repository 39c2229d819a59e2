"""CSV files that are the same bytes for the same rows, and safe to open in a spreadsheet.

Floats have six significant digits, lines end in a bare newline, what is not known is empty. A text that a spreadsheet would
run as a formula (it begins with = + - @, a tab or a carriage return) gets a leading apostrophe.
"""

import csv
import io
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from operators.atomic_files import write_atomic

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def safe_text(text: str) -> str:
    """A text that no spreadsheet takes for a formula, on one line."""
    text = text.replace("\r", " ").replace("\n", " ")
    return f"'{text}" if text.startswith(FORMULA) else text


def csv_bytes(table: pd.DataFrame) -> bytes:
    """The table as CSV, header included, in its order of rows and columns."""
    columns = [_formatted(table[name]) for name in table.columns]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows(zip(*columns, strict=True))
    return text.getvalue().encode("utf-8")


def _formatted(column: "pd.Series") -> list[str]:
    if pd.api.types.is_bool_dtype(column.dtype):
        return ["yes" if value else "no" for value in column]
    if pd.api.types.is_integer_dtype(column.dtype):
        return ["" if value is pd.NA else str(value) for value in column]
    if pd.api.types.is_float_dtype(column.dtype):
        return ["" if math.isnan(value) else f"{value + 0.0:.6g}" for value in column.to_numpy(np.float64)]
    codes, texts = pd.factorize(column)
    written = np.array([*(safe_text(str(text)) for text in texts), ""], dtype=object)  # code -1, what is not known, is the last
    return written[codes].tolist()


def write_csv(path: Path, table: pd.DataFrame) -> None:
    """Write a table atomically.

    Raises:
        UserError: it cannot be written; the old file stays.
    """
    write_atomic(path, csv_bytes(table))


def documented(columns: Mapping[str, str]) -> str:
    """Names and meanings of columns as a Markdown list."""
    return "".join(f"- `{name}`: {meaning}\n" for name, meaning in columns.items())
