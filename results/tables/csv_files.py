"""CSV files that are the same bytes for the same rows, and safe to open in a spreadsheet.

Floats have six significant digits, certified ones rounded outward (`results.tables.numbers`); lines end in a bare newline, what
is not known is empty. A text that a spreadsheet would run as a formula (it begins with = + - @, a tab or a carriage return) gets
a leading apostrophe.

Only who has a finished folder without its records reads such a file back: a column is then whole or real if writing its numbers
again gives the very texts of the file; any other is text.
"""

import csv
import hashlib
import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from operators.atomic_files import write_atomic
from operators.bounds.outward import DIGITS
from operators.errors import UserError
from results.tables.numbers import decimal_text

FORMULA = ("=", "+", "-", "@", "\t", "\r")
LARGEST_BYTES = 64 * 2**20
ROWS = 10_000  # whose texts are held at a time
_WHOLE = re.compile(r"-?[1-9]\d{0,14}|0")
_REAL = re.compile(r"-?\d+(\.\d+)?(e[+-]\d+)?|-?inf")


def safe_text(text: str) -> str:
    """A text that no spreadsheet takes for a formula, on one line."""
    text = text.replace("\r", " ").replace("\n", " ")
    return f"'{text}" if text.startswith(FORMULA) else text


def csv_bytes(table: pd.DataFrame) -> bytes:
    """The table as CSV, header included, in its order of rows and columns."""
    return csv_of([table], list(table.columns))


def csv_of(tables: Iterable[pd.DataFrame], columns: Sequence[str]) -> bytes:
    """Tables of the same columns and types, one below the other, as CSV, header included."""
    rows = (table.iloc[start : start + ROWS] for table in tables for start in range(0, len(table), ROWS))
    return b"".join([_lines([columns]), *(_lines(zip(*(texts(part[name]) for name in columns), strict=True)) for part in rows)])


def _lines(rows: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8")


def texts(column: "pd.Series[Any]") -> list[str]:
    """The cells of a column as its file has them."""
    if pd.api.types.is_bool_dtype(column.dtype):
        return ["yes" if value else "no" for value in column]
    if pd.api.types.is_integer_dtype(column.dtype):
        return ["" if value is pd.NA else str(value) for value in column]
    if pd.api.types.is_float_dtype(column.dtype):
        name = str(column.name)
        return ["" if math.isnan(value) else decimal_text(value, name) for value in column.to_numpy(np.float64).tolist()]
    codes, levels = pd.factorize(column)
    written = np.array([*(safe_text(str(text)) for text in levels), ""], dtype=object)  # code -1, what is not known, is the last
    return written[codes].tolist()


def write_csv(path: Path, table: pd.DataFrame) -> str:
    """Write a table atomically and return the SHA-256 of the file.

    Raises:
        UserError: it cannot be written; the old file stays.
    """
    content = csv_bytes(table)
    write_atomic(path, content)
    return hashlib.sha256(content).hexdigest()


def read_csv(path: Path) -> pd.DataFrame:
    """The rows of a file: whole numbers as Int64, real ones as float, text as str; what is empty is missing.

    Raises:
        UserError: there is none, it holds no table, or it is larger than LARGEST_BYTES.
    """
    text = _content(path)
    try:
        head, *rows = csv.reader(io.StringIO(text.decode("utf-8"), newline=""), strict=True)
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(head)
        return pd.DataFrame({name: _typed(cells) for name, cells in zip(head, columns, strict=True)})
    except (ValueError, csv.Error) as error:
        raise UserError(f"expected a table in {path}, got what is none; `python -m bench report` rebuilds it") from error


def _content(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > LARGEST_BYTES:
            raise UserError(f"expected {path} of at most {LARGEST_BYTES} bytes, got {size}; give a study's results folder")
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"expected a study's results folder with {path}, got '{error.strerror}'; run the study first") from error


def _typed(cells: tuple[str, ...]) -> "pd.Series[Any]":
    known = [text for text in cells if text]
    if known and all(map(_WHOLE.fullmatch, known)):
        return pd.Series(pd.array([int(text) if text else None for text in cells], dtype="Int64"))
    if known and all(_REAL.fullmatch(text) and f"{float(text):.{DIGITS}g}" == text for text in known):
        return pd.Series(np.asarray([float(text) if text else np.nan for text in cells]))
    return pd.Series(pd.array([text or None for text in cells], dtype="str"))


def columns_page(tables: Mapping[str, Mapping[str, str]]) -> str:
    """The page on what the columns of some tables mean."""
    parts = [f"## {name}.csv\n\n{documented(columns)}" for name, columns in tables.items() if columns]
    return "# Columns of the tables\n\n" + "\n".join(parts)


def documented(columns: Mapping[str, str]) -> str:
    """Names and meanings of columns as a Markdown list."""
    return "".join(f"- `{name}`: {meaning}\n" for name, meaning in columns.items())
