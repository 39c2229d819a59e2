"""Models of what is written and read again, and the canonical JSON of their values.

Keys are hashes of canonical JSON, so a field that a later release adds must not show where it says nothing new: it is declared
by `later`, which leaves it out at its default. Then the keys of records that were published without it stay what they are.
"""

import json
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

LARGEST_COUNT = 2**31 - 1
"""Of anything that is counted: products of two stay below 2^63, what a table's whole numbers hold."""
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=True)


class Model(BaseModel):
    """Frozen, and an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def later(default: Any, **constraints: Any) -> Any:
    """A field that is left out of the canonical form where it has its default."""
    return Field(default, exclude_if=_equals(default), **constraints)


def _equals(default: Any) -> Callable[[Any], bool]:
    return lambda value: bool(value == default)


def canonical(value: Any) -> str:
    """Canonical JSON of a value. Raises ValueError on NaN or infinity."""
    return _ENCODER.encode(value)
