"""Certified numbers as text, rounded outward: what is printed of a lower bound is at most the bound, of an upper bound at least.

The decimals of k significant digits are compared with the float exactly (`decimal` holds every float without error), so

    Decimal(rounded_down(x, k)) <= x <= Decimal(rounded_up(x, k))

and both are at most one unit of the k-th digit away. The text is that of Python's `g` format.
"""

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal

DIGITS = 6


def rounded_down(value: float | Decimal, digits: int = DIGITS) -> str:
    """The largest decimal of this many significant digits that is at most the value."""
    return _rounded(value, digits, ROUND_FLOOR)


def rounded_up(value: float | Decimal, digits: int = DIGITS) -> str:
    """The least decimal of this many significant digits that is at least the value."""
    return _rounded(value, digits, ROUND_CEILING)


def _rounded(value: float | Decimal, digits: int, rounding: str) -> str:
    if not math.isfinite(value):
        return f"{value:g}"
    rounded = Context(prec=digits, rounding=rounding).create_decimal(Decimal(value))
    return _general(rounded, digits)


def _general(value: Decimal, digits: int) -> str:
    """A decimal of at most this many digits as `g` writes it: exponents below -4 and from `digits` on, no trailing zeros."""
    if not value:
        return "0"
    exponent = value.adjusted()
    if not -4 <= exponent < digits:
        mantissa = value.scaleb(-exponent).normalize()
        return f"{mantissa:f}e{exponent:+03d}"
    return f"{value.normalize():f}"
