"""Numbers as tables and charts write them: six significant digits."""

import math
from typing import Any

import pandas as pd

DIGITS = 6


Number = float | int | str | None


def number(value: Any) -> Number:
    """A number to six significant digits: None for NaN, "inf" or "-inf" for an infinity, which JSON has no word for."""
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    value = float(f"{float(value) + 0.0:.{DIGITS}g}")
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def numbers(values: Any) -> list[Number]:
    """A list of numbers, each as `number` has it."""
    return [number(value) for value in values]
