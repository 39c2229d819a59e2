"""Numbers as tables and charts write them: DIGITS significant digits, to nearest; certified ones rounded outward.

What is printed of a certified lower bound is at most the bound, of an upper bound at least (`operators.bounds.outward`).
"""

import math
from decimal import Decimal
from typing import Any

import pandas as pd

from operators.bounds import BOUNDS
from operators.bounds.outward import DIGITS, rounded_down, rounded_up

AT_LEAST = frozenset(
    {"floor", "floor_train", "floor_held_out", "q_certified", "q_demanded", "q_lower", "d_lower", "least_risk", "demanded_d"}
)
AT_MOST = frozenset({"absorbable_bits", "d_ratio", "allowed", "allowed_linear"})
ALLOWS = "bound_allows_"

Number = float | int | str | None


def decimal_text(value: float | Decimal, column: str = "", digits: int = DIGITS) -> str:
    """A number that is not NaN to this many significant digits, as `g` writes it.

    Args:
        value: the number; a decimal where it was rounded before.
        column: where it stands: in one of AT_LEAST, or one with what a bound of BOUNDS demands of q, it is rounded down; in one
            of AT_MOST, or one with what a bound allows, up.
        digits: significant digits.
    """
    if column in AT_LEAST or column.removeprefix("q_").replace("_", "-") in BOUNDS:
        return rounded_down(value, digits)
    if column in AT_MOST or column.startswith(ALLOWS):
        return rounded_up(value, digits)
    return f"{float(value) + 0.0:.{digits}g}"


def number(value: Any, column: str = "") -> Number:
    """A number as `decimal_text` has it: None for NaN, "inf" or "-inf" for an infinity, which JSON has no word for."""
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    value = float(decimal_text(float(value), column))
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def numbers(values: Any) -> list[Number]:
    """A list of numbers, each as `number` has it; a column of a table by its name."""
    column = str(values.name) if isinstance(values, pd.Series) else ""
    return [number(value, column) for value in values]
