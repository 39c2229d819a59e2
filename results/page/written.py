"""The CSV files of a study folder, read back as typed columns, so that the page shows what the files hold and nothing else.

A column is whole or real only if writing its numbers again gives the very texts of the file; any other is text.
"""

import csv
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from results.tables.numbers import DIGITS

_WHOLE = re.compile(r"-?[1-9]\d{0,14}|0")
_REAL = re.compile(r"-?\d+(\.\d+)?(e[+-]\d+)?|-?inf")


def read_table(path: Path) -> pd.DataFrame:
    """The rows of a CSV file: whole numbers as Int64, real ones as float, text as str; what is empty is missing."""
    with path.open(newline="", encoding="utf-8") as handle:
        head, *rows = csv.reader(handle)
    columns = zip(*rows, strict=True) if rows else [()] * len(head)
    return pd.DataFrame({name: _typed(texts) for name, texts in zip(head, columns, strict=True)})


def _typed(texts: tuple[str, ...]) -> "pd.Series[Any]":
    known = [text for text in texts if text]
    if known and all(map(_WHOLE.fullmatch, known)):
        return pd.Series(pd.array([int(text) if text else None for text in texts], dtype="Int64"))
    if known and all(_REAL.fullmatch(text) and f"{float(text):.{DIGITS}g}" == text for text in known):
        return pd.Series(np.asarray([float(text) if text else np.nan for text in texts]))
    return pd.Series(pd.array([text or None for text in texts], dtype="str"))
