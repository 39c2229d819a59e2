"""Tables as compact columns of JSON, and JSON that is safe inside an HTML page.

A column is {"name", "help", "kind"} and one of

    values     a list, with null for what is not known
    constant   one value for all rows
    levels     its distinct texts, with `codes`: for each row the position among them, -1 if not known

Floats have six significant digits, as in the CSV files, so that a CSV made from the page equals the file.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from results.tables.numbers import numbers

_ESCAPES: dict[str, str | int | None] = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def embedded(value: Any) -> str:
    """Canonical JSON without <, >, & and line separators, so that it cannot end the script element that holds it.

    Raises:
        ValueError: the value holds NaN or infinity.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False, default=_whole)
    return text.translate(str.maketrans(_ESCAPES))


def _whole(value: Any) -> int:
    """A whole number of NumPy as one of Python."""
    if not isinstance(value, np.integer):
        raise TypeError(f"expected numbers, text and lists of them, got {type(value).__name__}")
    return int(value)


def columns(table: pd.DataFrame, helps: Mapping[str, str]) -> list[dict[str, Any]]:
    """The columns of a table that `helps` names, with their meanings.

    Args:
        table: the rows.
        helps: column -> meaning.
    """
    return [{"name": name, "help": text, **_column(table[name])} for name, text in helps.items()]


def _column(column: "pd.Series[Any]") -> dict[str, Any]:
    if pd.api.types.is_bool_dtype(column.dtype):
        return {"kind": "text", **_packed(["yes" if value else "no" for value in column])}
    if pd.api.types.is_integer_dtype(column.dtype):
        return {"kind": "whole", **_constant([None if value is pd.NA else int(value) for value in column])}
    if pd.api.types.is_float_dtype(column.dtype):
        return {"kind": "real", **_constant(numbers(column.astype(np.float64)))}
    return {"kind": "text", **_packed([None if pd.isna(value) else str(value) or None for value in column])}


def _constant(values: list[Any]) -> dict[str, Any]:
    same = len(values) > 1 and all(value == values[0] for value in values)
    return {"constant": values[0]} if same else {"values": values}


def _packed(texts: list[str | None]) -> dict[str, Any]:
    """Texts as codes where that is shorter."""
    levels = list(dict.fromkeys(text for text in texts if text is not None))
    if len(set(texts)) == 1 and len(texts) > 1:
        return {"constant": texts[0]}
    if 2 * len(levels) > len(texts):
        return {"values": texts}
    position = {text: code for code, text in enumerate(levels)}
    return {"levels": levels, "codes": [-1 if text is None else position[text] for text in texts]}
